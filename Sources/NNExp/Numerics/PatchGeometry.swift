internal import CKernels

/// The windows of a convolution without padding, in the layout of `im2col`.
///
/// They form a matrix of patches `[channels·window rows·window columns, positions]`:
///
///     P[i, u, v; r, c] = x[i, r·stride + u·dilation, c·stride + v·dilation]
package struct PatchGeometry: Sendable {
  /// The extents of the input.
  package let channels: Int
  package let rows: Int
  package let columns: Int
  package let window: (rows: Int, columns: Int)
  /// The distance from one entry of a window to the next.
  package let dilation: (rows: Int, columns: Int)
  /// The distance from one window to the next.
  package let stride: (rows: Int, columns: Int)

  /// - Precondition: the window fits the input.
  package init(
    channels: Int, rows: Int, columns: Int, window: (rows: Int, columns: Int),
    dilation: (rows: Int, columns: Int), stride: (rows: Int, columns: Int) = (1, 1)
  ) {
    (self.channels, self.rows, self.columns) = (channels, rows, columns)
    (self.window, self.dilation, self.stride) = (window, dilation, stride)
  }

  /// The number of window positions along each axis.
  package var positions: (rows: Int, columns: Int) {
    (
      (rows &- (window.rows &- 1) &* dilation.rows &- 1) / stride.rows &+ 1,
      (columns &- (window.columns &- 1) &* dilation.columns &- 1) / stride.columns &+ 1
    )
  }

  fileprivate var code: nnexp_patch_geometry {
    nnexp_patch_geometry(
      channels: channels, rows: rows, columns: columns, window_rows: window.rows,
      window_columns: window.columns, row_dilation: dilation.rows,
      column_dilation: dilation.columns, row_stride: stride.rows, column_stride: stride.columns,
      position_rows: positions.rows, position_columns: positions.columns)
  }
}

// `Sources/CKernels/Im2col.h`: adds in the same order on every processor.

extension Float {
  package static func im2col(
    _ geometry: PatchGeometry, _ x: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_im2col_f32(&geometry, x, patches)
  }

  package static func col2im(
    _ geometry: PatchGeometry, _ patches: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>
  ) {
    var geometry = geometry.code
    nnexp_col2im_f32(&geometry, patches, x)
  }
}

extension Double {
  package static func im2col(
    _ geometry: PatchGeometry, _ x: UnsafePointer<Double>,
    into patches: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_im2col_f64(&geometry, x, patches)
  }

  package static func col2im(
    _ geometry: PatchGeometry, _ patches: UnsafePointer<Double>, to x: UnsafeMutablePointer<Double>
  ) {
    var geometry = geometry.code
    nnexp_col2im_f64(&geometry, patches, x)
  }
}
