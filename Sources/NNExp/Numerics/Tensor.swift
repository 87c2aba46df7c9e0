/// A view of numbers that the engine owns: one tensor, or a batch of tensors.
///
/// Indices run over all elements, row-major, with samples outermost. Every read and write is
/// checked, also in release builds: an index outside ends the process. The compiler still
/// vectorizes loops over `indices`. A view is valid only during the pass that provides it.
@frozen
public struct Tensor<S: Scalar>: @unchecked Sendable {
  /// The first element, for kernels. Accesses through it are not checked.
  @usableFromInline package let start: UnsafeMutablePointer<S>

  /// The number of elements of all samples together.
  public let count: Int

  /// The shape of one sample, or of the whole tensor if it has no batch axis.
  public let shape: Shape

  @inlinable
  package init(start: UnsafeMutablePointer<S>, count: Int, shape: Shape) {
    self.start = start
    self.count = count
    self.shape = shape
  }

  /// The element at an index. An index outside ends the process.
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

  /// A view of the elements at `positions` as a tensor with one axis.
  @inlinable
  public func slice(_ positions: Range<Int>) -> Tensor {
    precondition(
      positions.lowerBound >= 0 && positions.upperBound <= count,
      "the range \(positions) is outside 0..<\(count)")
    return Tensor(
      start: start + positions.lowerBound, count: positions.count,
      shape: Shape(count: positions.count))
  }

  /// The valid indices, `0..<count`.
  @inlinable public var indices: Range<Int> { 0..<count }

  /// A view of `count` elements, starting at `first`, as a tensor of `shape`.
  @inlinable
  public func slice(from first: Int, shape: Shape) -> Tensor {
    precondition(
      first >= 0 && shape.count <= self.count - first,
      "\(shape) from \(first) on is outside 0..<\(self.count)")
    return Tensor(start: start + first, count: shape.count, shape: shape)
  }

  /// Sets every element to `value`.
  @inlinable public func fill(_ value: S) { start.update(repeating: value, count: count) }

  /// Copies the elements of `other`.
  ///
  /// - Precondition: both tensors have the same number of elements.
  @inlinable
  public func update(from other: Tensor) {
    precondition(count == other.count, "the tensors have different numbers of elements")
    start.update(from: other.start, count: count)
  }

  /// A view of the numbers as a matrix of `rows` × `columns`, row by row.
  @inlinable
  public func matrix(rows: Int, columns: Int) -> Matrix<S> {
    matrix(from: 0, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  /// A view of the numbers as a matrix whose element (r, c) is at `first + r · rowStride + c ·
  /// columnStride`.
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

  /// The same tensor with its scalar type written as `T`, which must be `S`.
  @inlinable
  func cast<T: Scalar>(to type: T.Type) -> Tensor<T> { unsafeBitCast(self, to: Tensor<T>.self) }
}

/// A list of views: inputs, parameters, states or scratch tensors.
@frozen
public struct Tensors<S: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafePointer<Tensor<S>>

  /// The number of tensors.
  public let count: Int

  @inlinable
  package init(start: UnsafePointer<Tensor<S>>, count: Int) {
    self.start = start
    self.count = count
  }

  /// The tensors from an index on.
  package func dropFirst(_ k: Int) -> Tensors {
    precondition(k <= count, "there are only \(count) tensors")
    return Tensors(start: start + k, count: count - k)
  }

  /// The tensor at an index. An index outside ends the process.
  @inlinable
  public subscript(index: Int) -> Tensor<S> {
    precondition(
      UInt(bitPattern: index) < UInt(bitPattern: count), "tensor \(index) is outside 0..<\(count)")
    return start[index]
  }
}
