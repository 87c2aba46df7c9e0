import NNExp
import TestSupport
import Testing

@testable import GradientCheck

/// Tensors that are checked along random directions, in networks with many kinks.
@Suite struct SampledTensorTests {
  /// Some directions meet kinks at exact zeros, and others have a derivative that is small by
  /// chance. The layers by themselves prove both kinds.
  @Test func largeTensorsWithManyKinksAreProven() throws {
    let text = """
      model:
        - {type: convolution, channels: 8, window: 3, padding: 1}
        - batch_normalization
        - relu
        - {type: max_pooling, window: 2}
        - {type: convolution, channels: 12, window: 3, padding: 1}
        - batch_normalization
        - relu
        - {type: max_pooling, window: 2}
        - {type: dense, units: 5}
      loss: cross_entropy

      """
    try withEvery("seed", in: 0..<2) { seed in
      let random = RandomStream(seed: UInt64(seed), purpose: "sampled tensors")
      let subject = try networkSubject(
        text, inputShape: [3, 16, 16], target: .classes(5), samples: 4, seed: UInt64(seed),
        registry: standardRegistry
      ) {
        random.stream(1).normal(at: $0)
      } goal: {
        Double(random.stream(2).integer(below: 5, at: $0))
      }
      var settings = GradientCheckSettings.standard
      settings.entries = .count(2)
      let report = GradientChecker(settings, random: random.stream(3)).check(subject, at: "start")
      #expect(report.passes, "\(report)")
    }
  }
}
