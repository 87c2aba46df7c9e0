import NNExp

/// How an image is resized: everything but the extents.
struct ResizeRule: Sendable {
  /// How a number is computed from the numbers of the input.
  enum Mode: String, CaseIterable, Sendable {
    /// One of them.
    case nearest
    /// Linear between two of them.
    case linear
    /// Cubic between four of them.
    case cubic
  }

  /// The position in the input at which a number of the output is computed.
  enum Coordinates: String, CaseIterable, Sendable {
    /// Numbers are the centers of pixels, and the edges of both images agree.
    case halfPixel = "half_pixel"
    /// As before, but the centers of both images agree, if the factor is not their ratio.
    case halfPixelSymmetric = "half_pixel_symmetric"
    /// As `half_pixel`, but 0 for a single number.
    case pytorchHalfPixel = "pytorch_half_pixel"
    /// The first and the last numbers of both images agree.
    case alignCorners = "align_corners"
    /// The first numbers agree.
    case asymmetric
    /// The first and the last numbers are those of a region of the input.
    case cropAndResize = "tf_crop_and_resize"
  }

  /// The number that `nearest` selects at a position between two.
  enum Rounding: String, CaseIterable, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor, ceil
  }

  var mode = Mode.nearest
  var coordinates = Coordinates.halfPixel
  var rounding = Rounding.preferFloor
  /// a, the slope of the cubic weights at a distance of 1.
  var coefficient = -0.75
  /// True if the weights of numbers beyond the edge are left out, and the others add up to 1.
  /// Otherwise the number at the edge continues.
  var excludesOutside = false
  /// True if the weights are stretched by the factor by which an axis shrinks.
  var isAntialiased = false

  /// The distance at which the weights become 0.
  fileprivate var reach: Double { mode == .cubic ? 2 : 1 }

  /// The weight of a number at this distance, before the weights of a position are divided by
  /// their sum.
  @inline(__always)
  fileprivate func weight(at distance: Double) -> Double {
    let (x, a) = (abs(distance), coefficient)
    if x >= reach { return 0 }
    guard mode == .cubic else { return 1 - x }
    return x < 1 ? (1 - x) * (1 + x - (a + 2) * x * x) : a * (x - 1) * (x - 2) * (x - 2)
  }
}

/// One axis of a resized image: for each position of the output, the numbers of the input that it is
/// computed from, and their weights.
///
///     y[i] = Σ_r w(i, r) x[r]
///
/// - Source: ONNX's operator Resize; Keys 1981, "Cubic convolution interpolation for digital image
///   processing", for the cubic weights
struct ResizedAxis: Sendable {
  let rule: ResizeRule
  /// The extents in the input and in the output.
  let extent: Int
  let count: Int
  /// The distance between two positions of the output, in those of the input, as a quotient.
  let distance: (numerator: Double, denominator: Double)
  /// The first and the last position for `tf_crop_and_resize`, as parts of the input.
  let region: (start: Double, end: Double)

  /// True if y = x.
  var isIdentity: Bool {
    rule.coordinates != .cropAndResize && distance.numerator == distance.denominator
      && count == extent
  }

  /// The factor by which the weights are stretched.
  private var stretch: Double {
    rule.isAntialiased ? max(1, distance.numerator / distance.denominator) : 1
  }

  /// The largest number of weights of a position.
  var mostWeights: Int {
    guard rule.mode != .nearest else { return 1 }
    let width = 2 * rule.reach * stretch
    return width < Double(extent) ? min(extent, Int(width) + 1) : extent
  }

  /// The position in the input of a position of the output.
  @inline(__always)
  private func coordinate(_ i: Int) -> Double {
    let half = (Double(i) + 0.5) * distance.numerator / distance.denominator - 0.5
    switch rule.coordinates {
    case .halfPixel: return half
    case .pytorchHalfPixel: return count > 1 ? half : 0
    case .halfPixelSymmetric:
      // The extent of the output before it was rounded.
      let whole = Double(extent) * distance.denominator / distance.numerator
      return half + Double(extent) / 2 * (1 - Double(count) / whole)
    case .alignCorners:
      return count > 1 ? Double(i) * Double(extent - 1) / Double(count - 1) : 0
    case .asymmetric: return Double(i) * distance.numerator / distance.denominator
    case .cropAndResize:
      let last = Double(extent - 1)
      guard count > 1 else { return (region.start + region.end) / 2 * last }
      let (before, after) = (Double(i), Double(count - 1 - i))
      return (region.start * after + region.end * before) / Double(count - 1) * last
    }
  }

  /// Calls `body` with each number of the input whose weight is not 0, in order; not at all for a
  /// position outside of the input, with `tf_crop_and_resize`.
  @inline(__always)
  func forEachWeight(of i: Int, _ body: (_ position: Int, _ weight: Double) -> Void) {
    let x = coordinate(i)
    let edge = extent &- 1
    if rule.coordinates == .cropAndResize, !(x >= 0 && x <= Double(edge)) { return }
    if rule.mode == .nearest { return body(min(max(0, nearest(to: x)), edge), 1) }
    let reach = rule.reach * stretch
    var first = -Int(floor: reach - x)
    var last = Int(floor: x + reach)
    if rule.excludesOutside { (first, last) = (max(first, 0), min(last, edge)) }
    var sum = 1.0
    if rule.isAntialiased || rule.excludesOutside {
      sum = 0
      for r in first..<(max(first, last &+ 1)) {
        sum += rule.weight(at: (Double(r) - x) / stretch)
      }
      // All numbers within reach are outside.
      if sum == 0 { return body(min(max(0, first), edge), 1) }
    }
    var position = min(max(0, first), edge)
    var weight = 0.0
    for r in first..<(max(first, last &+ 1)) {
      let next = min(max(0, r), edge)
      if next != position {
        if weight != 0 { body(position, weight) }
        (position, weight) = (next, 0)
      }
      weight += rule.weight(at: (Double(r) - x) / stretch) / sum
    }
    if weight != 0 { body(position, weight) }
  }

  @inline(__always)
  private func nearest(to x: Double) -> Int {
    let below = Int(floor: x)
    let rest = x - Double(below)
    let isAbove: Bool
    switch rule.rounding {
    case .preferFloor: isAbove = rest > 0.5
    case .preferCeil: isAbove = rest >= 0.5
    case .floor: isAbove = false
    case .ceil: isAbove = rest > 0
    }
    return below + (isAbove ? 1 : 0)
  }
}

extension Int {
  /// ⌊x⌋, without a call of the C library; the largest number if x is larger.
  @inline(__always)
  init(floor x: Double) {
    guard x < 0x1p63 else {
      self = .max
      return
    }
    let whole = Int(x)
    self = Double(whole) > x ? whole &- 1 : whole
  }
}
