internal import CKernels

/// Windows that lie next to next, and rows of them above each other, over planes.
package struct Tiles: Sendable {
  /// A window's extent.
  package let height: Int
  package let width: Int
  /// Numbers in a row and in a plane of x, which may be more than windows need.
  package let columns: Int
  package let plane: Int
  /// Windows in a row, and rows of windows in a plane.
  package let windows: Int
  package let windowRows: Int

  package init(height: Int, width: Int, columns: Int, plane: Int, windows: Int, windowRows: Int) {
    (self.height, self.width) = (height, width)
    (self.columns, self.plane) = (columns, plane)
    (self.windows, self.windowRows) = (windows, windowRows)
  }

  fileprivate var code: nnexp_tiles {
    nnexp_tiles(
      height: height, width: width, columns: columns, plane: plane, windows: windows,
      window_rows: windowRows)
  }
}

// The sums of Lp pooling over tiles, `Sources/CKernels/Tiles.h`: in the same order
// on every processor.

extension Float {
  package static func takeLargest(
    _ x: UnsafePointer<Float>, of tiles: Tiles, into y: UnsafeMutablePointer<Float>, rows: Int
  ) {
    var tiles = tiles.code
    nnexp_largest_tiles_f32(&tiles, x, y, rows)
  }

  package static func addLargestSlopes(
    _ x: UnsafePointer<Float>, of tiles: Tiles, _ y: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>, rows: Int
  ) {
    var tiles = tiles.code
    nnexp_pull_largest_tiles_f32(&tiles, x, y, dy, dx, rows)
  }

  package static func addPowers(
    _ x: UnsafePointer<Float>, _ p: Int, over n: Float, of tiles: Tiles,
    into y: UnsafeMutablePointer<Float>, rows: Int, room: UnsafeMutablePointer<Float>
  ) {
    var tiles = tiles.code
    nnexp_add_tiles_f32(&tiles, Int32(p), n, x, y, rows, room)
  }

  package static func takeRoots(
    _ s: UnsafePointer<Float>, _ p: Int, into y: UnsafeMutablePointer<Float>, count: Int
  ) -> Bool {
    nnexp_tile_roots_f32(Int32(p), s, y, count) == 0
  }

  package static func addSlopes(
    _ x: UnsafePointer<Float>, _ p: Int, over n: Float, of tiles: Tiles, _ y: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>, rows: Range<Int>,
    room: UnsafeMutablePointer<Float>
  ) -> Int {
    var tiles = tiles.code
    return nnexp_pull_tiles_f32(
      &tiles, Int32(p), n, x, y, dy, dx, rows.lowerBound, rows.upperBound, room)
  }
}

extension Double {
  package static func takeLargest(
    _ x: UnsafePointer<Double>, of tiles: Tiles, into y: UnsafeMutablePointer<Double>, rows: Int
  ) {
    var tiles = tiles.code
    nnexp_largest_tiles_f64(&tiles, x, y, rows)
  }

  package static func addLargestSlopes(
    _ x: UnsafePointer<Double>, of tiles: Tiles, _ y: UnsafePointer<Double>,
    _ dy: UnsafePointer<Double>, to dx: UnsafeMutablePointer<Double>, rows: Int
  ) {
    var tiles = tiles.code
    nnexp_pull_largest_tiles_f64(&tiles, x, y, dy, dx, rows)
  }

  package static func addPowers(
    _ x: UnsafePointer<Double>, _ p: Int, over n: Double, of tiles: Tiles,
    into y: UnsafeMutablePointer<Double>, rows: Int, room: UnsafeMutablePointer<Double>
  ) {
    var tiles = tiles.code
    nnexp_add_tiles_f64(&tiles, Int32(p), n, x, y, rows, room)
  }

  package static func takeRoots(
    _ s: UnsafePointer<Double>, _ p: Int, into y: UnsafeMutablePointer<Double>, count: Int
  ) -> Bool {
    nnexp_tile_roots_f64(Int32(p), s, y, count) == 0
  }

  package static func addSlopes(
    _ x: UnsafePointer<Double>, _ p: Int, over n: Double, of tiles: Tiles,
    _ y: UnsafePointer<Double>,
    _ dy: UnsafePointer<Double>, to dx: UnsafeMutablePointer<Double>, rows: Range<Int>,
    room: UnsafeMutablePointer<Double>
  ) -> Int {
    var tiles = tiles.code
    return nnexp_pull_tiles_f64(
      &tiles, Int32(p), n, x, y, dy, dx, rows.lowerBound, rows.upperBound, room)
  }
}
