import Foundation
import NNExp
import TestSupport
import Testing

@testable import Explanation

/// Explanations of several samples, and the sums over them.
@Suite struct SampleSumTests {
  private struct Reference: Decodable {
    let gradients: [String: [String: [Double]]]
  }

  /// The gradients of the batch by the sources' equations, in NumPy.
  private static let reference: Reference = try! Repository.reference("seeds_numpy.json")

  private func seed(
    _ name: String, samples: [Int]? = nil, notation: NotationName? = nil
  ) throws -> Explanation {
    let path = Repository.experiments.appendingPathComponent("seeds/\(name).yaml").path
    let yaml = try String(contentsOfFile: path, encoding: .utf8)
    let count = try #require(yaml.firstMatch(of: /batch: ([0-9]+)}/)?.1).description
    return try explanation(
      yaml, path: path, samples: samples ?? Array(0..<Int(count)!), notation: notation)
  }

  @Test(arguments: reference.gradients.keys.sorted())
  func theSumsAreTheGradientsOfTheSources(name: String) throws {
    for notation in [nil, NotationName.names] {
      let explanation = try seed(name, notation: notation)
      for (tensor, values) in Self.reference.gradients[name] ?? [:] {
        let left = "∂loss/∂\(tensor)"
        guard notation == .names else { continue }
        let steps = try #require(explanation.derivations(of: left).last?.steps, "\(left)")
        // The written sum of the samples, and the engine's gradient.
        for step in steps.suffix(2) {
          guard let found = try? Evaluation.value(step.right) else { continue }
          let numbers = Array(found.joined())
          #expect(numbers.count == values.count)
          for (a, b) in zip(numbers, values) {
            #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(name), \(left)")
          }
        }
      }
      #expect(!explanation.text.contains("DO NOT"), "\(name)")
      #expect(isWellFormed(explanation.formatted(as: .html)))
    }
  }

  @Test func tangsLossIsTheMeanOfTheSamples() throws {
    let text = try seed("tang_one_layer").text
    #expect(
      text.contains(
        """
            L = (1/n) Σᵢ Lᵢ   (n = 5)
              = (1/5) (0.116103 + 0.280862 + 0.30778 + 0.144319 + 0.200428)
              = 0.209899

            ∂L/∂b = (1/n) Σᵢ ∂Lᵢ/∂b
                  = (1/5) ([-0.153085] + [0.26403] + [-0.27406] + [-0.178986] + [0.221396])
        """))
    #expect(text.contains("∂L₀/∂W = ∂L₀/∂ŷ ∂ŷ/∂z ∂z/∂W\n"))
  }

  @Test func theErrorOfTheBlogContainsTheFactorOfTheBatch() throws {
    let text = try seed("backprop_batch", samples: [0, 1]).text
    #expect(text.contains("∂E/∂A³ = (1/4) (2(A³ − Y))\n"))
    #expect(
      text.contains(
        """
            E = (1/(2n)) Σ_{c} E_c   (n = 2)
              = (1/4) (0.514145 + 0.978079)
              = 0.373056

        """))
    #expect(text.contains("∂E/∂W² = Σ_{c} ∂E/∂Z²_c A¹ᵀ_c\n"))
  }

  @Test func longSumsAreAbbreviatedAndSayBySoMuch() throws {
    let rows = (0..<12).map { "[\($0), 1]" }.joined(separator: ", ")
    let targets = Array(repeating: "[1]", count: 12).joined(separator: ", ")
    let yaml = experiment(
      "[{type: dense, units: 1}]", inputs: "[\(rows)]", targets: "[\(targets)]")
    let text = try explanation(yaml, samples: Array(0..<12)).text
    #expect(text.contains("test: the chain rule of 12 training samples\n"))
    #expect(text.contains("+ … 7 more)\n"))
  }

  @Test func samplesThatDoNotExistOrAreTooManyAreErrors() throws {
    func message(_ samples: [Int]?, rows: Int = 2) -> String? {
      let inputs = Array(repeating: "[1, 2]", count: rows).joined(separator: ", ")
      let targets = Array(repeating: "[1]", count: rows).joined(separator: ", ")
      let yaml = experiment(
        "[{type: dense, units: 1}]", inputs: "[\(inputs)]", targets: "[\(targets)]")
      do {
        _ = try explanation(yaml, samples: samples ?? Array(0..<rows))
        return nil
      } catch { return (error as? Diagnostic)?.description }
    }
    #expect(
      message([0, 2])
        == "error: there is no training sample 2; the training data are the samples 0 to 1")
    #expect(message([1, 1]) == "error: the training sample 1 is named twice")
    #expect(
      message(nil, rows: 65) == "error: 65 samples are named, and at most 64 are written")
  }
}
