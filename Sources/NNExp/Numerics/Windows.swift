internal import CKernels

/// A convolution's windows, one place apart, none of which leaves its input.
///
/// As a matrix of patches `[channels·window rows·window columns, places]` they are
///
///     P[i, u, v; r, c] = x[i, r + u·dilation, c + v·dilation]
package struct Windows: Sendable {
  /// Of the input.
  package let channels: Int
  package let rows: Int
  package let columns: Int
  package let window: (rows: Int, columns: Int)
  /// From one entry of a window to the next.
  package let dilation: (rows: Int, columns: Int)

  /// The window's extent must fit the input.
  package init(
    channels: Int, rows: Int, columns: Int, window: (rows: Int, columns: Int),
    dilation: (rows: Int, columns: Int)
  ) {
    (self.channels, self.rows, self.columns) = (channels, rows, columns)
    (self.window, self.dilation) = (window, dilation)
  }

  /// How many places a window has along each axis.
  package var places: (rows: Int, columns: Int) {
    (
      rows &- (window.rows &- 1) &* dilation.rows,
      columns &- (window.columns &- 1) &* dilation.columns
    )
  }

  fileprivate var code: nnexp_windows {
    nnexp_windows(
      channels: channels, rows: rows, columns: columns, window_rows: window.rows,
      window_columns: window.columns, row_dilation: dilation.rows,
      column_dilation: dilation.columns, place_rows: places.rows, place_columns: places.columns)
  }
}

// `Sources/CKernels/Windows.h`: sums in the same order on every processor.

extension Float {
  package static func gather(
    _ windows: Windows, _ x: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>
  ) {
    var windows = windows.code
    nnexp_gather_f32(&windows, x, patches)
  }

  package static func scatter(
    _ windows: Windows, _ patches: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>
  ) {
    var windows = windows.code
    nnexp_scatter_f32(&windows, patches, x)
  }
}

extension Double {
  package static func gather(
    _ windows: Windows, _ x: UnsafePointer<Double>, into patches: UnsafeMutablePointer<Double>
  ) {
    var windows = windows.code
    nnexp_gather_f64(&windows, x, patches)
  }

  package static func scatter(
    _ windows: Windows, _ patches: UnsafePointer<Double>, to x: UnsafeMutablePointer<Double>
  ) {
    var windows = windows.code
    nnexp_scatter_f64(&windows, patches, x)
  }
}
