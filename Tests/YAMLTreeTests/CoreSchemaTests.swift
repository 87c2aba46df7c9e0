import Foundation
import NNExp
import TestSupport
import Testing

@testable import YAMLTree

/// Plain scalars compared with the specification's patterns and Python's values:
/// `Tests/References/yaml_core_schema.py`.
@Suite struct CoreSchemaTests {
  @Test func plainScalarsAgreeWithTheReference() throws {
    let cases: [[String]] = try Repository.reference("yaml_core_schema.json")
    #expect(cases.count > 1000)
    for reference in cases {
      let expected: ConfigValue.Content =
        switch reference[1] {
        case "null": .null
        case "bool": .bool(reference[2] == "true")
        case "int": .int(try #require(Int(reference[2])))
        case "float": .double(try #require(Double(reference[2])))
        default: .string(reference[2])
        }
      let found = ConfigValue(coreSchemaValue(of: reference[0]))
      #expect(found.isSame(as: ConfigValue(expected)), "\(reference) is read as \(found.kind)")
    }
  }

  @Test func quotedScalarsAreTexts() throws {
    for text in ["null", "~", "", "true", "1", "1e-4", ".inf", "0x10"] {
      for quoted in ["'\(text)'", "\"\(text)\""] {
        #expect(try parse("a: \(quoted)")["a"]!.isSame(as: ConfigValue(.string(text))))
      }
      #expect(try parse("a: |-\n  \(text)x\n")["a"]!.isSame(as: ConfigValue(.string(text + "x"))))
    }
  }

  @Test(arguments: ["1e-3", "010", "1_000", "+5", ".5", "true", "~", "no", "18446744073709551616"])
  func aScalarKeepsItsTextAsWritten(text: String) throws {
    let node = try parse("a: \(text)  # why")["a"]!
    #expect(node.text == text)
    #expect(node.location.map { [$0.line, $0.column] } == [1, 4])
  }

  /// Numbers of a million digits are read as infinite or rounded.
  @Test func longNumbersAreRead() {
    let digits = String(repeating: "7", count: 1_000_000)
    for (text, value) in [
      (digits, Double.infinity), ("0x" + digits, .infinity), ("0o" + digits, .infinity),
      ("0." + digits, 0.7777777777777778), ("1e-" + digits, 0), ("1e" + digits, .infinity),
    ] {
      #expect(ConfigValue(coreSchemaValue(of: text)).isSame(as: ConfigValue(.double(value))))
    }
  }
}
