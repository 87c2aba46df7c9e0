import Conformance
import NNExp
import TestSupport
import Testing

/// Every loss compared with PyTorch; see `Tests/References/pytorch_losses.py`.
struct ReferenceLossTests {
  struct File: Decodable {
    let cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Reduced: Decodable {
      let value: Double
      let dz: [Double]
    }

    let name: String
    let type: String
    let options: [String: ReferenceOption]
    let samples: Int
    let output: [Int]
    let z: [Double]
    let classes: Int?
    /// The shape of the target, if it is not that of the output.
    let target: [Int]?
    let targets: [Double]
    let reductions: [String: Reduced]

    var testDescription: String { name }
  }

  static let cases = try! Repository.reference("pytorch_losses.json", as: File.self).cases

  @Test(arguments: cases)
  func everyLossAgreesWithPyTorch(_ reference: Case) throws {
    try compare(reference, in: Double.self, within: .float64)
  }

  @Test(arguments: cases)
  func everyLossAgreesWithPyTorchInFloat32(_ reference: Case) throws {
    try compare(reference, in: Float.self, within: .float32)
  }

  @Test func everyLossIsCompared() {
    // Formulas are compared with the losses.
    let elsewhere: Set = ["formula"]
    #expect(
      Set(Self.cases.map(\.type)).union(elsewhere) == Set(standardRegistry.losses.names))
  }

  private func compare<S: Scalar>(
    _ reference: Case, in type: S.Type, within tolerance: Tolerance
  ) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let loss = try #require(standardRegistry.losses[reference.type]).make(&options)
    try options.finish()
    let output = Shape(reference.output)
    let target =
      reference.classes.map { Target.classes($0) }
      ?? .values(reference.target.map { Shape($0) } ?? output)
    try loss.plan(output: output, target: target)

    let z = GuardedBuffer<S>(zeros: output, copies: reference.samples)
    let t = GuardedBuffer<S>(zeros: target.shape, copies: reference.samples)
    let dz = GuardedBuffer<S>(zeros: output, copies: reference.samples)
    z.values = reference.z.map { S($0) }
    t.values = reference.targets.map { S($0) }
    #expect(Set(reference.reductions.keys) == ["mean", "sum", "half_mean"])
    for (reduction, expected) in reference.reductions {
      let scale =
        switch reduction {
        case "mean": 1 / Double(reference.samples)
        case "half_mean": 0.5 / Double(reference.samples)
        default: 1.0
        }
      // A gradient is added to the existing values.
      dz.tensor.fill(0)
      let pass = LossPass(
        samples: reference.samples, z: z.tensor, t: t.tensor,
        hasClasses: reference.classes != nil, dz: dz.tensor, scale: S(scale))
      let value = scale * pass.run(loss)
      expectAgreement([value], [expected.value], within: tolerance, "\(reduction) loss")
      expectAgreement(dz.values, expected.dz, within: tolerance, "∂z of \(reduction)")
      #expect(z.isIntact && t.isIntact && dz.isIntact)
    }
  }
}
