import NNExp

// Changes of the gradients before the optimizer reads them.

extension Trainer {
  /// Adds ∂(λ₁Σ|w| + λ₂/2·Σw²)/∂w to the gradients; returns the penalty.
  func penalize() -> Double {
    if penalized.isEmpty { return 0 }
    var penalty = 0.0
    for parameter in penalized {
      let w = network.parameters.slice(from: parameter.offset, shape: parameter.shape)
      let g = network.gradients.slice(from: parameter.offset, shape: parameter.shape)
      let l1 = S(parameter.l1)
      let l2 = S(parameter.l2)
      for i in w.indices {
        let sign: S = w[i] > 0 ? 1 : (w[i] < 0 ? -1 : 0)
        g[i] += l1 * sign + l2 * w[i]
        penalty += Double(l1 * abs(w[i]) + l2 / 2 * w[i] * w[i])
      }
    }
    return penalty
  }

  /// Limits the gradient; returns 0, so that the call can be a term of a sum.
  func clip() -> Double {
    let g = network.trainableGradients
    switch training.clipping {
    case nil: break
    case .norm(let limit):
      var sum = 0.0
      for i in g.indices { sum += Double(g[i]) * Double(g[i]) }
      let norm = sum.squareRoot()
      if norm > limit {
        let factor = S(limit / norm)
        for i in g.indices { g[i] *= factor }
      }
    case .value(let limit):
      let limit = S(limit)
      for i in g.indices { g[i] = max(-limit, min(limit, g[i])) }
    }
    return 0
  }
}
