import NNExp

/// An image of another size: the numbers are selected, or interpolated between those of the input.
///
///     y[c, i, j] = Σ_r Σ_s w(i, r) w(j, s) x[c, r, s]
///
/// Position i of an axis with n numbers, which becomes one with m, is computed at the position u of
/// the input. With the factor f, or f = m/n:
///
///     half_pixel             u = (i + 1/2)/f − 1/2
///     half_pixel_symmetric   u = (i + 1/2)/f − 1/2 + (n/2)(1 − m/(f·n))
///     pytorch_half_pixel     u = (i + 1/2)/f − 1/2,  0 if m = 1
///     align_corners          u = i·(n − 1)/(m − 1),  0 if m = 1
///     asymmetric             u = i/f
///     tf_crop_and_resize     u = (n − 1)·(start + (end − start)·i/(m − 1)),  in the middle if m = 1
///
/// The weight of number r depends on the distance d = |r − u|:
///
///     linear   1 − d                                    for d < 1
///     cubic    (a + 2)d³ − (a + 3)d² + 1                for d ≤ 1
///              a·d³ − 5a·d² + 8a·d − 4a                 for 1 < d < 2
///
/// With `antialias`, d is multiplied by f if f < 1, and the weights are divided by their sum. Beyond
/// the edge, the number at the edge continues, unless `exclude_outside` is true.
///
/// PyTorch's `interpolate` is `coordinates: half_pixel`, or `align_corners` with its option; with
/// its `antialias`, it is `{antialias: true, exclude_outside: true}`, and for cubic weights
/// `coefficient: -0.5`; its mode `nearest` is `{coordinates: asymmetric, rounding: floor}` and
/// `nearest-exact` is `{rounding: round_prefer_ceil}`.
///
/// - Shape: `[channels, rows, columns]` → `[channels, size]` or `[channels, ⌊factor·rows⌋, …]`, with
///   one to three axes after the channels; `[n]` → `[size]`
/// - Source: ONNX's operator Resize; Keys 1981, "Cubic convolution interpolation for digital image
///   processing"
struct Resize: ResizingLayer {
  static let typeName = "resize"
  static let foreignNames = ["interpolate", "resizing"]
  static let documentation = Documentation(
    "an image of another size",
    equation:
      "y[c, i, j] = Σ w(i, r) w(j, s) x[c, r, s], where w depends on the distance of r from "
      + "the position of i in the input;  ∂x += the sum of ∂y with the same weights",
    shapes: "[n] → [size];  [channels, rows, columns] → [channels, size] or "
      + "[channels, ⌊factor·rows⌋, ⌊factor·columns⌋]",
    example: "- {type: resize, size: [14, 14], mode: linear, antialias: true}",
    source: "ONNX's operator Resize;  Keys 1981, \"Cubic convolution interpolation for digital "
      + "image processing\"")

  static let examples = [
    Example(["size": [3, 5], "mode": "cubic"], inputs: [2, 4, 3]),
    Example(["factor": 0.5, "mode": "linear", "antialias": true], inputs: [1, 6, 5]),
    Example(["factor": 1.5, "coordinates": "asymmetric", "rounding": "ceil"], inputs: [5]),
  ]

  /// How the factors of the axes follow from `size`.
  private enum AspectRatio: String, CaseIterable {
    /// Each axis has its own.
    case stretch
    /// The smallest of them.
    case notLarger = "not_larger"
    /// The largest of them.
    case notSmaller = "not_smaller"
  }

  let rule: ResizeRule
  let fixedNumber: Double
  /// One for every axis of the image, or one for each; empty if the other is given.
  private let sizes: [Int]
  private let factors: [Double]
  private let aspectRatio: AspectRatio
  private let region: [(start: Double, end: Double)]

  init(from options: inout Options) {
    options.suggest("factor", for: "scale_factor", "scales", "scale")
    options.suggest("size", for: "sizes", "output_size")
    options.suggest(
      "coordinates", for: "coordinate_transformation_mode", "align_corners", "half_pixel_centers")
    options.suggest("rounding", for: "nearest_mode")
    options.suggest("coefficient", for: "cubic_coeff_a")
    options.suggest("aspect_ratio", for: "keep_aspect_ratio_policy")
    options.suggest("region", for: "roi")
    options.suggest("extrapolation", for: "extrapolation_value")
    sizes =
      options.optionalExtents("size", in: 1...65_536, "the extents of the image") ?? []
    factors = Resize.factors(from: &options)
    if sizes.isEmpty == factors.isEmpty, !options.isDescribing, options.diagnostics.list.isEmpty {
      options.reject(
        "factor",
        sizes.isEmpty
          ? "missing 'size' or 'factor'" : "size and factor exclude each other; remove one of them")
    }
    aspectRatio = options.choice(
      "aspect_ratio", default: AspectRatio.stretch,
      "stretch: the size as given; not_larger, not_smaller: the size that keeps the ratio, within "
        + "or around it")
    var rule = ResizeRule()
    rule.mode = options.choice(
      "mode", default: ResizeRule.Mode.nearest, "how a number is computed between two")
    rule.coordinates = options.choice(
      "coordinates", default: ResizeRule.Coordinates.halfPixel,
      "the positions in the input: with the edges of both images at the same place, with their "
        + "corners, …")
    rule.rounding = options.choice(
      "rounding", default: ResizeRule.Rounding.preferFloor, "the number that nearest selects")
    rule.coefficient = options.double(
      "coefficient", default: -0.75, in: Interval(from: -1, to: 0),
      "a: the slope of the cubic weights at a distance of 1")
    rule.excludesOutside = options.bool(
      "exclude_outside", default: false,
      "leave out numbers beyond the edge, in place of continuing the number at the edge")
    rule.isAntialiased = options.bool(
      "antialias", default: false, "stretch the weights by the factor by which an image shrinks")
    region = Resize.region(from: &options)
    fixedNumber = options.double(
      "extrapolation", default: 0, "the number outside of the input, with tf_crop_and_resize")
    self.rule = rule
    checkUnused(&options)
  }

  /// A number, or one per axis of the image.
  private static func factors(from options: inout Options) -> [Double] {
    let range = "a number > 0 and ≤ 65536, or one per image axis"
    let number = Options.Description.Domain.numbers(
      Interval(from: 0, to: 65_536, includesLower: false))
    let found = options.value(
      "factor", range, "f: the extents are ⌊f·n⌋", default: nil,
      of: .either([number, .list(number, 1...3), .null]))
    options.document("factor", orElse: "size")
    options.resolve("factor", found ?? ConfigValue(.null))
    guard let found else { return [] }
    var items = [found]
    if case .null = found.content { return [] }
    if case .list(let list) = found.content { items = list }
    let factors = items.compactMap(\.number).filter { $0 > 0 && $0 <= 65_536 }
    guard factors.count == items.count, (1...3).contains(items.count) else {
      options.reject("factor", "factor must be \(range), found \(found.flow)")
      return []
    }
    return factors
  }

  /// `[start, end]` per axis of the image.
  private static func region(from options: inout Options) -> [(start: Double, end: Double)] {
    let range = "[start, end] per image axis, as parts of its extent"
    let pair = Options.Description.Domain.list(.numbers(.finite), 2...2)
    let found = options.value(
      "region", range, "the part of the input, with tf_crop_and_resize",
      of: .either([.list(pair, 1...3), .null]))
    options.resolve("region", found ?? ConfigValue(.null))
    guard let found else { return [] }
    if case .null = found.content { return [] }
    var pairs: [(Double, Double)] = []
    if case .list(let items) = found.content, (1...3).contains(items.count) {
      for item in items {
        guard case .list(let ends) = item.content, ends.count == 2, let start = ends[0].number,
          let end = ends[1].number, start.isFinite, end.isFinite
        else { break }
        pairs.append((start, end))
      }
      if pairs.count == items.count { return pairs }
    }
    options.reject("region", "region must be \(range), found \(found.flow)")
    return []
  }

  /// Reports options that have no effect.
  private func checkUnused(_ options: inout Options) {
    func reject(_ key: String, _ isUnused: Bool, without other: String) {
      if isUnused { options.reject(key, "\(key) has no effect without \(other); remove it") }
    }
    let isNearest = rule.mode == .nearest
    reject("aspect_ratio", aspectRatio != .stretch && sizes.isEmpty, without: "size")
    reject("rounding", rule.rounding != .preferFloor && !isNearest, without: "mode: nearest")
    reject(
      "coefficient", rule.coefficient != -0.75 && rule.mode != .cubic, without: "mode: cubic")
    reject(
      "exclude_outside", rule.excludesOutside && isNearest, without: "mode: linear or mode: cubic")
    reject("antialias", rule.isAntialiased && isNearest, without: "mode: linear or mode: cubic")
    let isCropped = rule.coordinates == .cropAndResize
    let crop = "coordinates: tf_crop_and_resize"
    reject("region", !region.isEmpty && !isCropped, without: crop)
    reject("extrapolation", fixedNumber != 0 && !isCropped, without: crop)
    if isCropped, region.isEmpty, options.diagnostics.list.isEmpty {
      options.reject("coordinates", "tf_crop_and_resize needs the region of the input")
    }
  }

  func check(_ shape: Shape) throws {
    let axes = shape.imageAxes.count
    let counts = [("size", sizes.count), ("factor", factors.count), ("region", region.count)]
    for (key, count) in counts where count > 1 && count != axes || key == "region" && count > axes {
      throw Diagnostic(
        "the input \(shape) has \(axes) image axes, but \(key) has \(count) numbers")
    }
  }

  func axis(_ k: Int, of shape: Shape) -> ResizedAxis {
    let own = k - shape.imageAxes.lowerBound
    let extent = shape[k]
    var part = (start: 0.0, end: 1.0)
    if !region.isEmpty { part = region.count == 1 ? region[0] : region[own] }
    let count: Int
    let distance: (Double, Double)
    if !factors.isEmpty {
      let factor = factors.count == 1 ? factors[0] : factors[own]
      count = Int(floor: Double(extent) * factor)
      distance = (1, factor)
    } else {
      let chosen = aspectRatio == .stretch ? k : limitingAxis(of: shape)
      let size = sizes.count == 1 ? sizes[0] : sizes[chosen - shape.imageAxes.lowerBound]
      distance = (Double(shape[chosen]), Double(size))
      // The nearest whole number.
      count =
        chosen == k
        ? size
        : Int(floor: Double(extent) * distance.1 / distance.0 + 0.5)
    }
    return ResizedAxis(
      rule: rule, extent: extent, count: count, distance: distance, region: part)
  }

  /// The axis whose factor all axes have.
  private func limitingAxis(of shape: Shape) -> Int {
    func factor(_ k: Int) -> Double {
      Double(sizes.count == 1 ? sizes[0] : sizes[k - shape.imageAxes.lowerBound]) / Double(shape[k])
    }
    var best = shape.imageAxes.lowerBound
    for k in shape.imageAxes
    where aspectRatio == .notLarger ? factor(k) < factor(best) : factor(k) > factor(best) {
      best = k
    }
    return best
  }
}
