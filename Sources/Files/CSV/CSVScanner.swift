/// A field of a CSV file, as a range of bytes.
public struct CSVField: Sendable {
  /// The range without the surrounding quotes.
  public let range: Range<Int>
  /// True if it contains doubled quotes, each of which represents one.
  public let hasDoubledQuotes: Bool
  /// True if it is in quotes.
  public let isQuoted: Bool
  /// True if a line end or the end of the file follows, and no delimiter.
  public let endsRecord: Bool

  @inlinable init(range: Range<Int>, hasDoubledQuotes: Bool, isQuoted: Bool, endsRecord: Bool) {
    self.range = range
    self.hasDoubledQuotes = hasDoubledQuotes
    self.isQuoted = isQuoted
    self.endsRecord = endsRecord
  }

  /// The bytes of the field without quotes.
  public func content(in bytes: borrowing Span<UInt8>) -> [UInt8] {
    var content: [UInt8] = []
    content.reserveCapacity(range.count)
    var i = range.lowerBound
    while i < range.upperBound {
      content.append(bytes[i])
      i += hasDoubledQuotes && bytes[i] == UInt8(ascii: "\"") ? 2 : 1
    }
    return content
  }

  /// The same field in bytes that begin `offset` earlier.
  public func moved(by offset: Int) -> CSVField {
    CSVField(
      range: range.lowerBound + offset..<range.upperBound + offset,
      hasDoubledQuotes: hasDoubledQuotes, isQuoted: isQuoted, endsRecord: endsRecord)
  }
}

/// Splits a CSV file into fields.
///
/// The format is RFC 4180 with any one-byte delimiter. Lines may also end in a single LF or CR,
/// the last line needs no end, and empty lines at the end of the file are ignored. Quotes are
/// permitted only in quoted fields.
///
/// - Source: Shafranovich 2005, RFC 4180, section 2.
//
// Public, because Swift 6.3 does not inline `package` functions into other modules, which would
// cost 29 instructions per field.
public struct CSVScanner {
  /// The maximum length of a field in bytes.
  @inlinable public static var longestField: Int { 65_536 }

  @usableFromInline let delimiter: UInt8
  /// Whether a sequence of blanks is one delimiter. Blanks at the ends of a line are ignored.
  @usableFromInline let skipsBlanks: Bool
  public var position: Int

  @inlinable public init(delimiter: UInt8, skipsBlanks: Bool = false, position: Int = 0) {
    self.delimiter = delimiter
    self.skipsBlanks = skipsBlanks
    self.position = position
  }

  /// The next field. Call it only if `position` is before the end of the file, or if the last
  /// field did not end its record.
  @inlinable public mutating func next(in bytes: borrowing Span<UInt8>)
    throws(CSVFault)
    -> CSVField
  {
    let quote = UInt8(ascii: "\"")
    if skipsBlanks { return try nextBetweenBlanks(in: bytes) }
    let start = position
    let count = bytes.count
    if start < count, bytes[start] == quote { return try quoted(in: bytes) }
    var i = start
    while i < count {
      let byte = bytes[i]
      if byte == delimiter || byte == 0x0A || byte == 0x0D { break }
      if byte == quote { throw CSVFault(.strayQuote, at: i) }
      i &+= 1
    }
    guard i - start <= CSVScanner.longestField else { throw CSVFault(.longField, at: start) }
    return CSVField(
      range: start..<i, hasDoubledQuotes: false, isQuoted: false, endsRecord: end(at: i, in: bytes))
  }

  @usableFromInline mutating func nextBetweenBlanks(in bytes: borrowing Span<UInt8>)
    throws(CSVFault) -> CSVField
  {
    let quote = UInt8(ascii: "\"")
    let count = bytes.count
    var i = position
    while i < count, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
    let start = i
    let isQuoted = start < count && bytes[start] == quote
    var range = start..<start
    var hasDoubledQuotes = false
    if isQuoted {
      i += 1
      while true {
        while i < count, bytes[i] != quote { i += 1 }
        guard i < count else { throw CSVFault(.unclosedQuote, at: start) }
        guard i + 1 < count, bytes[i + 1] == quote else { break }
        hasDoubledQuotes = true
        i += 2
      }
      range = start + 1..<i
      i += 1
    } else {
      while i < count, bytes[i] > 0x20 || ![0x20, 0x09, 0x0A, 0x0D].contains(bytes[i]) {
        if bytes[i] == quote { throw CSVFault(.strayQuote, at: i) }
        i += 1
      }
      range = start..<i
    }
    guard range.count <= CSVScanner.longestField else { throw CSVFault(.longField, at: start) }
    let after = i
    while i < count, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
    let endsRecord = i == count || bytes[i] == 0x0A || bytes[i] == 0x0D
    if endsRecord {
      _ = end(at: i, in: bytes)
    } else {
      guard i > after else { throw CSVFault(.textAfterQuote, at: i) }
      position = i
    }
    return CSVField(
      range: range, hasDoubledQuotes: hasDoubledQuotes, isQuoted: isQuoted, endsRecord: endsRecord)
  }

  /// The fields of the next record. Call it only if `position` is before the end of the file.
  public mutating func nextRecord(in bytes: borrowing Span<UInt8>) throws(CSVFault) -> [CSVField] {
    var fields = [try next(in: bytes)]
    while !fields[fields.count - 1].endsRecord { fields.append(try next(in: bytes)) }
    return fields
  }

  @usableFromInline mutating func quoted(in bytes: borrowing Span<UInt8>) throws(CSVFault)
    -> CSVField
  {
    let quote = UInt8(ascii: "\"")
    let start = position
    var i = start + 1
    var hasDoubledQuotes = false
    while true {
      while i < bytes.count, bytes[i] != quote { i &+= 1 }
      guard i < bytes.count else { throw CSVFault(.unclosedQuote, at: start) }
      guard i + 1 < bytes.count, bytes[i + 1] == quote else { break }
      hasDoubledQuotes = true
      i += 2
    }
    let after = i + 1
    if after < bytes.count {
      let byte = bytes[after]
      guard byte == delimiter || byte == 0x0A || byte == 0x0D else {
        throw CSVFault(.textAfterQuote, at: after)
      }
    }
    guard i - start <= CSVScanner.longestField else { throw CSVFault(.longField, at: start) }
    return CSVField(
      range: start + 1..<i, hasDoubledQuotes: hasDoubledQuotes, isQuoted: true,
      endsRecord: end(at: after, in: bytes))
  }

  /// Moves past the end of a field. Returns true at a line end or the end of the file.
  @inlinable public mutating func end(at i: Int, in bytes: borrowing Span<UInt8>) -> Bool {
    guard i < bytes.count else {
      position = i
      return true
    }
    if bytes[i] == delimiter {
      position = i + 1
      return false
    }
    let isPair = bytes[i] == 0x0D && i + 1 < bytes.count && bytes[i + 1] == 0x0A
    position = i + (isPair ? 2 : 1)
    return true
  }
}

/// An error in the format of a CSV file, with its byte.
public struct CSVFault: Error {
  public enum Kind: Sendable {
    case strayQuote, unclosedQuote, textAfterQuote, longField
  }

  public let kind: Kind
  public let offset: Int

  @usableFromInline init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  public var message: String {
    switch kind {
    case .strayQuote:
      "a quote inside an unquoted field; quote the whole field and double the quote"
    case .unclosedQuote: "this quote is never closed"
    case .textAfterQuote: "expected the delimiter or the line's end after the closing quote"
    case .longField: "this field is longer than \(CSVScanner.longestField) bytes"
    }
  }
}
