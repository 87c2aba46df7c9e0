/// The bytes of a CSV file: held, or read in parts.
public enum CSVBytes: Sendable {
  case held([UInt8])
  case file(FileBytes)

  public var count: Int {
    switch self {
    case .held(let bytes): bytes.count
    case .file(let file): file.count
    }
  }

  /// The bytes of a range within the file.
  public func read(_ range: Range<Int>) throws -> [UInt8] {
    switch self {
    case .held(let bytes): Array(bytes[range])
    case .file(let file): try file.read(range)
    }
  }

  /// Calls `body` with one block after another, wherever it ends, and with the
  /// block's location in the file, until it returns false.
  public func forEachBlock(
    from start: Int, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    switch self {
    case .held(let bytes): _ = try body(bytes.span.extracting(start..<bytes.count), start)
    case .file(let file): try file.forEachPart(from: start, body)
    }
  }
}
