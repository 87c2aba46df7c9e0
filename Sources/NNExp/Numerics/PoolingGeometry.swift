internal import CKernels

/// Pooling windows that do not overlap: their size and the layout of the planes that they
/// cover.
package struct PoolingGeometry: Sendable {
  /// The rows of a window.
  package let height: Int
  package let width: Int
  /// The numbers in a row and in a plane of x; windows need not cover all of them.
  package let columns: Int
  package let plane: Int
  /// The windows in a row, and the rows of windows in a plane.
  package let windows: Int
  package let windowRows: Int

  package init(height: Int, width: Int, columns: Int, plane: Int, windows: Int, windowRows: Int) {
    (self.height, self.width) = (height, width)
    (self.columns, self.plane) = (columns, plane)
    (self.windows, self.windowRows) = (windows, windowRows)
  }

  fileprivate var code: nnexp_pooling_geometry {
    nnexp_pooling_geometry(
      height: height, width: width, columns: columns, plane: plane, windows: windows,
      window_rows: windowRows)
  }
}

// The sums of Lp pooling over non-overlapping windows, `Sources/CKernels/LpPooling.h`: added in
// the same order on every processor.

extension Float {
  package static func lpPoolSums(
    _ x: UnsafePointer<Float>, _ p: Int, over n: Float, of geometry: PoolingGeometry,
    into y: UnsafeMutablePointer<Float>, rows: Int, room: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_lp_pool_sums_f32(&geometry, Int32(p), n, x, y, rows, room)
  }

  package static func lpPoolRoots(
    _ s: UnsafePointer<Float>, _ p: Int, into y: UnsafeMutablePointer<Float>, count: Int
  ) -> Bool {
    nnexp_lp_pool_roots_f32(Int32(p), s, y, count) == 0
  }

  package static func addLpPoolVJP(
    _ x: UnsafePointer<Float>, _ p: Int, over n: Float, of geometry: PoolingGeometry,
    _ y: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>, rows: Range<Int>,
    room: UnsafeMutablePointer<Float>
  ) -> Int {
    var geometry = geometry.code
    return nnexp_lp_pool_vjp_f32(
      &geometry, Int32(p), n, x, y, dy, dx, rows.lowerBound, rows.upperBound, room)
  }
}

extension Double {
  package static func lpPoolSums(
    _ x: UnsafePointer<Double>, _ p: Int, over n: Double, of geometry: PoolingGeometry,
    into y: UnsafeMutablePointer<Double>, rows: Int, room: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_lp_pool_sums_f64(&geometry, Int32(p), n, x, y, rows, room)
  }

  package static func lpPoolRoots(
    _ s: UnsafePointer<Double>, _ p: Int, into y: UnsafeMutablePointer<Double>, count: Int
  ) -> Bool {
    nnexp_lp_pool_roots_f64(Int32(p), s, y, count) == 0
  }

  package static func addLpPoolVJP(
    _ x: UnsafePointer<Double>, _ p: Int, over n: Double, of geometry: PoolingGeometry,
    _ y: UnsafePointer<Double>,
    _ dy: UnsafePointer<Double>, to dx: UnsafeMutablePointer<Double>, rows: Range<Int>,
    room: UnsafeMutablePointer<Double>
  ) -> Int {
    var geometry = geometry.code
    return nnexp_lp_pool_vjp_f64(
      &geometry, Int32(p), n, x, y, dy, dx, rows.lowerBound, rows.upperBound, room)
  }
}
