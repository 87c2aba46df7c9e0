/// A matrix within a tensor: element (r, c) is `rowStride` · r + `columnStride` · c elements
/// after the first.
///
/// `Tensor.matrix(rows:columns:)` creates it. It is a view: no number is copied.
@frozen
public struct Matrix<S: Scalar>: @unchecked Sendable {
  /// Element (0, 0), for kernels. Accesses through it are not checked.
  @usableFromInline package let start: UnsafeMutablePointer<S>

  /// The number of rows and of columns.
  public let rows: Int
  public let columns: Int

  /// The distance from one row to the next, and from one column to the next, in elements.
  public let rowStride: Int
  public let columnStride: Int

  @inlinable
  package init(
    start: UnsafeMutablePointer<S>, rows: Int, columns: Int, rowStride: Int, columnStride: Int
  ) {
    self.start = start
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// Creates a matrix of contiguous rows.
  @inlinable
  package init(start: UnsafeMutablePointer<S>, rows: Int, columns: Int) {
    self.init(start: start, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  /// The transposed matrix, which is another view of the same numbers.
  @inlinable
  public var transposed: Matrix {
    Matrix(
      start: start, rows: columns, columns: rows, rowStride: columnStride,
      columnStride: rowStride)
  }

  /// Element (row, column). A position outside ends the process.
  @inlinable
  public subscript(row: Int, column: Int) -> S {
    get { start[position(row, column)] }
    nonmutating set { start[position(row, column)] = newValue }
  }

  @inlinable @inline(__always)
  func position(_ row: Int, _ column: Int) -> Int {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "(\(row), \(column)) is outside a matrix of \(rows) × \(columns)")
    return row &* rowStride &+ column &* columnStride
  }

  /// The same matrix with its scalar type written as `T`, which must be `S`.
  @inlinable
  func cast<T: Scalar>(to type: T.Type) -> Matrix<T> { unsafeBitCast(self, to: Matrix<T>.self) }
}
