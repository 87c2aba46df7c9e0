import NNExp
import RandomNetworks
import TestSupport
import Testing

@testable import GradientCheck

/// Whole messages about wrong layers: the cause is right, or there is none.
@Suite struct DiagnosisTests {
  /// The message about a mutant, with placeholders for numbers and positions.
  private func message(_ name: String, seed: Int = 1) throws -> String {
    let mutant = try #require(NetworkMutant.all.first { $0.description == name })
    let report = try mutant.report(seed: seed)
    let text = try #require(report.diagnostic, "\(report)").description
    return text.replacing(#/-?\d+(\.\d+)?(e-?\d+)? ± \S+/#, with: "N ± B")
      .replacing(#/is -?\d\S*, but/#, with: "is A, but")
      .replacing(#/\[[\d, ]+\]/#, with: "[i]")
  }

  private let line = "model.yaml:4:12: error: "

  private func source(_ kind: String, _ fault: String, _ part: String) -> String {
    """
        - {type: mutant, kind: \(kind), units: 3, fault: \(fault), in: \(part), name: suspect}
                 ^
    """
  }

  /// The earlier text "every entry is 1 times what it should be" was useless.
  @Test func `a ratio near 1 is written with its distance from 1`() throws {
    #expect(
      try message("dense, bias: millionth") == """
        \(line)the gradient of 'suspect' (mutant) is wrong: ∂L/∂bias[i] is A, but differences \
        give N ± B
        \(source("dense", "millionth", "bias"))
        note: bias: every entry is too large by a factor of 1 + 1e-06
        """)
  }

  /// Earlier versions reported it as a ratio.
  @Test func `an error of the last sample only is one`() throws {
    #expect(
      try message("tanh, input: lastSampleDoubled") == """
        \(line)the gradient of 'suspect' (mutant) is wrong: ∂L/∂x[i] of sample 3 is A, but \
        differences give N ± B
        \(source("tanh", "lastSampleDoubled", "input"))
        note: x: only the last sample, 3, is wrong
        note: 'first', 'bent' fail too, before it: look here first
        """)
  }

  /// In a sum over samples, such an error has no pattern.
  @Test func `an error of one sample in a sum has no diagnosis`() throws {
    #expect(
      try message("dense, weight: lastSampleDoubled") == """
        \(line)the gradient of 'suspect' (mutant) is wrong: ∂L/∂weight[i] is A, but \
        differences give N ± B
        \(source("dense", "lastSampleDoubled", "weight"))
        """)
  }

  /// Earlier versions named the node after it.
  @Test func `a forward pass that is not a function is named`() throws {
    #expect(
      try message("tanh, input: notAFunction") == """
        \(line)the output of 'suspect' (mutant) is not a function of its inputs: two \
        evaluations at the same values differ
        \(source("tanh", "notAFunction", "input"))
        note: a pass may depend only on its inputs, parameters, state and pass.random
        """)
  }

  /// Earlier versions accepted an undeclared factor 1.01 in evaluation.
  @Test func `an output that differs in an evaluation is named`() throws {
    let text = try message("scale, input: onlyInTraining")
    #expect(
      text.replacing(#/y\[i\] of sample \d is \S+ in training and \S+ in/#, with: "Y in") == """
        \(line)'suspect' (mutant) computes something else in an evaluation: Y in an evaluation
        \(source("scale", "onlyInTraining", "input"))
        note: only a layer with random numbers or state may do so
        """)
  }

  /// Earlier versions reported an error of the last row, because the other entries were 0.
  @Test func `a factor that is wrong everywhere is not an error of the last row`() throws {
    let chain = try Chain(
      [Elementwise(.relu), TestDense(units: 4, fault: .halved, in: .weight)], input: [3],
      samples: 3, seed: 1)
    // Only the last row of ∂L/∂W differs from 0.
    chain.benches[0].inputs[0].values = [1, 2, 3, 2, 1, 1, 3, 1, 2]
    chain.run(from: 0)
    let outputs = chain.benches[1].y.values
    chain.targets = outputs.enumerated().map { $0 % 4 == 3 ? $1 - 1 : $1 }
    let report = check(chain)
    #expect(
      report.suspect?.diagnosis?.description == "every entry is 0.5 times what it should be",
      "\(report)")
  }

  /// Earlier versions wrote "FAIL at w[6]", where 6 was the number of a direction.
  @Test func `a wrong entry of ten thousand is found and named`() throws {
    let chain = try Chain(
      [TestDense(units: 100), Elementwise(.tanh), TestDense(units: 1)], input: [100],
      samples: 2, seed: 1, deviation: 0.1)
    let subject = WrongGradients(of: chain) { $0[1][6789] = 0 }
    let report = check(subject, .sampled)
    let text = try #require(report.diagnostic, "\(report)").description
    #expect(
      text.replacing(#/give \S+ ± \S+/#, with: "give N ± B") == """
        error: the gradient of 'node_0' (test_dense) is wrong: ∂L/∂weight[67, 89] is 0, but \
        differences give N ± B
        note: weight: of the entries that were checked, only weight[67, 89] is wrong
        """)
  }

  @Test func `what is not proven comes with the next step`() throws {
    let chain = try Chain([TestDense(units: 3), Elementwise(.tanh)], input: [3], seed: 1)
    var settings = GradientCheckSettings.complete
    settings.tolerance = 1e-15
    let report = check(chain, settings)
    #expect(
      report.diagnostic?.notes.last?.message == "3 more tensors lack proof"
        && report.diagnostic?.notes.dropLast().last?.message
          == "start from other values, or check fewer samples (batch)",
      "\(report)")
    settings.entries = .count(2)
    #expect(
      check(chain, settings).diagnostic?.notes.contains {
        $0.message == "next: nnexp gradcheck FILE --only node_0.input --entries all"
      } == true)
  }
}
