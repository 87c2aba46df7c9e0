import NNExp

/// The origin of a CSV file's bytes: provides the location and the text of fields.
public struct CSVOrigin: Sendable {
  public let path: String
  public let bytes: CSVBytes

  /// The remedy for a field that is not UTF-8.
  private let encodingNotes: [Diagnostic.Note]

  public init(path: String, bytes: CSVBytes, encodingNotes: [Diagnostic.Note] = []) {
    self.path = path
    self.bytes = bytes
    self.encodingNotes = encodingNotes
  }

  /// True if the rest of the file consists only of line ends.
  public func isBlank(from start: Int) throws -> Bool {
    var isBlank = true
    try bytes.forEachBlock(from: start) { bytes, _ in
      var i = 0
      while i < bytes.count, bytes[i] == 0x0A || bytes[i] == 0x0D { i &+= 1 }
      isBlank = i == bytes.count
      return isBlank
    }
    return isBlank
  }

  /// Calls `body` with each part in order, which consists of whole records, and with its offset
  /// in the file, until it returns false.
  ///
  /// Only one part of at most 16 MiB is in memory. A record ends at a line end outside quotes.
  public func forEachPart(
    from start: Int, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    let file: FileBytes
    switch bytes {
    case .held(let bytes):
      _ = try body(bytes.span.extracting(start..<bytes.count), start)
      return
    case .file(let stream): file = stream
    }
    let (shortest, longest) = (4 * file.stride, 64 * file.stride)
    var base = start
    var length = shortest
    while base < file.count {
      let bytes = try file.read(base..<base + min(length, file.count - base))
      let isLast = base + bytes.count == file.count
      guard let end = isLast ? bytes.count : CSVOrigin.endOfLastRecord(in: bytes.span) else {
        guard length < longest else {
          throw Diagnostic(
            "no line ends within \(length) bytes outside of quotes; is a quote not closed?",
            at: location(at: base))
        }
        length = min(4 * length, longest)
        continue
      }
      guard try body(bytes.span.extracting(0..<end), base) else { return }
      base += end
      length = shortest
    }
  }

  /// The offset after the last complete record of a part; nil if there is none.
  private static func endOfLastRecord(in bytes: borrowing Span<UInt8>) -> Int? {
    var end: Int?
    var isQuoted = false
    // A CR at the end of the part may be the first half of a line end CR LF.
    for i in 0..<bytes.count - 1 {
      switch bytes[i] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case 0x0A where !isQuoted: end = i + 1
      case 0x0D where !isQuoted && bytes[i + 1] != 0x0A: end = i + 1
      default: break
      }
    }
    return end
  }

  // MARK: Locations

  public func location(of field: CSVField?) -> SourceLocation {
    guard let field else { return location(at: bytes.count) }
    return location(at: field.isQuoted ? field.range.lowerBound - 1 : field.range.lowerBound)
  }

  /// The line and the column (in characters) of a byte.
  public func location(at offset: Int) -> SourceLocation {
    var line = 1
    var start = 0
    var isAfterCR = false
    try? bytes.forEachBlock(from: 0) { bytes, base in
      if base == 0, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
        start = 3
      }
      var i = max(0, start - base)
      while i < bytes.count, base + i < offset {
        let byte = bytes[i]
        if byte == 0x0A || byte == 0x0D {
          if !(isAfterCR && byte == 0x0A) { line += 1 }
          start = base + i + 1
        }
        isAfterCR = byte == 0x0D
        i += 1
      }
      return base + bytes.count < offset
    }
    let rest = (try? bytes.read(start..<min(bytes.count, max(start, offset) + 4096))) ?? []
    let before = max(0, offset - start)
    let text = rest.prefix { $0 != 0x0A && $0 != 0x0D }
    let column = String(decoding: rest.prefix(before), as: UTF8.self).unicodeScalars.count
    let source = SourceFile(
      name: path, lines: [String(decoding: text, as: UTF8.self)], firstLine: line)
    return SourceLocation(source: source, line: line, column: column + 1)
  }

  /// The text of a field of `bytes`, without quotes; nil if it is not UTF-8.
  public static func text(of field: CSVField, in bytes: borrowing Span<UInt8>) -> String? {
    String(validating: field.content(in: bytes), as: UTF8.self)
  }

  /// The text of a field of a part that begins at the offset `base`. Throws if it is not UTF-8.
  public func text(of field: CSVField, in bytes: borrowing Span<UInt8>, base: Int = 0) throws
    -> String
  {
    guard let text = CSVOrigin.text(of: field, in: bytes) else {
      throw Diagnostic(
        "this field is not UTF-8", at: location(of: field.moved(by: base)), notes: encodingNotes)
    }
    return text
  }

  /// The text of a field, by its range in the file.
  public func text(of field: CSVField) throws -> String {
    let content = try bytes.read(field.range)
    return try text(
      of: field.moved(by: -field.range.lowerBound), in: content.span,
      base: field.range.lowerBound)
  }

  public func diagnostic(of fault: CSVFault, base: Int = 0) -> Diagnostic {
    Diagnostic(fault.message, at: location(at: base + fault.offset))
  }
}
