import Foundation
import NNExp

/// A random network as a function of one of its weights, with the exact derivative: sigmoid
/// units, Lp pooling, and the squared error over a few samples.
///
///     z = W x,   q = ‖v ⊙ σ(z)‖ₚ,   L = mean (q − t)²
struct SigmoidLp {
  var weights: [Double]
  let x: [Double]
  let v: [Double]
  let p: Double
  let targets: [Double]
  let units = 4
  let inputs = 6
  let samples = 4

  /// The index of the weight that varies.
  let k: Int

  /// - Parameter residual: 0 for random targets; otherwise the distance of the pooled values
  ///   from their targets, as in a network that was trained to this precision.
  init(seed: Int, residual: Double = 0) {
    let random = RandomStream(seed: UInt64(seed), purpose: "sigmoid + Lp")
    func normals(_ purpose: Int, _ count: Int) -> [Double] {
      (0..<count).map { random.stream(purpose).normal(at: $0) }
    }
    weights = normals(0, units * inputs)
    // Inputs from 0.1 to 10: some units saturate.
    x = normals(1, samples * inputs).enumerated().map {
      $1 * pow(10, 2 * random.stream(2).uniform(at: $0) - 1)
    }
    v = normals(3, units)
    p = 1 + 3 * random.stream(4).uniform(at: 0)
    k = random.stream(4).integer(below: units * inputs, at: 1)
    let far = normals(5, samples)
    let model = SigmoidLp(weights: weights, x: x, v: v, p: p, targets: far, k: k)
    targets =
      residual == 0
      ? far : (0..<samples).map { model.pooled($0).q + residual * far[$0] }
  }

  private init(
    weights: [Double], x: [Double], v: [Double], p: Double, targets: [Double], k: Int
  ) {
    self.weights = weights
    self.x = x
    self.v = v
    self.p = p
    self.targets = targets
    self.k = k
  }

  private func sigma(_ sample: Int, _ unit: Int) -> Double {
    var z = 0.0
    for j in 0..<inputs { z += weights[unit * inputs + j] * x[sample * inputs + j] }
    return 1 / (1 + exp(-z))
  }

  private func pooled(_ sample: Int) -> (q: Double, sigma: Double) {
    var sum = 0.0
    var mine = 0.0
    for i in 0..<units {
      let s = sigma(sample, i)
      if i == k / inputs { mine = s }
      sum += pow(abs(v[i] * s), p)
    }
    return (pow(sum, 1 / p), mine)
  }

  var value: Double { weights[k] }

  /// L with the weight at w.
  func loss(_ w: Double) -> Double {
    var changed = self
    changed.weights[k] = w
    var sum = 0.0
    for s in 0..<samples {
      let error = changed.pooled(s).q - targets[s]
      sum += error * error
    }
    return sum / Double(samples)
  }

  /// ∂L/∂w, derived by hand.
  var derivative: Double {
    let i = k / inputs
    var sum = 0.0
    for s in 0..<samples {
      let (q, sigma) = pooled(s)
      let y = v[i] * sigma
      let slope = (y < 0 ? -1 : 1) * pow(abs(y) / q, p - 1)
      sum +=
        2 * (q - targets[s]) * slope * v[i] * sigma * (1 - sigma) * x[s * inputs + k % inputs]
    }
    return sum / Double(samples)
  }
}
