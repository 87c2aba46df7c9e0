/// The extent of a tensor along each axis, outermost first; at most four axes.
///
/// A shape with more axes can be created from a file's values and has the correct `rank` and
/// `count`. Every use of it for a tensor is an error.
///
/// Shapes are per sample: the batch axis belongs to the engine. Images are
/// `[channels, rows, columns]`, row-major, as in PyTorch and ONNX.
public struct Shape: Hashable, Sendable {
  /// The largest number of axes.
  public static let maximumRank = 4

  @usableFromInline let extents: SIMD4<Int>

  /// The number of axes.
  public let rank: Int

  /// The product of the extents; `Int.max` if the product overflows, which the engine reports
  /// as too large before it allocates anything.
  public let count: Int

  /// - Precondition: each extent is 0 or more.
  @inlinable public init(_ axes: some Sequence<Int>) {
    var extents = SIMD4<Int>(repeating: 1)
    var rank = 0
    var count = 1
    for extent in axes {
      if extent < 0 { fatalError("an extent is 0 or more, not \(extent)") }
      if rank < Shape.maximumRank { extents[rank] = extent }
      rank += 1
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      count = overflow ? Int.max : product
    }
    self.extents = extents
    self.rank = rank
    self.count = count
  }

  /// Creates a shape from the first `rank` extents without memory for a list; the others must be 1.
  package init(extents: SIMD4<Int>, rank: Int) {
    self.extents = extents
    self.rank = rank
    var count = 1
    for k in 0..<4 {
      let (product, overflow) = count.multipliedReportingOverflow(by: extents[k])
      count = overflow ? Int.max : product
    }
    self.count = count
  }

  /// Creates a shape with one axis of extent `count`.
  @usableFromInline package init(count: Int) {
    extents = SIMD4(count, 1, 1, 1)
    rank = 1
    self.count = count
  }

  /// The extent of one axis.
  @inlinable public subscript(axis: Int) -> Int { extents[axis] }

  /// The extents as an array; only the first four if there are more.
  public var axes: [Int] { (0..<min(rank, Shape.maximumRank)).map { extents[$0] } }

  /// True for an extent of 0 beside others whose product exceeds 2²⁰: loops over them would take
  /// long, although there are no numbers.
  package var isEmptyButLarge: Bool { count == 0 && Shape(axes.map { max(1, $0) }).count > 1 << 20 }

  /// True if no tensor can have this shape.
  package var hasTooManyAxes: Bool { rank > Shape.maximumRank }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    "[" + axes.map(String.init).joined(separator: ", ") + (hasTooManyAxes ? ", …]" : "]")
  }
}
