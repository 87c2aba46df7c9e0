import NNExp

// Single steps.

extension Trainer {
  /// Runs a forward pass, a backward pass and an update. Returns the loss before the update.
  @inline(__always)
  func performStep(
    _ steps: Steps, rate: Double, measuring: Bool, _ optimizer: any Optimizer
  ) -> Double {
    if steps.passes.isRandom { steps.passes.draw(random, step: stepsDone) }
    let loss = gradient(steps, isStep: true)
    if measuring { addToTallies(steps) }
    change(loss: loss, rate: rate, optimizer)
    return loss
  }

  /// The same for a step over several batches, whose gradients are averaged by their samples.
  @inline(never)
  func performStep(
    _ sum: GradientSum<S>, _ step: Int, rate: Double, measuring: Bool, _ optimizer: any Optimizer
  ) throws -> Double {
    let parts = batches.parts(of: step)
    let samples = batches.samples(of: step..<step + 1)
    var loss = 0.0
    sum.clear()
    for part in parts {
      try batches.load(part, into: network)
      let steps = (part == batches.parts - 1 ? lastBatch : fullBatch).takeUnretainedValue()
      if steps.passes.isRandom {
        steps.passes.draw(
          random, step: stepsDone * batches.partsPerStep + part - parts.lowerBound)
      }
      let share = Double(batches.size(part)) / Double(samples)
      loss += share * passes(steps, isStep: true)
      if measuring { addToTallies(steps) }
      sum.add(network.trainableGradients, share: S(share))
    }
    sum.copy(to: network.trainableGradients)
    if reportsGradients { reportGradients(samples: samples, loss: loss, true) }
    change(loss: loss, rate: rate, optimizer)
    return loss
  }

  /// Updates the parameters from their gradients.
  @inline(__always)
  private func change(loss: Double, rate: Double, _ optimizer: any Optimizer) {
    let penalty = adjustsGradients ? penalize() + clip() : 0
    if let blocked {
      blocked.perform(learningRate: rate, step: stepsDone &+ 1, loss: loss + penalty)
      network.sparseInput?.store()
    } else {
      update.setStep(stepsDone &+ 1, learningRate: rate, loss: loss + penalty)
      update.run(optimizer)
    }
    if changesWeights {
      limitNorms()
      average?.stepEnded()
    }
  }

  private func addToTallies(_ steps: Steps) {
    if tallies.isEmpty { return }
    steps.losses.forEach { index, loss in tallies.add(loss, index) }
  }

  @inline(__always)
  private func passes(_ steps: Steps, isStep: Bool) -> Double {
    network.zero()
    steps.passes.forward()
    let loss = isStep ? steps.losses.evaluate(addingTo: totals) : steps.losses.evaluate()
    if isStep, !loss.isFinite { findNonFiniteNode(steps) }
    steps.passes.backward()
    return loss
  }

  /// Notes the first node whose output is not finite, before the update. Training ends after this
  /// step.
  @inline(never)
  private func findNonFiniteNode(_ steps: Steps) {
    guard network.overlaps else { return }
    nonFiniteNode = steps.passes.firstNonFiniteNode(repeats: true)
    steps.passes.forward()
  }

  @inline(__always)
  func gradient(_ steps: Steps, isStep: Bool) -> Double {
    let loss = passes(steps, isStep: isStep)
    if reportsGradients { reportGradients(samples: steps.passes.samples, loss: loss, isStep) }
    return loss
  }

  @inline(never)
  private func reportGradients(samples: Int, loss: Double, _ isStep: Bool) {
    if isStep, let layerRecord,
      stepsDone % batches.count == batches.count &- 1 || stepsDone &+ 1 == training.maxSteps
    {
      layerRecord.prepare()
    }
    if gradientObservers.isEmpty { return }
    let event = BatchGradients(
      step: stepsDone, samples: samples, loss: loss, values: network.trainableGradients)
    do {
      try network.withGradients {
        for observer in gradientObservers { try observer.gradientsReady(event) }
      }
    } catch { observerError = observerError ?? error }
  }
}
