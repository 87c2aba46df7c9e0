import NNExp
import TestSupport
import Testing
import YAMLTree

/// A text and its exact errors.
struct ErrorCase: Sendable, CustomTestStringConvertible {
  let text: String
  let message: String

  init(_ text: String, _ message: String) {
    self.text = text
    self.message = message
  }

  var testDescription: String { text.debugDescription }

  /// Expects these errors when the text is parsed.
  func check(sourceLocation: Testing.SourceLocation = #_sourceLocation) {
    #expect(errors(in: Array(text.utf8)) == message, sourceLocation: sourceLocation)
  }
}

func parse(_ yaml: String) throws -> ConfigValue {
  try parseYAML(Array(yaml.utf8), name: "a.yaml")
}

/// All errors of a text, or `no error`.
func errors(in yaml: [UInt8]) -> String {
  errorText { try parseYAML(yaml, name: "a.yaml") }
}

extension ConfigValue {
  /// True if the contents are equal: kinds, all bits of numbers (NaN equals NaN), the
  /// characters of texts, and keys in order.
  func isSame(as other: ConfigValue) -> Bool {
    switch (content, other.content) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.double(let a), .double(let b)): a.isNaN ? b.isNaN : a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
    case (.list(let a), .list(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.map(let a), .map(let b)):
      a.count == b.count
        && zip(a, b).allSatisfy {
          Array($0.key.utf8) == Array($1.key.utf8) && $0.value.isSame(as: $1.value)
        }
    default: false
    }
  }
}
