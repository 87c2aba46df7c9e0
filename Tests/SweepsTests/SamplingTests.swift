import Testing

@testable import Sweeps

@Suite struct SamplingTests {
  /// The first points of the unshifted sequences, from Joe and Kuo's and Halton's
  /// tables.
  @Test func firstPoints() {
    let points = (0..<4).map { i in (0..<3).map { Double(sobolPoint(i, $0)) / 0x1p32 } }
    #expect(points == [[0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75]])
    #expect((1...4).map { radicalInverse($0, base: 2) } == [0.5, 0.25, 0.75, 0.125])
  }

  /// Every coordinate of 2^k points falls into each of 2^k equal cells once.
  @Test func sobolIsStratified() {
    for dimension in 0..<13 {
      let cells = (0..<256).map { sobolPoint($0, dimension) >> 24 }
      #expect(Set(cells).count == 256, "dimension \(dimension)")
    }
  }

  /// The quantiles of printed tables.
  @Test func studentQuantiles() {
    for (degrees, t) in [(1, 12.7062), (2, 4.30265), (5, 2.57058), (30, 2.04227), (120, 1.97993)] {
      #expect(abs(studentT(degrees: degrees) - t) < 1e-5 * t, "\(degrees) degrees")
    }
  }
}
