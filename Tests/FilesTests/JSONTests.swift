import Foundation
import NNExp
import TestSupport
import Testing

@testable import Files

private func parse(_ text: String) throws -> JSON {
  try JSON(parsing: Array(text.utf8), from: "run.json")
}

// MARK: Writing

@Test func jsonIsWrittenInOrder() {
  let json: JSON = [
    "status": "completed", "exit_status": 0, "reason": nil, "loss": 0.25, "tiny": 1e-10,
    "diverged": .number(.nan), "up": .number(.infinity), "down": .number(-.infinity),
    "shape": [2, 3], "words": ["a", nil, true, false], "nothing": [], "empty": [:],
    "list": [["name": "w"], ["name": "b", "shape": [[1], []]]],
  ]
  #expect(
    json.description == """
      {
        "status": "completed",
        "exit_status": 0,
        "reason": null,
        "loss": 0.25,
        "tiny": 1e-10,
        "diverged": "nan",
        "up": "inf",
        "down": "-inf",
        "shape": [2, 3],
        "words": ["a", null, true, false],
        "nothing": [],
        "empty": {},
        "list": [
          {
            "name": "w"
          },
          {
            "name": "b",
            "shape": [
              [1],
              []
            ]
          }
        ]
      }
      """)
}

@Test func writtenJSONReadsBack() throws {
  let json: JSON = [
    "": "", "\u{0}\u{1F}\"\\/": "\u{7F}é€😀\u{2028}\r\n\t", "n": [1, -1, 0.1, 1e300, nil, true],
    "min": .int(.min), "max": .int(.max), "o": ["a": ["b": [["c": [:]]]]],
  ]
  #expect(try parse(json.description) == json)
}

@Test func numbersThatAreNotFiniteReadBack() throws {
  let values: [Double] = [.nan, .infinity, -.infinity, 0.5, 3]
  for value in values {
    let back = try parse(JSON.number(value).description).double
    #expect(back == value || value.isNaN && back?.isNaN == true)
  }
  #expect(JSON.string("infinity").double == nil)
  #expect(JSON.bool(true).double == nil)
}

// MARK: Against Python

/// True if the parsed value equals Python's; see json_reference.py.
private func agrees(_ ours: JSON, _ theirs: Any) -> Bool {
  if let object = theirs as? [String: Any] {
    if let digits = object["int"] as? String { return ours == .int(Int(digits)!) }
    if let hexadecimal = object["number"] as? String {
      return ours.double?.bitPattern == strtod(hexadecimal, nil).bitPattern && ours.int == nil
    }
    let pairs = object["object"] as! [[Any]]
    guard let members = ours.object, members.count == pairs.count else { return false }
    return zip(members, pairs).allSatisfy {
      $0.key == $1[0] as! String && agrees($0.value, $1[1])
    }
  }
  if let list = theirs as? [Any] {
    guard let items = ours.array, items.count == list.count else { return false }
    return zip(items, list).allSatisfy { agrees($0, $1) }
  }
  if theirs is NSNull { return ours == .null }
  if let text = theirs as? String { return ours == .string(text) }
  return ours.bool == (theirs as? Bool)
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
  let digits = Array(hexadecimal.utf8).map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue!) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func reference() throws -> [String: Any] {
  let file = Repository.test("References/json.json")
  return try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as! [String: Any]
}

@Test func textsAreReadAsPythonReadsThem() throws {
  let cases = try reference()["texts"] as! [[String: Any]]
  #expect(cases.count > 700)
  for entry in cases {
    let text = bytes(entry["bytes"] as! String)
    let shown = String(decoding: text, as: UTF8.self)
    let ours = try? JSON(parsing: text, from: "text")
    #expect((ours != nil) == (entry["accepted"] as! Bool), "\(shown)")
    if let ours, let theirs = entry["value"] { #expect(agrees(ours, theirs), "\(shown)") }
  }
}

@Test func stringsAreQuotedAsPythonQuotesThem() throws {
  for pair in try reference()["strings"] as! [[String]] {
    let text = String(decoding: bytes(pair[0]), as: UTF8.self)
    #expect(Array(JSON.string(text).description.utf8) == bytes(pair[1]), "\(text)")
  }
}

// MARK: Errors

@Test(arguments: [
  ("", "run.json:1:1: error: expected a value, found the end of the text"),
  (
    "{\n  \"é\": nul\n}",
    """
    run.json:2:8: error: expected a value, found 'n'
        "é": nul
             ^
    """
  ),
  (
    #"{"a": 1, "a": 2}"#,
    """
    run.json:1:10: error: the key 'a' occurs twice
        {"a": 1, "a": 2}
                 ^
    """
  ),
  (
    "[1, 2,\n]",
    """
    run.json:2:1: error: expected a value, found ']'
        ]
        ^
    """
  ),
  (
    "[1e999]",
    """
    run.json:1:2: error: the number 1e999 is beyond float64
        [1e999]
         ^
    """
  ),
  (
    #"["abc]"#,
    """
    run.json:1:2: error: this text has no closing '"'
        ["abc]
         ^
    """
  ),
  (
    #"["\ud83d"]"#,
    """
    run.json:1:3: error: unpaired surrogate
        ["\\ud83d"]
          ^
    """
  ),
  (
    "[\"a\tb\"]",
    """
    run.json:1:4: error: a control character must be escaped
        ["a b"]
           ^
    """
  ),
  (
    "{} x",
    """
    run.json:1:4: error: expected the end of the text, found 'x'
        {} x
           ^
    """
  ),
])
func errorsHaveTheirLocation(_ text: String, _ expected: String) {
  #expect(thrown { try parse(text) } == "3 " + expected)
}

@Test func invalidUTF8IsReportedWithItsLocation() {
  #expect(
    thrown { try JSON(parsing: Array("[\n\"é".utf8) + [0xFF], from: "run.json") } == """
      3 run.json:2:3: error: this byte is not UTF-8
          "é\u{FFFD}
            ^
      """)
}

@Test func nestingIsLimited() {
  let allowed = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
  #expect(throws: Never.self) { try parse(allowed) }
  #expect(
    thrown { try parse("[" + allowed + "]") }.hasPrefix(
      "3 run.json:1:129: error: nested deeper than 128"))
  #expect(
    thrown { try parse(String(repeating: "{\"a\":", count: 100_000)) }.contains(
      "nested deeper than 128"))
}

@Test func everyPrefixIsAnError() {
  let whole = Array(#"{"a": [1.5e-3, "x\u00e9\n", {"b": null}], "c": [true, false]}"#.utf8)
  for count in 0..<whole.count {
    #expect(thrown { try JSON(parsing: Array(whole[..<count]), from: "x") } != "nothing")
  }
}
