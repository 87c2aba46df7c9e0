internal import CKernels

/// A strided matrix A within a tensor. A row is identified by a pair (outer, inner), and so is
/// a column.
package struct StridedMatrix: Sendable {
  /// The number of steps along an axis, and the distance from one to the next.
  package typealias Axis = (count: Int, step: Int)

  package let rows: (outer: Axis, inner: Axis)
  package let columns: (outer: Axis, inner: Axis)

  package init(rows: (outer: Axis, inner: Axis), columns: (outer: Axis, inner: Axis)) {
    (self.rows, self.columns) = (rows, columns)
  }

  var code: nnexp_strided_matrix {
    nnexp_strided_matrix(
      rows: rows.outer.count &* rows.inner.count, inner_rows: rows.inner.count,
      outer_row_step: rows.outer.step, inner_row_step: rows.inner.step,
      outer_columns: columns.outer.count, inner_columns: columns.inner.count,
      outer_column_step: columns.outer.step, inner_column_step: columns.inner.step)
  }
}
