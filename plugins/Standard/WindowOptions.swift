import NNExp

/// The options `window`, `stride`, `padding` and `dilation` of a convolution or a pooling layer:
/// one number for every axis of the image, or one for each.
struct WindowOptions: Sendable {
  /// The empty positions at the ends of an axis.
  private enum Padding: Sendable {
    case margins(Margins)
    /// As many as make the number of windows ⌈n/stride⌉: half before and half after. An odd one
    /// is after with `same`, and before with `same_lower`.
    case same, sameLower
  }

  private let sizes: [Int]
  /// True if the file gives the window as a list, and with it the number of axes.
  private let isListed: Bool
  private let strides: [Int]
  private let dilations: [Int]
  private let padding: Padding

  static let paddingRange =
    "a number, one per axis, [before, after] per axis, same or same_lower"

  /// - Parameters:
  ///   - sizes: the extents of the window; nil to read them.
  ///   - strideIsWindow: true if the default of `stride` is the window.
  init(
    from options: inout Options, sizes fixed: [Int]? = nil, strideIsWindow: Bool = false,
    padding explanation: String
  ) {
    options.suggest("window", for: "kernel_size", "kernel", "filter_size", "kernel_shape")
    options.suggest("stride", for: "subsample", "subsampling")
    options.suggest("padding", for: "pads", "pad", "auto_pad")
    options.suggest("dilation", for: "dilation_rate")
    sizes = fixed ?? options.extents("window", in: Window.range, "extent of the window")
    if case .list? = options.entry("window")?.content {
      isListed = true
      options.resolve("window", ConfigValue(.list(sizes.map { ConfigValue(.int($0)) })))
    } else {
      isListed = false
    }
    strides =
      strideIsWindow
      ? options.optionalExtents(
        "stride", in: Window.range, "distance from one window to the next (default: the window)")
        ?? sizes
      : options.extents(
        "stride", default: [1], in: Window.range, "distance from one window to the next")
    if case .string(let word)? = options.entry("padding")?.content,
      let found = ["same": Padding.same, "same_lower": .sameLower][word]
    {
      _ = options.value("padding", WindowOptions.paddingRange, explanation, default: "0")
      options.resolve("padding", ConfigValue(.string(word)))
      padding = found
    } else {
      padding = .margins(
        Margins(
          "padding", explanation, from: &options, range: WindowOptions.paddingRange, default: 0))
    }
    options.document("padding", .either([Margins.domain, .words(["same", "same_lower"])]))
    dilations = options.extents(
      "dilation", default: [1], in: Window.range,
      "distance from one entry of a window to the next")
  }

  /// The suggestion for another library's word for a padding.
  static func suggestion(for padding: ConfigValue) -> String {
    guard case .string(let word) = padding.content else { return "" }
    let foreign = ["valid": "0", "notset": "0", "same_upper": "same"]
    return foreign[word.lowercased()].map { "; did you mean '\($0)'?" }
      ?? NNExp.suggestion(for: word, among: ["same", "same_lower"])
  }

  /// Windows of one entry, one entry apart.
  init() {
    (sizes, strides, dilations) = ([1], [1], [1])
    isListed = true
    padding = .margins(Margins(none: "padding"))
  }

  /// The number of axes that the options name; nil if all of them hold for any number.
  private var counts: [(key: String, count: Int)] {
    var counts = [("window", sizes.count), ("stride", strides.count)]
    if case .margins(let margins) = padding { counts.append(("padding", margins.axes)) }
    counts.append(("dilation", dilations.count))
    return counts.filter { $0.1 != 1 }
  }

  /// Throws if an option has another number of axes than the image of `shape`, and for
  /// `[channels, positions]` unless the window is a list: most of such inputs are images without an
  /// axis of channels.
  func check(_ shape: Shape, axes: Int) throws {
    let image =
      "for images of one channel write data: {shape: [1, \(shape[0]), \(shape[1])]}"
    if shape.rank == 2, !isListed {
      throw Diagnostic(
        "the input \(shape) has one axis after the channels; write window: \(sizes) if this is "
          + "meant; \(image)")
    }
    guard let wrong = counts.first(where: { $0.count != axes }) else { return }
    let found = axes == 1 ? "1 image axis" : "\(axes) image axes"
    throw Diagnostic(
      "the input \(shape) has \(found), but \(wrong.key) has \(wrong.count) numbers"
        + (axes == 1 && wrong.count == 2 && shape.rank == 2 ? "; \(image)" : ""))
  }

  /// True if no window extends beyond an edge.
  var isUnpadded: Bool {
    if case .margins(let margins) = padding { margins.isZero } else { false }
  }

  /// True if the padding depends on the length of an axis.
  var isSame: Bool {
    switch padding {
    case .margins: false
    case .same, .sameLower: true
    }
  }

  /// The window along axis `k` of the image, which has `length` entries.
  func window(_ k: Int, over length: Int) -> Window {
    var window = Window(
      size: sizes.count == 1 ? sizes[0] : sizes[k],
      stride: strides.count == 1 ? strides[0] : strides[k],
      dilation: dilations.count == 1 ? dilations[0] : dilations[k])
    let isLower: Bool
    switch padding {
    case .margins(let margins):
      (window.padding, window.paddingAfter) = margins.pair(k)
      return window
    case .same: isLower = false
    case .sameLower: isLower = true
    }
    let length = min(length, .max / 2)
    let last = max(0, length - 1) / window.stride * window.stride
    let sum = max(0, last + window.extent - length)
    window.padding = isLower ? sum - sum / 2 : sum / 2
    window.paddingAfter = sum - window.padding
    return window
  }
}

/// The windows along the axes of an image; an axis that the image lacks has the extent 1.
struct Windows {
  var depth = Window.single
  var rows = Window.single
  var columns: Window

  init(columns: Window) { self.columns = columns }

  /// - Precondition: the shape has one to three axes from `first` on.
  init(_ options: WindowOptions, over shape: Shape, from first: Int = 1) {
    let axes = shape.rank - first
    columns = options.window(axes - 1, over: shape[shape.rank - 1])
    if axes > 1 { rows = options.window(axes - 2, over: shape[shape.rank - 2]) }
    if axes > 2 { depth = options.window(0, over: shape[first]) }
  }
}

/// The extents of `[channels, positions]`, `[channels, rows, columns]` or `[channels, slices, rows,
/// columns]`, with 1 for an axis that is missing.
struct Volume {
  let channels: Int
  let slices: Int
  let rows: Int
  let columns: Int

  /// Nil for other shapes.
  init?(_ shape: Shape) {
    guard (2...4).contains(shape.rank) else { return nil }
    channels = shape[0]
    slices = shape.rank > 3 ? shape[1] : 1
    rows = shape.rank > 2 ? shape[shape.rank - 2] : 1
    columns = shape[shape.rank - 1]
  }
}
