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
    options.suggest("window", for: "pool_size", "size")
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

  func plan(for input: Shape) throws -> Plan {
    guard (1...4).contains(input.rank) else {
      throw Diagnostic(
        "expected [features] or [channels, …] with one to three axes after the channels, found "
          + "\(input)")
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
