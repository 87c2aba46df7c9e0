import NNExp

/// Cross-entropy that turns from what is right already to what is hard.
///
///     q    = softmax(z)ₜ,   h = 1 − q
///     ℓ    = −hᵞ ln q
///     ∂zⱼ += (γ hᵞ⁻¹ q ln q − hᵞ)(δⱼₜ − softmax(z)ⱼ)
///
/// h is summed from the other classes, so that it is exact where q is near 1.
/// γ = 0 is cross-entropy.
/// - Shape: output `[k]`, targets of k classes
/// - Source: Lin, Goyal, Girshick, He, Dollár 2017, "Focal loss for dense object
///   detection".
struct Focal: Loss {
  static let typeName = "focal"
  static let manual = Manual(
    "cross-entropy with less weight on samples that are classified well",
    equation: "ℓ = −(1 − q)ᵞ ln q,  q = softmax(z)ₜ",
    shapes: "output [k], targets of k classes",
    example: "loss: {type: focal, gamma: 2}",
    source: "Lin et al. 2017, \"Focal loss for dense object detection\"")

  static let examples = [
    Example(output: [4], target: .classes(4)),
    Example(["gamma": 0], output: [2], target: .classes(2)),
    Example(["gamma": 0.5], output: [3], target: .classes(3)),
  ]

  private let gamma: Double

  init(from options: inout Options) {
    gamma = options.double(
      "gamma", default: 2, in: .atLeast(0),
      "γ: larger values reduce the weight of easy samples more")
  }

  func plan(output: Shape, target: Target) throws {
    guard case .classes(let count) = target else {
      throw Diagnostic("focal needs classes, and the targets are numbers")
    }
    guard output.count == count, count >= 2 else {
      throw Diagnostic(
        "the output \(output) does not fit targets of \(count) classes, which need [\(count)]")
    }
  }

  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double {
    let count = pass.z.shape.count
    let gamma = S(gamma)
    var sum = 0.0
    for s in 0..<pass.samples {
      let first = s &* count
      let t = Int(pass.t[s])
      var largest = pass.z[first]
      for j in 1..<count { largest = max(largest, pass.z[first + j]) }
      var others: S = 0
      for j in 0..<count where j != t { others += S.exp(pass.z[first + j] - largest) }
      let own = S.exp(pass.z[first + t] - largest)
      let total = own + others
      let (q, h) = (own / total, others / total)
      let lnQ = pass.z[first + t] - largest - S.log(total)
      let weight = S.pow(h, gamma)
      // The loss is 0 if h is, because ln q ≈ −h outweighs hᵞ⁻¹.
      sum += h == 0 ? 0 : Double(-weight * lnQ)
      guard let dz = pass.dz else { continue }
      let slope = h == 0 || gamma == 0 ? -weight : gamma * weight / h * q * lnQ - weight
      for j in 0..<count {
        let share = S.exp(pass.z[first + j] - largest) / total
        dz[first + j] += pass.scale * slope * (j == t ? h : -share)
      }
    }
    return sum
  }
}

func register(in registry: inout Registry) { registry.register(Focal.self) }
