import NNExp

// Changes of the gradients before the optimizer reads them, and of the weights after its step.

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
    switch training.clipping {
    case nil: break
    case .norm(let limit):
      var sum = 0.0
      network.forEachGradient { g in
        for i in g.indices { sum += Double(g[i]) * Double(g[i]) }
      }
      let norm = sum.squareRoot()
      if norm > limit {
        let factor = S(limit / norm)
        network.forEachGradient { g in
          for i in g.indices { g[i] *= factor }
        }
      }
    case .value(let limit):
      let limit = S(limit)
      network.forEachGradient { g in
        for i in g.indices { g[i] = max(-limit, min(limit, g[i])) }
      }
    }
    return 0
  }

  /// Scales each row of a weight whose norm is above the node's `max_norm`: the weights of one
  /// unit or channel, w ← w · min(1, limit / ‖w‖₂).
  func limitNorms() {
    for weight in limited {
      for row in 0..<weight.rows {
        let w = network.parameters.start + weight.offset + row * weight.width
        var sum = 0.0
        for i in 0..<weight.width { sum += Double(w[i]) * Double(w[i]) }
        let norm = sum.squareRoot()
        if norm <= weight.limit { continue }
        let factor = S(weight.limit / norm)
        for i in 0..<weight.width { w[i] *= factor }
      }
    }
  }
}

/// A weight whose rows have a largest norm.
struct LimitedWeight {
  let offset: Int
  let rows: Int
  let width: Int
  let limit: Double

  /// Nil if the parameter has no such limit.
  init?(_ parameter: Graph.Parameter) {
    guard let limit = parameter.maxNorm, !parameter.isFrozen else { return nil }
    offset = parameter.offset
    rows = parameter.shape[0]
    width = parameter.shape.count / max(1, parameter.shape[0])
    self.limit = limit
  }
}

/// The sum of the gradients of several batches.
final class GradientSum<S: Scalar> {
  private let storage: UnsafeMutablePointer<S>
  private let count: Int

  init(count: Int) {
    self.count = count
    storage = .allocate(capacity: max(1, count))
    clear()
  }

  deinit { storage.deallocate() }

  func clear() { storage.initialize(repeating: 0, count: count) }

  func add(_ gradients: Tensor<S>, share: S) {
    for i in 0..<count { storage[i] += share * gradients[i] }
  }

  func copy(to gradients: Tensor<S>) { gradients.start.update(from: storage, count: count) }
}
