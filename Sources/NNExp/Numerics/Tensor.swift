/// A view of numbers that the engine owns: one tensor, or a batch of them.
///
/// Indices run over all elements, row-major, samples outermost. Every read and
/// write is checked, also in release builds: an index outside ends the process.
/// Loops over `indices` are vectorized all the same. A view is valid only during
/// the pass that it came with.
@frozen
public struct Tensor<S: Scalar>: @unchecked Sendable {
  /// The first element, for kernels: nothing is checked behind it.
  @usableFromInline package let start: UnsafeMutablePointer<S>

  /// The number of elements, all samples together.
  public let count: Int

  /// The shape of one sample; of the whole where there is no batch axis.
  public let shape: Shape

  @inlinable
  package init(start: UnsafeMutablePointer<S>, count: Int, shape: Shape) {
    self.start = start
    self.count = count
    self.shape = shape
  }

  @inlinable
  public subscript(index: Int) -> S {
    get {
      check(index)
      return start[index]
    }
    nonmutating set {
      check(index)
      start[index] = newValue
    }
  }

  @inlinable @inline(__always)
  func check(_ index: Int) {
    precondition(
      UInt(bitPattern: index) < UInt(bitPattern: count), "index \(index) is outside 0..<\(count)")
  }

  /// The elements at `positions` as a tensor of one axis; they stay where they are.
  @inlinable
  public func slice(_ positions: Range<Int>) -> Tensor {
    precondition(
      positions.lowerBound >= 0 && positions.upperBound <= count,
      "the range \(positions) is outside 0..<\(count)")
    return Tensor(
      start: start + positions.lowerBound, count: positions.count,
      shape: Shape(count: positions.count))
  }

  /// The positions, `0..<count`.
  @inlinable public var indices: Range<Int> { 0..<count }

  /// The elements from `first` on, `count` of them, as a tensor of `shape`.
  @inlinable
  public func slice(from first: Int, shape: Shape) -> Tensor {
    precondition(
      first >= 0 && shape.count <= self.count - first,
      "\(shape) from \(first) on is outside 0..<\(self.count)")
    return Tensor(start: start + first, count: shape.count, shape: shape)
  }

  /// Every element becomes `value`.
  @inlinable public func fill(_ value: S) { start.update(repeating: value, count: count) }

  /// Every element becomes that of `other` at the same position.
  @inlinable
  public func update(from other: Tensor) {
    precondition(count == other.count, "the tensors have different numbers of elements")
    start.update(from: other.start, count: count)
  }

  /// The same numbers read as a matrix of `rows` × `columns`, row by row.
  @inlinable
  public func matrix(rows: Int, columns: Int) -> Matrix<S> {
    matrix(from: 0, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  /// The numbers from `first` on read as a matrix: element (r, c) is the one at
  /// `first + r · rowStride + c · columnStride`.
  @inlinable
  public func matrix(
    from first: Int, rows: Int, columns: Int, rowStride: Int, columnStride: Int
  ) -> Matrix<S> {
    precondition(
      first >= 0 && rows >= 0 && columns >= 0 && rowStride >= 0 && columnStride >= 0,
      "a matrix has no negative position, extent or stride")
    precondition(
      rows == 0 || columns == 0
        || first + (rows - 1) * rowStride + (columns - 1) * columnStride < count,
      "a matrix of \(rows) × \(columns) is outside a tensor of \(count) numbers")
    return Matrix(
      start: start + first, rows: rows, columns: columns, rowStride: rowStride,
      columnStride: columnStride)
  }

  /// The same tensor under the name of its scalar type, which `T` must be.
  @inlinable
  func cast<T: Scalar>(to type: T.Type) -> Tensor<T> { unsafeBitCast(self, to: Tensor<T>.self) }
}

/// A row of views, one an input, a parameter, a state or a scratch tensor.
@frozen
public struct Tensors<S: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafePointer<Tensor<S>>

  /// How many there are.
  public let count: Int

  @inlinable
  package init(start: UnsafePointer<Tensor<S>>, count: Int) {
    self.start = start
    self.count = count
  }

  @inlinable
  public subscript(index: Int) -> Tensor<S> {
    precondition(
      UInt(bitPattern: index) < UInt(bitPattern: count), "tensor \(index) is outside 0..<\(count)")
    return start[index]
  }
}
