import NNExp

/// The windows of a pooling layer, and the loops over them.
///
/// - Shape: `[features]` → `[features']`, with windows over neighboring features;
///   `[channels, …]` → `[channels, …']` with one to three axes after the channels, with windows
///   over each channel's image. Along an axis of n entries
///
///       n' = ⌊(n + the padding − dilation·(window − 1) − 1) / stride⌋ + 1
///
///   with ⌈⌉ in ceil mode, in which a window that would start in the padding at the end
///   is omitted.
struct Pooling {
  static let shapes =
    "[features] → [features'], or [channels, …] → [channels, …'] with one to three axes after the "
    + "channels (for one, the window is a list: [3]); n' = ⌊(n + the padding − dilation·(window − 1) − 1) / stride⌋ + 1, ⌈⌉ with ceil_mode"

  /// The explanation of the window in the formulas of every pooling layer.
  static let remark = "Window r covers the entries Rᵣ of $x$."

  private let options: WindowOptions
  private let ceiling: Bool
  private let isGlobal: Bool

  /// - Parameter isRequired: false for a layer that needs no window; the caller then reads the
  ///   options only if the file gives one.
  init(from options: inout Options, isRequired: Bool = true) {
    isGlobal = options.bool("global", default: false, "one window that covers the whole image")
    guard !isGlobal else {
      (self.options, ceiling) = (WindowOptions(), false)
      for key in ["window", "stride", "padding", "dilation", "ceil_mode"]
      where options.contains(key) {
        _ = options.value(key, "nothing")
        options.reject(key, "\(key) has no effect if global is true; remove one of them")
      }
      return
    }
    options.suggest("window", for: "pool_size", "kernel_size", "kernel", "size")
    let sizes =
      isRequired
      ? nil
      : options.optionalExtents(
        "window", in: Window.range, "extent of the window (default: all numbers of a sample)")
        ?? [1]
    self.options = WindowOptions(
      from: &options, sizes: sizes, strideIsWindow: true,
      padding: "empty positions at the ends of each axis")
    options.document("window", orElse: "global")
    ceiling = options.bool(
      "ceil_mode", default: false, "keep a last window that extends beyond the end")
  }

  /// - Parameter allowsSlices: false for a layer that has no windows in three dimensions.
  func plan(for input: Shape, allowsSlices: Bool = true) throws -> Plan {
    guard (1...4).contains(input.rank) else {
      throw Diagnostic(
        "expected [features] or [channels, …] with one to three axes after the channels, found "
          + "\(input)")
    }
    guard allowsSlices || input.rank < 4 else {
      throw Diagnostic(
        "expected [features], [channels, positions] or [channels, rows, columns], found \(input)")
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    let isFlat = input.rank == 1
    let first = isFlat ? 0 : 1
    if !isGlobal { try options.check(input, axes: input.rank - first) }
    let windows = windows(over: input)
    let names = ["slices", "rows", isFlat ? "features" : input.rank == 2 ? "positions" : "columns"]
    var counts: [Int] = []
    var entries = 1
    for k in first..<input.rank {
      let fromEnd = input.rank - 1 - k
      let window = [windows.columns, windows.rows, windows.depth][fromEnd]
      counts.append(try count(of: window, over: input[k], named: names[2 - fromEnd]))
      entries = entries.times(window.size)
    }
    let output = Shape(isFlat ? counts : [input[0]] + counts)
    return Plan(output: output, work: output.count.times(entries))
  }

  private func count(of window: Window, over length: Int, named axis: String) throws -> Int {
    let count = try window.count(over: length, named: axis, ceiling: ceiling)
    try window.requireEntries(in: count, over: length, named: axis)
    return count
  }

  /// The largest number of entries of a window.
  func mostEntries(over input: Shape) -> Int {
    let windows = windows(over: input)
    return windows.depth.size.times(windows.rows.size).times(windows.columns.size)
  }

  /// True if some windows may extend beyond an edge.
  var mayExtendBeyondEdges: Bool { !isGlobal && (!options.isUnpadded || ceiling) }

  /// The extents of a window, if no entry belongs to two windows and no window extends beyond
  /// an edge; nil otherwise.
  func tile(from input: Shape, to output: Shape) -> (height: Int, width: Int)? {
    guard let x = Planes(input), let y = Planes(output) else { return nil }
    let windows = windows(over: input)
    guard windows.rows.tiles(x.rows, positions: y.rows),
      windows.columns.tiles(x.columns, positions: y.columns)
    else {
      return nil
    }
    return (windows.rows.size, windows.columns.size)
  }

  /// The windows along rows and columns, and the planes of `input`.
  func axes(over input: Shape) -> (rows: Window, columns: Window, planes: Planes)? {
    guard let planes = Planes(input) else { return nil }
    let windows = windows(over: input)
    return (windows.rows, windows.columns, planes)
  }

  /// The windows along the axes of the image, if no entries of a window are apart and none extends
  /// beyond the padding; nil otherwise.
  func plainWindows(from input: Shape) -> [Window]? {
    let all = windows(over: input)
    let windows = [all.depth, all.rows, all.columns].suffix(max(1, input.rank - 1))
    let arePlain = windows.allSatisfy {
      $0.dilation == 1 && $0.padding < $0.size && $0.paddingAfter < $0.size
    }
    return arePlain && !ceiling ? Array(windows) : nil
  }

  /// The windows along the axes of `input`.
  func windows(over input: Shape) -> Windows {
    guard isGlobal else {
      return Windows(options, over: input, from: input.rank == 1 ? 0 : 1)
    }
    var windows = Windows(columns: Window(size: input[max(0, input.rank - 1)]))
    if input.rank > 2 { windows.rows = Window(size: input[input.rank - 2]) }
    if input.rank > 3 { windows.depth = Window(size: input[1]) }
    return windows
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

/// All windows of a batch, in the order of y.
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
  fileprivate init(_ rows: Window, _ columns: Window, over x: Planes, to y: Planes, samples: Int) {
    (self.rows, self.columns, self.x) = (rows, columns, x)
    (rowCount, columnCount) = (y.rows, y.columns)
    planesLeft = samples &* x.channels
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

/// The rule that computes one number from the entries of a window, if the kernels for all windows
/// do not: because powers underflow, or for float64, which checks gradients.
protocol PoolingRule<S> {
  associatedtype S: Scalar

  /// Returns y for the entries of `patch`, of which there is at least one, in the plane `x`.
  func value(_ x: UnsafePointer<S>, _ patch: Patch) -> S

  /// Adds the gradients of the entries to the plane `dx`.
  mutating func addGradient(
    of dy: S, _ y: S, _ x: UnsafePointer<S>, _ patch: Patch, to dx: UnsafeMutablePointer<S>)
}

extension Pooling {
  /// Computes the y for which `isMissing` is true.
  func forward<S, Rule: PoolingRule<S>>(
    _ pass: ForwardPass<S>, by rule: Rule, where isMissing: (S) -> Bool
  ) {
    let (x, y) = (pass.x, pass.y)
    var j = 0
    for (plane, patch) in patches(samples: pass.samples, from: x.shape, to: y.shape) {
      if isMissing(y[j]) { y[j] = rule.value(x.start + plane, patch) }
      j &+= 1
    }
  }

  /// Adds the gradients of the windows for whose y `isMissing` is true to dx, in the order of y.
  func backward<S, Rule: PoolingRule<S>>(
    _ pass: BackwardPass<S>, by rule: inout Rule, where isMissing: (S) -> Bool = { _ in true }
  ) {
    let (x, y, dx, dy) = (pass.x, pass.y, pass.dx, pass.dy)
    var j = 0
    for (plane, patch) in patches(samples: pass.samples, from: x.shape, to: y.shape) {
      if isMissing(y[j]) {
        rule.addGradient(of: dy[j], y[j], x.start + plane, patch, to: dx.start + plane)
      }
      j &+= 1
    }
  }

  /// The single entries for explanations; nil if the input has no plan.
  func entries(
    from input: Shape, normalizes: Bool = false, countsPadding: Bool = false
  ) -> PoolingEntries? {
    guard let output = try? plan(for: input, allowsSlices: false).output else { return nil }
    let patches = patches(samples: 1, from: input, to: output)
    return PoolingEntries(
      windows: patches.map { plane, patch in patch.map { plane + $0 } },
      sizes: patches.map { countsPadding ? $1.countWithPadding : $1.count },
      input: input, output: output, normalizes: normalizes)
  }

  /// The windows for the kernels, and the planes of all samples.
  @inline(__always)
  func geometry(from input: Shape, to output: Shape) -> WindowGeometry {
    guard let x = Planes(input), let y = Planes(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    let windows = windows(over: input)
    return WindowGeometry(
      rows: x.rows, columns: x.columns, down: windows.rows.axis(positions: y.rows),
      across: windows.columns.axis(positions: y.columns))
  }

  /// The windows of a batch in the order of y.
  @inline(__always)
  func patches(samples: Int, from input: Shape, to output: Shape) -> Patches {
    guard let x = Planes(input), let y = Planes(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    let windows = windows(over: input)
    return Patches(windows.rows, windows.columns, over: x, to: y, samples: samples)
  }
}
