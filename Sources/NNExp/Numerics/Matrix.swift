/// A matrix within a tensor: element (r, c) is `rowStride` · r + `columnStride` · c
/// elements after the first.
///
/// Made by `Tensor.matrix(rows:columns:)`; the numbers stay where they are.
@frozen
public struct Matrix<S: Scalar>: @unchecked Sendable {
  /// Element (0, 0), for kernels: nothing is checked behind it.
  @usableFromInline package let start: UnsafeMutablePointer<S>

  public let rows: Int
  public let columns: Int

  /// Elements from one row to the next, and from one column to the next.
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

  /// A matrix of contiguous rows.
  @inlinable
  package init(start: UnsafeMutablePointer<S>, rows: Int, columns: Int) {
    self.init(start: start, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
  }

  /// The transposed matrix; nothing moves.
  @inlinable
  public var transposed: Matrix {
    Matrix(
      start: start, rows: columns, columns: rows, rowStride: columnStride,
      columnStride: rowStride)
  }

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

  /// The same matrix under the name of its scalar type, which `T` must be.
  @inlinable
  func cast<T: Scalar>(to type: T.Type) -> Matrix<T> { unsafeBitCast(self, to: Matrix<T>.self) }
}
