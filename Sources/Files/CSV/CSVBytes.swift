/// The bytes of a CSV file: in memory, or read in parts.
public enum CSVBytes: Sendable {
  case held([UInt8])
  case file(FileBytes)

  public var count: Int {
    switch self {
    case .held(let bytes): bytes.count
    case .file(let file): file.count
    }
  }

  /// Reads a range within the file.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    switch self {
    case .held(let bytes): Array(bytes[range])
    case .file(let file): try file.read(range)
    }
  }

  /// Calls `body` with each block in order and with its offset in the file, until it returns
  /// false. Blocks may end within a record.
  public func forEachBlock(
    from start: Int, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    switch self {
    case .held(let bytes): _ = try body(bytes.span.extracting(start..<bytes.count), start)
    case .file(let file): try file.forEachPart(from: start, body)
    }
  }
}
