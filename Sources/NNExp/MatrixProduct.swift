internal import COpenBLAS

/// C ← A·B, or C ← C + A·B where `accumulating`.
///
/// - Shape: A `[m, k]`, B `[k, n]`, C `[m, n]`; C is not transposed.
/// - Cost: 2·m·k·n operations. Below about 8×8×8 a plain loop, above it the
///   system's BLAS; a large product is shared by the cores, block by block. The
///   choice and the blocks depend on the shapes alone, so that the result does
///   not depend on the machine's cores.
@inlinable
public func multiply<S: Scalar>(
  _ a: Matrix<S>, _ b: Matrix<S>, into c: Matrix<S>, accumulating: Bool = false
) {
  assert(a.columns == b.rows && a.rows == c.rows && b.columns == c.columns && !c.isTransposed)
  if a.rows &* a.columns &* b.columns <= 512 {
    for row in 0..<c.rows {
      for column in 0..<c.columns {
        var sum: S = 0
        for k in 0..<a.columns { sum += a[row, k] * b[k, column] }
        let position = row &* c.stride &+ column
        c.start[position] = accumulating ? c.start[position] + sum : sum
      }
    }
  } else {
    S.multiplyMatrices(
      rows: a.rows, columns: b.columns, inner: a.columns,
      a.start, stride: a.stride, transposed: a.isTransposed,
      b.start, stride: b.stride, transposed: b.isTransposed,
      into: c.start, stride: c.stride, accumulating: accumulating)
  }
}

/// A product as the BLAS reads it, and the blocks that cores share: stripes of
/// rows or columns of C, whichever has more.
private struct Product<S> {
  let rows: Int
  let columns: Int
  let inner: Int
  let a: UnsafePointer<S>
  let strideA: Int
  let transposeA: Bool
  let b: UnsafePointer<S>
  let strideB: Int
  let transposeB: Bool
  let c: UnsafeMutablePointer<S>
  let strideC: Int
  let accumulating: Bool

  /// Operations that are worth a block of their own: 50 µs or so.
  static var blockWork: Double { 5e6 }

  /// Stripes are multiples of this wide, as the BLAS's kernels are.
  static var unit: Int { 16 }

  var blocks: Int {
    let work = 2 * Double(rows) * Double(columns) * Double(inner)
    let worthy = Int(min(8, work / Product.blockWork))
    return max(1, min(worthy, max(rows, columns) / Product.unit))
  }

  func rows(of block: Int) -> Range<Int> {
    rows >= columns ? stripe(block, of: rows) : 0..<rows
  }

  func columns(of block: Int) -> Range<Int> {
    rows >= columns ? 0..<columns : stripe(block, of: columns)
  }

  private func stripe(_ block: Int, of extent: Int) -> Range<Int> {
    let units = (extent + Product.unit - 1) / Product.unit
    return min(
      extent, units * block / blocks * Product.unit)..<min(
        extent, units * (block + 1) / blocks * Product.unit)
  }
}

extension Float {
  public static func multiplyMatrices(
    rows: Int, columns: Int, inner: Int,
    _ a: UnsafePointer<Float>, stride strideA: Int, transposed transposeA: Bool,
    _ b: UnsafePointer<Float>, stride strideB: Int, transposed transposeB: Bool,
    into c: UnsafeMutablePointer<Float>, stride strideC: Int, accumulating: Bool
  ) {
    var product = Product(
      rows: rows, columns: columns, inner: inner, a: a, strideA: strideA, transposeA: transposeA,
      b: b, strideB: strideB, transposeB: transposeB, c: c, strideC: strideC,
      accumulating: accumulating)
    if product.blocks == 1 { return Float.multiply(product, rows: 0..<rows, columns: 0..<columns) }
    Workers.perform(product.blocks, &product) { product, block in
      let product = product.assumingMemoryBound(to: Product<Float>.self).pointee
      Float.multiply(product, rows: product.rows(of: block), columns: product.columns(of: block))
    }
  }

  /// One block of the product, on the calling thread.
  private static func multiply(_ p: Product<Float>, rows: Range<Int>, columns: Range<Int>) {
    cblas_sgemm(
      blasRowMajor, blasTranspose(p.transposeA), blasTranspose(p.transposeB),
      Int32(rows.count), Int32(columns.count), Int32(p.inner), 1,
      p.a + rows.lowerBound * (p.transposeA ? 1 : p.strideA), Int32(p.strideA),
      p.b + columns.lowerBound * (p.transposeB ? p.strideB : 1), Int32(p.strideB),
      p.accumulating ? 1 : 0, p.c + rows.lowerBound * p.strideC + columns.lowerBound,
      Int32(p.strideC))
  }
}

extension Double {
  public static func multiplyMatrices(
    rows: Int, columns: Int, inner: Int,
    _ a: UnsafePointer<Double>, stride strideA: Int, transposed transposeA: Bool,
    _ b: UnsafePointer<Double>, stride strideB: Int, transposed transposeB: Bool,
    into c: UnsafeMutablePointer<Double>, stride strideC: Int, accumulating: Bool
  ) {
    var product = Product(
      rows: rows, columns: columns, inner: inner, a: a, strideA: strideA, transposeA: transposeA,
      b: b, strideB: strideB, transposeB: transposeB, c: c, strideC: strideC,
      accumulating: accumulating)
    if product.blocks == 1 { return Double.multiply(product, rows: 0..<rows, columns: 0..<columns) }
    Workers.perform(product.blocks, &product) { product, block in
      let product = product.assumingMemoryBound(to: Product<Double>.self).pointee
      Double.multiply(product, rows: product.rows(of: block), columns: product.columns(of: block))
    }
  }

  /// One block of the product, on the calling thread.
  private static func multiply(_ p: Product<Double>, rows: Range<Int>, columns: Range<Int>) {
    cblas_dgemm(
      blasRowMajor, blasTranspose(p.transposeA), blasTranspose(p.transposeB),
      Int32(rows.count), Int32(columns.count), Int32(p.inner), 1,
      p.a + rows.lowerBound * (p.transposeA ? 1 : p.strideA), Int32(p.strideA),
      p.b + columns.lowerBound * (p.transposeB ? p.strideB : 1), Int32(p.strideB),
      p.accumulating ? 1 : 0, p.c + rows.lowerBound * p.strideC + columns.lowerBound,
      Int32(p.strideC))
  }
}

/// CBLAS's codes for row-major order and for op(A).
private let blasRowMajor = Int32(nnexp_cblas_row_major.rawValue)

private func blasTranspose(_ transposed: Bool) -> Int32 {
  Int32((transposed ? nnexp_cblas_transpose : nnexp_cblas_no_transpose).rawValue)
}

/// What the run's record says of the BLAS in use.
public func blasDescription() -> String {
  // The string is a static of the library's; it is not ours to free.
  String(cString: openblas_get_config())
}

/// Keeps the BLAS from starting threads of its own: products are shared by
/// `Workers`, in blocks that do not depend on the machine.
///
/// An OpenBLAS that was built without threads gives wrong numbers now and then
/// when two call it at a time (0.3.21: 1 product in 20), so that one thread must
/// do then.
public func keepBLASOnCallingThread() {
  openblas_set_num_threads(1)
  if openblas_get_parallel() == 0 { Workers.forbid() }
}
