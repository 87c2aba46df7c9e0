import NNExp

/// The loss of one head over batches of one size.
final class HeadLoss<S: Scalar> {
  let head: Head
  let weight: Double

  /// The loss L of the last evaluation without the head's weight, and the number of its samples.
  @exclusivity(unchecked) private(set) var value = 0.0
  @exclusivity(unchecked) private(set) var samples: Int
  /// The sum of the weights of these samples; their number if there are no weights.
  @exclusivity(unchecked) private(set) var total: Double

  private let loss: any Loss
  /// The pass over the whole batch.
  private let batch: LossPass<S>
  private let valueScale: Double
  /// The samples that have a target; nil if all must have one.
  private let known: KnownTargets<S>?
  /// Nil if there are no weights of samples.
  private let weighted: WeightedSamples<S>?
  /// A buffer for the predictions, if the second half of the outputs is variances.
  private let means: Tensor<S>?

  init(
    _ head: Head, samples: Int, z: Tensor<S>, t: Tensor<S>, dz: Tensor<S>?,
    gathered: GatheredHead<S>?, weights: Tensor<S>?, means: Tensor<S>?
  ) {
    self.head = head
    self.samples = samples
    loss = head.loss
    weight = head.weight
    self.means = means
    valueScale = Double(S(head.reduction.scale(samples)))
    let batch = head.lossPass(samples, z: z, t: t, dz: dz)
    self.batch = batch
    total = Double(samples)
    known = head.skipsMissing ? gathered.map { KnownTargets(head, batch, $0) } : nil
    weighted = weights.map { WeightedSamples(head, batch, weights: $0, dz: gathered?.dz) }
  }

  /// The tensors that the last evaluation of the loss and metrics read.
  var pass: LossPass<S> { known?.pass ?? batch }

  /// Returns Σ ℓ over the samples, or Σ w ℓ, unscaled. Adds weight · ∂L/∂z to the gradient of
  /// the node's output if gradients were requested.
  @inline(__always)
  @discardableResult
  func evaluate() -> Double {
    if let weighted { return evaluate(weighted) }
    if let known { return evaluate(known) }
    let sum = batch.run(loss)
    value = sum * valueScale
    return sum
  }

  @inline(never)
  private func evaluate(_ weighted: WeightedSamples<S>) -> Double {
    if let known { samples = known.gather() }
    let sum = weighted.evaluate(loss)
    total = weighted.total
    value = total == 0 ? 0 : sum * head.reduction.scale(total: total)
    return sum
  }

  @inline(never)
  private func evaluate(_ known: KnownTargets<S>) -> Double {
    samples = known.gather()
    total = Double(samples)
    value = 0
    if samples == 0 { return 0 }
    let sum = known.pass.run(loss)
    known.addGradient()
    value = sum * Double(S(head.reduction.scale(samples)))
    return sum
  }

  /// Copies the predictions of the last evaluation, if the outputs are means and variances.
  func gatherMeans() {
    guard let means else { return }
    let (z, width) = (pass.z, means.shape.count)
    for sample in 0..<samples {
      for j in 0..<width { means[sample * width + j] = z[sample * z.shape.count + j] }
    }
  }

  /// Adds the samples of the last evaluation to a tally of the head.
  func add(to tally: Tally, _ reading: HeadReading) {
    if samples == 0 { return }
    let pass = pass
    let z = means?.first(pass.samples) ?? pass.z
    MetricPass(
      samples: pass.samples, z: z, t: pass.t, hasClasses: pass.hasClasses,
      threshold: S(reading.threshold), meaning: reading.meaning, units: reading.units,
      tally: tally.numbers
    ).run(tally.metric)
  }
}

extension Head {
  fileprivate func lossPass<S: Scalar>(
    _ samples: Int, z: Tensor<S>, t: Tensor<S>, dz: Tensor<S>?
  ) -> LossPass<S> {
    let hasClasses = if case .classes = target { true } else { false }
    return LossPass(
      samples: samples, z: z, t: t, hasClasses: hasClasses, dz: dz,
      scale: S(reduction.scale(samples) * weight))
  }
}

/// Buffers for the samples of a batch that have a head's target, or for their gradients before
/// they are weighted.
final class GatheredHead<S: Scalar> {
  let z: Tensor<S>
  let t: Tensor<S>
  let dz: Tensor<S>

  init(z: Tensor<S>, t: Tensor<S>, dz: Tensor<S>) { (self.z, self.t, self.dz) = (z, t, dz) }
}

/// The samples of a batch that have a head's target.
private final class KnownTargets<S: Scalar> {
  private let head: Head
  private let batch: LossPass<S>
  private let gathered: GatheredHead<S>
  /// The passes by number of samples, created when a batch first has that number.
  private var passes: [Int: LossPass<S>] = [:]
  private(set) var pass: LossPass<S>

  init(_ head: Head, _ batch: LossPass<S>, _ gathered: GatheredHead<S>) {
    self.head = head
    self.batch = batch
    self.gathered = gathered
    pass = batch
  }

  /// Copies outputs and targets into the buffers. Returns the number of samples.
  func gather() -> Int {
    let (z, t) = (batch.z, batch.t)
    let (width, targetWidth) = (z.shape.count, t.shape.count)
    var count = 0
    for sample in 0..<batch.samples where !t[sample * targetWidth].isNaN {
      for i in 0..<width { gathered.z[count * width + i] = z[sample * width + i] }
      for i in 0..<targetWidth {
        gathered.t[count * targetWidth + i] = t[sample * targetWidth + i]
      }
      count += 1
    }
    pass = pass(of: count)
    pass.dz?.fill(0)
    return count
  }

  private func pass(of count: Int) -> LossPass<S> {
    if let known = passes[count] { return known }
    let made = head.lossPass(
      count, z: gathered.z.first(count), t: gathered.t.first(count),
      dz: batch.dz == nil ? nil : gathered.dz.first(count))
    passes[count] = made
    return made
  }

  /// Adds the gradients of the buffers to those of the whole batch.
  func addGradient() {
    guard let dz = batch.dz, let part = pass.dz else { return }
    let (width, targetWidth) = (dz.shape.count, batch.t.shape.count)
    var next = 0
    for sample in 0..<batch.samples where !batch.t[sample * targetWidth].isNaN {
      for i in 0..<width { dz[sample * width + i] += part[next * width + i] }
      next += 1
    }
  }
}

/// The samples of a batch with a weight w each: L is Σ w ℓ / Σ w over those that have the
/// head's target, or Σ w ℓ if the reduction is a sum.
private final class WeightedSamples<S: Scalar> {
  /// Σ w of the last evaluation.
  private(set) var total = 0.0

  private let head: Head
  private let weights: Tensor<S>
  private let batch: LossPass<S>
  /// One pass per sample, which computes ∂ℓ/∂z into a buffer, because each has its own weight.
  private let passes: [LossPass<S>]

  init(_ head: Head, _ batch: LossPass<S>, weights: Tensor<S>, dz: Tensor<S>?) {
    self.head = head
    self.weights = weights
    self.batch = batch
    let dz = batch.dz == nil ? nil : dz
    passes = (0..<batch.samples).map { sample in
      LossPass(
        samples: 1, z: batch.z.sample(sample), t: batch.t.sample(sample),
        hasClasses: batch.hasClasses, dz: dz?.sample(sample), scale: 1)
    }
  }

  /// Returns Σ w ℓ. Adds the gradients to those of the whole batch. A sample without weight is
  /// not evaluated.
  func evaluate(_ loss: any Loss) -> Double {
    total = 0
    let targetWidth = batch.t.shape.count
    for sample in passes.indices where !batch.t[sample * targetWidth].isNaN {
      total += Double(weights[sample])
    }
    if total == 0 { return 0 }
    let scale = head.reduction.scale(total: total) * head.weight
    var sum = 0.0
    for sample in passes.indices where !batch.t[sample * targetWidth].isNaN {
      let (w, pass) = (Double(weights[sample]), passes[sample])
      if w == 0 { continue }
      pass.dz?.fill(0)
      sum += w * pass.run(loss)
      guard let dz = batch.dz, let part = pass.dz else { continue }
      let (factor, width) = (S(w * scale), dz.shape.count)
      for i in 0..<width { dz[sample * width + i] += factor * part[i] }
    }
    return sum
  }
}

extension Tensor {
  /// One sample of a batch.
  fileprivate func sample(_ index: Int) -> Tensor {
    Tensor(start: start + index * shape.count, count: shape.count, shape: shape)
  }

  /// The first samples of a batch.
  fileprivate func first(_ samples: Int) -> Tensor {
    Tensor(start: start, count: samples * shape.count, shape: shape)
  }
}

/// The losses of all heads over batches of one size.
public final class Losses<S: Scalar> {
  let count: Int
  /// Unmanaged, so that a step does not count references.
  private let heads: UnsafeMutablePointer<Unmanaged<HeadLoss<S>>>

  init(_ heads: [HeadLoss<S>]) {
    count = heads.count
    self.heads = .allocate(capacity: max(1, count))
    for (index, head) in heads.enumerated() {
      (self.heads + index).initialize(to: .passRetained(head))
    }
  }

  deinit {
    for index in 0..<count { heads[index].release() }
    heads.deallocate()
  }

  /// Returns Σ weight · L. Adds its derivative to the gradients of the heads' outputs if
  /// gradients were requested.
  @specialized(where S == Double)
  @specialized(where S == Float)
  @discardableResult
  public func evaluate() -> Double {
    var total = evaluate(0)
    var index = 1
    while index < count {
      total += evaluate(index)
      index &+= 1
    }
    return total
  }

  /// Evaluates the losses and adds them to the sums of an epoch.
  @specialized(where S == Double)
  @specialized(where S == Float)
  func evaluate(addingTo totals: LossTotals) -> Double {
    var total = evaluate(0, addingTo: totals)
    var index = 1
    while index < count {
      total += evaluate(index, addingTo: totals)
      index &+= 1
    }
    return total
  }

  @inline(__always)
  private func evaluate(_ index: Int, addingTo totals: LossTotals) -> Double {
    heads[index]._withUnsafeGuaranteedRef { head in
      head.evaluate()
      let value = head.value
      totals.add(value, total: head.total, to: index)
      return value * head.weight
    }
  }

  @inline(__always)
  private func evaluate(_ index: Int) -> Double {
    heads[index]._withUnsafeGuaranteedRef { head in
      head.evaluate()
      return head.value * head.weight
    }
  }

  func forEach(_ body: (Int, HeadLoss<S>) -> Void) {
    for index in 0..<count { heads[index]._withUnsafeGuaranteedRef { body(index, $0) } }
  }

  /// The loss L of one head in the last evaluation, without the head's weight.
  public func value(of head: Int) -> Double {
    heads[head]._withUnsafeGuaranteedRef { $0.value }
  }
}
