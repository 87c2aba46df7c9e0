/// A view of numbers that the engine owns: one tensor, or a batch of them.
///
/// Indices run over all elements, row-major, samples outermost. Reads and
/// writes are checked in debug builds alone. A view is valid during the pass
/// that it came with, and no longer.
@frozen
public struct Tensor<S: Scalar>: @unchecked Sendable {
  /// The first element.
  public let start: UnsafeMutablePointer<S>

  /// The number of elements, all samples together.
  public let count: Int

  /// The shape of one sample; of the whole where there is no batch axis.
  public let shape: Shape

  @inlinable
  public init(start: UnsafeMutablePointer<S>, count: Int, shape: Shape) {
    self.start = start
    self.count = count
    self.shape = shape
  }

  @inlinable
  public subscript(index: Int) -> S {
    get {
      assert(index >= 0 && index < count, "index \(index) is outside 0..<\(count)")
      return start[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count, "index \(index) is outside 0..<\(count)")
      start[index] = newValue
    }
  }

  /// The positions, `0..<count`.
  @inlinable public var indices: Range<Int> { 0..<count }

  /// The elements from `first` on, `count` of them, as a tensor of `shape`.
  @inlinable
  public func slice(from first: Int, shape: Shape) -> Tensor {
    assert(first >= 0 && first + shape.count <= self.count)
    return Tensor(start: start + first, count: shape.count, shape: shape)
  }

  /// Every element becomes `value`.
  @inlinable public func fill(_ value: S) { start.update(repeating: value, count: count) }

  /// The same numbers read as a matrix of `rows` × `columns`.
  @inlinable
  public func matrix(rows: Int, columns: Int) -> Matrix<S> {
    assert(rows * columns <= count)
    return Matrix(start: start, rows: rows, columns: columns)
  }
}

/// A row of views, one an input, a parameter, a state or a scratch tensor.
@frozen
public struct Tensors<S: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafePointer<Tensor<S>>

  /// How many there are.
  public let count: Int

  @inlinable
  public init(start: UnsafePointer<Tensor<S>>, count: Int) {
    self.start = start
    self.count = count
  }

  @inlinable
  public subscript(index: Int) -> Tensor<S> {
    assert(index >= 0 && index < count, "tensor \(index) is outside 0..<\(count)")
    return start[index]
  }
}

/// A row-major matrix view with unit column stride, possibly read transposed.
@frozen
public struct Matrix<S: Scalar>: @unchecked Sendable {
  @usableFromInline let start: UnsafeMutablePointer<S>

  /// Elements between the starts of two stored rows.
  @usableFromInline let stride: Int

  /// Rows and columns as read, that is after a transposition.
  public let rows: Int
  public let columns: Int

  @usableFromInline let isTransposed: Bool

  @inlinable
  init(
    start: UnsafeMutablePointer<S>, rows: Int, columns: Int, stride: Int, isTransposed: Bool
  ) {
    self.start = start
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
  }

  @inlinable
  public init(start: UnsafeMutablePointer<S>, rows: Int, columns: Int) {
    self.init(start: start, rows: rows, columns: columns, stride: columns, isTransposed: false)
  }

  /// The transposed matrix; nothing moves.
  @inlinable
  public var transposed: Matrix {
    Matrix(
      start: start, rows: columns, columns: rows, stride: stride, isTransposed: !isTransposed)
  }

  // Inlined into plugins too, so that their loops cost what the built-in layers' do.
  @inlinable
  subscript(row: Int, column: Int) -> S {
    @inline(__always) get {
      isTransposed ? start[column &* stride &+ row] : start[row &* stride &+ column]
    }
  }
}
