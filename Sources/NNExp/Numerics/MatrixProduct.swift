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
    let (rowA, stepA) = a.isTransposed ? (1, a.stride) : (a.stride, 1)
    let (stepB, columnB) = b.isTransposed ? (1, b.stride) : (b.stride, 1)
    var i = 0
    while i < c.rows {
      var j = 0
      while j < c.columns {
        var pointA = a.start + i &* rowA
        var pointB = b.start + j &* columnB
        var sum: S = 0
        var k = 0
        while k < a.columns {
          sum += pointA.pointee * pointB.pointee
          pointA += stepA
          pointB += stepB
          k &+= 1
        }
        let position = i &* c.stride &+ j
        c.start[position] = accumulating ? c.start[position] + sum : sum
        j &+= 1
      }
      i &+= 1
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
private struct Product<S: Scalar> {
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

  /// The sums as they stand, for a machine without the library.
  func addUp(_ rows: Range<Int>, _ columns: Range<Int>) {
    let (rowA, columnA) = transposeA ? (1, strideA) : (strideA, 1)
    let (rowB, columnB) = transposeB ? (1, strideB) : (strideB, 1)
    for i in rows {
      for j in columns {
        var sum: S = accumulating ? c[i * strideC + j] : 0
        for k in 0..<inner { sum += a[i * rowA + k * columnA] * b[k * rowB + j * columnB] }
        c[i * strideC + j] = sum
      }
    }
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
    guard let gemm = BLAS.sgemm else { return p.addUp(rows, columns) }
    BLAS.call {
      gemm(
        BLAS.rowMajor, BLAS.transpose(p.transposeA), BLAS.transpose(p.transposeB),
        Int32(rows.count), Int32(columns.count), Int32(p.inner), 1,
        p.a + rows.lowerBound * (p.transposeA ? 1 : p.strideA), Int32(p.strideA),
        p.b + columns.lowerBound * (p.transposeB ? p.strideB : 1), Int32(p.strideB),
        p.accumulating ? 1 : 0, p.c + rows.lowerBound * p.strideC + columns.lowerBound,
        Int32(p.strideC))
    }
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
    guard let gemm = BLAS.dgemm else { return p.addUp(rows, columns) }
    BLAS.call {
      gemm(
        BLAS.rowMajor, BLAS.transpose(p.transposeA), BLAS.transpose(p.transposeB),
        Int32(rows.count), Int32(columns.count), Int32(p.inner), 1,
        p.a + rows.lowerBound * (p.transposeA ? 1 : p.strideA), Int32(p.strideA),
        p.b + columns.lowerBound * (p.transposeB ? p.strideB : 1), Int32(p.strideB),
        p.accumulating ? 1 : 0, p.c + rows.lowerBound * p.strideC + columns.lowerBound,
        Int32(p.strideC))
    }
  }
}
