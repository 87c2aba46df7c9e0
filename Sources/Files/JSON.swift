import NNExp

/// A JSON value. Objects keep the order of their members.
///
/// JSON has no numbers that are not finite. They are written as the texts `"nan"`, `"inf"` and
/// `"-inf"`, the words of the CSV files, so that a diverged value differs from one that was not
/// measured (`null`).
public indirect enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// A key and its value.
  public struct Member: Sendable, Hashable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }
}

// MARK: - Creating

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .null }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }

  /// Creates null if there is no value.
  public init(_ value: Int?) { self = value.map(JSON.int) ?? .null }
  public init(_ value: Double?) { self = value.map(JSON.number) ?? .null }
  public init(_ value: String?) { self = value.map(JSON.string) ?? .null }
}

// MARK: - Reading

extension JSON {
  /// The value of an object's member; nil if there is none.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var int: Int? { if case .int(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  public var object: [Member]? { if case .object(let value) = self { value } else { nil } }

  /// The value of a number, written as an integer, a fraction, or a text for one that is not
  /// finite; nil for other values.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .number(let value): value
    case .string("nan"): .nan
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    default: nil
    }
  }
}

// MARK: - Writing

extension JSON: CustomStringConvertible {
  /// The JSON text: two spaces per level, one member per line, lists of scalars on one line, no
  /// line end after the last line.
  public var description: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(1024)
    append(to: &bytes, indent: 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8], indent: Int) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes.append(decimal: value)
    case .number(let value):
      if value.isFinite {
        bytes.append(shortest: value)
      } else {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(shortest: value)
        bytes.append(UInt8(ascii: "\""))
      }
    case .string(let value): JSON.append(quoted: value, to: &bytes)
    case .array(let items):
      let isFlat = items.allSatisfy(\.isScalar)
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        JSON.separate(index, isFlat: isFlat, in: &bytes, indent: indent)
        item.append(to: &bytes, indent: indent + 1)
      }
      if !isFlat { JSON.startLine(indent, in: &bytes) }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        JSON.separate(index, isFlat: false, in: &bytes, indent: indent)
        JSON.append(quoted: member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        member.value.append(to: &bytes, indent: indent + 1)
      }
      if !members.isEmpty { JSON.startLine(indent, in: &bytes) }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  /// Writes the separator before an item.
  private static func separate(
    _ index: Int, isFlat: Bool, in bytes: inout [UInt8], indent: Int
  ) {
    if index > 0 { bytes.append(UInt8(ascii: ",")) }
    if !isFlat {
      startLine(indent + 1, in: &bytes)
    } else if index > 0 {
      bytes.append(UInt8(ascii: " "))
    }
  }

  private static func startLine(_ level: Int, in bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\n"))
    for _ in 0..<2 * level { bytes.append(UInt8(ascii: " ")) }
  }

  /// Escapes only the characters for which RFC 8259 requires it.
  private static func append(quoted text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    var text = text
    let isAppended = text.withUTF8 { utf8 in
      for byte in utf8 where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
      {
        return false
      }
      bytes.append(contentsOf: utf8)
      return true
    }
    if isAppended { return }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += #"\""#.utf8
      case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
      case 0x08: bytes += #"\b"#.utf8
      case 0x09: bytes += #"\t"#.utf8
      case 0x0A: bytes += #"\n"#.utf8
      case 0x0C: bytes += #"\f"#.utf8
      case 0x0D: bytes += #"\r"#.utf8
      case 0..<0x20:
        bytes += (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8
        bytes += String(byte, radix: 16).utf8
      default: bytes.append(byte)
      }
    }
  }
}
