/// A view of a batch of indices that the engine owns, samples outermost.
///
/// Every read is checked. Each index is below the count that the port declares: the data
/// were checked when they were read.
@frozen
public struct Indices: @unchecked Sendable {
  @usableFromInline package let start: UnsafePointer<Int32>

  /// The number of indices, all samples together.
  public let count: Int

  /// The shape of one sample.
  public let shape: Shape

  @inlinable
  package init(start: UnsafePointer<Int32>, count: Int, shape: Shape) {
    self.start = start
    self.count = count
    self.shape = shape
  }

  @inlinable
  public subscript(position: Int) -> Int {
    precondition(
      UInt(bitPattern: position) < UInt(bitPattern: count),
      "position \(position) is outside 0..<\(count)")
    return Int(start[position])
  }

  /// The positions, `0..<count`.
  @inlinable public var positions: Range<Int> { 0..<count }
}

/// The inputs of a node that are indices.
@frozen
public struct IndexInputs: @unchecked Sendable {
  @usableFromInline let start: UnsafePointer<Indices>?
  @usableFromInline let count: Int

  @inlinable
  package init(start: UnsafePointer<Indices>?, count: Int) {
    self.start = start
    self.count = count
  }

  /// Of a node whose inputs are all values.
  public static let none = IndexInputs(start: nil, count: 0)

  /// The indices of the input at a position; none if that input carries values.
  @inlinable
  public subscript(input: Int) -> Indices {
    guard let start, UInt(bitPattern: input) < UInt(bitPattern: count) else {
      preconditionFailure("input \(input) carries no indices")
    }
    return start[input]
  }
}
