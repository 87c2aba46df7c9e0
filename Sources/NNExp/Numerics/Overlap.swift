internal import CKernels

/// A matrix B whose rows overlap, as windows that slide over rows of numbers do:
/// row (g, u, v) is what stands from g·step + u·step + v·step on.
///
/// A convolution's sums are products with such a matrix; only a copy of the input
/// for each column of the window has to be made (Cho & Brand 2017, "MEC:
/// memory-efficient convolution for deep neural network").
package struct Overlap: Sendable {
  /// How many, and from one to the next.
  package typealias Axis = (count: Int, step: Int)

  package let groups: Axis
  package let rows: Axis
  package let columns: Axis
  /// Numbers in a row of B.
  package let count: Int
  /// Numbers of a row that need not be 0: `count` of them from u·step on.
  package let span: Axis

  /// - Parameter span: all of a row, where nothing is said.
  package init(groups: Axis, rows: Axis, columns: Axis, count: Int, span: Axis? = nil) {
    (self.groups, self.rows, self.columns) = (groups, rows, columns)
    (self.count, self.span) = (count, span ?? (count, 1))
  }

  fileprivate var code: nnexp_overlap {
    nnexp_overlap(
      groups: groups.count, rows: rows.count, columns: columns.count, group_step: groups.step,
      row_step: rows.step, column_step: columns.step, count: count, span: span.count,
      span_step: span.step)
  }
}

/// A matrix A within a tensor: its rows are pairs (outer, inner), and so are its
/// columns.
package struct Factors: Sendable {
  /// How many, and from one to the next.
  package typealias Axis = (count: Int, step: Int)

  package let rows: (outer: Axis, inner: Axis)
  package let columns: (outer: Axis, inner: Axis)

  package init(rows: (outer: Axis, inner: Axis), columns: (outer: Axis, inner: Axis)) {
    (self.rows, self.columns) = (rows, columns)
  }

  fileprivate var code: nnexp_factors {
    nnexp_factors(
      rows: rows.outer.count &* rows.inner.count, inner_rows: rows.inner.count,
      outer_row_step: rows.outer.step, inner_row_step: rows.inner.step,
      outer_columns: columns.outer.count, inner_columns: columns.inner.count,
      outer_column_step: columns.outer.step, inner_column_step: columns.inner.step)
  }
}

// `Sources/CKernels/Correlation.h`: sums whose last digits depend on the
// instruction set, as those of a BLAS do.

extension Float {
  package static func pack(
    _ factors: Factors, _ a: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    var factors = factors.code
    nnexp_pack_f32(&factors, a, packed)
  }

  package static func correlate(
    _ packed: UnsafePointer<Float>, rows: Int, _ b: UnsafePointer<Float>, as overlap: Overlap,
    from c: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>
  ) {
    var overlap = overlap.code
    nnexp_correlate_f32(&overlap, rows, packed, c, b, y)
  }

  package static func addCorrelations(
    _ d: UnsafePointer<Float>, rows: Int, step: Int, _ b: UnsafePointer<Float>,
    as overlap: Overlap, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Float>
  ) {
    var overlap = overlap.code
    nnexp_relate_f32(&overlap, rows, samples, d, step, b, stepB, w)
  }

  package static func addSums(
    _ d: UnsafePointer<Float>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Float>
  ) {
    nnexp_add_rows_up_f32(rows, columns, samples, d, step, sums)
  }
}

extension Double {
  package static func pack(
    _ factors: Factors, _ a: UnsafePointer<Double>, into packed: UnsafeMutablePointer<Double>
  ) {
    var factors = factors.code
    nnexp_pack_f64(&factors, a, packed)
  }

  package static func correlate(
    _ packed: UnsafePointer<Double>, rows: Int, _ b: UnsafePointer<Double>, as overlap: Overlap,
    from c: UnsafePointer<Double>?, into y: UnsafeMutablePointer<Double>
  ) {
    var overlap = overlap.code
    nnexp_correlate_f64(&overlap, rows, packed, c, b, y)
  }

  package static func addCorrelations(
    _ d: UnsafePointer<Double>, rows: Int, step: Int, _ b: UnsafePointer<Double>,
    as overlap: Overlap, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Double>
  ) {
    var overlap = overlap.code
    nnexp_relate_f64(&overlap, rows, samples, d, step, b, stepB, w)
  }

  package static func addSums(
    _ d: UnsafePointer<Double>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    nnexp_add_rows_up_f64(rows, columns, samples, d, step, sums)
  }
}
