import Testing

@testable import Sweeps

@Suite struct SampleStatisticsTests {
  @Test func quantilesOfStudentsTAreThoseOfSciPy() throws {
    for pair in try SciPy.read().student {
      let t = studentT(degrees: Int(pair[0]))
      #expect(abs(t - pair[1]) <= 1e-11 * t, "\(pair[0]) degrees: \(t), not \(pair[1])")
    }
  }

  @Test func meanDeviationAndIntervalAreThoseOfSciPy() throws {
    for expected in try SciPy.read().spreads {
      let statistics = SampleStatistics(expected.values)
      let size = max(abs(expected.low), abs(expected.high))
      for (found, value) in [
        (statistics.mean, expected.mean), (statistics.deviation, expected.sd),
        (statistics.low, expected.low),
        (statistics.high, expected.high),
      ] {
        #expect(abs(found! - value) <= 4e-15 * size, "\(expected.values.count) values")
      }
    }
  }

  @Test func fewValuesHaveNoDeviationOrInterval() {
    let none = SampleStatistics([])
    #expect([none.mean, none.deviation, none.low, none.high] == [nil, nil, nil, nil])
    let one = SampleStatistics([0.3])
    #expect([one.mean, one.deviation, one.low, one.high] == [0.3, nil, nil, nil])
    let same = SampleStatistics([0.3, 0.3, 0.3])
    #expect([same.mean, same.deviation, same.low, same.high] == [0.3, 0, 0.3, 0.3])
  }

  /// Sums must not overflow if the mean does not.
  @Test func hugeValuesDoNotOverflow() {
    let statistics = SampleStatistics([1e308, 1.2e308, 1.4e308])
    #expect(abs(statistics.mean! - 1.2e308) < 1e293)
    #expect(abs(statistics.deviation! - 2e307) < 1e293)
    #expect(statistics.low!.isFinite && statistics.high!.isFinite)
  }
}
