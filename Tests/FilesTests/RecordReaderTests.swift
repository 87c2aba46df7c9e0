import NNExp
import TestSupport
import Testing

@testable import Files

@Suite struct RecordReaderTests {
  private func reader(_ text: String) throws -> RecordReader {
    try RecordReader(parsing: Array(text.utf8), from: "run.json")
  }

  @Test(arguments: [
    "-1", "9007199254740993", "9223372036854775807", "1e300", "1.5", "\"1\"", "null",
  ])
  func countsOutsideTheirRangeAreReported(_ value: String) throws {
    let record = try reader("{\"n\": \(value)}")
    #expect(
      thrown { try record.count("n") }
        == "3 error: 'run.json': n is not a valid value: \(record.json["n"]!); expected an integer in "
        + "0...9007199254740992")
  }

  @Test(arguments: [
    "", "../x", "/etc", "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0",
    "0123456789abcde\u{661}", "0123456789abcdeg",
  ])
  func hashesWithOtherDigitsAreReported(_ text: String) throws {
    let record = try RecordReader(
      parsing: Array((["h": .string(text)] as JSON).description.utf8), from: "run.json")
    #expect(
      thrown { try record.hash("h", digits: 16) }.hasSuffix("; expected 16 hexadecimal digits"))
    #expect(try reader(#"{"h": "0123456789abcdef"}"#).hash("h", digits: 16) == "0123456789abcdef")
  }

  /// A message shows only the beginning of a wrong value, on one line.
  @Test func longValuesAreCutInMessages() throws {
    let record = try reader("{\"a\": {\"b\": [\(String(repeating: "[1],", count: 1000))[]]}}")
    let message = thrown { try record.member("a").count("b") }
    #expect(message.hasPrefix("3 error: 'run.json': a.b is not a valid value: ["))
    #expect(message.utf8.count < 250 && !message.contains("\n"))
  }
}
