import Conformance
import NNExp
import TestSupport
import Testing

/// Every metric against scikit-learn: `Tests/References/sklearn_metrics.py` says how.
struct ReferenceMetricTests {
  struct File: Decodable { let cases: [Case] }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let type: String
    let options: [String: ReferenceOption]
    let meaning: String
    let output: [Int]
    let samples: Int
    let classes: Int?
    let z: [Double]
    let targets: [Double]
    let value: Double

    var testDescription: String { name }
  }

  static let cases = try! Repository.reference("sklearn_metrics.json", as: File.self).cases

  @Test(arguments: cases)
  func everyMetricAgreesWithScikitLearn(_ reference: Case) throws {
    for batch in [reference.samples, 7] {
      let value = try value(of: reference, in: Double.self, batch: batch)
      expectAgreement([value], [reference.value], within: .float64, reference.name)
    }
  }

  @Test(arguments: cases.filter { !$0.name.hasSuffix("far from 0") })
  func everyMetricAgreesWithScikitLearnInFloat32(_ reference: Case) throws {
    let value = try value(of: reference, in: Float.self, batch: 9)
    let expected = reference.value
    #expect(abs(value - expected) <= 1e-5 * max(1, abs(expected)), "\(reference.name)")
  }

  @Test func everyMetricIsCompared() {
    let elsewhere: Set = ["formula"]
    #expect(
      Set(Self.cases.map(\.type)).union(elsewhere) == Set(standardRegistry.metrics.names))
  }

  private func value<S: Scalar>(
    of reference: Case, in type: S.Type, batch: Int
  ) throws -> Double {
    var options = Options(ReferenceOption.map(reference.options))
    let metric = try #require(standardRegistry.metrics[reference.type]).make(&options)
    try options.finish()
    let output = Shape(reference.output)
    let target = reference.classes.map { Target.classes($0) } ?? .values(output)
    let meaning: OutputMeaning =
      switch reference.meaning {
      case "logits": .logits
      case "joint_logits": .jointLogits
      default: .values
      }
    let tally = GuardedBuffer<Double>(zeros: [
      try metric.plan(output: output, target: target)
        + reference.samples * metric.numbersPerSample(output: output, target: target)
    ])
    for first in stride(from: 0, to: reference.samples, by: batch) {
      let rows = first..<min(first + batch, reference.samples)
      func part(_ values: [Double], _ shape: Shape) -> GuardedBuffer<S> {
        GuardedBuffer(
          values[rows.lowerBound * shape.count..<rows.upperBound * shape.count].map { S($0) },
          shape: shape)
      }
      let (z, t) = (part(reference.z, output), part(reference.targets, target.shape))
      withExtendedLifetime((z, t)) {
        MetricPass(
          samples: rows.count, z: z.tensor, t: t.tensor, hasClasses: reference.classes != nil,
          threshold: meaning == .values ? 0.5 : 0, meaning: meaning, tally: tally.tensor
        ).run(metric)
      }
    }
    #expect(tally.isIntact)
    return metric.value(of: tally.tensor)
  }
}
