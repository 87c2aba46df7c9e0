import NNExp

/// A loss between cross-entropy and the mean absolute error, for labels of which some are wrong.
///
///     q    = softmax(z)ₜ
///     ℓ    = (1 − qʳ)/r
///     ∂zⱼ += −qʳ(δⱼₜ − softmax(z)ⱼ)
///
/// The gradient of a sample with a small q is small, so that wrong labels have less influence. For
/// r → 0 the loss is cross-entropy.
/// - Shape: output `[k]`, targets of k classes
/// - Source: Zhang and Sabuncu 2018.
struct GeneralizedCrossEntropy: Loss, Component {
  static let typeName = "generalized_cross_entropy"
  static let documentation = Documentation(
    "a loss between cross-entropy and the mean absolute error, for labels of which some are wrong",
    equation: "ℓ = (1 − qʳ)/r,  q = softmax(z)ₜ",
    shapes: "output [k], targets of k classes",
    example: "loss: {type: generalized_cross_entropy, exponent: 0.7}",
    source: "Zhang and Sabuncu 2018, \"Generalized cross entropy loss for training deep neural "
      + "networks with noisy labels\"")

  static let examples = [
    Example(output: [4], target: .classes(4)),
    Example(["exponent": 1], output: [2], target: .classes(2)),
    Example(["exponent": 0.1], output: [3], target: .classes(3)),
  ]

  private let exponent: Double

  init(from options: inout Options) {
    exponent = options.double(
      "exponent", default: 0.7, in: Interval(from: 0, to: 1, includesLower: false),
      "r: larger values reduce the influence of wrong labels more")
  }

  func plan(output: Shape, target: Target) throws {
    guard case .classes(let count) = target else {
      throw Diagnostic("generalized_cross_entropy needs classes, and the targets are numbers")
    }
    guard output.count == count, count >= 2 else {
      throw Diagnostic(
        "the output \(output) does not fit targets of \(count) classes, which need [\(count)]")
    }
  }

  var outputMeaning: OutputMeaning { .jointLogits }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let count = pass.z.shape.count
    let r = S(exponent)
    var sum = 0.0
    for s in 0..<pass.samples {
      let first = s &* count
      let t = Int(pass.t[s])
      var largest = pass.z[first]
      for j in 1..<count { largest = max(largest, pass.z[first + j]) }
      var total: S = 0
      for j in 0..<count { total += S.exp(pass.z[first + j] - largest) }
      // ln q, which is exact if q is near 1 or 0.
      let lnQ = (pass.z[first + t] - largest) - S.log(total)
      let power = S.exp(r * lnQ)
      sum += Double(-S.expm1(r * lnQ) / r)
      guard let dz = pass.dz else { continue }
      var others: S = 0
      for j in 0..<count where j != t { others += S.exp(pass.z[first + j] - largest) }
      for j in 0..<count {
        let share = S.exp(pass.z[first + j] - largest) / total
        dz[first + j] += pass.scale * power * (j == t ? -(others / total) : share)
      }
    }
    return sum
  }
}

func register(in registry: inout Registry) { registry.register(GeneralizedCrossEntropy.self) }
