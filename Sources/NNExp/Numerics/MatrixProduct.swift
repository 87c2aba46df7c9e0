internal import CKernels

/// Computes C ← A·B, or C ← C + A·B if `accumulating`.
///
/// - Shape: A `[m, k]`, B `[k, n]`, C `[m, n]`.
/// - Precondition: the extents fit.
/// - Cost: 2·m·k·n operations. Products below about 8×8×8, and matrices in which neither rows
///   nor columns are contiguous, use a plain loop; those of up to a million terms, and larger ones for
///   which a kernel is faster than the system's BLAS, use the kernel, if the processor has fused
///   multiply-add; others the BLAS. The cores share a large product block by block. The method depends
///   only on the shapes and the instruction set, and so do the blocks of the BLAS, whose sums depend
///   on them: the result does not depend on the number of cores.
@inlinable
public func multiply<S: Scalar>(
  _ a: Matrix<S>, _ b: Matrix<S>, into c: Matrix<S>, accumulating: Bool = false
) {
  precondition(
    a.columns == b.rows && a.rows == c.rows && b.columns == c.columns,
    "the extents of the matrices do not fit a product")
  if a.rows &* a.columns &* b.columns <= 512 {
    addProducts(a, b, into: c, accumulating: accumulating)
  } else if S.self == Float.self {
    Float.multiply(
      a.cast(to: Float.self), b.cast(to: Float.self), into: c.cast(to: Float.self),
      accumulating: accumulating)
  } else {
    Double.multiply(
      a.cast(to: Double.self), b.cast(to: Double.self), into: c.cast(to: Double.self),
      accumulating: accumulating)
  }
}

/// The product by its definition.
@inlinable
func addProducts<S: Scalar>(
  _ a: Matrix<S>, _ b: Matrix<S>, into c: Matrix<S>, accumulating: Bool
) {
  var i = 0
  while i < c.rows {
    var j = 0
    while j < c.columns {
      var pointA = a.start + i &* a.rowStride
      var pointB = b.start + j &* b.columnStride
      var sum: S = 0
      var k = 0
      while k < a.columns {
        sum += pointA.pointee * pointB.pointee
        pointA += a.columnStride
        pointB += b.rowStride
        k &+= 1
      }
      let position = i &* c.rowStride &+ j &* c.columnStride
      c.start[position] = accumulating ? c.start[position] + sum : sum
      j &+= 1
    }
    i &+= 1
  }
}

/// A matrix in the form that the BLAS accepts: contiguous rows, or contiguous columns, which is
/// the transposed form.
private struct BLASMatrix {
  let isTransposed: Bool
  /// The distance in elements between the starts of two rows, or of two columns.
  let stride: Int32

  /// CBLAS's code.
  var transposition: Int32 { BLAS.transpose(isTransposed) }

  /// Nil if neither rows nor columns are contiguous.
  init?<S>(_ matrix: Matrix<S>) {
    if matrix.columnStride == 1, matrix.rowStride >= max(1, matrix.columns) {
      (isTransposed, stride) = (false, Int32(matrix.rowStride))
    } else if matrix.rowStride == 1, matrix.columnStride >= max(1, matrix.rows) {
      (isTransposed, stride) = (true, Int32(matrix.columnStride))
    } else {
      return nil
    }
  }
}

/// A product for the BLAS, and the blocks that cores share: ranges of the rows or columns of C,
/// whichever has more.
private struct Product<S: Scalar> {
  let a: Matrix<S>
  let b: Matrix<S>
  let c: Matrix<S>
  let accumulating: Bool
  let layoutA: BLASMatrix
  let layoutB: BLASMatrix
  let strideC: Int32
  let method: Method
  let blocks: Int

  /// Nil if the BLAS cannot read or write one of the matrices.
  init?(_ a: Matrix<S>, _ b: Matrix<S>, into c: Matrix<S>, accumulating: Bool) {
    guard let layout = BLASMatrix(c) else { return nil }
    // The BLAS writes rows. The rows of a transposed C are those of Cᵀ = Bᵀ·Aᵀ.
    let isTransposed = layout.isTransposed
    self.a = isTransposed ? b.transposed : a
    self.b = isTransposed ? a.transposed : b
    self.c = isTransposed ? c.transposed : c
    self.accumulating = accumulating
    guard let layoutA = BLASMatrix(self.a), let layoutB = BLASMatrix(self.b) else { return nil }
    (self.layoutA, self.layoutB, strideC) = (layoutA, layoutB, layout.stride)
    method = Product.method(self.a, layoutA, self.b, layoutB, self.c)
    blocks = Product.blocks(of: self.c, terms: self.a.columns, by: method)
  }

  /// The fastest method: `direct` for small products, and for those with few rows or columns; `rows` for
  /// A·Bᵀ with few rows, as in a wide dense layer with a small batch; `tiles` for large products; the
  /// BLAS if there is no such kernel, or if it is faster.
  enum Method { case direct, rows, tiles, blas }

  private static func method(
    _ a: Matrix<S>, _ layoutA: BLASMatrix, _ b: Matrix<S>, _ layoutB: BLASMatrix, _ c: Matrix<S>
  ) -> Method {
    if c.rows >= 8, c.rows <= Int(nnexp_most_product_rows()), !layoutA.isTransposed,
      layoutB.isTransposed, b.rows * b.columns >= 1 << 16
    {
      return .rows
    }
    let work = Double(c.rows) * Double(c.columns) * Double(a.columns)
    if work <= Double(nnexp_most_product_work()) { return .direct }
    if a.columns > Int(nnexp_most_product_terms()) { return .blas }
    return c.rows >= 8 && c.columns >= Product.unit(of: .tiles) ? .tiles : .direct
  }

  /// The number of operations from which a separate block is worthwhile, 20 µs or more. The sums of the
  /// BLAS depend on its blocks.
  static func blockWork(of method: Method) -> Double { method == .blas ? 5e6 : 2e6 }

  /// The width of a block is a multiple of this, as in the kernels.
  static func unit(of method: Method) -> Int { method == .tiles ? 48 : 16 }

  /// Every block copies all of one operand, which takes a sixth of the time of a product of 256 rows,
  /// and half if they are divided by 8. The BLAS sets a block of C to 0 before it adds to it, so that
  /// blocks with few terms are kept small enough for the cache.
  private static func blocks(of c: Matrix<S>, terms: Int, by method: Method) -> Int {
    let work = 2 * Double(c.rows) * Double(c.columns) * Double(terms)
    let extent = max(c.rows, c.columns)
    let worthy = Int(min(8, work / Product.blockWork(of: method)))
    if method == .tiles {
      // A sum does not depend on its block: one per core copies the least.
      return max(1, min(worthy, Workers.count, extent / (2 * Product.unit(of: .tiles))))
    }
    let unit = Product.unit(of: method)
    let wide = max(min(4, extent / (4 * unit)), extent / (16 * unit))
    let cached = terms > 64 ? 1 : c.rows * c.columns / (1 << 17)
    return max(1, min(worthy, wide), min(cached, extent / (4 * unit)))
  }

  /// The operands of one block, as pointers for the BLAS.
  struct Block {
    let rows: Int32
    let columns: Int32
    let a: UnsafeMutablePointer<S>
    let b: UnsafeMutablePointer<S>
    let c: UnsafeMutablePointer<S>
  }

  func block(_ block: Int) -> Block {
    let isTall = c.rows >= c.columns
    let rows = isTall ? range(of: block, along: c.rows) : 0..<c.rows
    let columns = isTall ? 0..<c.columns : range(of: block, along: c.columns)
    return Block(
      rows: Int32(rows.count), columns: Int32(columns.count),
      a: a.start + rows.lowerBound * a.rowStride,
      b: b.start + columns.lowerBound * b.columnStride,
      c: c.start + (rows.lowerBound * c.rowStride + columns.lowerBound))
  }

  private func range(of block: Int, along extent: Int) -> Range<Int> {
    let unit = Product.unit(of: method)
    let units = (extent + unit - 1) / unit
    func edge(_ block: Int) -> Int { min(extent, units * block / blocks * unit) }
    return edge(block)..<edge(block + 1)
  }

  // MARK: Kernels

  // They end the process if there is no memory for the copies, because the BLAS adds in another order.

  func multiplyRows(
    _ block: Block,
    _ kernel: (
      _ rows: Int, _ columns: Int, _ terms: Int, UnsafePointer<S>?, _ strideA: Int,
      UnsafePointer<S>?, _ strideB: Int, UnsafeMutablePointer<S>?, _ strideC: Int, _ adds: Int32
    ) -> Int32
  ) {
    let isDone = kernel(
      Int(block.rows), Int(block.columns), a.columns, block.a, Int(layoutA.stride), block.b,
      Int(layoutB.stride), block.c, Int(strideC), accumulating ? 1 : 0)
    if isDone == 0 { abortForMemory() }
  }

  /// By `products` or `direct_products`.
  func multiplyTiles(
    _ block: Block,
    _ kernel: (
      _ rows: Int, _ columns: Int, _ terms: Int, UnsafePointer<S>?, _ strideA: Int,
      _ turnsA: Int32, UnsafePointer<S>?, _ strideB: Int, _ turnsB: Int32,
      UnsafeMutablePointer<S>?, _ strideC: Int, _ adds: Int32
    ) -> Int32
  ) {
    let isDone = kernel(
      Int(block.rows), Int(block.columns), a.columns, block.a, Int(layoutA.stride),
      layoutA.isTransposed ? 1 : 0, block.b, Int(layoutB.stride), layoutB.isTransposed ? 1 : 0,
      block.c, Int(strideC), accumulating ? 1 : 0)
    if isDone == 0 { abortForMemory() }
  }
}

extension Float {
  @usableFromInline
  static func multiply(
    _ a: Matrix<Float>, _ b: Matrix<Float>, into c: Matrix<Float>, accumulating: Bool
  ) {
    guard var product = Product(a, b, into: c, accumulating: accumulating),
      product.method != .blas || BLAS.sgemm != nil
    else { return addProducts(a, b, into: c, accumulating: accumulating) }
    Workers.perform(product.blocks, &product) { product, block in
      let p = product.assumingMemoryBound(to: Product<Float>.self).pointee
      let block = p.block(block)
      switch p.method {
      case .direct: return p.multiplyTiles(block, nnexp_direct_products_f32)
      case .rows: return p.multiplyRows(block, nnexp_row_products_f32)
      case .tiles: return p.multiplyTiles(block, nnexp_products_f32)
      case .blas: break
      }
      BLAS.call {
        BLAS.sgemm!(
          BLAS.rowMajor, p.layoutA.transposition, p.layoutB.transposition, block.rows,
          block.columns, Int32(p.a.columns), 1, block.a, p.layoutA.stride, block.b,
          p.layoutB.stride, p.accumulating ? 1 : 0, block.c, p.strideC)
      }
    }
  }
}

extension Double {
  @usableFromInline
  static func multiply(
    _ a: Matrix<Double>, _ b: Matrix<Double>, into c: Matrix<Double>, accumulating: Bool
  ) {
    guard var product = Product(a, b, into: c, accumulating: accumulating),
      product.method != .blas || BLAS.dgemm != nil
    else { return addProducts(a, b, into: c, accumulating: accumulating) }
    Workers.perform(product.blocks, &product) { product, block in
      let p = product.assumingMemoryBound(to: Product<Double>.self).pointee
      let block = p.block(block)
      switch p.method {
      case .direct: return p.multiplyTiles(block, nnexp_direct_products_f64)
      case .rows: return p.multiplyRows(block, nnexp_row_products_f64)
      case .tiles: return p.multiplyTiles(block, nnexp_products_f64)
      case .blas: break
      }
      BLAS.call {
        BLAS.dgemm!(
          BLAS.rowMajor, p.layoutA.transposition, p.layoutB.transposition, block.rows,
          block.columns, Int32(p.a.columns), 1, block.a, p.layoutA.stride, block.b,
          p.layoutB.stride, p.accumulating ? 1 : 0, block.c, p.strideC)
      }
    }
  }
}
