import NNExp
import Testing

@testable import GradientCheck

@Suite struct GradientCheckSettingsTests {
  private func read(_ node: ConfigValue?) -> (settings: GradientCheckSettings, options: Options) {
    var options = Options(
      node.map { ConfigValue.map([("gradient_check", $0)]) } ?? ConfigValue(.null))
    let settings = GradientCheckSettings.read(from: &options)
    options.rejectUnread()
    return (settings, options)
  }

  @Test func everyFormOfTheSettingIsRead() {
    #expect(read(nil).settings == .automatic)
    #expect(read(true).settings == .standard)
    #expect(read(false).settings == .off)
    #expect(read(.map([])).settings == .standard)
    #expect(GradientCheckSettings.off.moments.isEmpty)
    #expect(GradientCheckSettings.automatic.budget < GradientCheckSettings.standard.budget)

    let (settings, options) = read(
      .map([
        ("at", ["end", "start"]), ("entries", 10), ("directions", 3), ("tolerance", 1e-5),
        ("batch", 8), ("budget", 1e6), ("inputs", false),
      ]))
    #expect(options.diagnostics.isEmpty)
    var expected = GradientCheckSettings(moments: [.start, .end], budget: 1e6)
    expected.entries = .count(10)
    expected.directions = 3
    expected.tolerance = 1e-5
    expected.batch = 8
    expected.inputs = false
    #expect(settings == expected)
    #expect(read(.map([("at", "end")])).settings.moments == [.end])
    #expect(read(.map([("entries", "all")])).settings.entries == .all)
  }

  @Test func defaultsAreResolved() {
    #expect(
      read(.map([("entries", "all")])).options.resolved.flow
        == "{gradient_check: {at: [start], entries: all, directions: 16, tolerance: 1e-06, "
        + "batch: null, budget: 10000000000, inputs: true, only: []}}")
  }

  @Test func wrongSettingsAreReported() {
    let cases: [(ConfigValue, String)] = [
      (
        "no",
        "error: gradient_check must be true, false or a mapping, found the text 'no'; "
          + "write true or false"
      ), (3, "error: gradient_check must be true, false or a mapping, found the number 3"),
      (
        .map([("at", "begin")]),
        "error: at must be start, end or [start, end], found 'begin'"
      ),
      (
        .map([("at", ["star"])]),
        "error: at must be start, end or [start, end], found 'star'; did you mean 'start'?"
      ),
      (
        .map([("at", [])]),
        "error: at must be start, end or [start, end], found an empty list"
      ),
      (
        .map([("entries", 1)]),
        "error: entries must be automatic, all or an integer ≥ 2, found the number 1"
      ),
      (
        .map([("entries", "some")]),
        "error: entries must be automatic, all or an integer ≥ 2, found the text 'some'"
      ),
      (
        .map([("directions", 0)]),
        "error: directions must be an integer from 1 to 1000, found the number 0"
      ),
      (
        .map([("tolerance", 0)]),
        "error: tolerance must be a number from 0 to 1 (both excluded), found the number 0"
      ), (.map([("batch", 0)]), "error: batch must be an integer ≥ 1, found the number 0"),
      (.map([("budget", -1)]), "error: budget must be a number > 0, found the number -1"),
      (.map([("input", true)]), "error: unknown key 'input'; did you mean 'inputs'?"),
    ]
    for (node, message) in cases {
      #expect(read(node).options.diagnostics.description == message)
    }
  }
}

@Suite struct ProbePlanTests {
  private func tensors(_ counts: [Int], work: Int = 1000) -> [SubjectTensor] {
    counts.map {
      SubjectTensor(
        node: "n", type: "t", name: "w", kind: .parameter, shape: [$0], work: work)
    }
  }

  private func plan(_ counts: [Int], _ adjust: (inout GradientCheckSettings) -> Void) -> ProbePlan {
    var settings = GradientCheckSettings.standard
    adjust(&settings)
    return ProbePlan(
      tensors(counts), settings: settings, random: RandomStream(seed: 0, purpose: "plan"))
  }

  @Test func allEntriesAreProbedOnRequest() {
    let plan = plan([3, 100_000]) { $0.entries = .all }
    #expect(plan.tensors.map { $0?.entries.count } == [3, 100_000])
  }

  @Test func sampledEntriesIncludeBothEndsAndNoEntryTwice() {
    for count in [1, 2, 3, 7, 8, 9, 10, 1000, 123_457] {
      for limit in [2, 3, 8, 50] {
        let sampled = plan([count]) { $0.entries = .count(limit) }.tensors[0]!
        #expect(sampled.entries.count == min(count, limit))
        #expect(sampled.entries.first == 0 && sampled.entries.last == count - 1)
        #expect(zip(sampled.entries, sampled.entries.dropFirst()).allSatisfy { $0 < $1 })
        #expect(sampled.directions.count == (count <= limit ? 0 : 16))
      }
    }
  }

  @Test func theBudgetIsKeptAndSmallTensorsComeFirst() {
    for budget in [1e4, 1e6, 1e7, 1e9] {
      let counts = [100_000, 2, 300, 5000]
      let plan = plan(counts) { $0.budget = budget }
      var cost = 0.0
      for tensor in plan.tensors {
        cost += 8000 * Double(tensor!.entries.count + tensor!.directions.count)
        #expect(tensor!.directions.isEmpty || tensor!.directions.count >= 16)
      }
      // Every tensor gets at least two entries and sixteen directions, regardless of the
      // budget.
      #expect(cost <= max(budget, 4 * 18 * 8000), "\(budget): \(cost)")
      if budget >= 1e7 { #expect(plan.tensors[2]!.entries.count == 300) }
    }
  }

  @Test func hugeTensorsDoNotOverflow() {
    let plan = plan([1_000_000_000_000, 5]) { $0.budget = 1e13 }
    #expect(plan.tensors[0]!.entries.count == 1_000_000 - 16)
    #expect(plan.tensors[1]!.entries.count == 5)
  }

  @Test func emptyTensorsAreLeftOut() {
    #expect(plan([0, 1]) { _ in }.tensors[0] == nil)
  }
}
