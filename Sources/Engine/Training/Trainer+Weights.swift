import NNExp

// The weights that are kept and delivered.

extension Trainer {
  /// True if the last weights are those of the best row.
  public var lastIsBest: Bool {
    best?.epoch == last.epoch && last.step == last.epoch * batches.count
  }

  @inline(never)
  func keepWeights() {
    if bestIsLast {
      swap(&bestWeights, &lastWeights)
      bestIsLast = false
    }
    lastWeights.copy(network)
    last = (epoch, step)
  }

  /// The weights of the best row.
  var weightsOfBest: Snapshot<S> { bestIsLast ? lastWeights : bestWeights }

  @inline(never)
  func keepLastWeights() {
    average?.exchange()
    keepWeights()
    average?.exchange()
  }

  @inline(never)
  var weightsAreFinite: Bool {
    // The sum of x·0 is 0 unless an x is not finite.
    var sum: S = 0
    network.forEachParameter { w, _ in
      var sums = SIMD8<S>()
      var i = 0
      while i &+ 8 <= w.count {
        for lane in 0..<8 { sums[lane] += w.start[i &+ lane] * 0 }
        i &+= 8
      }
      sum += sums.sum()
      while i < w.count {
        sum += w.start[i] * 0
        i &+= 1
      }
    }
    return sum == 0
  }

  func divergence(_ loss: Double) -> Diagnostic {
    let steps = (step - 1) % batches.count == batches.count - 1 ? lastBatch : fullBatch
    var message = "training diverged at step \(step) (epoch \((step - 1) / batches.count + 1)): "
    let node =
      network.overlaps
      ? nonFiniteNode : steps.takeUnretainedValue().passes.firstNonFiniteNode(repeats: false)
    if let node {
      message += "the output of '\(node)' is no longer finite"
    } else if loss.isFinite || weightsAreFinite {
      message += "the loss is \(shortest(loss))"
    } else {
      let culprit = network.graph.parameters.first { parameter in
        let w = network.parameters.slice(from: parameter.offset, shape: parameter.shape)
        return w.indices.contains { !w[$0].isFinite }
      }
      message +=
        "\(culprit?.name ?? "a parameter") of '\(culprit?.node ?? "?")' is no longer finite"
    }
    // The loss of the first step is that of the initial weights.
    let isInitial = step == 1 && node == nil && !loss.isFinite
    let note =
      isInitial
      ? "no weight has changed yet, so that a smaller learning_rate cannot help; 'nnexp types "
        + "\(network.heads[0].lossName)' says which outputs the loss requires"
      : "try a smaller learning_rate, or clip: {norm: 1}"
    return Diagnostic(
      message, at: training.location, notes: [.init(note)], failure: .shortfall)
  }

  public typealias Weights = TrainingDeclaration.Weights

  /// The weights that the results are computed with, their epoch, and its row.
  public var delivered: (weights: Weights, epoch: Int, row: [Double]) {
    if delivery == .best, let best { return (.best, best.epoch, bestRow) }
    return (.last, last.epoch, newestRow)
  }

  /// Copies the best weights of a saved state into the network.
  public func put(bestOf state: TrainingState<S>) throws {
    let weights = Snapshot(network)
    guard state.best.count == weights.count else {
      throw Diagnostic("the saved training state belongs to another model or another optimizer")
    }
    weights.restore(state.best)
    weights.put(into: network)
  }

  /// Copies the weights of the best row, or of the last finite row, into the network.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func restore(_ weights: Weights) {
    switch weights {
    case .last: lastWeights.put(into: network)
    case .best: (best == nil ? lastWeights : weightsOfBest).put(into: network)
    }
  }
}
