internal import CKernels

/// A convolution computed by Winograd's F(4×4, 3×3) on tiles of 4 × 4. Larger windows consist of
/// `parts` windows of 3 × 3, each of which counts as a channel.
///
/// `Sources/CKernels/Winograd.h` has the equations. Each of the 36 matrices of a transform is
/// `step` numbers after the one before.
package struct WinogradTiles: Sendable {
  /// The number of matrices.
  package static let entries = 36

  package let channels: Int
  package let rows: Int
  package let columns: Int
  /// The zeros at both ends of each axis.
  package let padding: (rows: Int, columns: Int)
  package let units: Int
  /// The positions of the window along each axis.
  package let positions: (rows: Int, columns: Int)
  /// The windows of 3 × 3 along each axis of the window.
  package let parts: (rows: Int, columns: Int)

  package init(
    channels: Int, rows: Int, columns: Int, padding: (rows: Int, columns: Int), units: Int,
    positions: (rows: Int, columns: Int), parts: (rows: Int, columns: Int)
  ) {
    (self.channels, self.rows, self.columns) = (channels, rows, columns)
    (self.padding, self.units, self.positions, self.parts) = (padding, units, positions, parts)
  }

  /// The channels of the products; `Int.max` if they overflow.
  package var depth: Int {
    let (depth, overflow) = channels.multipliedReportingOverflow(by: parts.rows &* parts.columns)
    return overflow ? .max : depth
  }

  /// The tiles in a row of tiles, and the rows of tiles of a sample.
  package var tilesInRow: Int { (positions.columns + 3) / 4 }
  package var tileRows: Int { (positions.rows + 3) / 4 }

  /// The numbers in a row of a matrix with `count` channels or units.
  package static func filled(_ count: Int) -> Int {
    count > .max - 15 ? .max : (count + 15) / 16 * 16
  }

  /// The numbers in the scratch memory of the transforms.
  package var room: Int {
    (4 * tilesInRow + 3 * parts.columns - 1) * (3 * parts.rows + 9) * 16
  }

  fileprivate var code: nnexp_winograd {
    nnexp_winograd(
      channels: channels, rows: rows, columns: columns, row_padding: padding.rows,
      column_padding: padding.columns, position_rows: positions.rows,
      position_columns: positions.columns, row_parts: parts.rows, column_parts: parts.columns)
  }
}

/// Filters of adjacent taps, one for each unit and channel, and the distances between them.
package struct WinogradFilters: Sendable {
  package let units: (count: Int, step: Int)
  package let channels: (count: Int, step: Int)
  package let taps: (rows: Int, columns: Int)
  /// True for the opposite order of the taps.
  package let flips: Bool

  package init(
    units: (count: Int, step: Int), channels: (count: Int, step: Int),
    taps: (rows: Int, columns: Int), flips: Bool
  ) {
    (self.units, self.channels, self.taps, self.flips) = (units, channels, taps, flips)
  }

  fileprivate var code: nnexp_filters {
    nnexp_filters(
      units: units.count, channels: channels.count, unit_step: units.step,
      channel_step: channels.step, rows: taps.rows, columns: taps.columns, flips: flips ? 1 : 0)
  }
}

// The last digits of the products depend on the instruction set, as with a BLAS.

extension Float {
  package static func winogradFilters(
    _ filters: WinogradFilters, _ w: UnsafePointer<Float>, into u: UnsafeMutablePointer<Float>,
    step: Int
  ) {
    var filters = filters.code
    nnexp_winograd_filters_f32(&filters, w, u, step)
  }

  package static func winogradInput(
    _ tiles: WinogradTiles, _ x: UnsafePointer<Float>, rows: Range<Int>,
    into v: UnsafeMutablePointer<Float>, step: Int, room: UnsafeMutablePointer<Float>
  ) {
    var tiles = tiles.code
    nnexp_winograd_input_f32(&tiles, x, rows.lowerBound, rows.count, v, step, room)
  }

  package static func winogradSlopes(
    _ tiles: WinogradTiles, _ dy: UnsafePointer<Float>, rows: Range<Int>,
    into d: UnsafeMutablePointer<Float>, step: Int, room: UnsafeMutablePointer<Float>
  ) {
    var code = tiles.code
    nnexp_winograd_slopes_f32(
      &code, tiles.units, dy, rows.lowerBound, rows.count, d, step, room)
  }

  package static func winogradOutput(
    _ tiles: WinogradTiles, _ products: UnsafePointer<Float>, step: Int,
    bias: UnsafePointer<Float>?, adds: Bool, rows: Range<Int>, into y: UnsafeMutablePointer<Float>,
    room: UnsafeMutablePointer<Float>
  ) {
    var code = tiles.code
    nnexp_winograd_output_f32(
      &code, tiles.units, products, step, bias, adds ? 1 : 0, y, rows.lowerBound, rows.count, room)
  }

  package static func winogradProducts(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Float>, step: Int,
    _ u: UnsafePointer<Float>, step stepU: Int, into products: UnsafeMutablePointer<Float>,
    step stepP: Int
  ) {
    nnexp_winograd_products_f32(
      count, tiles.depth, tiles.units, v, step, u, stepU, products, stepP)
  }

  package static func addWinogradSums(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Float>, step: Int,
    _ d: UnsafePointer<Float>, step stepD: Int, to sums: UnsafeMutablePointer<Float>,
    step stepS: Int
  ) {
    nnexp_winograd_sums_f32(
      count, tiles.depth, tiles.units, v, step, d, stepD, sums, stepS)
  }

  package static func addWinogradFilterGradient(
    _ filters: WinogradFilters, _ sums: UnsafePointer<Float>, step: Int,
    to dw: UnsafeMutablePointer<Float>
  ) {
    var filters = filters.code
    nnexp_winograd_filter_gradient_f32(&filters, sums, step, dw)
  }
}

extension Double {
  package static func winogradFilters(
    _ filters: WinogradFilters, _ w: UnsafePointer<Double>, into u: UnsafeMutablePointer<Double>,
    step: Int
  ) {
    var filters = filters.code
    nnexp_winograd_filters_f64(&filters, w, u, step)
  }

  package static func winogradInput(
    _ tiles: WinogradTiles, _ x: UnsafePointer<Double>, rows: Range<Int>,
    into v: UnsafeMutablePointer<Double>, step: Int, room: UnsafeMutablePointer<Double>
  ) {
    var tiles = tiles.code
    nnexp_winograd_input_f64(&tiles, x, rows.lowerBound, rows.count, v, step, room)
  }

  package static func winogradSlopes(
    _ tiles: WinogradTiles, _ dy: UnsafePointer<Double>, rows: Range<Int>,
    into d: UnsafeMutablePointer<Double>, step: Int, room: UnsafeMutablePointer<Double>
  ) {
    var code = tiles.code
    nnexp_winograd_slopes_f64(
      &code, tiles.units, dy, rows.lowerBound, rows.count, d, step, room)
  }

  package static func winogradOutput(
    _ tiles: WinogradTiles, _ products: UnsafePointer<Double>, step: Int,
    bias: UnsafePointer<Double>?, adds: Bool, rows: Range<Int>,
    into y: UnsafeMutablePointer<Double>,
    room: UnsafeMutablePointer<Double>
  ) {
    var code = tiles.code
    nnexp_winograd_output_f64(
      &code, tiles.units, products, step, bias, adds ? 1 : 0, y, rows.lowerBound, rows.count, room)
  }

  package static func winogradProducts(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Double>, step: Int,
    _ u: UnsafePointer<Double>, step stepU: Int, into products: UnsafeMutablePointer<Double>,
    step stepP: Int
  ) {
    nnexp_winograd_products_f64(
      count, tiles.depth, tiles.units, v, step, u, stepU, products, stepP)
  }

  package static func addWinogradSums(
    _ tiles: WinogradTiles, count: Int, _ v: UnsafePointer<Double>, step: Int,
    _ d: UnsafePointer<Double>, step stepD: Int, to sums: UnsafeMutablePointer<Double>,
    step stepS: Int
  ) {
    nnexp_winograd_sums_f64(
      count, tiles.depth, tiles.units, v, step, d, stepD, sums, stepS)
  }

  package static func addWinogradFilterGradient(
    _ filters: WinogradFilters, _ sums: UnsafePointer<Double>, step: Int,
    to dw: UnsafeMutablePointer<Double>
  ) {
    var filters = filters.code
    nnexp_winograd_filter_gradient_f64(&filters, sums, step, dw)
  }
}
