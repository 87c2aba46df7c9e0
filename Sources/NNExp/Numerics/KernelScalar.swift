/// The kernels of one precision, which the layers of this package call on pointers.
///
/// `Float` and `Double` conform. Generic code that is open to plugins calls
/// `map(_:_:into:)`, `addVJP(of:x:y:dy:to:)`, `power(_:_:into:)` and
/// `multiply(_:_:into:)` instead, which check their tensors.
package protocol KernelScalar: Scalar {
  static func map(
    _ f: ElementwiseFunction, _ x: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    count: Int)
  static func addVJP(
    of f: ElementwiseFunction, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, count: Int)
  static func power(
    _ x: UnsafePointer<Self>, _ p: Double, into y: UnsafeMutablePointer<Self>, count: Int)

  /// Runs a formula's steps on a strip of `columns` groups, each of `entries` numbers; rows of
  /// registers are `width` numbers apart.
  static func run(
    _ steps: UnsafeBufferPointer<StripStep>, registers: UnsafeMutablePointer<Self>,
    external: UnsafePointer<UnsafeMutablePointer<Self>?>, entries: Int, width: Int, columns: Int)

  /// y ← xᵀ, or y + xᵀ, for the `rows` × `columns` numbers of x. Each row is `xStep` or `yStep`
  /// numbers after the row before.
  static func transpose(
    _ x: UnsafePointer<Self>, rows: Int, columns: Int, xStep: Int,
    into y: UnsafeMutablePointer<Self>, yStep: Int, adds: Bool)

  /// y ← b + Σ a·w over the entries of each sample, for some of the units.
  static func sumEntries(
    _ entries: SampleEntries<Self>, _ w: UnsafePointer<Self>, bias: UnsafePointer<Self>?,
    units: Range<Int>, into y: UnsafeMutablePointer<Self>)
  /// g ← Σ a·∂y over the entries of each row, for some of the units.
  ///
  /// - Precondition: the rows are numbered in the order of their first entries.
  static func entryGradients(
    _ entries: SampleEntries<Self>, _ dy: UnsafePointer<Self>, units: Range<Int>,
    into g: UnsafeMutablePointer<Self>)
  /// y ← the given rows of x, each of `units` numbers, or these rows ← y.
  static func transferRows(
    _ rows: UnsafePointer<Int32>, count: Int, units: Int, of x: UnsafeMutablePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, stores: Bool)

  /// y ← Σ|xᵢ|ᵖ, or its mean, over every window of `rows` rows of windows, for p = 1, 2, 3, 4.
  /// `room` is scratch memory for two rows of x.
  static func lpPoolSums(
    _ x: UnsafePointer<Self>, _ p: Int, over n: Self, of geometry: PoolingGeometry,
    into y: UnsafeMutablePointer<Self>, rows: Int, room: UnsafeMutablePointer<Self>)
  /// y ← s^(1/p) for p = 1, 2, 3, 4. Returns false if some sums are so small or large that the
  /// powers lost digits.
  static func lpPoolRoots(
    _ s: UnsafePointer<Self>, _ p: Int, into y: UnsafeMutablePointer<Self>, count: Int
  ) -> Bool
  /// ∂x += ∂y·sign(x)·|x/y|^(p−1), or that over n, for the windows of `rows`. Stops before the
  /// first row in which a y is so small or large that dividing by it loses digits, and returns
  /// that row.
  static func addLpPoolVJP(
    _ x: UnsafePointer<Self>, _ p: Int, over n: Self, of geometry: PoolingGeometry,
    _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, rows: Range<Int>,
    room: UnsafeMutablePointer<Self>
  ) -> Int

  /// y ← Σ xᵢ of every window. `row` is scratch memory for `geometry.rowRoom` numbers.
  static func windowSums(
    _ x: UnsafePointer<Self>, of geometry: WindowGeometry, into y: UnsafeMutablePointer<Self>,
    planes: Int, row: UnsafeMutablePointer<Self>)
  /// ∂x += ∂y of every window, to each of its entries.
  static func addWindowSpread(
    _ dy: UnsafePointer<Self>, of geometry: WindowGeometry, to dx: UnsafeMutablePointer<Self>,
    planes: Int, row: UnsafeMutablePointer<Self>)
  /// counts ← the entries of every window of a plane.
  static func windowCounts(
    of geometry: WindowGeometry, withPadding: Bool, into counts: UnsafeMutablePointer<Self>)
  /// y ← the largest xᵢ, or |xᵢ|; NaN if there is one. `positions` ← the integer position of the
  /// first such entry in its plane, in the bits of a number. `row` is scratch memory for
  /// 2·`geometry.rowRoom` numbers.
  ///
  /// - Precondition: a plane has at most 2³¹ − 1 numbers in float32.
  static func windowMaxima(
    _ x: UnsafePointer<Self>, isAbsolute: Bool, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Self>, positions: UnsafeMutablePointer<Self>, planes: Int,
    row: UnsafeMutablePointer<Self>)
  /// ∂x += ∂y, or ∂y·sign(x), at these positions.
  static func addWindowMaximaVJP(
    _ x: UnsafePointer<Self>, isAbsolute: Bool, of geometry: WindowGeometry,
    positions: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    to dx: UnsafeMutablePointer<Self>, planes: Int)
  /// y ← (Σ|xᵢ|ᵖ)^(1/p), or that of the mean. Returns false if a y is not within the norm's
  /// bounds; such a y is NaN. `room` is scratch memory for `LpNorm.room` numbers.
  static func lpWindowPool(
    _ x: UnsafePointer<Self>, _ norm: LpNorm, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Self>, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool
  /// Adds the gradients of x, and to `dp` that of p. Returns false if it left windows out, because
  /// their y is neither 0 nor within the bounds.
  static func addLpWindowVJP(
    _ x: UnsafePointer<Self>, _ norm: LpNorm, of geometry: WindowGeometry,
    _ y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>,
    dp: UnsafeMutablePointer<Double>?, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool

  /// The mean of each channel, and its variance, the mean squared distance from the mean.
  static func normMoments(
    _ x: UnsafePointer<Self>, of layout: NormLayout, mean: UnsafeMutablePointer<Self>,
    variance: UnsafeMutablePointer<Self>)
  /// y ← (x − mean)·scale + shift, or its positive part.
  static func normApply(
    _ x: UnsafePointer<Self>, of layout: NormLayout, mean: UnsafePointer<Self>,
    scale: UnsafePointer<Self>, shift: UnsafePointer<Self>, into y: UnsafeMutablePointer<Self>,
    rectified: Bool)
  /// sum ← Σ∂y, product ← Σ∂y·x̂, x̂ = (x − mean)·inverse. With a shift, ∂y is the gradient of the
  /// rectified (x − mean)·weight + shift, and terms in which this is 0 are 0.
  static func normSums(
    _ x: UnsafePointer<Self>, rectified shift: UnsafePointer<Self>?, _ dy: UnsafePointer<Self>,
    of layout: NormLayout, mean: UnsafePointer<Self>, inverse: UnsafePointer<Self>,
    weight: UnsafePointer<Self>, sum: UnsafeMutablePointer<Self>,
    product: UnsafeMutablePointer<Self>)
  /// ∂x += weight·(∂y − a − x̂·b), or ∂x ← that, with ∂y as in `normSums`.
  static func addNormVJP(
    _ x: UnsafePointer<Self>, rectified shift: UnsafePointer<Self>?, _ dy: UnsafePointer<Self>,
    of layout: NormLayout, mean: UnsafePointer<Self>, inverse: UnsafePointer<Self>,
    weight: UnsafePointer<Self>, a: UnsafePointer<Self>, b: UnsafePointer<Self>,
    to dx: UnsafeMutablePointer<Self>, adds: Bool)
  /// y ← (x − mean)·inverse ⊗ weight + bias, with a mean per sample and a weight per entry.
  static func entryNormApply(
    _ x: UnsafePointer<Self>, samples: Int, count: Int, mean: UnsafePointer<Self>,
    inverse: UnsafePointer<Self>, weight: UnsafePointer<Self>, bias: UnsafePointer<Self>,
    into y: UnsafeMutablePointer<Self>)
  /// Adds the gradients of the weights, of the biases and of x.
  static func addEntryNormVJP(
    _ x: UnsafePointer<Self>, _ dy: UnsafePointer<Self>, samples: Int, count: Int,
    mean: UnsafePointer<Self>, inverse: UnsafePointer<Self>, weight: UnsafePointer<Self>,
    to dw: UnsafeMutablePointer<Self>, _ db: UnsafeMutablePointer<Self>,
    _ dx: UnsafeMutablePointer<Self>)
  /// y ← the softmax along every line, or its logarithm.
  static func softmax(
    _ x: UnsafePointer<Self>, along lines: Lines, isLog: Bool, into y: UnsafeMutablePointer<Self>)
  /// ∂x += the gradient of that.
  static func addSoftmaxVJP(
    _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    along lines: Lines, isLog: Bool, to dx: UnsafeMutablePointer<Self>)
  /// mask ← 0 where `random.uniform(at: first + i)` is below the rate, otherwise `kept`; y ← x·mask.
  static func dropout(
    _ x: UnsafePointer<Self>, rate: Double, kept: Self, random: RandomStream, from first: Int,
    into y: UnsafeMutablePointer<Self>, mask: UnsafeMutablePointer<Self>, count: Int)
  /// y ← y + deviation·n with n = `random.normal(at: first + i)`.
  static func addNoise(
    deviation: Double, random: RandomStream, from first: Int, to y: UnsafeMutablePointer<Self>,
    count: Int)

  /// One step of Adam, with the square root of the largest v so far if there is a vector for it.
  static func adam(
    _ step: AdamStep, _ w: UnsafeMutablePointer<Self>, _ g: UnsafePointer<Self>,
    m: UnsafeMutablePointer<Self>, v: UnsafeMutablePointer<Self>,
    largest: UnsafeMutablePointer<Self>?, count: Int)

  /// patches ← the windows of x, one per column.
  static func im2col(
    _ geometry: PatchGeometry, _ x: UnsafePointer<Self>, into patches: UnsafeMutablePointer<Self>)
  /// x ← x + the columns of patches, each added at its window.
  static func col2im(
    _ geometry: PatchGeometry, _ patches: UnsafePointer<Self>, to x: UnsafeMutablePointer<Self>)

  /// packed ← A in the order in which `convolutionForward` reads it; both have the same count.
  static func pack(
    _ matrix: StridedMatrix, _ a: UnsafePointer<Self>, into packed: UnsafeMutablePointer<Self>)
  /// y ← c + A·B, where c[m] is added to all of row m; without c, y ← A·B.
  static func convolutionForward(
    _ packed: UnsafePointer<Self>, rows: Int, _ b: UnsafePointer<Self>, as matrix: SlidingMatrix,
    from c: UnsafePointer<Self>?, into y: UnsafeMutablePointer<Self>)
  /// w ← w + Σ B·dᵀ over the samples, where the strides are the distances between the d and B
  /// of two samples; w is `[rows of B, rows of d]`.
  static func addConvolutionWeightGradient(
    _ d: UnsafePointer<Self>, rows: Int, step: Int, _ b: UnsafePointer<Self>,
    as matrix: SlidingMatrix, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Self>)
  /// sums ← sums + the sum of each row of d over all samples.
  static func addRowSums(
    _ d: UnsafePointer<Self>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Self>)

  /// U ← G g Gᵀ of all filters.
  static func winogradFilters(
    _ filters: WinogradFilters, _ w: UnsafePointer<Self>, into u: UnsafeMutablePointer<Self>,
    step: Int)
  /// V ← Bᵀ d B of the tiles in some rows of tiles of a sample.
  static func winogradInput(
    _ tiles: WinogradTiles, _ x: UnsafePointer<Self>, rows: Range<Int>,
    into v: UnsafeMutablePointer<Self>, step: Int, room: UnsafeMutablePointer<Self>)
  /// D ← A ∂y Aᵀ of these tiles.
  static func winogradSlopes(
    _ tiles: WinogradTiles, _ dy: UnsafePointer<Self>, rows: Range<Int>,
    into d: UnsafeMutablePointer<Self>, step: Int, room: UnsafeMutablePointer<Self>)
  /// y ← bias + Aᵀ P A for these tiles, or y ← y + Aᵀ P A if `adds`.
  static func winogradOutput(
    _ tiles: WinogradTiles, _ products: UnsafePointer<Self>, step: Int,
    bias: UnsafePointer<Self>?, adds: Bool, rows: Range<Int>, into y: UnsafeMutablePointer<Self>,
    room: UnsafeMutablePointer<Self>)
  /// P ← V·U for `count` tiles.
  static func winogradProducts(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Self>, step: Int,
    _ u: UnsafePointer<Self>, step stepU: Int, into products: UnsafeMutablePointer<Self>,
    step stepP: Int)
  /// S ← S + Vᵀ·D over `count` tiles.
  static func addWinogradSums(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Self>, step: Int,
    _ d: UnsafePointer<Self>, step stepD: Int, to sums: UnsafeMutablePointer<Self>, step stepS: Int)
  /// ∂w ← ∂w + Gᵀ S G for all filters.
  static func addWinogradFilterGradient(
    _ filters: WinogradFilters, _ sums: UnsafePointer<Self>, step: Int,
    to dw: UnsafeMutablePointer<Self>)
}

extension Float: KernelScalar {}
extension Double: KernelScalar {}

/// y ← xᵀ for a precision that is not known to have kernels; see `KernelScalar.transpose`.
package func transpose<S: Scalar>(
  _ x: UnsafePointer<S>, rows: Int, columns: Int, xStep: Int, into y: UnsafeMutablePointer<S>,
  yStep: Int
) {
  func transpose<K: KernelScalar>(as precision: K.Type) {
    K.transpose(
      UnsafeRawPointer(x).assumingMemoryBound(to: K.self), rows: rows, columns: columns,
      xStep: xStep, into: UnsafeMutableRawPointer(y).assumingMemoryBound(to: K.self), yStep: yStep,
      adds: false)
  }
  if S.self == Float.self { transpose(as: Float.self) } else { transpose(as: Double.self) }
}

/// Copies rows for a precision that is not known to have kernels; see `KernelScalar.transferRows`.
package func transferRows<S: Scalar>(
  _ rows: UnsafePointer<Int32>, count: Int, units: Int, of x: UnsafeMutablePointer<S>,
  _ y: UnsafeMutablePointer<S>, stores: Bool
) {
  func transfer<K: KernelScalar>(as precision: K.Type) {
    K.transferRows(
      rows, count: count, units: units,
      of: UnsafeMutableRawPointer(x).assumingMemoryBound(to: K.self),
      UnsafeMutableRawPointer(y).assumingMemoryBound(to: K.self), stores: stores)
  }
  if S.self == Float.self { transfer(as: Float.self) } else { transfer(as: Double.self) }
}
