/// The extent of a tensor along each axis, outermost first; at most four axes.
///
/// Shapes are per sample: the batch axis belongs to the engine. Images are
/// `[channels, rows, columns]`, row-major, as in PyTorch and ONNX.
public struct Shape: Hashable, Sendable {
  /// The largest number of axes.
  public static let maximumRank = 4

  @usableFromInline let extents: SIMD4<Int>

  /// The number of axes.
  public let rank: Int

  /// The product of the extents; `Int.max` where the product overflows, which
  /// the engine reports as too large before anything is allocated.
  public let count: Int

  /// - Precondition: at most four axes, each of extent 0 or more.
  public init(_ axes: some Sequence<Int>) {
    var extents = SIMD4<Int>(repeating: 1)
    var rank = 0
    var count = 1
    for extent in axes {
      precondition(rank < Shape.maximumRank, "a shape has at most \(Shape.maximumRank) axes")
      precondition(extent >= 0, "an extent is 0 or more, not \(extent)")
      extents[rank] = extent
      rank += 1
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      count = overflow ? Int.max : product
    }
    self.extents = extents
    self.rank = rank
    self.count = count
  }

  /// One axis of extent `count`.
  @usableFromInline package init(count: Int) {
    extents = SIMD4(count, 1, 1, 1)
    rank = 1
    self.count = count
  }

  /// The extent of one axis.
  @inlinable public subscript(axis: Int) -> Int { extents[axis] }

  /// The extents as an array.
  public var axes: [Int] { (0..<rank).map { extents[$0] } }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + axes.map(String.init).joined(separator: ", ") + "]" }
}
