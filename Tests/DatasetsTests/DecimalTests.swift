import NNExp
import TestSupport
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
      if let short = short(one.text) {
        #expect(short.bitPattern == UInt64(one.bits), "\(one.text)")
      }
    }
  }

  /// The number that is read before the cell is divided from the others; nil if there is none.
  private func short(_ text: String) -> Double? {
    let bytes = Array((text + "," + String(repeating: "7", count: 40)).utf8)
    guard let (value, end) = shortDecimal(bytes.span, at: 0, before: UInt8(ascii: ",")) else {
      return nil
    }
    #expect(end == text.utf8.count, "\(text)")
    return value
  }

  /// Numbers of up to 28 digits with a point anywhere, and those halfway between two neighbors of
  /// float64 or next to it, have the bits that the standard library gives.
  @Test func fractionsAreRoundedAsTheStandardLibraryRoundsThem() {
    withEvery("seed", in: 0..<2_000 as Range<UInt64>) { seed in
      let random = RandomStream(seed: seed, purpose: "decimals")
      func digits(_ count: Int, at first: Int) -> String {
        (0..<count).map { String(random.integer(below: 10, at: first + $0)) }.joined()
      }
      var text: String
      if random.integer(below: 2, at: 0) == 0 {
        text =
          digits(1 + random.integer(below: 9, at: 1), at: 10) + "."
          + digits(random.integer(below: 20, at: 2), at: 30)
      } else {
        // (2m + 1) / 2ᵏ with m of 53 bits has k places.
        let places = 1 + random.integer(below: 3, at: 3)
        let m = UInt64(1) << 52 | UInt64(random.integer(below: 1 << 52, at: 4))
        let halfway = 2 * m + 1
        let scale = [10, 100, 1000][places - 1] as UInt64
        let whole = halfway >> UInt64(places)
        let rest = ((halfway - whole << UInt64(places)) * scale) >> UInt64(places)
        let near = whole * scale + rest + UInt64(random.integer(below: 3, at: 5)) - 1
        let fraction = String(near % scale)
        text =
          "\(near / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
      }
      if random.integer(below: 3, at: 6) == 0 { text = "-" + text }
      let expected = Double(text)?.bitPattern
      #expect(read(text)?.bitPattern == expected, "\(text)")
      if let short = short(text) { #expect(short.bitPattern == expected, "\(text)") }
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
