/// A view of a batch of indices that the engine owns; samples are the outermost axis.
///
/// Every read is checked. Each index is below the count that the port declares, because the
/// data were checked when they were read.
@frozen
public struct Indices: @unchecked Sendable {
  @usableFromInline package let start: UnsafePointer<Int32>

  /// The number of indices of all samples together.
  public let count: Int

  /// The shape of one sample.
  public let shape: Shape

  @inlinable
  package init(start: UnsafePointer<Int32>, count: Int, shape: Shape) {
    self.start = start
    self.count = count
    self.shape = shape
  }

  /// The index at a position. A position outside ends the process.
  @inlinable
  public subscript(position: Int) -> Int {
    precondition(
      UInt(bitPattern: position) < UInt(bitPattern: count),
      "position \(position) is outside 0..<\(count)")
    return Int(start[position])
  }

  /// The valid positions, `0..<count`.
  @inlinable public var positions: Range<Int> { 0..<count }
}

/// The inputs of a node that carry indices.
@frozen
public struct IndexInputs: @unchecked Sendable {
  @usableFromInline let start: UnsafePointer<Indices>?
  @usableFromInline let count: Int

  @inlinable
  package init(start: UnsafePointer<Indices>?, count: Int) {
    self.start = start
    self.count = count
  }

  /// The value for a node whose inputs all carry values.
  public static let none = IndexInputs(start: nil, count: 0)

  /// The indices of the input with this number. The process ends if that input carries values.
  @inlinable
  public subscript(input: Int) -> Indices {
    guard let start, UInt(bitPattern: input) < UInt(bitPattern: count) else {
      preconditionFailure("input \(input) has no indices")
    }
    return start[input]
  }
}
