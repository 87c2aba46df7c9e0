internal import CKernels

/// Any pooling windows over planes of `rows` × `columns`.
package struct WindowGeometry: Sendable {
  /// A window along one axis, and the number of its positions.
  package struct Axis: Sendable {
    package let size: Int
    package let stride: Int
    /// The positions that extend the axis before its first entry, and after its last.
    package let padding: Int
    package let paddingAfter: Int
    package let dilation: Int
    package let positions: Int

    package init(
      size: Int, stride: Int, padding: Int, paddingAfter: Int, dilation: Int, positions: Int
    ) {
      (self.size, self.stride) = (size, stride)
      (self.padding, self.paddingAfter) = (padding, paddingAfter)
      (self.dilation, self.positions) = (dilation, positions)
    }
  }

  /// The extents of a plane.
  package let rows: Int
  package let columns: Int
  package let down: Axis
  package let across: Axis

  package init(rows: Int, columns: Int, down: Axis, across: Axis) {
    (self.rows, self.columns, self.down, self.across) = (rows, columns, down, across)
  }

  /// The windows of a plane.
  package var windows: Int {
    let (count, overflow) = down.positions.multipliedReportingOverflow(by: across.positions)
    return overflow ? .max : count
  }

  /// The numbers of scratch memory for one row of a plane with its padding.
  package var rowRoom: Int {
    [columns, across.padding, across.paddingAfter, across.stride, 40].reduce(0, saturatedSum)
  }

  fileprivate var code: nnexp_window_geometry {
    nnexp_window_geometry(
      rows: rows, columns: columns, window_rows: down.size, window_columns: across.size,
      row_stride: down.stride, column_stride: across.stride, row_dilation: down.dilation,
      column_dilation: across.dilation, row_padding: down.padding,
      column_padding: across.padding,
      row_padding_after: down.paddingAfter, column_padding_after: across.paddingAfter,
      position_rows: down.positions,
      position_columns: across.positions, row_room: rowRoom)
  }
}

/// The p of an Lp norm, and the norms whose powers float64 computes without underflow.
package struct LpNorm: Sendable {
  package let p: Double
  package let inverseLow: Double
  package let least: Double
  package let most: Double
  package let normalizes: Bool

  /// - Parameter inverseLow: 1/p less its rounded value.
  package init(p: Double, inverseLow: Double, least: Double, most: Double, normalizes: Bool) {
    (self.p, self.inverseLow) = (p, inverseLow)
    (self.least, self.most, self.normalizes) = (least, most, normalizes)
  }

  fileprivate var code: nnexp_lp {
    nnexp_lp(
      p: p, inverse_low: inverseLow, least: least, most: most,
      normalizes: normalizes ? 1 : 0)
  }

  /// The float64 numbers of scratch memory; `Int.max` if there are too many.
  package static func room(for geometry: WindowGeometry) -> Int {
    let plane = Shape([geometry.rows, geometry.columns]).count
    let windows = geometry.windows
    return [plane, plane, windows, windows, windows, geometry.rowRoom].reduce(0, saturatedSum)
  }
}

/// a + b; `Int.max` if that overflows.
private func saturatedSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? .max : sum
}

// `Sources/CKernels/Windows.h` and `LpWindows.h`: the same bits on every processor.

extension Float {
  package static func windowSums(
    _ x: UnsafePointer<Float>, of geometry: WindowGeometry, into y: UnsafeMutablePointer<Float>,
    planes: Int, row: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_window_sums_f32(&geometry, x, y, planes, row)
  }

  package static func addWindowSpread(
    _ dy: UnsafePointer<Float>, of geometry: WindowGeometry, to dx: UnsafeMutablePointer<Float>,
    planes: Int, row: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_window_spread_f32(&geometry, dy, dx, planes, row)
  }

  package static func windowCounts(
    of geometry: WindowGeometry, withPadding: Bool, into counts: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_window_counts_f32(&geometry, withPadding ? 1 : 0, counts)
  }

  package static func windowMaxima(
    _ x: UnsafePointer<Float>, isAbsolute: Bool, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Float>, positions: UnsafeMutablePointer<Float>, planes: Int,
    row: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_window_maxima_f32(&geometry, isAbsolute ? 1 : 0, x, y, positions, planes, row)
  }

  package static func addWindowMaximaVJP(
    _ x: UnsafePointer<Float>, isAbsolute: Bool, of geometry: WindowGeometry,
    positions: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>,
    planes: Int
  ) {
    var geometry = geometry.code
    nnexp_window_maxima_vjp_f32(&geometry, isAbsolute ? 1 : 0, x, positions, dy, dx, planes)
  }

  package static func lpWindowPool(
    _ x: UnsafePointer<Float>, _ norm: LpNorm, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Float>, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    var (geometry, norm) = (geometry.code, norm.code)
    return nnexp_lp_window_pool_f32(&geometry, &norm, x, y, planes, room) == 0
  }

  package static func addLpWindowVJP(
    _ x: UnsafePointer<Float>, _ norm: LpNorm, of geometry: WindowGeometry,
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>,
    dp: UnsafeMutablePointer<Double>?, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    var (geometry, norm) = (geometry.code, norm.code)
    return nnexp_lp_window_vjp_f32(&geometry, &norm, x, y, dy, dx, planes, dp, room) == 0
  }
}

extension Double {
  package static func windowSums(
    _ x: UnsafePointer<Double>, of geometry: WindowGeometry, into y: UnsafeMutablePointer<Double>,
    planes: Int, row: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_window_sums_f64(&geometry, x, y, planes, row)
  }

  package static func addWindowSpread(
    _ dy: UnsafePointer<Double>, of geometry: WindowGeometry, to dx: UnsafeMutablePointer<Double>,
    planes: Int, row: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_window_spread_f64(&geometry, dy, dx, planes, row)
  }

  package static func windowCounts(
    of geometry: WindowGeometry, withPadding: Bool, into counts: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_window_counts_f64(&geometry, withPadding ? 1 : 0, counts)
  }

  package static func windowMaxima(
    _ x: UnsafePointer<Double>, isAbsolute: Bool, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Double>, positions: UnsafeMutablePointer<Double>, planes: Int,
    row: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_window_maxima_f64(&geometry, isAbsolute ? 1 : 0, x, y, positions, planes, row)
  }

  package static func addWindowMaximaVJP(
    _ x: UnsafePointer<Double>, isAbsolute: Bool, of geometry: WindowGeometry,
    positions: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    to dx: UnsafeMutablePointer<Double>,
    planes: Int
  ) {
    var geometry = geometry.code
    nnexp_window_maxima_vjp_f64(&geometry, isAbsolute ? 1 : 0, x, positions, dy, dx, planes)
  }

  package static func lpWindowPool(
    _ x: UnsafePointer<Double>, _ norm: LpNorm, of geometry: WindowGeometry,
    into y: UnsafeMutablePointer<Double>, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    var (geometry, norm) = (geometry.code, norm.code)
    return nnexp_lp_window_pool_f64(&geometry, &norm, x, y, planes, room) == 0
  }

  package static func addLpWindowVJP(
    _ x: UnsafePointer<Double>, _ norm: LpNorm, of geometry: WindowGeometry,
    _ y: UnsafePointer<Double>, _ dy: UnsafePointer<Double>, to dx: UnsafeMutablePointer<Double>,
    dp: UnsafeMutablePointer<Double>?, planes: Int, room: UnsafeMutablePointer<Double>
  ) -> Bool {
    var (geometry, norm) = (geometry.code, norm.code)
    return nnexp_lp_window_vjp_f64(&geometry, &norm, x, y, dy, dx, planes, dp, room) == 0
  }
}
