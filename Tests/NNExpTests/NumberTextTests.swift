import Foundation
import Testing

@testable import NNExp

private func text(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
  var bytes: [UInt8] = []
  bytes.append(shortest: value)
  return String(decoding: bytes, as: UTF8.self)
}

private func text(decimal value: Int) -> String {
  var bytes: [UInt8] = []
  bytes.append(decimal: value)
  return String(decoding: bytes, as: UTF8.self)
}

@Test(
  arguments: [
    (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (100, "100"),
    (1e15, "1000000000000000"),
    (1e16, "1e+16"), (123456789, "123456789"), (1e-4, "0.0001"), (1e-5, "1e-05"),
    (.leastNonzeroMagnitude, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"), (.nan, "nan"), (-.nan, "nan"),
    (.infinity, "inf"), (-.infinity, "-inf"), (0.1 + 0.2, "0.30000000000000004"),
  ] as [(Double, String)])
func numbersAreWrittenInTheirShortestText(_ value: Double, _ expected: String) {
  #expect(text(value) == expected)
}

// strtod belongs to the C library and is independent of how Swift writes numbers.
@Test(arguments: 0..<8)
func everyDoubleReadsBack(_ seed: UInt64) {
  let random = RandomStream(seed: seed, purpose: "bits")
  for position in 0..<5_000 {
    let bits = random.bits(at: position)
    let value = Double(bitPattern: UInt64(bits.y) << 32 | UInt64(bits.x))
    guard value.isFinite else { continue }
    let written = text(value)
    let read = strtod(written, nil)
    #expect(read.bitPattern == value.bitPattern, "seed \(seed), position \(position): \(written)")
    #expect(written == shortest(value), "seed \(seed), position \(position)")
    // With one digit less, it would be another number.
    let digits = written.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    let trimmed = String(String(digits).reversed().drop { $0 == "0" }).count
    if trimmed > 1 {
      let shorter = String(format: "%.\(trimmed - 2)e", value)
      #expect(strtod(shorter, nil) != value, "seed \(seed): \(written) could be \(shorter)")
    }
  }
}

@Test(arguments: 0..<4)
func everyFloatReadsBack(_ seed: UInt64) {
  let random = RandomStream(seed: seed, purpose: "bits")
  for position in 0..<5_000 {
    let value = Float(bitPattern: random.bits(at: position).x)
    guard value.isFinite else { continue }
    #expect(strtof(text(value), nil).bitPattern == value.bitPattern, "seed \(seed), \(position)")
  }
}

@Test func integersAreWrittenInBaseTen() {
  for value in [0, 7, 10, -10, 99, 100, 1_234_567_890, .max, .min, .max - 1, .min + 1] {
    #expect(text(decimal: value) == String(value))
  }
  var bytes = Array("before,".utf8)
  bytes.append(decimal: -120)
  #expect(String(decoding: bytes, as: UTF8.self) == "before,-120")
}
