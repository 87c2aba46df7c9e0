import TestSupport
import NNExp
import Testing

@testable import Sweeps

/// Decisions depend only on the values: for any order of arrival, the same trials continue as
/// if every rung were completed first.
@Suite struct SuccessiveHalvingTests {
  /// The trials that leave each rung if all trials arrive first; a value is
  /// `values[trial][rung]`.
  private func waitingForAll(
    _ values: [[Double?]], rungs: Int, factor: Int, largerIsBetter: Bool
  ) -> [Set<Int>] {
    var members = Array(values.indices)
    var promotions = values.count
    return (0..<rungs).map { rung in
      promotions = max(1, promotions / factor)
      let sign = largerIsBetter ? -1.0 : 1.0
      members = members.filter { values[$0][rung].map { !$0.isNaN } ?? false }
        .sorted { (sign * values[$0][rung]!, $0) < (sign * values[$1][rung]!, $1) }
      members = Array(members.prefix(promotions))
      return Set(members)
    }
  }

  @Test(arguments: 0..<300)
  func theOrderOfResultsDoesNotMatter(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let trials = Int.random(in: 1...40, using: &random)
    let rungs = Int.random(in: 1...4, using: &random)
    let factor = Int.random(in: 2...5, using: &random)
    let largerIsBetter = Bool.random(using: &random)
    let values = (0..<trials).map { _ in
      (0..<rungs).map { _ -> Double? in
        switch Int.random(in: 0..<10, using: &random) {
        case 0: nil
        case 1: .nan
        case 2: [.infinity, -.infinity, 0, -0.0].randomElement(using: &random)!
        // Few distinct values, so that some are equal.
        default: Double(Int.random(in: -4...4, using: &random))
        }
      }
    }
    let expected = waitingForAll(
      values, rungs: rungs, factor: factor, largerIsBetter: largerIsBetter)

    for round in 0..<5 {
      var halving = SuccessiveHalving(
        trials: trials, rungs: rungs, factor: factor, largerIsBetter: largerIsBetter)
      var underWay = (0..<trials).map { (trial: $0, rung: 0) }
      var left = Array(repeating: Set<Int>(), count: rungs)
      while !underWay.isEmpty {
        // Mostly in order, as workers run them; sometimes in any order.
        let reach = round == 0 ? 1 : round == 1 ? 3 : underWay.count
        let index = Int.random(in: 0..<min(reach, underWay.count), using: &random)
        let (trial, rung) = underWay.remove(at: index)
        for next in halving.note(values[trial][rung], of: trial, at: rung) {
          #expect(left[next.rung].insert(next.trial).inserted, "seed \(seed): twice")
          if next.rung + 1 < rungs { underWay.append((next.trial, next.rung + 1)) }
        }
      }
      #expect(left == expected, "seed \(seed), round \(round)")
    }
  }

  /// With 9 trials and 3 promotions, the first to arrive are not the first to continue; the
  /// best continues as soon as at most two others can still be better.
  @Test func aTrialContinuesAsSoonAsItsPlaceIsCertain() {
    var halving = SuccessiveHalving(trials: 9, rungs: 2, factor: 3, largerIsBetter: false)
    #expect(halving.sizes == [9, 3, 1])
    for trial in 0..<6 {
      #expect(halving.note(Double(trial), of: trial, at: 0).isEmpty)
    }
    #expect(halving.note(10, of: 6, at: 0).map(\.trial) == [0])
    #expect(halving.note(-1, of: 7, at: 0).map(\.trial) == [7])
    #expect(halving.note(nil, of: 8, at: 0).map(\.trial) == [1])
  }

  @Test func rungsEndWhenNothingIsLeftToDecide() throws {
    let halving = try Halving(firstRung: 10, factor: 3)
    #expect(halving.rungs(of: 27, below: 300) == [10, 30, 90])
    #expect(halving.rungs(of: 27, below: 90) == [10, 30])
    #expect(halving.rungs(of: 1, below: 300) == [])
    #expect(halving.rungs(of: .max, below: 10) == [])
    let largest = try Halving(firstRung: .max / 2, factor: 3)
    #expect(largest.rungs(of: 100, below: .max) == [.max / 2])
  }
}

extension Halving {
  fileprivate init(firstRung: Int, factor: Int) throws {
    var options = Options(
      .map([("first_rung", .init(.int(firstRung))), ("factor", .init(.int(factor)))]))
    self.init(from: &options)
    try options.finish()
  }
}
