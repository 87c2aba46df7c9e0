import NNExp
import TestSupport
import Testing

@testable import GradientCheck

/// Wrong layers must always fail and be named.
@Suite struct MutantTests {
  private func network(
    _ middle: any Layer & Component, seed: Int, last: any Layer & Component = TestDense(units: 2)
  ) throws -> Chain {
    try Chain(
      [TestDense(units: 5), Elementwise(.tanh), middle, Elementwise(.tanh), last], input: [3],
      samples: 5, seed: seed)
  }

  @Test func everyFaultOfADenseLayerIsFoundAndLocated() throws {
    for target in [TestDense.Target.weight, .bias, .input] {
      for fault in GradientFault.allCases where fault != .none {
        if fault == .transposed && target != .weight { continue }
        try withEvery("seed", in: 0..<3) { seed in
          let mutant = TestDense(units: 4, fault: fault, in: target)
          let trace = "seed \(seed), \(fault) in \(target)"
          for settings in [GradientCheckSettings.sampled] {
            let report = check(try network(mutant, seed: seed), settings)
            #expect(report.outcome == .failed, "\(trace)\n\(report)")
            let suspect = try #require(report.suspect)
            #expect(suspect.tensor.node == "node_2", "\(trace)\n\(report)")
            #expect(suspect.tensor.name == "\(target)", "\(trace)")
          }
          let report = check(try network(mutant, seed: seed))
          #expect(report.outcome == .failed, "\(trace)\n\(report)")
          #expect(report.suspect?.tensor.name == "\(target)", "\(trace)")
          let diagnosis = report.suspect?.diagnosis
          switch (fault, target) {
          case (.flippedSign, _): #expect(diagnosis == .flippedSign, "\(trace)")
          case (.neverAdded, _): #expect(diagnosis == .neverAdded, "\(trace)")
          case (.transposed, _): #expect(diagnosis == .transposed, "\(trace)")
          case (.doubled, _), (.halved, _), (.tenPercent, _):
            guard case .constantRatio(let ratio)? = diagnosis else {
              Issue.record("\(trace): \(String(describing: diagnosis))")
              return
            }
            let expected = fault == .doubled ? 2 : (fault == .halved ? 0.5 : 1.1)
            #expect(abs(ratio - expected) < 1e-6, "\(trace)")
          case (.lastRowSkipped, .weight), (.lastRowSkipped, .bias):
            #expect(diagnosis == .lastRows(from: 3, of: 4, areZero: true), "\(trace)")
          case (.lastSampleOnly, .bias), (.overwrites, .bias):
            #expect(diagnosis == .oneSample(isLast: true), "\(trace)")
          case (.lastSampleOnly, .input):
            // All samples except the last one have no error.
            #expect(report.suspect?.records.last?.verdict == .pass, "\(trace)")
          default: break
          }
        }
      }
    }
  }

  @Test func everyFaultOfLpPoolingIsFoundAndLocated() throws {
    for fault in [GradientFault.signDropped, .flippedSign, .doubled] {
      try withEvery("seed", in: 0..<10) { seed in
        let chain = try Chain(
          [
            TestDense(units: 6), TestLp(p: 2.5, fault: fault), Elementwise(.tanh),
            TestDense(units: 2),
          ], input: [3], seed: seed)
        let report = check(chain)
        #expect(report.outcome == .failed, "seed \(seed), \(fault)\n\(report)")
        #expect(report.suspect?.tensor.node == "node_1")
        if fault == .signDropped {
          guard case .lostSign(let wrong, of: let clear)? = report.suspect?.diagnosis else {
            Issue.record("seed \(seed): \(String(describing: report.suspect?.diagnosis))")
            return
          }
          #expect(clear > 20 && (1..<clear).contains(wrong))
        }
      }
    }
  }

  /// A loss whose gradient lacks 1/n changes all gradients by the same factor.
  @Test func aMissingDivisionByTheBatchIsRecognized() throws {
    for (factor, text) in [
      (5, "every entry is 5 times what it should be: 1/n is missing for 5 samples"),
      (
        0.2,
        "every entry is 1/5 of what it should be: divided by n = 5 samples once too often"
      ), (3, "every entry is 3 times what it should be"),
      (0.25, "every entry is 0.25 times what it should be"),
      (-1, "every entry has the opposite sign"),
    ] {
      let network = try network(TestDense(units: 4), seed: 1)
      let report = check(
        WrongGradients(of: network) { gradients in
          gradients = gradients.map { $0.map { $0 * factor } }
        })
      for result in report.tensors {
        #expect(result.verdict == .fail)
        #expect(result.diagnosis?.description == text, "\(result.tensor)")
      }
    }
  }

  @Test func theMessageNamesTheNodeAndItsLocation() throws {
    let source = SourceFile(
      name: "net.yaml",
      lines: ["model:", "  - {type: test_dense, units: 5}", "  - {type: test_lp, p: 3}"])
    let chain = try Chain(
      [TestDense(units: 4), TestLp(p: 3, fault: .flippedSign)], input: [1], samples: 1,
      locations: [
        NNExp.SourceLocation(source: source, line: 2, column: 6),
        NNExp.SourceLocation(source: source, line: 3, column: 6),
      ])
    chain.benches[0].parameters[0].values = [1, 2, -1, 1]
    chain.benches[0].parameters[1].values = [0, 0, 0, 0]
    chain.benches[0].inputs[0].values = [1]
    chain.targets = [0, 0]
    chain.run(from: 0)
    let diagnostic = try #require(check(chain).diagnostic)
    #expect(diagnostic.failure == .shortfall)
    #expect(
      diagnostic.description.replacing(#/± \S+/#, with: "± B") == """
        net.yaml:3:6: error: the gradient of 'node_1' (test_lp) is wrong: \
        ∂L/∂input[1] of sample 0 is -3.846, but differences give 3.846 ± B
            - {type: test_lp, p: 3}
               ^
        note: input: every entry has the opposite sign
        note: 'node_0' fails too, before it: look here first
        """)
  }
}
