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

  /// y ← max|xᵢ| of every 2 × 2 window in `rows` rows of windows; NaN if the window contains
  /// one.
  static func maxAbsPool(
    _ x: UnsafePointer<Self>, of geometry: PoolingGeometry, into y: UnsafeMutablePointer<Self>,
    rows: Int)
  /// ∂x += ∂y·sign(x) at the first entry of each such window whose absolute value equals y, or
  /// that is NaN.
  static func addMaxAbsPoolVJP(
    _ x: UnsafePointer<Self>, of geometry: PoolingGeometry, _ y: UnsafePointer<Self>,
    _ dy: UnsafePointer<Self>, to dx: UnsafeMutablePointer<Self>, rows: Int)

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
}

extension Float: KernelScalar {}
extension Double: KernelScalar {}
