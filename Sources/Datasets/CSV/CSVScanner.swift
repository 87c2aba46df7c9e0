import NNExp

/// One field of a CSV file, as a range of its bytes.
struct CSVField {
  /// Without the quotes round it.
  let range: Range<Int>
  /// True if it holds doubled quotes, each of which stands for one.
  let hasDoubledQuotes: Bool
  /// True if it stands in quotes.
  let isQuoted: Bool
  /// True if a line's or the file's end follows, not a delimiter.
  let endsRecord: Bool

  /// The same field in bytes that begin `offset` earlier.
  func moved(by offset: Int) -> CSVField {
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
struct CSVScanner {
  /// In bytes.
  static let longestField = 65_536

  let delimiter: UInt8
  var position: Int

  /// The next field. Call only where `position` is not the file's end, or where
  /// the last field did not end its record.
  mutating func next(in bytes: borrowing Span<UInt8>) throws(CSVFault) -> CSVField {
    let quote = UInt8(ascii: "\"")
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

  private mutating func quoted(in bytes: borrowing Span<UInt8>) throws(CSVFault) -> CSVField {
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
  private mutating func end(at i: Int, in bytes: borrowing Span<UInt8>) -> Bool {
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
struct CSVFault: Error {
  enum Kind {
    case strayQuote, unclosedQuote, textAfterQuote, longField
  }

  let kind: Kind
  let offset: Int

  init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }

  var message: String {
    switch kind {
    case .strayQuote:
      "a quote inside an unquoted field; quote the whole field and double the quote"
    case .unclosedQuote: "this quote is never closed"
    case .textAfterQuote: "expected the delimiter or the line's end after the closing quote"
    case .longField: "this field is longer than \(CSVScanner.longestField) bytes"
    }
  }
}
