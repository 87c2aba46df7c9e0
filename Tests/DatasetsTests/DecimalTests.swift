import Testing

@testable import Datasets

@Suite struct DecimalTests {
  func read(_ text: String) -> Double? {
    let bytes = Array(text.utf8)
    return decimal(bytes.span, bytes.indices).value
  }

  /// The bits are those of Python's float().
  @Test func decimalsAreRoundedAsPythonRoundsThem() throws {
    struct Case: Decodable {
      let text: String
      let bits: String
    }
    for one in try Fixtures<[Case]>.read("decimals") {
      #expect(read(one.text)?.bitPattern == UInt64(one.bits), "\(one.text)")
    }
  }

  @Test(arguments: [
    "", " ", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "--1", "1_000", "0x10", "1,5", "nan", "inf",
    "1 2", "1e5.0", "٣", "1\0", "½",
  ])
  func textsThatAreNotNumbersAreRefused(_ text: String) {
    #expect(read(text) == nil)
  }

  @Test func spacesAroundANumberAreIgnored() {
    #expect(read(" \t1.5 ") == 1.5)
  }

  @Test func numbersBeyondFloat64AreTooLarge() {
    for text in ["1e309", "-1e999999999999999999999", "1" + String(repeating: "0", count: 400)] {
      let bytes = Array(text.utf8)
      guard case .tooLarge = decimal(bytes.span, bytes.indices) else {
        Issue.record("\(text) is read")
        continue
      }
    }
    #expect(read("1e-999999999999999999999") == 0)
    #expect(read("0e999999999999999999999") == 0)
  }
}
