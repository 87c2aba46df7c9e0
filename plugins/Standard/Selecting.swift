import NNExp

// Layers whose outputs are numbers of their input in another place.

/// A part of the input along one axis.
///
///     y[…, i, …] = x[…, start + i·step, …]
///
/// A negative step goes backward from `start`.
///
/// - Shape: the extent of `axis` becomes ⌈(end − start)/step⌉
struct Slice: SelectingLayer {
  static let typeName = "slice"
  static let foreignNames = ["narrow", "strided_slice", "flip"]
  static let documentation = Documentation(
    "a part of the input along one axis",
    equation: "y[…, i, …] = x[…, start + i·step, …];  ∂x += ∂y there",
    shapes: "any shape → the extent of the axis becomes ⌈(end − start)/step⌉",
    example: "- {type: slice, axis: 0, start: 2, end: 5}",
    source: "ONNX's operator Slice")

  static let examples = [
    Example(["start": 1, "end": 3], inputs: [4, 2]),
    Example(["axis": 1, "step": -1], inputs: [2, 3]),
  ]

  let chosen: Int
  let start: Int
  let end: Int?
  let step: Int

  init(from options: inout Options) {
    options.suggest("axis", for: "dim")
    options.suggest("end", for: "stop")
    options.suggest("start", for: "begin")
    chosen = options.int("axis", default: 0, in: 0..<Shape.maximumRank, "the axis that is cut")
    let isBackward = (options.entry("step")?.integer ?? 1) < 0
    start = options.int(
      "start", default: isBackward ? -1 : 0, in: Int.min...,
      "the first position; negative: from the end")
    options.document("start", default: "0; −1 if step is negative")
    end = options.optionalInt(
      "end", in: Int.min...,
      "the position after the last; negative: from the end; none: all that follow")
    step = options.int(
      "step", default: 1, in: Int.min..., "the distance of two positions; negative: backward")
    options.document("step", .either([.integers(Int.min...(-1)), .integers(1...Int.max)]))
    if step == 0 { options.reject("step", "step must be a number other than 0") }
  }

  /// The first position and the number of positions.
  private func positions(in extent: Int) -> (first: Int, count: Int) {
    // Backward, −1 is the position after the last.
    let (low, high) = step < 0 ? (-1, extent - 1) : (0, extent)
    func absolute(_ position: Int) -> Int {
      min(max(low, position < 0 ? extent + position : position), high)
    }
    let first = absolute(start)
    let last = end.map(absolute) ?? (step < 0 ? low : high)
    let length = step < 0 ? first - last : last - first
    guard length > 0 else { return (first, 0) }
    return (first, (length - 1) / Int(clamping: step.magnitude) + 1)
  }

  func check(_ shape: Shape) throws {
    guard chosen < shape.rank else {
      throw Diagnostic("the input \(shape) has no axis \(chosen)")
    }
  }

  func axis(_ k: Int, of shape: Shape) -> SelectedAxis {
    guard k == chosen else {
      return SelectedAxis(source: k, count: shape[k], rule: .steps(from: 0, by: 1))
    }
    let (first, count) = positions(in: shape[k])
    return SelectedAxis(
      source: k, count: count, rule: .steps(from: first, by: count > 1 ? step : 1))
  }
}

/// The axes in another order.
///
///     y[iₐ₀, iₐ₁, …] = x[i₀, i₁, …]
struct Transpose: SelectingLayer {
  static let typeName = "transpose"
  static let foreignNames = ["permute"]
  static let documentation = Documentation(
    "the axes in another order",
    equation: "axis k of y is axis a[k] of x;  ∂x += ∂y in the order of x",
    shapes: "any shape → its extents in the order of axes",
    example: "- {type: transpose, axes: [1, 2, 0]}",
    source: "ONNX's operator Transpose")

  static let examples = [Example(["axes": [1, 2, 0]], inputs: [2, 3, 4])]

  let order: [Int]

  init(from options: inout Options) {
    options.suggest("axes", for: "perm", "dims", "permutation")
    order = options.ints(
      "axes", in: 0..<Shape.maximumRank, count: 1...Shape.maximumRank,
      "a: the axes of the input in the order of the output")
    if options.contains("axes"),
      Set(order).count != order.count || (order.max() ?? 0) >= order.count
    {
      options.reject(
        "axes", "axes must have each number from 0 to \(order.count - 1) once, found \(order)")
    }
  }

  func check(_ shape: Shape) throws {
    guard shape.rank == order.count else {
      throw Diagnostic("the input \(shape) has \(shape.rank) axes, but axes has \(order.count)")
    }
  }

  func axis(_ k: Int, of shape: Shape) -> SelectedAxis {
    SelectedAxis(source: order[k], count: shape[order[k]], rule: .steps(from: 0, by: 1))
  }
}

/// An image with more rows and columns around it.
///
///     y[c, i, j] = x[c, i − top, j − left]
struct Pad: SelectingLayer {
  static let typeName = "pad"
  static let foreignNames = [
    "zero_pad1d", "zero_pad2d", "zero_pad3d", "zero_padding1d", "zero_padding2d",
    "zero_padding3d", "constant_pad1d", "constant_pad2d", "constant_pad3d", "reflection_pad1d",
    "reflection_pad2d", "reflection_pad3d", "replication_pad1d", "replication_pad2d",
    "replication_pad3d", "circular_pad1d", "circular_pad2d", "circular_pad3d",
  ]
  static let documentation = Documentation(
    "an image with more rows and columns around it",
    equation: "y[c, i, j] = x[c, i − top, j − left];  ∂x += ∂y there",
    shapes:
      "[n] → [before + n + after];  [channels, rows, columns] → every axis but the first grows",
    example: "- {type: pad, padding: [[1, 2], [0, 1]], mode: reflect}",
    source: "ONNX's operator Pad")

  static let examples = [
    Example(["padding": 1], inputs: [2, 3, 4]),
    Example(["padding": [1, 2], "mode": "reflect"], inputs: [1, 3, 4]),
    Example(["padding": 2, "mode": "replicate"], inputs: [3]),
    Example(["padding": [2, 1], "mode": "wrap"], inputs: [1, 2, 3]),
  ]

  let margins: Margins
  let edge: SelectedAxis.Edge
  let fixedNumber: Double

  init(from options: inout Options) {
    options.suggest("padding", for: "pad", "pads")
    options.suggest("mode", for: "padding_mode")
    options.suggest("value", for: "constant_value", "constant_values")
    margins = Margins("padding", "the positions before and after each axis", from: &options)
    edge = options.choice(
      "mode", default: SelectedAxis.Edge.constant,
      "constant: value; reflect: mirrored at the edge; replicate: the number at the edge; wrap: the "
        + "numbers of the opposite edge")
    fixedNumber = options.double("value", default: 0, "the number beyond the edge, with constant")
    if edge != .constant, fixedNumber != 0 {
      options.reject("value", "value has no effect with mode \(edge)")
    }
  }

  func check(_ shape: Shape) throws {
    try margins.check(shape)
    for k in shape.imageAxes {
      let (before, after) = margins.of(k, in: shape)
      if edge == .reflect, max(before, after) >= shape[k] {
        throw Diagnostic(
          "padding by reflection must be less than the extent \(shape[k]) of axis \(k), found "
            + "\(max(before, after))")
      }
      if edge == .replicate || edge == .wrap, shape[k] == 0 {
        throw Diagnostic("the input \(shape) has no number at its edge")
      }
    }
  }

  func axis(_ k: Int, of shape: Shape) -> SelectedAxis {
    let (before, after) = margins.of(k, in: shape)
    let count = shape[k].addingReportingOverflow(before + after)
    return SelectedAxis(
      source: k, count: count.overflow ? .max : count.partialValue,
      rule: .padded(before: before, edge))
  }
}

/// An image without the rows and columns at its edge.
///
///     y[c, i, j] = x[c, i + top, j + left]
struct Crop: SelectingLayer {
  static let typeName = "crop"
  static let foreignNames = ["cropping1d", "cropping2d", "cropping3d", "center_crop"]
  static let documentation = Documentation(
    "an image without the rows and columns at its edge",
    equation: "y[c, i, j] = x[c, i + top, j + left];  ∂x += ∂y there",
    shapes:
      "[n] → [n − before − after];  [channels, rows, columns] → every axis but the first shrinks",
    example: "- {type: crop, cropping: [[1, 2], [0, 1]]}",
    source: "the inverse of ONNX's operator Pad")

  static let examples = [Example(["cropping": 1], inputs: [2, 3, 4])]

  let margins: Margins

  init(from options: inout Options) {
    options.suggest("cropping", for: "crop", "padding")
    margins = Margins("cropping", "the positions removed from each axis", from: &options)
  }

  func check(_ shape: Shape) throws {
    try margins.check(shape)
    for k in shape.imageAxes {
      let (before, after) = margins.of(k, in: shape)
      guard before + after < shape[k] else {
        throw Diagnostic(
          "nothing of axis \(k) of the input \(shape) is left without \(before) + \(after) positions"
        )
      }
    }
  }

  func axis(_ k: Int, of shape: Shape) -> SelectedAxis {
    let (before, after) = margins.of(k, in: shape)
    return SelectedAxis(
      source: k, count: shape[k] - before - after, rule: .steps(from: before, by: 1))
  }
}

/// Positions at both ends of each image axis: `1`, `[1, 2]` or `[[top, bottom], [left, right]]`.
struct Margins: Sendable {
  private let key: String
  private let pairs: [(before: Int, after: Int)]

  static let range = "a number, one per image axis, or [before, after] per image axis"

  static var domain: Options.Description.Domain {
    let one = Options.Description.Domain.integers(0...65_536)
    return .either([one, .list(.either([one, .list(one, 2...2)]), 1...Int.max)])
  }

  /// The number of axes; 1 if it is the same for every axis.
  var axes: Int { pairs.count }

  var isZero: Bool { pairs.allSatisfy { $0.before == 0 && $0.after == 0 } }

  /// No positions at any end.
  init(none key: String) { (self.key, pairs) = (key, [(0, 0)]) }

  /// - Parameters:
  ///   - range: the description of the values that the key may have.
  ///   - fallback: the default; nil if the key is required.
  init(
    _ key: String, _ explanation: String, from options: inout Options, range: String = range,
    default fallback: Int? = nil
  ) {
    self.key = key
    func pair(_ config: ConfigValue) -> (Int, Int)? {
      if let one = config.integer { return (0...65_536).contains(one) ? (one, one) : nil }
      guard case .list(let ends) = config.content, ends.count == 2,
        let before = ends[0].integer, let after = ends[1].integer,
        (0...65_536).contains(before), (0...65_536).contains(after)
      else { return nil }
      return (before, after)
    }
    guard
      let config = options.value(
        key, range, explanation, default: fallback.map { "\($0)" }, of: Self.domain)
    else {
      if let fallback {
        options.resolve(key, ConfigValue(.int(fallback)))
      } else if !options.isDescribing {
        options.reject(key, "missing '\(key)': \(explanation)")
      }
      pairs = [(fallback ?? 0, fallback ?? 0)]
      return
    }
    options.resolve(key, config)
    if config.integer != nil, let one = pair(config) {
      pairs = [one]
      return
    }
    if case .list(let items) = config.content, !items.isEmpty {
      let found = items.compactMap { pair($0) }
      if found.count == items.count {
        pairs = found
        return
      }
    }
    options.reject(
      key,
      "\(key) must be \(range), each from 0 to 65536, found \(config.flow)"
        + (range == WindowOptions.paddingRange ? WindowOptions.suggestion(for: config) : ""))
    pairs = [(0, 0)]
  }

  func check(_ shape: Shape) throws {
    guard shape.rank > 0 else { throw Diagnostic("the input has no axes") }
    guard pairs.count == 1 || pairs.count == shape.imageAxes.count else {
      throw Diagnostic(
        "the input \(shape) has \(shape.imageAxes.count) image axes, but \(key) has \(pairs.count)")
    }
  }

  func of(_ k: Int, in shape: Shape) -> (before: Int, after: Int) {
    guard shape.imageAxes.contains(k) else { return (0, 0) }
    return pair(k - shape.imageAxes.lowerBound)
  }

  /// The positions at both ends of an image axis.
  func pair(_ axis: Int) -> (before: Int, after: Int) { pairs.count == 1 ? pairs[0] : pairs[axis] }
}

extension Shape {
  /// Every axis but that of the channels; the only axis of a vector.
  var imageAxes: Range<Int> { rank > 1 ? 1..<rank : 0..<rank }
}
