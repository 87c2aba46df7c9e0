import NNExp

/// Windows over the rows and columns of planes.
struct PlaneWindows {
  let rows: Window
  let columns: Window
  /// The planes of a sample, and those of its windows.
  let x: Planes
  let y: Planes

  /// The windows for the kernels.
  @inline(__always)
  var geometry: WindowGeometry {
    WindowGeometry(
      rows: x.rows, columns: x.columns, down: rows.axis(positions: y.rows),
      across: columns.axis(positions: y.columns))
  }

  @inline(__always)
  func patches(planes: Int) -> Patches { Patches(self, planes: planes) }
}

// In three dimensions, the windows over the rows and columns of slices come first, then those over
// the slices: maxima, sums and p-norms of windows are those of their slices' results.

extension Pooling {
  /// The windows in up to two dimensions.
  @inline(__always)
  func planes(from input: Shape, to output: Shape) -> PlaneWindows {
    guard let x = Planes(input), let y = Planes(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    let windows = windows(over: input)
    return PlaneWindows(rows: windows.rows, columns: windows.columns, x: x, y: y)
  }

  /// The windows over the rows and columns of the slices of a volume.
  func slices(from input: Shape, to output: Shape) -> PlaneWindows {
    let (windows, count) = (windows(over: input), input[0].times(input[1]))
    return PlaneWindows(
      rows: windows.rows, columns: windows.columns,
      x: Planes(channels: count, rows: input[2], columns: input[3]),
      y: Planes(channels: count, rows: output[2], columns: output[3]))
  }

  /// The windows over the slices of a volume, of which each is a row of what `slices` leaves.
  func depths(from input: Shape, to output: Shape) -> PlaneWindows {
    let positions = output[2].times(output[3])
    return PlaneWindows(
      rows: windows(over: input).depth, columns: .single,
      x: Planes(channels: input[0], rows: input[1], columns: positions),
      y: Planes(channels: input[0], rows: output[1], columns: positions))
  }

  /// The numbers of a sample after the windows over rows and columns.
  func middleCount(from input: Shape, to output: Shape) -> Int {
    input[0].times(input[1]).times(output[2]).times(output[3])
  }

  /// Calls `body` with the windows of one channel, in the order of y.
  @inline(__always)
  func forEachWindow(from input: Shape, to output: Shape, _ body: (VolumePatch) -> Void) {
    guard input.rank == 4 else {
      let single = Window.Span(first: 0, count: 1, countWithPadding: 1)
      for (_, patch) in planes(from: input, to: output).patches(planes: 1) {
        body(VolumePatch(slices: single, step: 0, patch: patch))
      }
      return
    }
    let (depth, slices) = (windows(over: input).depth, slices(from: input, to: output))
    for d in 0..<output[1] {
      let span = depth.span(at: d, over: input[1])
      for (_, patch) in slices.patches(planes: 1) {
        body(
          VolumePatch(slices: span, step: slices.x.count, dilation: depth.dilation, patch: patch))
      }
    }
  }
}

/// The entries of one window in up to three dimensions, as positions in a channel.
struct VolumePatch {
  private let first: Int
  private let slices: Window.Span
  /// The distance from a slice of the window to the next.
  private let step: Int
  private let patch: Patch

  /// - Parameter step: the numbers of a slice.
  @inline(__always)
  init(slices: Window.Span, step: Int, dilation: Int = 1, patch: Patch) {
    (self.slices, self.patch) = (slices, patch)
    first = slices.first &* step
    self.step = step &* dilation
  }

  var count: Int { slices.count &* patch.count }
  var countWithPadding: Int { slices.countWithPadding &* patch.countWithPadding }

  @inline(__always)
  func forEach(_ body: (Int) -> Void) {
    for k in 0..<slices.count {
      for position in patch { body(first &+ k &* step &+ position) }
    }
  }
}

/// The entries of one window, as positions in a plane, row by row.
struct Patch: Sequence, IteratorProtocol {
  private let columns: Int
  private let rowStep: Int
  private let columnStep: Int
  private var row: Int
  private var rowsLeft: Int
  private var column: Int
  private var columnsLeft: Int

  /// The number of entries, and the number including those in the padding.
  let count: Int
  let countWithPadding: Int

  @inline(__always)
  init(
    _ rows: Window.Span, _ columns: Window.Span, rowStep: Int, columnStep: Int, width: Int
  ) {
    row = rows.first &* width &+ columns.first
    rowsLeft = rows.count
    column = row
    columnsLeft = columns.count
    self.columns = columns.count
    self.rowStep = rowStep
    self.columnStep = columnStep
    count = rows.count &* columns.count
    countWithPadding = rows.countWithPadding &* columns.countWithPadding
  }

  /// Calls `body` with the positions of up to 64 entries at a time, and with stack memory for `rows`
  /// numbers of each.
  @inline(__always)
  func inBlocks<S: Scalar>(rows: Int, _ body: (EntryBlock<S>) -> Void) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { positions in
      withUnsafeTemporaryAllocation(of: S.self, capacity: 64 &* rows) { room in
        var rest = self
        var left = count
        while left > 0 {
          let size = Swift.min(64, left)
          for k in 0..<size { positions[k] = rest.next() ?? 0 }
          body(EntryBlock(positions: positions.baseAddress!, count: size, room: room.baseAddress!))
          left &-= size
        }
      }
    }
  }

  @inline(__always)
  mutating func next() -> Int? {
    if columnsLeft == 0 {
      guard rowsLeft > 1 else { return nil }
      rowsLeft &-= 1
      row &+= rowStep
      column = row
      columnsLeft = columns
    }
    let position = column
    column &+= columnStep
    columnsLeft &-= 1
    return position
  }
}

/// Some entries of a window, with rows of numbers for the kernels.
struct EntryBlock<S: Scalar> {
  let positions: UnsafeMutablePointer<Int>
  let count: Int
  let room: UnsafeMutablePointer<S>

  @inline(__always)
  func row(_ k: Int) -> Tensor<S> {
    Tensor(start: room + 64 &* k, count: count, shape: Shape(count: count))
  }
}

/// The windows of some planes, in the order of y.
struct Patches: Sequence, IteratorProtocol {
  private let rows: Window
  private let columns: Window
  private let x: Planes
  private let rowCount: Int
  private let columnCount: Int
  private var planesLeft: Int
  private var plane = 0
  private var row = 0
  private var column = 0
  private var rowSpan: Window.Span

  @inline(__always)
  fileprivate init(_ windows: PlaneWindows, planes: Int) {
    (rows, columns, x) = (windows.rows, windows.columns, windows.x)
    (rowCount, columnCount) = (windows.y.rows, windows.y.columns)
    planesLeft = planes
    rowSpan = rows.span(at: 0, over: x.rows)
  }

  /// The offset of the window's plane, and its entries in the plane.
  @inline(__always)
  mutating func next() -> (plane: Int, patch: Patch)? {
    if column == columnCount {
      column = 0
      row &+= 1
      if row == rowCount {
        row = 0
        plane &+= x.count
        planesLeft &-= 1
      }
      rowSpan = rows.span(at: row, over: x.rows)
    }
    guard planesLeft > 0 else { return nil }
    let patch = Patch(
      rowSpan, columns.span(at: column, over: x.columns), rowStep: rows.dilation &* x.columns,
      columnStep: columns.dilation, width: x.columns)
    column &+= 1
    return (plane, patch)
  }
}
