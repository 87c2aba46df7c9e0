import NNExp

/// The windows of a pooling layer, and the loops over them.
///
/// - Shape: `[features]` → `[groups]`, with windows over neighboring features;
///   `[channels, rows, columns]` → `[channels, rows', columns']`, with windows over
///   each channel's image. Along an axis of n entries
///
///       n' = ⌊(n + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1
///
///   with ⌈⌉ in ceil mode, in which a window that would start in the padding at the end
///   is omitted.
struct Pooling {
  static let shapes =
    "[features] → [features'], or [channels, rows, columns] → [channels, rows', columns']; "
    + "n' = ⌊(n + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1, ⌈⌉ with ceil_mode"

  /// The explanation of the window in the formulas of every pooling layer.
  static let remark = "Window r covers the entries Rᵣ of $x$."

  private let rows: Window
  private let columns: Window
  private let ceiling: Bool
  private let isGlobal: Bool

  /// - Parameter isRequired: false for a layer that needs no window; the caller then reads the
  ///   options only if the file gives one.
  init(from options: inout Options, isRequired: Bool = true) {
    isGlobal = options.bool("global", default: false, "one window that covers the whole plane")
    guard !isGlobal else {
      (rows, columns, ceiling) = (.single, .single, false)
      for key in ["window", "stride", "padding", "dilation", "ceil_mode"]
      where options.contains(key) {
        _ = options.value(key, "nothing")
        options.reject(key, "\(key) has no effect if global is true; remove one of them")
      }
      return
    }
    let window =
      isRequired
      ? options.pair("window", in: Window.range, "extent of the window")
      : options.optionalPair(
        "window", in: Window.range, "extent of the window (default: all numbers of a sample)")
        ?? (1, 1)
    options.document("window", orElse: "global")
    options.suggest("window", for: "pool_size", "kernel_size", "kernel", "size")
    let stride = options.optionalPair(
      "stride", in: Window.range, "distance from one window to the next (default: the window)")
    let padding = options.pair(
      "padding", default: (0, 0), in: Window.paddingRange, "empty positions at both ends")
    let dilation = options.pair(
      "dilation", default: (1, 1), in: Window.range,
      "distance from one entry of a window to the next")
    ceiling = options.bool(
      "ceil_mode", default: false, "keep a last window that extends beyond the end")
    rows = Window(
      size: window.0, stride: (stride ?? window).0, padding: padding.0, dilation: dilation.0)
    columns = Window(
      size: window.1, stride: (stride ?? window).1, padding: padding.1, dilation: dilation.1)
  }

  func plan(for input: Shape) throws -> Plan {
    guard let planes = Planes(input) else {
      throw Diagnostic(
        "expected [features] or [channels, rows, columns], found \(input)"
          + Planes.remedy(for: input))
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    let isFlat = input.rank == 1
    if isFlat, rows != columns {
      throw Diagnostic(
        "the input \(input) has one axis, but the options name two; write one number each")
    }
    let (alongRows, alongColumns) = windows(over: planes, isFlat: isFlat)
    let rowCount = try count(of: alongRows, over: planes.rows, named: "rows")
    let columnCount = try count(
      of: alongColumns, over: planes.columns, named: isFlat ? "features" : "columns")
    let output: Shape = isFlat ? [columnCount] : [planes.channels, rowCount, columnCount]
    return Plan(
      output: output, work: Shape([output.count, alongRows.size, alongColumns.size]).count)
  }

  private func count(of window: Window, over length: Int, named axis: String) throws -> Int {
    let count = try window.count(over: length, named: axis, ceiling: ceiling)
    try window.requireEntries(in: count, over: length, named: axis)
    return count
  }

  /// The largest number of entries of a window.
  func mostEntries(over input: Shape) -> Int {
    guard let planes = Planes(input) else { return 0 }
    let (rows, columns) = windows(over: planes, isFlat: input.rank == 1)
    return Shape([rows.size, columns.size]).count
  }

  /// True if some windows may extend beyond an edge.
  var mayExtendBeyondEdges: Bool { rows.padding > 0 || columns.padding > 0 || ceiling }

  /// The extents of a window, if no entry belongs to two windows and no window extends beyond
  /// an edge; nil otherwise.
  func tile(from input: Shape, to output: Shape) -> (height: Int, width: Int)? {
    guard let x = Planes(input), let y = Planes(output) else { return nil }
    let (rows, columns) = windows(over: x, isFlat: input.rank == 1)
    guard rows.tiles(x.rows, positions: y.rows), columns.tiles(x.columns, positions: y.columns)
    else {
      return nil
    }
    return (rows.size, columns.size)
  }

  /// The windows along rows and columns, and the planes of `input`.
  func axes(over input: Shape) -> (rows: Window, columns: Window, planes: Planes)? {
    guard let planes = Planes(input) else { return nil }
    let (rows, columns) = windows(over: planes, isFlat: input.rank == 1)
    return (rows, columns, planes)
  }

  /// The windows along rows and columns, if no entries of a window are apart and none extends
  /// beyond the padding; nil otherwise.
  func plainWindows(from input: Shape, to output: Shape) -> (rows: Window, columns: Window)? {
    guard let x = Planes(input) else { return nil }
    let (rows, columns) = windows(over: x, isFlat: input.rank == 1)
    let arePlain = [rows, columns].allSatisfy { $0.dilation == 1 && $0.padding < $0.size }
    return arePlain && !ceiling ? (rows, columns) : nil
  }

  /// The windows along rows and columns.
  private func windows(over planes: Planes, isFlat: Bool) -> (rows: Window, columns: Window) {
    if isGlobal { return (Window(size: planes.rows), Window(size: planes.columns)) }
    return (isFlat ? .single : rows, columns)
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
    guard let output = try? plan(for: input).output else { return nil }
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
    let (rows, columns) = windows(over: x, isFlat: input.rank == 1)
    return WindowGeometry(
      rows: x.rows, columns: x.columns, down: rows.axis(positions: y.rows),
      across: columns.axis(positions: y.columns))
  }

  /// The windows of a batch in the order of y.
  @inline(__always)
  func patches(samples: Int, from input: Shape, to output: Shape) -> Patches {
    guard let x = Planes(input), let y = Planes(output) else {
      preconditionFailure("`plan` lets no other shape pass")
    }
    let (rows, columns) = windows(over: x, isFlat: input.rank == 1)
    return Patches(rows, columns, over: x, to: y, samples: samples)
  }
}
