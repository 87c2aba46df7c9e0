import Datasets
import Engine
import GradientCheck
import NNExp
import TestSupport

/// A network with a wrong layer or loss, which a requested check must find.
package struct NetworkMutant: Sendable, CustomStringConvertible {
  package let description: String
  package let text: String
  /// The node that the check must name.
  package let node: String
  /// The diagnosis must contain this, or be absent.
  package let cause: String?
  private let fault: Fault?

  private init(
    _ description: String, _ text: String, node: String, cause: String?, fault: Fault? = nil
  ) {
    self.fault = fault
    self.description = description
    self.text = text
    self.node = node
    self.cause = cause
  }

  /// Every combination of a fault and a kind of layer in which it is an error.
  package static let all: [NetworkMutant] =
    Mutant.Kind.allCases.flatMap { kind in
      Mutant.Part.allCases.flatMap { part in
        Fault.allCases.compactMap { NetworkMutant(kind, part, $0) }
      }
    } + losses

  private init?(_ kind: Mutant.Kind, _ part: Mutant.Part, _ fault: Fault) {
    guard fault != .none, kind.hasParameters || part == .input else { return nil }
    // Only the gradient of a dense layer's weight is a matrix whose entries are sums of
    // several terms.
    let isMatrix = kind == .dense
    switch fault {
    case .transposed, .lastColumnSkipped: guard isMatrix && part == .weight else { return nil }
    case .overwrites: guard part != .input || isMatrix else { return nil }
    case .penalty: guard part == .weight else { return nil }
    // Every slope from 0 to 1 is a subgradient of ReLU at 0.
    case .zeroInputs: guard part != .bias && kind != .relu else { return nil }
    case .largeInputs, .negativeInputs: guard part != .bias else { return nil }
    case .onlyInTraining, .notAFunction: guard part == .input else { return nil }
    default: break
    }
    self.init(
      "\(kind.rawValue), \(part.rawValue): \(fault.rawValue)",
      """
      model:
        - {type: dense, units: 4, name: first}
        - {type: mutant, kind: tanh, name: bent}
        - {type: mutant, kind: \(kind.rawValue), units: 3, fault: \(fault.rawValue), \
      in: \(part.rawValue), name: suspect}
        - {type: sigmoid, name: squashed}
        - {type: dense, units: 2, name: last}
      loss: squared_error
      """, node: "suspect", cause: fault.cause(in: part), fault: fault)
  }

  private static let losses: [NetworkMutant] = WrongLoss.Fault.allCases.map { fault in
    NetworkMutant(
      "loss: \(fault.rawValue)",
      """
      model:
        - {type: dense, units: 4, name: first}
        - {type: tanh, name: bent}
        - {type: dense, units: 2, name: last}
      loss: {type: wrong_loss, fault: \(fault.rawValue)}
      """, node: "loss", cause: fault.cause)
  }

  package static let registry: Registry = {
    var registry = standardRegistry
    registry.register(Mutant.self)
    registry.register(WrongLoss.self)
    return registry
  }()

  private func subject(seed: Int, text: String) throws -> NetworkSubject {
    let random = RandomStream(seed: UInt64(seed), purpose: "mutants")
    let (graph, heads) = try declared(
      text, ports: [Port("input", [3])], target: .values([2]), registry: NetworkMutant.registry)
    let network = try Network<Double>(graph, heads: heads, capacity: 4, seed: UInt64(seed))
    for parameter in graph.parameters where parameter.node == "first" {
      // One unit is 0 for all samples.
      let tensor = network.parameters.slice(from: parameter.offset, shape: parameter.shape)
      for i in tensor.indices where description.contains("zeroInputs") {
        if i * 4 < tensor.count { tensor[i] = 0 }
      }
    }
    return try NetworkSubject(
      of: network,
      samples: Dataset(
        inputs: (0..<12).map { 2 * random.normal(at: $0) },
        targets: (0..<8).map { random.normal(at: 100 + $0) }, count: 4),
      seed: UInt64(seed))
  }

  /// The report of a requested check with this seed.
  package func report(
    seed: Int, settings: GradientCheckSettings = .standard
  ) throws -> GradientReport {
    let random = RandomStream(seed: UInt64(seed), purpose: "mutants")
    return GradientChecker(settings, random: random).check(
      try subject(seed: seed, text: text), at: "start")
  }

  /// True if the fault changes no gradient at these values, because it concerns a dead unit
  /// or none.
  private func isHarmless(seed: Int) throws -> Bool {
    guard let fault else { return false }
    let sound = text.replacing("fault: \(fault.rawValue)", with: "fault: none")
    let right = try subject(seed: seed, text: sound).analyticGradients()
    let wrong = try subject(seed: seed, text: text).analyticGradients()
    return zip(right.joined(), wrong.joined()).allSatisfy { abs($0 - $1) <= 1e-9 * abs($0) }
  }

  /// The reason why the check judges the mutant wrongly; nil if it judges it rightly.
  package func misjudgement(seed: Int) throws -> String? {
    if fault?.isInGradient == true, try isHarmless(seed: seed) { return nil }
    let report = try report(seed: seed)
    guard report.outcome == .failed, let suspect = report.suspect else {
      return "\(self), seed \(seed): not found\n\(report)"
    }
    let found = suspect.culprit?.name ?? suspect.tensor.node
    if found != node { return "\(self), seed \(seed): '\(found)' is blamed\n\(report)" }
    if let diagnosis = suspect.diagnosis?.description {
      // The statement that other entries are right is true for any cause.
      let isFact =
        diagnosis.hasPrefix("of the entries that were checked, only")
        || diagnosis.hasPrefix("only the last") && diagnosis.hasSuffix("wrong")
      guard isFact || cause.map({ diagnosis.contains($0) }) == true else {
        return "\(self), seed \(seed): wrong diagnosis: \(diagnosis)\n\(report)"
      }
    }
    return nil
  }
}

/// Squared error with a wrong gradient.
package struct WrongLoss: Loss, Component {
  package static let typeName = "wrong_loss"

  package enum Fault: String, CaseIterable, Sendable {
    case missingMean, twiceTheMean, missingTwo, flippedSign, lastSampleMissing, noTarget, squared

    var cause: String? {
      switch self {
      case .missingMean: "1/n is missing for 4 samples"
      case .twiceTheMean: "divided by n = 4 samples once too often"
      case .missingTwo: "every entry is 0.5 times"
      case .flippedSign: "every entry has the opposite sign"
      case .lastSampleMissing: "only the last sample"
      default: nil
      }
    }
  }

  let fault: Fault

  package init(from options: inout Options) {
    fault = options.choice("fault", default: .missingMean, of: Fault.self)
  }

  package func plan(output: Shape, target: Target) throws { try target.checkFit(output) }

  package func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    var sum = 0.0
    let n = pass.z.count / pass.samples
    for i in pass.z.indices {
      let error = pass.z[i] - pass.t[i]
      sum += Double(error * error)
      guard let dz = pass.dz else { continue }
      let right = 2 * pass.scale * error
      switch fault {
      case .missingMean: dz[i] += 2 * error
      case .twiceTheMean: dz[i] += right * pass.scale
      case .missingTwo: dz[i] += right / 2
      case .flippedSign: dz[i] -= right
      case .lastSampleMissing: dz[i] += i / n == pass.samples - 1 ? 0 : right
      case .noTarget: dz[i] += 2 * pass.scale * pass.z[i]
      case .squared: dz[i] += right * abs(right)
      }
    }
    return sum
  }
}
