import NNExp

/// A window that slides along one axis: `size` entries, `dilation` apart, from
/// every `stride`-th place on, over an axis that is `padding` longer at both
/// ends.
struct Window: Equatable {
  /// What a file may say; products of these stay far from overflow.
  static let range = 1...65_536
  static let paddingRange = 0...65_536

  /// The window of one entry: it leaves an axis as it is.
  static let single = Window(size: 1)

  var size: Int
  var stride = 1
  var padding = 0
  var dilation = 1

  /// From the first entry to the last, both counted.
  var extent: Int { (size &- 1) &* dilation &+ 1 }

  /// Where entry `offset` of the window at `position` lies: `2 r + u - 1`.
  func formula(_ position: String, _ offset: String) -> String {
    (stride == 1 ? "" : "\(stride) ") + position + " + " + (dilation == 1 ? "" : "\(dilation) ")
      + offset + (padding == 0 ? "" : " - \(padding)")
  }

  /// How many places it takes over an axis that has entries; at least 1.
  ///
  /// With `ceiling`, a last window may hang over the far end if it starts inside
  /// the axis or its near padding, as in PyTorch.
  func count(over length: Int, named axis: String, ceiling: Bool = false) throws -> Int {
    // The engine refuses axes this long by their bytes; here they must not trap.
    let length = min(length, Int.max / 2)
    let room = length + 2 * padding - extent
    var count = (ceiling ? room + stride - 1 : room).floored(by: stride) + 1
    if ceiling, count > 1, (count - 1) * stride >= length + padding { count -= 1 }
    guard count > 0 else { throw misfit(length, axis) }
    return count
  }

  /// Throws if a place out of `count` has no entry inside the axis.
  func requireEntries(in count: Int, over length: Int, named axis: String) throws {
    // Such a place starts in the near padding, or is the last.
    let early = min(count, (padding + stride - 1) / stride)
    let isEmpty = (0..<early).contains { span(at: $0, over: length).count < 1 }
    guard !isEmpty, span(at: count - 1, over: length).count > 0 else {
      throw Diagnostic(
        "a window of \(size) \(size == 1 ? String(axis.dropLast()) : axis) would lie wholly in the padding of \(padding); "
          + "make the padding less")
    }
  }

  /// True if each entry of an axis belongs to one place at most, and every place
  /// lies inside.
  func tiles(_ length: Int, places: Int) -> Bool {
    (stride == size || places == 1) && (dilation == 1 || size == 1) && padding == 0
      && places &* size <= length
  }

  private func misfit(_ length: Int, _ axis: String) -> Diagnostic {
    var text = "window \(size)"
    if dilation > 1 { text += " with dilation \(dilation), \(extent) in all," }
    text += " does not fit \(length) \(length == 1 ? String(axis.dropLast()) : axis)"
    if padding > 0 { text += " with padding \(padding) at both ends" }
    return Diagnostic(text)
  }

  /// The part of an axis that the window covers at one place.
  struct Span {
    /// The first entry inside the axis.
    var first: Int
    /// Entries inside the axis.
    var count: Int
    /// Entries inside the axis or its padding.
    var countWithPadding: Int
  }

  @inline(__always)
  func span(at place: Int, over length: Int) -> Span {
    let start = place &* stride &- padding
    var span = Span(first: start, count: size, countWithPadding: size)
    // Divisions are slow, and most windows lie inside.
    if start &+ extent > length {
      span.count = (length &- start &+ dilation &- 1).floored(by: dilation)
      if start &+ extent > length &+ padding {
        span.countWithPadding = (length &+ padding &- start &+ dilation &- 1) / dilation
      }
    }
    if start < 0 {
      let outside = (dilation &- 1 &- start) / dilation
      span.first = start &+ outside &* dilation
      span.count &-= outside
    }
    return span
  }

  /// The places, out of `count`, at which the window's entry number `entry` lies
  /// inside the axis: from the first up to, not including, the second.
  func placesInside(entry: Int, over length: Int, of count: Int) -> (Int, Int) {
    let offset = entry &* dilation &- padding
    let low = offset >= 0 ? 0 : Swift.min(count, (stride &- 1 &- offset) / stride)
    let high = Swift.min(count, (length &- offset &+ stride &- 1).floored(by: stride))
    return (low, Swift.max(low, high))
  }
}

extension Int {
  /// The quotient rounded towards −∞; `divisor` is positive.
  fileprivate func floored(by divisor: Int) -> Int {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// A sample as planes: `[channels, rows, columns]` as it is, `[features]` as one
/// row.
struct Planes {
  let channels: Int
  let rows: Int
  let columns: Int

  /// What to write for images without an axis of channels; nothing for other shapes.
  static func remedy(for shape: Shape) -> String {
    if shape.rank != 2 { return "" }
    return "; for images of one channel write data: {shape: [1, \(shape[0]), \(shape[1])]}"
  }

  /// Nil for a shape that is neither.
  init?(_ shape: Shape) {
    switch shape.rank {
    case 1: (channels, rows, columns) = (1, 1, shape[0])
    case 3: (channels, rows, columns) = (shape[0], shape[1], shape[2])
    default: return nil
    }
  }

  /// Elements of one plane.
  var count: Int { rows &* columns }
}
