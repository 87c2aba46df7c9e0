import NNExp
import TestSupport
import Testing

@testable import Sweeps

@Suite struct TaskListTests {
  @Test(arguments: [
    ([1], "1"), ([1, 2, 3], "1-3"), ([2, 3, 5, 7, 8, 9, 100], "2-3,5,7-9,100"),
  ])
  func everyTrialGetsATaskIfTheArrayIsLargeEnough(_ trials: [Int], _ indices: String) {
    let list = TaskList(of: trials, largestIndex: 100)
    #expect(list.isPlain)
    #expect(list.indices == indices)
    #expect(list.tasks == trials.map { .init(index: $0, trials: [$0]) })
  }

  @Test func tasksShareTrialsEvenly() {
    let list = TaskList(of: [1, 2, 3, 4, 5, 6, 7], largestIndex: 3)
    #expect(!list.isPlain)
    #expect(list.indices == "1-3")
    #expect(
      list.tasks == [
        .init(index: 1, trials: [1, 2]), .init(index: 2, trials: [3, 4]),
        .init(index: 3, trials: [5, 6, 7]),
      ])
  }

  /// If few trials have numbers that are too high, each has its own task with another index.
  @Test func highTrialNumbersGetLowIndices() {
    let list = TaskList(of: [7, 2000], largestIndex: 1000)
    #expect(list.tasks == [.init(index: 1, trials: [7]), .init(index: 2, trials: [2000])])
  }

  @Test func everyTrialIsInOneTask() {
    withEvery("seed", in: 0..<200) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "tasks")
      let limit = 1 + Int(random.uniform(at: 0) * 40)
      let trials = (1...300).filter { random.uniform(at: $0) < 0.5 } + [301]
      let list = TaskList(of: trials, largestIndex: limit)
      let sizes = list.tasks.map(\.trials.count)
      #expect(list.tasks.flatMap(\.trials) == trials, "seed \(seed): limit \(limit), \(trials)")
      #expect(list.tasks.allSatisfy { (1...limit).contains($0.index) })
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1, "seed \(seed): \(sizes)")
    }
  }
}
