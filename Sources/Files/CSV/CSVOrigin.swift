import NNExp
import Platform

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
  /// Only one part is in memory. A record ends at a line end outside quotes.
  public func forEachPart(
    from start: Int, _ body: (_ bytes: borrowing Span<UInt8>, _ base: Int) throws -> Bool
  ) throws {
    if case .held(let bytes) = bytes {
      _ = try body(bytes.span.extracting(start..<bytes.count), start)
      return
    }
    var base = start
    var buffer: [UInt8] = []
    while let count = try part(from: base, into: &buffer) {
      guard try body(buffer.span.extracting(0..<count), base) else { return }
      base += count
    }
  }

  /// Reads the part of the file from the offset `base` on into a buffer. Returns the number of its
  /// bytes, which are whole records; nil at the end of the file.
  ///
  /// A part of a streamed file has at most 16 MiB; otherwise, it has more than 512 KiB only if a
  /// record has.
  public func part(from base: Int, into buffer: inout [UInt8]) throws -> Int? {
    let file: FileBytes
    switch bytes {
    case .held(let bytes):
      buffer = Array(bytes[base...])
      return base < bytes.count ? bytes.count - base : nil
    case .parts(let parts): file = parts
    case .streamed(let stream): file = stream
    }
    guard base < file.count else { return nil }
    let longest = bytes.isStreamed ? 64 * file.stride : file.count
    var length = 2 * file.stride
    while true {
      let count = min(length, file.count - base)
      try file.read(base..<base + count, into: &buffer)
      if base + count == file.count { return count }
      if let end = CSVOrigin.endOfLastRecord(in: buffer.span.extracting(0..<count)) { return end }
      guard length < longest else {
        throw Diagnostic(
          "no line ends within \(length) bytes outside of quotes; is a quote not closed?",
          at: location(at: base))
      }
      length = min(4 * length, longest)
    }
  }

  /// The offset after the last complete record of a part; nil if there is none.
  private static func endOfLastRecord(in bytes: borrowing Span<UInt8>) -> Int? {
    // A CR at the end of the part may be the first half of a line end CR LF.
    func isEnd(_ i: Int, in bytes: borrowing Span<UInt8>) -> Bool {
      bytes[i] == 0x0A || bytes[i] == 0x0D && bytes[i + 1] != 0x0A
    }
    let quote = UInt8(ascii: "\"")
    var end: Int?
    if bytes.firstIndex(of: quote) == nil {
      var i = bytes.count - 2
      while i >= 0, !isEnd(i, in: bytes) { i -= 1 }
      return i < 0 ? nil : i + 1
    }
    var isQuoted = false
    for i in 0..<bytes.count - 1 {
      if bytes[i] == quote {
        isQuoted.toggle()
      } else if !isQuoted, isEnd(i, in: bytes) {
        end = i + 1
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

extension Span<UInt8> {
  /// The position of the first byte with this value; nil if there is none.
  fileprivate func firstIndex(of byte: UInt8) -> Int? {
    withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress,
        let found = memchr(start, Int32(byte), bytes.count)
      else { return nil }
      return UnsafeRawPointer(found) - UnsafeRawPointer(start)
    }
  }
}
