import NNExp
import Testing
import YAMLTree

/// A text, and all that is told of it.
struct Told: Sendable, CustomTestStringConvertible {
  let yaml: String
  let told: String

  init(_ yaml: String, _ told: String) {
    self.yaml = yaml
    self.told = told
  }

  var testDescription: String { yaml.debugDescription }

  func check(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(mistakes(in: Array(yaml.utf8)) == told, sourceLocation: sourceLocation)
  }
}

func parse(_ yaml: String) throws -> Node {
  try parseYAML(Array(yaml.utf8), name: "a.yaml")
}

/// All that is told of a text; `none` if it can be read.
func mistakes(in yaml: [UInt8]) -> String {
  do {
    _ = try parseYAML(yaml, name: "a.yaml")
    return "none"
  } catch { return "\(error)" }
}

extension Node {
  /// Equal in content: kinds, numbers to the bit (NaN equals NaN), texts to the
  /// character, keys in order.
  func isSame(as other: Node) -> Bool {
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

/// A generator whose failures can be repeated from its seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
