import Foundation
import TestSupport
import Testing

@testable import Charts

/// Round numbers along axes, and their labels.
@Suite struct TicksTests {
  private func labels(_ axis: Axis, _ values: [Double], count: Int = 6) -> [String] {
    Projection(axis, values: values, count: count).ticks.map(\.label)
  }

  @Test func linearLabelsAreRoundNumbersWithEqualDecimals() {
    #expect(labels(Axis(""), [0, 1]) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(labels(Axis(""), [-3, 4]) == ["−2", "0", "2", "4"])
    #expect(labels(Axis(""), [0, 45_000]) == ["0", "10,000", "20,000", "30,000", "40,000"])
    #expect(
      labels(Axis(""), [1e-9, 3e-9]) == ["0", "5e−10", "1e−9", "1.5e−9", "2e−9", "2.5e−9", "3e−9"])
    #expect(labels(Axis(""), [0, 3e9]) == ["0", "1e9", "2e9", "3e9"])
    #expect(labels(Axis("", isInteger: true), [1, 3]) == ["0", "1", "2", "3"])
  }

  @Test func logarithmicLabelsArePowersOfTen() {
    #expect(
      labels(Axis("", .logarithmic), [1e-6, 1], count: 4) == ["1e−6", "0.0001", "0.01", "1"])
    #expect(
      labels(Axis("", .logarithmic), [0.1, 10])
        == ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    #expect(labels(Axis("", .logarithmic), [2, 9]) == ["2", "4", "6", "8"])
  }

  @Test func equalValuesHaveAnAxisAroundThem() {
    let axis = Projection(Axis(""), values: [5, 5, 5], count: 5)
    #expect(axis.position(of: 5) == 0.5)
    #expect(Projection(Axis(""), values: [], count: 5).ticks.count > 1)
    #expect(Projection(Axis(""), values: [.nan, .infinity], count: 5).position(of: .nan) == nil)
  }

  /// Ticks increase, lie within the axis, have different labels, and are about as many as
  /// there is room for; every value has a position between 0 and 1.
  @Test func randomRangesHaveUsefulTicks() {
    withEvery("seed", in: UInt64(0)..<2_000) { seed in
      var random = SeededGenerator(seed: seed)
      let size = pow(10, Double.random(in: -300...300, using: &random))
      let center =
        Bool.random(using: &random) ? 0 : size * Double.random(in: 0...1e4, using: &random)
      let values = (0..<3).map { _ in center + size * Double.random(in: -1...1, using: &random) }
      let isLogarithmic = Bool.random(using: &random)
      let drawn = isLogarithmic ? values.map { abs($0) } : values
      let count = Int.random(in: 3..<12, using: &random)
      let axis = Projection(
        Axis("", isLogarithmic ? .logarithmic : .linear), values: drawn, count: count)
      #expect(axis.ticks.count <= 3 * count + 3, "seed \(seed)")
      #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count, "seed \(seed): \(axis.ticks)")
      let positions = axis.ticks.compactMap { axis.position(of: $0.value) }
      #expect(positions.count == axis.ticks.count, "seed \(seed)")
      #expect(positions == positions.sorted(), "seed \(seed)")
      #expect(positions.allSatisfy { (-1e-6...1 + 1e-6).contains($0) }, "seed \(seed)")
      for value in drawn where !isLogarithmic || value > 0 {
        let position = axis.position(of: value)
        #expect(position.map { (-1e-6...1 + 1e-6).contains($0) } == true, "seed \(seed)")
      }
    }
  }
}
