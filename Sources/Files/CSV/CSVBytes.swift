/// The bytes of a CSV file: in memory, or read in parts.
public enum CSVBytes: Sendable {
  case held([UInt8])
  /// A file that is read once, in parts, and whose cells are kept in memory.
  case parts(FileBytes)
  /// A file whose rows are read again each time they are needed.
  case streamed(FileBytes)

  public var count: Int {
    switch self {
    case .held(let bytes): bytes.count
    case .parts(let file), .streamed(let file): file.count
    }
  }

  public var isStreamed: Bool { if case .streamed = self { true } else { false } }

  /// Reads a range within the file.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    switch self {
    case .held(let bytes): Array(bytes[range])
    case .parts(let file), .streamed(let file): try file.read(range)
    }
  }

  /// Calls `body` with each block in order and with its offset in the file, until it returns
  /// false. Blocks may end within a record.
  public func forEachBlock(
    from start: Int, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    switch self {
    case .held(let bytes): _ = try body(bytes.span.extracting(start..<bytes.count), start)
    case .parts(let file), .streamed(let file): try file.forEachPart(from: start, body)
    }
  }
}
