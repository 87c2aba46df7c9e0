internal import CKernels

/// Numbers that are normalized: those of a channel, over all samples and positions.
///
/// A layer that normalizes every sample separately passes its samples as the channels of one.
package struct NormLayout: Sendable {
  package let samples: Int
  package let channels: Int
  /// The numbers of one channel in one sample.
  package let positions: Int

  /// The distance from one sample to the next.
  package let step: Int

  package init(samples: Int, channels: Int, positions: Int) {
    self.init(
      samples: samples, channels: channels, positions: positions, step: channels * positions)
  }

  private init(samples: Int, channels: Int, positions: Int, step: Int) {
    (self.samples, self.channels, self.positions) = (samples, channels, positions)
    self.step = step
  }

  /// The layout of some of the channels. The numbers of channel c begin at c·positions.
  package func part(_ channels: Range<Int>) -> NormLayout {
    NormLayout(samples: samples, channels: channels.count, positions: positions, step: step)
  }

  /// The number of blocks of channels that cores share: about 2¹⁴ numbers each, which stay in
  /// the L2 cache between two loops. One block if there are few numbers.
  package var blocks: Int {
    let numbers = samples &* positions
    if numbers &* channels < 1 << 16 { return 1 }
    return (channels &+ blockSize &- 1) / blockSize
  }

  /// The channels of one block.
  package func block(_ block: Int) -> Range<Int> {
    if blocks == 1 { return 0..<channels }
    return block &* blockSize..<min(channels, (block &+ 1) &* blockSize)
  }

  private var blockSize: Int {
    let size = max(1, (1 << 14) / (samples &* positions))
    // Whole cache lines, if the channels of a sample are adjacent.
    return positions == 1 ? (size &+ 15) / 16 &* 16 : size
  }
}

// `Sources/CKernels/Normalization.h` and `Random.h`: the same bits on every processor.

extension Float {
  package static func normMoments(
    _ x: UnsafePointer<Float>, of layout: NormLayout, mean: UnsafeMutablePointer<Float>,
    variance: UnsafeMutablePointer<Float>
  ) {
    nnexp_norm_moments_f32(
      layout.samples, layout.channels, layout.positions, layout.step, x, mean, variance)
  }

  package static func normApply(
    _ x: UnsafePointer<Float>, of layout: NormLayout, mean: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, shift: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
    rectified: Bool
  ) {
    nnexp_norm_apply_f32(
      layout.samples, layout.channels, layout.positions, layout.step, x, mean, scale, shift, y,
      rectified ? 1 : 0)
  }

  package static func normSums(
    _ x: UnsafePointer<Float>, rectified shift: UnsafePointer<Float>?, _ dy: UnsafePointer<Float>,
    of layout: NormLayout, mean: UnsafePointer<Float>, inverse: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, sum: UnsafeMutablePointer<Float>,
    product: UnsafeMutablePointer<Float>
  ) {
    nnexp_norm_sums_f32(
      layout.samples, layout.channels, layout.positions, layout.step, x, shift, dy, mean, inverse,
      weight, sum, product)
  }

  package static func addNormVJP(
    _ x: UnsafePointer<Float>, rectified shift: UnsafePointer<Float>?, _ dy: UnsafePointer<Float>,
    of layout: NormLayout, mean: UnsafePointer<Float>, inverse: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    to dx: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    nnexp_norm_vjp_f32(
      layout.samples, layout.channels, layout.positions, layout.step, x, shift, dy, mean, inverse,
      weight, a, b, dx, adds ? 1 : 0)
  }

  package static func entryNormApply(
    _ x: UnsafePointer<Float>, samples: Int, count: Int, mean: UnsafePointer<Float>,
    inverse: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) {
    nnexp_entry_norm_apply_f32(samples, count, x, mean, inverse, weight, bias, y)
  }

  package static func addEntryNormVJP(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, samples: Int, count: Int,
    mean: UnsafePointer<Float>, inverse: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    to dw: UnsafeMutablePointer<Float>, _ db: UnsafeMutablePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>
  ) {
    nnexp_entry_norm_vjp_f32(samples, count, x, dy, mean, inverse, weight, dw, db, dx)
  }

  package static func dropout(
    _ x: UnsafePointer<Float>, rate: Double, kept: Float, random: RandomStream, from first: Int,
    into y: UnsafeMutablePointer<Float>, mask: UnsafeMutablePointer<Float>, count: Int
  ) {
    // A number of 53 bits, times 2⁻⁵³, is below the rate if it is below this integer.
    let limit = nnexp_int64((rate * 0x1p53).rounded(.up))
    nnexp_dropout_f32(
      nnexp_uint64(random.key), nnexp_int64(first), limit, kept, x, y, mask, count)
  }

  package static func addNoise(
    deviation: Double, random: RandomStream, from first: Int, to y: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    nnexp_add_noise_f32(nnexp_uint64(random.key), nnexp_int64(first), deviation, y, count)
  }
}

extension Double {
  package static func normMoments(
    _ x: UnsafePointer<Double>, of layout: NormLayout, mean: UnsafeMutablePointer<Double>,
    variance: UnsafeMutablePointer<Double>
  ) {
    nnexp_norm_moments_f64(
      layout.samples, layout.channels, layout.positions, layout.step, x, mean, variance)
  }

  package static func normApply(
    _ x: UnsafePointer<Double>, of layout: NormLayout, mean: UnsafePointer<Double>,
    scale: UnsafePointer<Double>, shift: UnsafePointer<Double>,
    into y: UnsafeMutablePointer<Double>,
    rectified: Bool
  ) {
    nnexp_norm_apply_f64(
      layout.samples, layout.channels, layout.positions, layout.step, x, mean, scale, shift, y,
      rectified ? 1 : 0)
  }

  package static func normSums(
    _ x: UnsafePointer<Double>, rectified shift: UnsafePointer<Double>?,
    _ dy: UnsafePointer<Double>,
    of layout: NormLayout, mean: UnsafePointer<Double>, inverse: UnsafePointer<Double>,
    weight: UnsafePointer<Double>, sum: UnsafeMutablePointer<Double>,
    product: UnsafeMutablePointer<Double>
  ) {
    nnexp_norm_sums_f64(
      layout.samples, layout.channels, layout.positions, layout.step, x, shift, dy, mean, inverse,
      weight, sum, product)
  }

  package static func addNormVJP(
    _ x: UnsafePointer<Double>, rectified shift: UnsafePointer<Double>?,
    _ dy: UnsafePointer<Double>,
    of layout: NormLayout, mean: UnsafePointer<Double>, inverse: UnsafePointer<Double>,
    weight: UnsafePointer<Double>, a: UnsafePointer<Double>, b: UnsafePointer<Double>,
    to dx: UnsafeMutablePointer<Double>, adds: Bool
  ) {
    nnexp_norm_vjp_f64(
      layout.samples, layout.channels, layout.positions, layout.step, x, shift, dy, mean, inverse,
      weight, a, b, dx, adds ? 1 : 0)
  }

  package static func entryNormApply(
    _ x: UnsafePointer<Double>, samples: Int, count: Int, mean: UnsafePointer<Double>,
    inverse: UnsafePointer<Double>, weight: UnsafePointer<Double>, bias: UnsafePointer<Double>,
    into y: UnsafeMutablePointer<Double>
  ) {
    nnexp_entry_norm_apply_f64(samples, count, x, mean, inverse, weight, bias, y)
  }

  package static func addEntryNormVJP(
    _ x: UnsafePointer<Double>, _ dy: UnsafePointer<Double>, samples: Int, count: Int,
    mean: UnsafePointer<Double>, inverse: UnsafePointer<Double>, weight: UnsafePointer<Double>,
    to dw: UnsafeMutablePointer<Double>, _ db: UnsafeMutablePointer<Double>,
    _ dx: UnsafeMutablePointer<Double>
  ) {
    nnexp_entry_norm_vjp_f64(samples, count, x, dy, mean, inverse, weight, dw, db, dx)
  }

  package static func dropout(
    _ x: UnsafePointer<Double>, rate: Double, kept: Double, random: RandomStream, from first: Int,
    into y: UnsafeMutablePointer<Double>, mask: UnsafeMutablePointer<Double>, count: Int
  ) {
    // A number of 53 bits, times 2⁻⁵³, is below the rate if it is below this integer.
    let limit = nnexp_int64((rate * 0x1p53).rounded(.up))
    nnexp_dropout_f64(
      nnexp_uint64(random.key), nnexp_int64(first), limit, kept, x, y, mask, count)
  }

  package static func addNoise(
    deviation: Double, random: RandomStream, from first: Int, to y: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    nnexp_add_noise_f64(nnexp_uint64(random.key), nnexp_int64(first), deviation, y, count)
  }
}
