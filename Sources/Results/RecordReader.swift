import NNExp

/// Reads what a run's JSON file holds, and says what is wrong by its path in
/// there: `'results/xor/run-0001/run.json': versions.swift is missing`.
struct RecordReader {
  let json: JSON
  private let file: String
  private let path: String

  init(_ run: RunDirectory, _ name: String) throws {
    self.init(try run.readJSON(name), in: run.folder.path(of: name), at: "")
  }

  private init(_ json: JSON, in file: String, at path: String) {
    self.json = json
    self.file = file
    self.path = path
  }

  func member(_ key: String) throws -> RecordReader {
    let path = path.isEmpty ? key : "\(path).\(key)"
    guard let member = json[key] else {
      throw Diagnostic("'\(file)': \(path) is missing", failure: .environment)
    }
    return RecordReader(member, in: file, at: path)
  }

  /// The value itself, if `understand` takes it.
  func value<Value>(_ understand: (JSON) -> Value?) throws -> Value {
    guard let value = understand(json) else {
      throw Diagnostic("'\(file)': \(path) is no valid value: \(json)", failure: .environment)
    }
    return value
  }

  /// The value itself, or nil for null.
  func optional<Value>(_ understand: (JSON) -> Value?) throws -> Value? {
    json == .null ? nil : try value(understand)
  }

  func value<Value>(_ key: String, _ understand: (JSON) -> Value?) throws -> Value {
    try member(key).value(understand)
  }

  func optional<Value>(_ key: String, _ understand: (JSON) -> Value?) throws -> Value? {
    try member(key).optional(understand)
  }

  func items(_ key: String) throws -> [RecordReader] {
    let list = try member(key)
    return try list.value(\.array).enumerated().map {
      RecordReader($0.element, in: file, at: "\(list.path)[\($0.offset)]")
    }
  }

  func members(_ key: String) throws -> [(key: String, value: RecordReader)] {
    let map = try member(key)
    return try map.value(\.object).map {
      ($0.key, RecordReader($0.value, in: file, at: "\(map.path).\($0.key)"))
    }
  }
}
