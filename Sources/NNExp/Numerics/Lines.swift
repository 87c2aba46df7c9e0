internal import CKernels

/// A batch as lines along one axis, one for each position of the others: `[outer, length, inner]`.
package struct Lines: Sendable {
  package let outer: Int
  package let length: Int
  package let inner: Int

  package init(outer: Int, length: Int, inner: Int) {
    (self.outer, self.length, self.inner) = (outer, length, inner)
  }
}

// `Sources/CKernels/Softmax.h`: the same bits on every processor.

extension Float {
  package static func softmax(
    _ x: UnsafePointer<Float>, along lines: Lines, isLog: Bool, into y: UnsafeMutablePointer<Float>
  ) {
    nnexp_softmax_f32(lines.outer, lines.length, lines.inner, isLog ? 1 : 0, x, y)
  }

  package static func addSoftmaxVJP(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    along lines: Lines, isLog: Bool, to dx: UnsafeMutablePointer<Float>
  ) {
    nnexp_softmax_vjp_f32(lines.outer, lines.length, lines.inner, isLog ? 1 : 0, x, y, dy, dx)
  }
}

extension Double {
  package static func softmax(
    _ x: UnsafePointer<Double>, along lines: Lines, isLog: Bool,
    into y: UnsafeMutablePointer<Double>
  ) {
    nnexp_softmax_f64(lines.outer, lines.length, lines.inner, isLog ? 1 : 0, x, y)
  }

  package static func addSoftmaxVJP(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    along lines: Lines, isLog: Bool, to dx: UnsafeMutablePointer<Double>
  ) {
    nnexp_softmax_vjp_f64(lines.outer, lines.length, lines.inner, isLog ? 1 : 0, x, y, dy, dx)
  }
}
