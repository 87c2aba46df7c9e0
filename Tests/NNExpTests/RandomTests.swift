import Foundation
import NNExp
import TestSupport
import Testing

/// Random123's kat_vectors for philox4x32 with ten rounds, for the counters that a position can
/// represent.
@Test func philoxGivesTheKnownAnswers() {
  #expect(
    RandomStream(key: 0).bits(at: 0)
      == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
}

/// A second implementation of Philox, directly from the paper, for other counters and keys.
@Test func philoxAgreesWithAnotherImplementation() {
  func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let a = c[0].multipliedFullWidth(by: 0xD251_1F53)
      let b = c[2].multipliedFullWidth(by: 0xCD9E_8D57)
      c = [b.high ^ c[1] ^ k[0], b.low, a.high ^ c[3] ^ k[1], a.low]
      k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
    }
    return c
  }
  // The second implementation itself, checked by the other two known answers.
  #expect(
    philox([.max, .max, .max, .max], [.max, .max])
      == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
  #expect(
    philox([0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0])
      == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  for position in [0, 1, 7, 0x1_0000_0000, 0x1234_5678_9ABC, .max, -1] {
    for key in [0, 1, 0xDEAD_BEEF, 0x0123_4567_89AB_CDEF, .max] as [UInt64] {
      let wide = UInt64(bitPattern: Int64(position))
      let expected = philox(
        [UInt32(truncatingIfNeeded: wide), UInt32(wide >> 32), 0, 0],
        [UInt32(truncatingIfNeeded: key), UInt32(key >> 32)])
      let bits = RandomStream(key: key).bits(at: position)
      #expect([bits.x, bits.y, bits.z, bits.w] == expected, "position \(position), key \(key)")
    }
  }
}

@Test func streamsNeverChange() {
  // Golden values: a change here changes the results of all runs.
  let random = RandomStream(seed: 7, purpose: "initial values")
  #expect(random.bits(at: 0) == random.bits(at: 0))
  #expect(random != RandomStream(seed: 8, purpose: "initial values"))
  #expect(random != RandomStream(seed: 7, purpose: "shuffle"))
  #expect(random.stream(0) != random.stream(1))
  #expect(random.stream(0) != random)
  #expect(random.bits(at: 0) == SIMD4(0x03F6_1B4A, 0x7A65_7FDD, 0x1252_B98D, 0xD3FE_6969))
}

@Test func uniformNumbersAreUniform() {
  let random = RandomStream(seed: 1, purpose: "uniform")
  let count = 100_000
  var cells = [Int](repeating: 0, count: 100)
  var sum = 0.0
  var successive = 0.0
  var last = 0.5
  for i in 0..<count {
    let u = random.uniform(at: i)
    #expect(u >= 0 && u < 1)
    cells[Int(u * 100)] += 1
    sum += u
    successive += (u - 0.5) * (last - 0.5)
    last = u
  }
  #expect(abs(sum / Double(count) - 0.5) < 5 * (1.0 / 12 / Double(count)).squareRoot())
  // Neighbors are uncorrelated: a product has the variance 1/144.
  #expect(abs(successive / Double(count)) < 5 / 12 / Double(count).squareRoot())
  // χ² with 99 degrees of freedom: mean 99, standard deviation 14.
  let χ = cells.map { pow(Double($0) - 1000, 2) / 1000 }.reduce(0, +)
  #expect(χ > 99 - 70 && χ < 99 + 70, "χ² = \(χ)")
}

@Test func normalNumbersHaveTheMomentsOfTheirDistribution() {
  let random = RandomStream(seed: 2, purpose: "normal")
  let count = 100_000
  let numbers = (0..<count).map { random.normal(at: $0) }
  func moment(_ k: Double) -> Double { numbers.map { pow($0, k) }.reduce(0, +) / Double(count) }
  #expect(numbers.allSatisfy { $0.isFinite })
  #expect(abs(moment(1)) < 0.016)
  #expect(abs(moment(2) - 1) < 0.023)
  #expect(abs(moment(3)) < 0.062)
  #expect(abs(moment(4) - 3) < 0.16)
  // Φ(−1) = 0.158655
  let below = Double(numbers.count { $0 < -1 }) / Double(count)
  #expect(abs(below - 0.158655) < 0.006)
}

@Test func integersReachEveryValueBelowTheirLimit() {
  let random = RandomStream(seed: 3, purpose: "integers")
  for limit in [1, 2, 3, 10, 1000, Int.max] {
    for i in 0..<200 {
      let drawn = random.integer(below: limit, at: i)
      #expect(drawn >= 0 && drawn < limit)
    }
  }
  var counts = [Int](repeating: 0, count: 3)
  for i in 0..<30_000 { counts[random.integer(below: 3, at: i)] += 1 }
  for count in counts { #expect(abs(count - 10_000) < 410) }
}

@Test func permutationsHoldEachIndexOnce() {
  for count in [0, 1, 2, 3, 10, 1000] {
    withEvery("seed", in: 0..<20) { seed in
      let order = RandomStream(seed: UInt64(seed), purpose: "permutation").permutation(count)
      #expect(order.sorted() == Array(0..<count), "count \(count), seed \(seed)")
    }
  }
}

@Test func allPermutationsAreEquallyLikely() {
  var counts: [[Int]: Int] = [:]
  let random = RandomStream(seed: 4, purpose: "permutation")
  for i in 0..<24_000 { counts[random.stream(i).permutation(4), default: 0] += 1 }
  #expect(counts.count == 24)
  // Each of the 24 orders occurs about 1000 times; the standard deviation is 31.
  for (order, count) in counts { #expect(abs(count - 1000) < 155, "\(order)") }
}
