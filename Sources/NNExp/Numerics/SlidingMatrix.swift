internal import CKernels

/// A sliding matrix B: its rows overlap in memory like the windows over an image. Row (g, u, v)
/// begins at g·step + u·step + v·step.
///
/// The sums of a convolution are products with such a matrix. Only one copy of the input per
/// column of the window is needed (Cho & Brand 2017, "MEC: memory-efficient convolution for
/// deep neural network").
package struct SlidingMatrix: Sendable {
  /// The number of steps along an axis, and the distance from one to the next.
  package typealias Axis = (count: Int, step: Int)

  package let groups: Axis
  package let rows: Axis
  package let columns: Axis
  /// The numbers in a row of B.
  package let count: Int
  /// The numbers of a row that need not be 0: `count` of them, starting at u·step.
  package let span: Axis
  /// The distance between the rows of the product with B, or of the other factor.
  package let pitch: Int

  /// - Parameters:
  ///   - span: by default, the whole row.
  ///   - pitch: by default, `count`.
  package init(
    groups: Axis, rows: Axis, columns: Axis, count: Int, span: Axis? = nil, pitch: Int? = nil
  ) {
    (self.groups, self.rows, self.columns) = (groups, rows, columns)
    (self.count, self.span, self.pitch) = (count, span ?? (count, 1), pitch ?? count)
  }

  fileprivate var code: nnexp_sliding_matrix {
    nnexp_sliding_matrix(
      groups: groups.count, rows: rows.count, columns: columns.count, group_step: groups.step,
      row_step: rows.step, column_step: columns.step, count: count, span: span.count,
      span_step: span.step, pitch: pitch)
  }
}

// `Sources/CKernels/Convolution.h`: the last digits of the sums depend on the instruction set,
// as with a BLAS.

extension Float {
  package static func pack(
    _ matrix: StridedMatrix, _ a: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    var matrix = matrix.code
    nnexp_pack_f32(&matrix, a, packed)
  }

  package static func convolutionForward(
    _ packed: UnsafePointer<Float>, rows: Int, _ b: UnsafePointer<Float>, as matrix: SlidingMatrix,
    from c: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>
  ) {
    var matrix = matrix.code
    nnexp_conv_forward_f32(&matrix, rows, packed, c, b, y)
  }

  package static func addConvolutionWeightGradient(
    _ d: UnsafePointer<Float>, rows: Int, step: Int, _ b: UnsafePointer<Float>,
    as matrix: SlidingMatrix, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Float>
  ) {
    var matrix = matrix.code
    nnexp_conv_weight_gradient_f32(&matrix, rows, samples, d, step, b, stepB, w)
  }

  package static func addRowSums(
    _ d: UnsafePointer<Float>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Float>
  ) {
    nnexp_add_row_sums_f32(rows, columns, samples, d, step, sums)
  }
}

extension Double {
  package static func pack(
    _ matrix: StridedMatrix, _ a: UnsafePointer<Double>, into packed: UnsafeMutablePointer<Double>
  ) {
    var matrix = matrix.code
    nnexp_pack_f64(&matrix, a, packed)
  }

  package static func convolutionForward(
    _ packed: UnsafePointer<Double>, rows: Int, _ b: UnsafePointer<Double>,
    as matrix: SlidingMatrix,
    from c: UnsafePointer<Double>?, into y: UnsafeMutablePointer<Double>
  ) {
    var matrix = matrix.code
    nnexp_conv_forward_f64(&matrix, rows, packed, c, b, y)
  }

  package static func addConvolutionWeightGradient(
    _ d: UnsafePointer<Double>, rows: Int, step: Int, _ b: UnsafePointer<Double>,
    as matrix: SlidingMatrix, step stepB: Int, samples: Int, to w: UnsafeMutablePointer<Double>
  ) {
    var matrix = matrix.code
    nnexp_conv_weight_gradient_f64(&matrix, rows, samples, d, step, b, stepB, w)
  }

  package static func addRowSums(
    _ d: UnsafePointer<Double>, rows: Int, columns: Int, step: Int, samples: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    nnexp_add_row_sums_f64(rows, columns, samples, d, step, sums)
  }
}
