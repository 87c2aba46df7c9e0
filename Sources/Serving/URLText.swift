import Files
import NNExp

/// The decoding of paths and queries, RFC 3986; `Escaping.url` encodes.
enum URLText {
  /// The decoded text; nil if an encoding is incomplete or the bytes are not UTF-8.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value)
        else { return nil }
        bytes.append(high << 4 | low)
      } else {
        bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }
}

/// The fields of a query, in order: `run=a&run=b`.
struct QueryFields: Equatable {
  private var fields: [(name: String, value: String)]

  static func == (a: QueryFields, b: QueryFields) -> Bool { a.text == b.text }

  /// Fields whose encoding is wrong are omitted.
  init(_ query: String) {
    fields = query.split(atByte: "&").compactMap { field in
      let parts = field.split(atByte: "=", omittingEmptySubsequences: false)
      guard let name = URLText.decoded(parts[0], plusIsSpace: true),
        let value = URLText.decoded(
          parts.dropFirst().joined(separator: "="), plusIsSpace: true)
      else { return nil }
      return (name, value)
    }
  }

  /// The last value of a field.
  subscript(name: String) -> String? { all(name).last }

  /// Every value of a field.
  func all(_ name: String) -> [String] {
    fields.filter { $0.name.hasSameBytes(as: name) }.map(\.value)
  }

  /// The query with a field set to a value, or removed.
  func setting(_ name: String, _ value: String?) -> QueryFields {
    var copy = self
    copy.fields.removeAll { $0.name.hasSameBytes(as: name) }
    if let value { copy.fields.append((name, value)) }
    return copy
  }

  /// The encoded query with its question mark; empty if there is no field.
  var text: String {
    if fields.isEmpty { return "" }
    return "?"
      + fields.map { Escaping.url($0.name) + "=" + Escaping.url($0.value) }
      .joined(separator: "&")
  }
}
