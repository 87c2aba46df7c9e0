/// A value of a declaration: a scalar, a list or a map, with its location.
///
/// YAML, overrides and defaults are all converted to this type, so that a single reader,
/// `Options`, handles them.
public struct ConfigValue: Sendable {
  /// The content of a value; a map keeps the order of its entries.
  public enum Content: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([ConfigValue])
    case map([Entry])
  }

  /// A key and its value.
  public struct Entry: Sendable {
    public var key: String
    /// The location of the key; nil if it does not come from a text.
    public var keyLocation: SourceLocation?
    public var value: ConfigValue

    public init(key: String, keyLocation: SourceLocation? = nil, value: ConfigValue) {
      self.key = key
      self.keyLocation = keyLocation
      self.value = value
    }
  }

  public var content: Content

  /// The value's location; nil if it does not come from a text.
  public var location: SourceLocation?

  /// A scalar's original text, for messages.
  public var text: String?

  public init(_ content: Content, at location: SourceLocation? = nil, text: String? = nil) {
    self.content = content
    self.location = location
    self.text = text
  }

  /// A map without locations.
  public static func map(_ entries: [(String, ConfigValue)]) -> ConfigValue {
    ConfigValue(.map(entries.map { Entry(key: $0.0, value: $0.1) }))
  }
}

extension ConfigValue {
  /// The value's description in messages: `the number 0.5`, `the text 'no'`, `a list`.
  public var kind: String {
    switch content {
    case .null: "nothing"
    case .bool(let value): "the boolean \(value)"
    case .int(let value): "the number \(excerpt(text ?? String(value)))"
    case .double(let value): "the number \(excerpt(text ?? "\(value)"))"
    case .string(let value): "the text '\(excerpt(value))'"
    case .list: "a list"
    case .map: "a mapping"
    }
  }

  /// Whether the value is a map, or null, which is read as an empty map.
  package var isMapping: Bool {
    switch content {
    case .map, .null: true
    default: false
    }
  }

  /// The value under `key` of a map.
  public subscript(key: String) -> ConfigValue? {
    guard case .map(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// The value of a number, integers included; nil for other values.
  public var number: Double? {
    if case .int(let value) = content { return Double(value) }
    if case .double(let value) = content { return value }
    return nil
  }

  /// The value of an integer; `3.0` and `1e3` are integers. Nil for other values.
  public var integer: Int? {
    switch content {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }
}

/// Values are equal if their contents have the same bits, the same original text and the same
/// location.
extension ConfigValue: Equatable {
  public static func == (a: ConfigValue, b: ConfigValue) -> Bool {
    guard a.location == b.location, isSameText(a.text, b.text) else { return false }
    switch (a.content, b.content) {
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.double(let a), .double(let b)): return a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): return a.hasSameBytes(as: b)
    // `==` compares two arrays by their address if neither was changed since one was copied.
    case (.list(let a), .list(let b)): return a == b
    case (.map(let a), .map(let b)): return a == b
    default: return false
    }
  }

  private static func isSameText(_ a: String?, _ b: String?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return a.hasSameBytes(as: b)
  }
}

extension ConfigValue.Entry: Equatable {
  public static func == (a: ConfigValue.Entry, b: ConfigValue.Entry) -> Bool {
    a.key.hasSameBytes(as: b.key) && a.keyLocation == b.keyLocation && a.value == b.value
  }
}

extension ConfigValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
  public init(integerLiteral value: Int) { self.init(.int(value)) }
  public init(floatLiteral value: Double) { self.init(.double(value)) }
  public init(stringLiteral value: String) { self.init(.string(value)) }
  public init(booleanLiteral value: Bool) { self.init(.bool(value)) }
  public init(arrayLiteral elements: ConfigValue...) { self.init(.list(elements)) }
}
