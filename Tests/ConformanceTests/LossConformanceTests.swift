import NNExp
import Testing

@testable import Conformance
@testable import GradientCheck

/// `Conformance` on right losses, and on losses that violate one of its claims.
@Suite struct LossConformanceTests {
  @Test func correctLossesConform() throws {
    let squared = try Conformance.of(
      TestSquaredError(.none), output: [3], target: .values([3]))
    #expect(squared.holds, "\(squared)")
    let entropy = try Conformance.of(TestCrossEntropy(), output: [4], target: .classes(4))
    #expect(entropy.holds, "\(entropy)")
  }

  @Test func theTableListsEveryClaimOfALoss() throws {
    let settings = ConformanceSettings.brief
    let table = try Conformance.of(
      ComponentType(TestSquaredError.self), output: [2], target: .values([2]), settings: settings)
    #expect(
      table.description == """
        test_squared_error [2], targets [2]: all 10 claims hold
          gradient of z                holds     2 of 2 entries proven
          keeps z and t                holds
          is deterministic             holds
          value needs no dz            holds
          adds to dz                   holds
          scales dz, not the value     holds
          sums over the samples        holds
          stays in bounds              holds
          float32 agrees with float64  holds
          survives hostile values      holds     NaN, ±inf, huge, tiny, ±0
        """)
  }

  @Test func aWrongLossFailsItsClaim() throws {
    let claims: [(TestSquaredError.Offence, String, String)] = [
      (.halfGradient, "gradient of z", "0.5 times"),
      (.wrongSign, "gradient of z", "opposite sign"),
      (.overwrites, "adds to dz", "started at 7"),
      (.scalesValue, "scales dz, not the value", "at scale 0.25"),
      (.ignoresScale, "scales dz, not the value", "at scale 0.25"),
      (.averages, "sums over the samples", "the batch has"),
      (.needsGradient, "value needs no dz", "without dz"),
      (.writesTarget, "keeps z and t", "it writes to t[0]"),
      (.overruns, "stays in bounds", "beyond the ends of dz"),
    ]
    for (offence, name, detail) in claims {
      let table = try Conformance.of(
        TestSquaredError(offence), output: [3], target: .values([3]))
      #expect(table[name]?.verdict == .fails, "\(offence)\n\(table)")
      #expect(table[name]?.detail.contains(detail) == true, "\(offence)\n\(table)")
    }
  }
}

/// ℓ = Σ (z − t)², or a wrong variant of it.
private struct TestSquaredError: Loss, Component {
  enum Offence {
    case none, halfGradient, wrongSign, overwrites, scalesValue, ignoresScale, averages
    case needsGradient, writesTarget, overruns
  }
  static let typeName = "test_squared_error"
  let offence: Offence

  init(_ offence: Offence) { self.offence = offence }
  init(from options: inout Options) { offence = .none }
  func plan(output: Shape, target: Target) throws {}

  func evaluate(_ pass: LossPass<Float>) -> Double { evaluation(pass) }
  func evaluate(_ pass: LossPass<Double>) -> Double { evaluation(pass) }

  private func evaluation<S: Scalar>(_ pass: LossPass<S>) -> Double {
    var sum = 0.0
    let scale: S = offence == .ignoresScale ? 1 : pass.scale
    for i in pass.z.indices {
      let error = pass.z[i] - pass.t[i]
      sum += Double(error * error)
      guard let dz = pass.dz else { continue }
      let factor: S = offence == .halfGradient ? 1 : (offence == .wrongSign ? -2 : 2)
      if offence == .overwrites {
        dz[i] = scale * factor * error
      } else {
        dz[i] += scale * factor * error
      }
    }
    if offence == .writesTarget { pass.t[0] += 1 }
    if offence == .overruns, let dz = pass.dz { dz.start[dz.count] += 1 }
    if offence == .needsGradient && pass.dz == nil { return 0 }
    if offence == .scalesValue { return sum * Double(pass.scale) }
    return offence == .averages ? sum / Double(pass.samples) : sum
  }
}

/// ℓ = log Σ exp(zⱼ) − z of the class.
private struct TestCrossEntropy: Loss, Component {
  static let typeName = "test_cross_entropy"
  init() {}
  init(from options: inout Options) {}
  func plan(output: Shape, target: Target) throws {}

  func evaluate(_ pass: LossPass<Float>) -> Double { evaluation(pass) }
  func evaluate(_ pass: LossPass<Double>) -> Double { evaluation(pass) }

  private func evaluation<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let n = pass.z.shape.count
    var total = 0.0
    for s in 0..<pass.samples {
      let chosen = s * n + Int(pass.t[s])
      var largest = pass.z[s * n]
      for j in 1..<n { largest = max(largest, pass.z[s * n + j]) }
      var sum: S = 0
      for j in 0..<n { sum += S.exp(pass.z[s * n + j] - largest) }
      total += Double(S.log(sum) + largest - pass.z[chosen])
      guard let dz = pass.dz else { continue }
      for j in 0..<n { dz[s * n + j] += pass.scale * S.exp(pass.z[s * n + j] - largest) / sum }
      dz[chosen] -= pass.scale
    }
    return total
  }
}
