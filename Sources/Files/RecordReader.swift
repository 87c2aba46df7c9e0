import NNExp

/// Reads a JSON file that nnexp wrote earlier. Every value is checked, because the disk or an
/// edit may have changed it.
///
/// Messages name a value by its path in the file: `'results/xor/run-0001/run.json':
/// versions.swift is missing`. Errors are of kind `.environment`.
public struct RecordReader {
  public let json: JSON
  /// The file's path, as messages name it.
  public let file: String
  private let path: String

  /// - Parameter file: the file's path, for messages.
  public init(parsing bytes: [UInt8], from file: String) throws {
    self.init(try JSON(parsing: bytes, from: file), in: file, at: "")
  }

  private init(_ json: JSON, in file: String, at path: String) {
    self.json = json
    self.file = file
    self.path = path
  }

  // MARK: Parts

  public func member(_ key: String) throws -> RecordReader {
    guard let member = memberIfThere(key) else {
      throw Diagnostic("'\(file)': \(path(of: key)) is missing", failure: .environment)
    }
    return member
  }

  /// The member `key`; nil if the file lacks it because an earlier version of nnexp wrote it.
  public func memberIfThere(_ key: String) -> RecordReader? {
    json[key].map { RecordReader($0, in: file, at: path(of: key)) }
  }

  public func items(_ key: String) throws -> [RecordReader] {
    let list = try member(key)
    return try list.value(expecting: "a list", \.array).enumerated().map {
      RecordReader($0.element, in: file, at: "\(list.path)[\($0.offset)]")
    }
  }

  public func members(_ key: String) throws -> [(key: String, value: RecordReader)] {
    let map = try member(key)
    return try map.value(expecting: "an object", \.object).map {
      ($0.key, RecordReader($0.value, in: file, at: "\(map.path).\($0.key)"))
    }
  }

  private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  // MARK: Values

  /// The value, converted by `understand`. Throws if that returns nil.
  public func value<Value>(
    expecting expected: String? = nil, _ understand: (JSON) -> Value?
  ) throws -> Value {
    guard let value = understand(json) else { throw fault(expected: expected) }
    return value
  }

  /// The value, converted by `understand`; nil for null.
  public func optional<Value>(_ understand: (JSON) -> Value?) throws -> Value? {
    json == .null ? nil : try value(understand)
  }

  public func value<Value>(_ key: String, _ understand: (JSON) -> Value?) throws -> Value {
    try member(key).value(understand)
  }

  public func optional<Value>(_ key: String, _ understand: (JSON) -> Value?) throws -> Value? {
    try member(key).optional(understand)
  }

  /// A count. The default range ends at 2⁵³, so that the sum of a few counts fits `Int`.
  public func count(_ key: String, in range: ClosedRange<Int> = 0...1 << 53) throws -> Int {
    try member(key).value(expecting: "an integer in \(range.lowerBound)...\(range.upperBound)") {
      $0.int.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A text of `digits` lowercase hexadecimal digits.
  public func hash(_ key: String, digits: Int) throws -> String {
    try member(key).value(expecting: "\(digits) hexadecimal digits") {
      $0.string.flatMap { isHash($0, digits: digits) ? $0 : nil }
    }
  }

  /// As `hash`; nil for null.
  public func optionalHash(_ key: String, digits: Int) throws -> String? {
    try member(key).json == .null ? nil : hash(key, digits: digits)
  }

  /// A duration in seconds; nil for null.
  public func optionalSeconds(_ key: String) throws -> Double? {
    let member = try member(key)
    if member.json == .null { return nil }
    return try member.value(expecting: "seconds") {
      $0.double.flatMap { 0...1e12 ~= $0 ? $0 : nil }
    }
  }

  /// A list of texts.
  public func texts(_ key: String) throws -> [String] {
    try items(key).map { try $0.value(expecting: "a text", \.string) }
  }

  /// The diagnostic of an invalid value.
  public func fault(_ fact: String? = nil, expected: String? = nil) -> Diagnostic {
    let most = 60
    let whole = json.description
    let shown =
      whole.utf8.count > most ? String(whole.unicodeScalars.prefix(most)) + "…" : whole
    return Diagnostic(
      "'\(file)': \(path) "
        + (fact ?? "is not a valid value: \(shown)" + (expected.map { "; expected \($0)" } ?? "")),
      failure: .environment)
  }
}

/// True for a text of `digits` lowercase hexadecimal digits.
public func isHash(_ text: String, digits: Int) -> Bool {
  text.utf8.count == digits
    && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
}
