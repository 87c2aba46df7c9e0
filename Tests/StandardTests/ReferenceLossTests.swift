import NNExp
import Standard
import Testing

/// Every loss against PyTorch: `Tests/References/pytorch_losses.py` says how.
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
    let targets: [Double]
    let reductions: [String: Reduced]

    var testDescription: String { name }
  }

  static let cases: [Case] = {
    do {
      return try readReference("pytorch_losses.json", as: File.self).cases
    } catch {
      fatalError("pytorch_losses.json: \(error)")
    }
  }()

  @Test(arguments: cases)
  func agreesWithPyTorch(_ reference: Case) throws {
    try compare(reference, in: Double.self, within: .float64)
  }

  @Test(arguments: cases)
  func agreesInFloat32(_ reference: Case) throws {
    try compare(reference, in: Float.self, within: .float32)
  }

  @Test func coversEveryLoss() {
    #expect(Set(Self.cases.map(\.type)) == Set(ruleTypes.losses.names))
  }

  private func compare<S: Scalar>(
    _ reference: Case, in type: S.Type, within tolerance: Tolerance
  ) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let loss = try #require(ruleTypes.losses[reference.type]).make(&options)
    try options.finish()
    let output = Shape(reference.output)
    let target = reference.classes.map { Target.classes($0) } ?? .values(output)
    try loss.plan(output: output, target: target)

    let z = Buffer<S>(shape: output, copies: reference.samples)
    let t = Buffer<S>(shape: target.shape, copies: reference.samples)
    let dz = Buffer<S>(shape: output, copies: reference.samples)
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
      // A gradient is added to what is there.
      dz.tensor.fill(0)
      let pass = LossPass(
        samples: reference.samples, z: z.tensor, t: t.tensor,
        hasClasses: reference.classes != nil, dz: dz.tensor, scale: S(scale))
      let value = scale * loss.sum(pass)
      expectAgreement([value], [expected.value], within: tolerance, "\(reduction) loss")
      expectAgreement(dz.values, expected.dz, within: tolerance, "∂z of \(reduction)")
      #expect(z.isIntact && t.isIntact && dz.isIntact)
    }
  }
}

/// Every loss, optimizer and schedule, as a file would reach it.
let ruleTypes: Registry = {
  var registry = Registry()
  registerRules(in: &registry)
  return registry
}()

extension Loss {
  /// Σ ℓ in either precision.
  func sum<S: Scalar>(_ pass: LossPass<S>) -> Double {
    switch pass {
    case let pass as LossPass<Float>: evaluate(pass)
    case let pass as LossPass<Double>: evaluate(pass)
    default: fatalError("no such precision")
    }
  }
}
