import NNExp

/// An image with f times as many numbers along each axis.
///
///     nearest   y[c, i, j] = x[c, ⌊i/f⌋, ⌊j/f⌋]
///     bilinear  y[c, i, j] = Σ w_r(i) w_s(j) x[c, r, s],  linear between the centers of the numbers
///
/// The number at position r of x is at (r + 1/2)·f − 1/2 in y; before the first and after the last
/// center, the interpolation is constant, as in PyTorch with `align_corners=False`. With one axis
/// the interpolation is linear, and with three trilinear. ``Resize`` has other factors and modes.
struct Upsample: ResizingLayer {
  static let typeName = "upsample"
  static let foreignNames = [
    "upsampling1d", "upsampling2d", "upsampling3d", "upsampling_nearest2d",
    "upsampling_bilinear2d",
  ]
  static let documentation = Documentation(
    "an image with several times as many numbers along each axis",
    equation: "nearest: y[c, i, j] = x[c, ⌊i/f⌋, ⌊j/f⌋];  bilinear: y[c, i, j] = Σ w_r(i) w_s(j) "
      + "x[c, r, s];  ∂x += the sum of ∂y with the same weights",
    shapes: "[n] → [f·n];  [channels, rows, columns] → [channels, f·rows, f·columns]",
    example: "- {type: upsample, factor: 2}",
    source: "ONNX's operator Resize")

  static let examples = [
    Example(["factor": [2, 3]], inputs: [2, 2, 3]),
    Example(["factor": 2, "mode": "bilinear"], inputs: [2, 2, 3]),
  ]

  private enum Mode: String, CaseIterable { case nearest, bilinear }

  private let factors: [Int]
  let rule: ResizeRule

  init(from options: inout Options) {
    options.suggest("factor", for: "scale_factor", "size")
    options.suggest("mode", for: "interpolation")
    let range = 1...65_536
    let explanation = "f: a number, or one per image axis"
    if options.entry("factor")?.integer != nil {
      factors = [options.int("factor", in: range, explanation)]
    } else {
      factors = options.ints("factor", in: range, count: 1...Shape.maximumRank, explanation)
    }
    options.document(
      "factor", .either([.integers(range), .list(.integers(range), 1...Shape.maximumRank)]))
    let mode = options.choice(
      "mode", default: Mode.nearest,
      "nearest: each number several times; bilinear: linear between the numbers")
    rule =
      mode == .nearest
      ? ResizeRule(coordinates: .asymmetric, rounding: .floor) : ResizeRule(mode: .linear)
  }

  func check(_ shape: Shape) throws {
    guard factors.count == 1 || factors.count == shape.imageAxes.count else {
      throw Diagnostic(
        "the input \(shape) has \(shape.imageAxes.count) image axes, but factor has "
          + "\(factors.count) numbers")
    }
  }

  func axis(_ k: Int, of shape: Shape) -> ResizedAxis {
    let factor = factors.count == 1 ? factors[0] : factors[k - shape.imageAxes.lowerBound]
    return ResizedAxis(
      rule: rule, extent: shape[k], count: shape[k].times(factor),
      distance: (1, Double(factor)), region: (0, 1))
  }
}
