import Engine
import NNExp
import Synchronization
import TestSupport
import Testing

@testable import GradientCheck

/// A check on several cores, each with its own copy of the network.
@Suite struct ParallelCheckTests {
  /// 64 inputs, 32 and 10 units, 8 samples, softmax and cross-entropy.
  private func subject(_ seed: UInt64) throws -> NetworkSubject {
    let random = RandomStream(seed: seed, purpose: "cores")
    return try networkSubject(
      """
      model:
        - {type: dense, units: 32, name: hidden}
        - relu
        - {type: dense, units: 10}
      loss: cross_entropy
      """, inputShape: [64], target: .classes(10), samples: 8, seed: seed,
      registry: standardRegistry
    ) {
      Float(random.normal(at: $0))
    } goal: {
      Float(random.stream(1).integer(below: 10, at: $0))
    }
  }

  @Test func severalCoresGiveTheReportOfOne() throws {
    try withEvery("seed", in: 0..<2) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "checker")
      var settings = GradientCheckSettings.standard
      settings.entries = .count(100)
      settings.inputs = false
      let checker = GradientChecker(settings, random: random)
      let alone = checker.check(try subject(UInt64(seed)), at: "start")
      let together = try #require(
        try checker.check(at: "start") { try subject(UInt64(seed)) })
      #expect(
        GradientReport.entriesCSV([alone]) == GradientReport.entriesCSV([together]),
        "seed \(seed)")
      #expect(alone.evaluations == together.evaluations, "seed \(seed)")
      #expect(alone.passes, "seed \(seed): \(alone)")
    }
  }

  @Test func anInterruptedCheckGivesNoReport() throws {
    let looks = Atomic<Int>(0)
    let report = try GradientChecker(.standard, random: RandomStream(seed: 1, purpose: "checker"))
      .check(
        at: "start",
        cancellation: CancellationToken { looks.add(1, ordering: .relaxed).newValue > 3 ? 2 : nil }
      ) {
        try subject(1)
      }
    #expect(report == nil)
  }

  /// Fault 35 in a check, by counts: after an interruption at any moment, only the
  /// evaluations in progress are finished.
  @Test func anInterruptionIsNoticedBeforeEveryEvaluation() throws {
    var settings = GradientCheckSettings.standard
    settings.entries = .count(100)
    let checker = GradientChecker(settings, random: RandomStream(seed: 2, purpose: "checker"))
    var moment = 1
    var isOver = false
    while !isOver {
      let counted = CountedSubject(try subject(3))
      var looks = 0
      var atInterruption = 0
      var isFirst = true
      let cancellation = CancellationToken {
        looks += 1
        if looks == moment { atInterruption = counted.evaluations }
        return looks >= moment ? 2 : nil
      }
      let report = try checker.check(at: "start", cancellation: cancellation) {
        // The check uses one core, because the counts have no lock.
        if !isFirst { throw Diagnostic("there is one") }
        isFirst = false
        return counted
      }
      isOver = report != nil
      if !isOver {
        // A second look at a tensor in progress restores all values.
        #expect(counted.evaluations - atInterruption <= 2, "at look \(moment)")
      }
      moment += 1 + moment / 8
    }
    // The number of looks depends on how soon the derivatives settle.
    #expect(moment > 1000)
  }
}

/// Counts the computations of another subject.
private final class CountedSubject: GradientSubject {
  private let subject: NetworkSubject
  private(set) var evaluations = 0

  init(_ subject: NetworkSubject) { self.subject = subject }

  private func counted<Result>(_ result: Result) -> Result {
    evaluations += 1
    return result
  }

  var tensors: [SubjectTensor] { subject.tensors }
  func value(of tensor: Int, at index: Int) -> Double { subject.value(of: tensor, at: index) }
  func setValue(_ x: Double, of tensor: Int, at index: Int) {
    subject.setValue(x, of: tensor, at: index)
  }
  func loss(changing tensor: Int) -> Double { counted(subject.loss(changing: tensor)) }
  func loss(changing tensor: Int, at index: Int) -> Double {
    counted(subject.loss(changing: tensor, at: index))
  }
  func analyticGradients() -> [[Double]] { counted(subject.analyticGradients()) }
}
