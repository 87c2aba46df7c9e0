import NNExp

/// Copies between a tensor and a register with a row per entry of a window.
///
/// Windows next to each other are copied together, one entry of theirs after the other. A window
/// that extends beyond an edge is copied by itself: its entries come first, and the rows after
/// them are not valid. For long rows of windows; see ``WindowTable`` for short ones.
struct WindowRows<S: KernelScalar> {
  private let rows: Window
  private let columns: Window
  private let x: Planes
  private let y: Planes
  /// The windows of a row that are inside the plane.
  private let inside: Range<Int>
  /// The distance from a row of the register to the next.
  private let width: Int
  /// True if the windows follow each other in the tensor, and contain all of it.
  private let isTiled: Bool

  init(_ pooling: Pooling, from input: Shape, to output: Shape, width: Int) {
    let windows = pooling.planes(from: input, to: output)
    (rows, columns, x, y) = (windows.rows, windows.columns, windows.x, windows.y)
    self.width = width
    let (first, _) = columns.positionsInside(entry: 0, over: x.columns, of: y.columns)
    let (_, end) = columns.positionsInside(
      entry: columns.size - 1, over: x.columns, of: y.columns)
    inside = first..<max(first, end)
    isTiled =
      rows.size == 1 && rows.tiles(x.rows, positions: y.rows) && x.rows == y.rows
      && columns.tiles(x.columns, positions: y.columns)
      && x.columns == y.columns &* columns.size
  }

  private var entries: Int { rows.size &* columns.size }

  /// Consecutive windows of one row.
  private struct Run {
    /// The position of the plane in the tensor.
    var plane: Int
    var row: Window.Span
    /// The columns of the windows, and those of them whose windows are inside the plane.
    var columns: Range<Int>
    var inside: Range<Int>
  }

  /// The windows from `first` up to the end of their row, or to `end`.
  private func run(from first: Int, to end: Int) -> Run {
    let (row, column) = first.quotientAndRemainder(dividingBy: y.columns)
    let (plane, r) = row.quotientAndRemainder(dividingBy: y.rows)
    let span = rows.span(at: r, over: x.rows)
    let all = column..<min(y.columns, column &+ end &- first)
    var inside = inside.clamped(to: all)
    // A few windows are faster one by one.
    if span.count < rows.size || inside.count < 4 { inside = all.upperBound..<all.upperBound }
    return Run(plane: plane &* x.count, row: span, columns: all, inside: inside)
  }

  private func patch(_ run: Run, _ column: Int) -> Patch {
    Patch(
      run.row, columns.span(at: column, over: x.columns), rowStep: rows.dilation &* x.columns,
      columnStep: columns.dilation, width: x.columns)
  }

  /// The position of an entry of a window inside the plane.
  private func position(_ run: Run, _ u: Int, _ v: Int, column: Int) -> Int {
    run.plane &+ (run.row.first &+ u &* rows.dilation) &* x.columns
      &+ (column &* columns.stride &- columns.padding &+ v &* columns.dilation)
  }

  /// True if the entries of neighboring windows alternate.
  private var isPairs: Bool {
    columns.size == 2 && columns.stride == 2 && columns.dilation == 1
  }

  // MARK: To the register

  /// Copies the entries of windows to the rows of `block`.
  ///
  /// - Parameters:
  ///   - valid: set to 1 for the entries that a window has, 0 for the others.
  ///   - counts: set to the number of each window's entries.
  func gather(
    _ numbers: UnsafeMutablePointer<S>, _ windows: Range<Int>,
    into block: UnsafeMutablePointer<S>?, valid: UnsafeMutablePointer<S>?,
    counts: UnsafeMutablePointer<S>?
  ) {
    if isTiled {
      if let block {
        S.transpose(
          numbers + windows.lowerBound &* entries, rows: windows.count, columns: entries,
          xStep: entries, into: block, yStep: width, adds: false)
      }
      counts?.update(repeating: S(entries), count: windows.count)
      valid?.update(repeating: 1, count: entries &* width)
      return
    }
    var first = windows.lowerBound
    while first < windows.upperBound {
      let run = run(from: first, to: windows.upperBound)
      let target = first &- windows.lowerBound &- run.columns.lowerBound
      for column in run.columns.lowerBound..<run.inside.lowerBound {
        gather(numbers, run, column, into: block, valid, counts, at: target &+ column)
      }
      if !run.inside.isEmpty {
        let c = target &+ run.inside.lowerBound
        if let block { gather(numbers, run, into: block + c) }
        counts?.advanced(by: c).update(repeating: S(entries), count: run.inside.count)
        if let valid {
          for entry in 0..<entries {
            (valid + (entry &* width &+ c)).update(repeating: 1, count: run.inside.count)
          }
        }
      }
      for column in run.inside.upperBound..<run.columns.upperBound {
        gather(numbers, run, column, into: block, valid, counts, at: target &+ column)
      }
      first &+= run.columns.count
    }
  }

  /// Copies the entries of the windows inside the plane.
  private func gather(
    _ numbers: UnsafeMutablePointer<S>, _ run: Run, into block: UnsafeMutablePointer<S>
  ) {
    let (count, step) = (run.inside.count, columns.stride)
    var row = block
    for u in 0..<rows.size {
      if isPairs {
        S.transpose(
          numbers + position(run, u, 0, column: run.inside.lowerBound), rows: count, columns: 2,
          xStep: 2, into: row, yStep: width, adds: false)
        row += 2 &* width
        continue
      }
      for v in 0..<columns.size {
        let source = numbers + position(run, u, v, column: run.inside.lowerBound)
        switch step {
        case 1: row.update(from: source, count: count)
        case 2: for c in 0..<count { row[c] = source[2 &* c] }
        default: for c in 0..<count { row[c] = source[step &* c] }
        }
        row += width
      }
    }
  }

  /// Copies the entries of one window.
  private func gather(
    _ numbers: UnsafeMutablePointer<S>, _ run: Run, _ column: Int,
    into block: UnsafeMutablePointer<S>?, _ valid: UnsafeMutablePointer<S>?,
    _ counts: UnsafeMutablePointer<S>?, at target: Int
  ) {
    let patch = patch(run, column)
    counts?[target] = S(patch.count)
    var row = target
    for position in patch {
      block?[row] = numbers[run.plane &+ position]
      valid?[row] = 1
      row &+= width
    }
    while row < entries &* width {
      block?[row] = 0
      valid?[row] = 0
      row &+= width
    }
  }

  // MARK: From the register

  /// Adds the rows of `block` to the entries of windows. Each entry's numbers are added in the
  /// order of the windows.
  func scatter(
    _ block: UnsafeMutablePointer<S>, _ windows: Range<Int>, to numbers: UnsafeMutablePointer<S>
  ) {
    if isTiled {
      return S.transpose(
        block, rows: entries, columns: windows.count, xStep: width,
        into: numbers + windows.lowerBound &* entries, yStep: entries, adds: true)
    }
    var first = windows.lowerBound
    while first < windows.upperBound {
      let run = run(from: first, to: windows.upperBound)
      let source = block + (first &- windows.lowerBound &- run.columns.lowerBound)
      for column in run.columns.lowerBound..<run.inside.lowerBound {
        scatter(source + column, run, column, to: numbers)
      }
      scatter(source + run.inside.lowerBound, run, to: numbers)
      for column in run.inside.upperBound..<run.columns.upperBound {
        scatter(source + column, run, column, to: numbers)
      }
      first &+= run.columns.count
    }
  }

  private func scatter(
    _ block: UnsafeMutablePointer<S>, _ run: Run, to numbers: UnsafeMutablePointer<S>
  ) {
    let (count, step) = (run.inside.count, columns.stride)
    guard count > 0 else { return }
    for u in 0..<rows.size {
      let first = block + u &* columns.size &* width
      if isPairs {
        S.transpose(
          first, rows: 2, columns: count, xStep: width,
          into: numbers + position(run, u, 0, column: run.inside.lowerBound), yStep: 2, adds: true)
        continue
      }
      // An entry of two windows is further back in the first of them.
      for v in stride(from: columns.size &- 1, through: 0, by: -1) {
        let target = numbers + position(run, u, v, column: run.inside.lowerBound)
        let row = first + v &* width
        if step == 1 {
          for c in 0..<count { target[c] += row[c] }
        } else {
          for c in 0..<count { target[step &* c] += row[c] }
        }
      }
    }
  }

  private func scatter(
    _ block: UnsafeMutablePointer<S>, _ run: Run, _ column: Int,
    to numbers: UnsafeMutablePointer<S>
  ) {
    var row = block
    for position in patch(run, column) {
      numbers[run.plane &+ position] += row.pointee
      row += width
    }
  }
}
