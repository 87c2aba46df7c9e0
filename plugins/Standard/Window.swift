import NNExp

/// A window that slides along one axis. It has `size` entries that are `dilation` apart, and
/// moves in steps of `stride` over an axis that is extended by `padding` before its first entry
/// and by `paddingAfter` after its last.
struct Window: Equatable {
  /// The values that a file may use. Products of these cannot overflow.
  static let range = 1...65_536
  static let paddingRange = 0...65_536

  /// The window of one entry, which leaves an axis unchanged.
  static let single = Window(size: 1)

  var size: Int
  var stride = 1
  var padding = 0
  var paddingAfter = 0
  var dilation = 1

  /// True if the axis is extended at an end.
  var isPadded: Bool { padding > 0 || paddingAfter > 0 }

  func axis(positions: Int) -> WindowGeometry.Axis {
    WindowGeometry.Axis(
      size: size, stride: stride, padding: padding, paddingAfter: paddingAfter,
      dilation: dilation, positions: positions)
  }

  /// The distance from the first entry to the last, both included.
  var extent: Int { (size &- 1) &* dilation &+ 1 }

  /// The index of entry `offset` of the window at `position`, as a formula: `2 r + u - 1`.
  func formula(_ position: String, _ offset: String) -> String {
    (stride == 1 ? "" : "\(stride) ") + position + " + " + (dilation == 1 ? "" : "\(dilation) ")
      + offset + (padding == 0 ? "" : " - \(padding)")
  }

  /// The number of positions over an axis with entries; at least 1.
  ///
  /// With `ceiling`, a last window may extend beyond the end if it starts inside the axis or
  /// its padding at the beginning, as in PyTorch.
  func count(over length: Int, named axis: String, ceiling: Bool = false) throws -> Int {
    // The engine rejects axes of this length because of their size in bytes; here they must not
    // trap.
    let length = min(length, Int.max / 2)
    let room = length + padding + paddingAfter - extent
    var count = (ceiling ? room + stride - 1 : room).floored(by: stride) + 1
    if ceiling, count > 1, (count - 1) * stride >= length + padding { count -= 1 }
    guard count > 0 else { throw misfit(length, axis) }
    return count
  }

  /// Throws if one of the `count` positions has no entry inside the axis.
  func requireEntries(in count: Int, over length: Int, named axis: String) throws {
    // Such a position is in the padding at the beginning, or is the last one.
    let early = min(count, (padding + stride - 1) / stride)
    let isEmpty = (0..<early).contains { span(at: $0, over: length).count < 1 }
    guard !isEmpty, span(at: count - 1, over: length).count > 0 else {
      throw Diagnostic(
        "a window of \(size) \(size == 1 ? String(axis.dropLast()) : axis) would lie entirely in the "
          + "padding of \(max(padding, paddingAfter)); "
          + "reduce the padding")
    }
  }

  /// True if each entry of an axis belongs to at most one position, and every position is
  /// inside the axis.
  func tiles(_ length: Int, positions: Int) -> Bool {
    (stride == size || positions == 1) && (dilation == 1 || size == 1) && !isPadded
      && positions &* size <= length
  }

  private func misfit(_ length: Int, _ axis: String) -> Diagnostic {
    var text = "window \(size)"
    if dilation > 1 { text += " with dilation \(dilation), \(extent) in all," }
    text += " does not fit \(length) \(length == 1 ? String(axis.dropLast()) : axis)"
    if isPadded {
      text +=
        padding == paddingAfter
        ? " with padding \(padding) at both ends"
        : " with padding \(padding) before and \(paddingAfter) after"
    }
    return Diagnostic(text)
  }

  /// The part of the window that is inside the axis at one position.
  struct Span {
    /// The first entry inside the axis.
    var first: Int
    /// The number of entries inside the axis.
    var count: Int
    /// The number of entries inside the axis or its padding.
    var countWithPadding: Int
  }

  @inline(__always)
  func span(at position: Int, over length: Int) -> Span {
    let start = position &* stride &- padding
    var span = Span(first: start, count: size, countWithPadding: size)
    // Divisions are slow, and most windows are inside the axis.
    if start &+ extent > length {
      span.count = (length &- start &+ dilation &- 1).floored(by: dilation)
      if start &+ extent > length &+ paddingAfter {
        span.countWithPadding = (length &+ paddingAfter &- start &+ dilation &- 1) / dilation
      }
    }
    if start < 0 {
      let outside = (dilation &- 1 &- start) / dilation
      span.first = start &+ outside &* dilation
      span.count &-= outside
    }
    return span
  }

  /// The positions, out of `count`, at which entry `entry` of the window is inside the axis: a
  /// half-open range.
  func positionsInside(entry: Int, over length: Int, of count: Int) -> (Int, Int) {
    let offset = entry &* dilation &- padding
    let low = offset >= 0 ? 0 : Swift.min(count, (stride &- 1 &- offset) / stride)
    let high = Swift.min(count, (length &- offset &+ stride &- 1).floored(by: stride))
    return (low, Swift.max(low, high))
  }
}

extension Int {
  /// The quotient rounded towards −∞; `divisor` must be positive.
  fileprivate func floored(by divisor: Int) -> Int {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// The planes of a sample: `[channels, rows, columns]` unchanged, `[channels, positions]` and
/// `[features]` as one row.
struct Planes {
  let channels: Int
  let rows: Int
  let columns: Int

  init(channels: Int, rows: Int, columns: Int) {
    (self.channels, self.rows, self.columns) = (channels, rows, columns)
  }

  /// Nil for other shapes.
  init?(_ shape: Shape) {
    switch shape.rank {
    case 1: (channels, rows, columns) = (1, 1, shape[0])
    case 2: (channels, rows, columns) = (shape[0], 1, shape[1])
    case 3: (channels, rows, columns) = (shape[0], shape[1], shape[2])
    default: return nil
    }
  }

  /// The number of elements in one plane.
  var count: Int { rows &* columns }
}
