/// One field of a CSV file, as a range of its bytes.
public struct CSVField: Sendable {
  /// Without the quotes round it.
  public let range: Range<Int>
  /// True if it holds doubled quotes, each of which stands for one.
  public let hasDoubledQuotes: Bool
  /// True if it stands in quotes.
  public let isQuoted: Bool
  /// True if a line's or the file's end follows, not a delimiter.
  public let endsRecord: Bool

  @inlinable init(range: Range<Int>, hasDoubledQuotes: Bool, isQuoted: Bool, endsRecord: Bool) {
    self.range = range
    self.hasDoubledQuotes = hasDoubledQuotes
    self.isQuoted = isQuoted
    self.endsRecord = endsRecord
  }

  /// The field's bytes without quotes.
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

/// Walks over a CSV file field by field.
///
/// The format is RFC 4180 with any one-byte delimiter; lines may also end in LF
/// or CR alone, the last one needs no end, and empty lines at the file's end do
/// not count. A quote may only stand in a quoted field.
///
/// - Source: Shafranovich 2005, RFC 4180, section 2.
//
// Swift 6.3 inlines into other modules what is public, not what is the package's: 29
// instructions per field.
public struct CSVScanner {
  /// In bytes.
  @inlinable public static var longestField: Int { 65_536 }

  @usableFromInline let delimiter: UInt8
  /// Whether a run of blanks is one delimiter, and blanks at a line's ends are none.
  @usableFromInline let skipsBlanks: Bool
  public var position: Int

  @inlinable public init(delimiter: UInt8, skipsBlanks: Bool = false, position: Int = 0) {
    self.delimiter = delimiter
    self.skipsBlanks = skipsBlanks
    self.position = position
  }

  /// The next field. Call only where `position` is not the file's end, or where
  /// the last field did not end its record.
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

  /// The fields of the next record. Call only where `position` is not the file's end.
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

  /// Steps over what ends a field; true if it is a line's or the file's end.
  @inlinable mutating func end(at i: Int, in bytes: borrowing Span<UInt8>) -> Bool {
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

/// What is wrong with a CSV file's form, and at which byte.
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
