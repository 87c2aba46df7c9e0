import NNExp

/// The loss of one head over batches of one size.
final class HeadLoss<S: Scalar> {
  let head: Head
  let weight: Double

  /// The unweighted loss L of the last evaluation, and the number of its samples.
  @exclusivity(unchecked) private(set) var value = 0.0
  @exclusivity(unchecked) private(set) var samples: Int

  private let loss: any Loss
  /// The pass over the whole batch.
  private let batch: LossPass<S>
  private let valueScale: Double
  /// The samples that have a target; nil if all must have one.
  private let known: KnownTargets<S>?

  init(
    _ head: Head, samples: Int, z: Tensor<S>, t: Tensor<S>, dz: Tensor<S>?,
    gathered: GatheredHead<S>?
  ) {
    self.head = head
    self.samples = samples
    loss = head.loss
    weight = head.weight
    valueScale = Double(S(head.reduction.scale(samples)))
    batch = head.lossPass(samples, z: z, t: t, dz: dz)
    known = if let gathered { KnownTargets(head, batch, gathered) } else { nil }
  }

  /// The tensors that the last evaluation of the loss and metrics read.
  var pass: LossPass<S> { known?.pass ?? batch }

  /// Returns Σ ℓ over the samples, unscaled. Adds weight · ∂L/∂z to the gradient of the node's
  /// output if gradients were requested.
  @inline(__always)
  @discardableResult
  func evaluate() -> Double {
    if let known { return evaluate(known) }
    let sum = batch.run(loss)
    value = sum * valueScale
    return sum
  }

  @inline(never)
  private func evaluate(_ known: KnownTargets<S>) -> Double {
    samples = known.gather()
    value = 0
    if samples == 0 { return 0 }
    let sum = known.pass.run(loss)
    known.addGradient()
    value = sum * Double(S(head.reduction.scale(samples)))
    return sum
  }

  /// Adds the samples of the last evaluation to a tally of the head.
  func add(to tally: Tally, _ reading: HeadReading) {
    if samples == 0 { return }
    let pass = pass
    MetricPass(
      samples: pass.samples, z: pass.z, t: pass.t, hasClasses: pass.hasClasses,
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

/// Buffers for the samples of a batch that have a head's target.
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

extension Tensor {
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
      totals.add(value, samples: head.samples, to: index)
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

  /// The unweighted loss L of one head in the last evaluation.
  public func value(of head: Int) -> Double {
    heads[head]._withUnsafeGuaranteedRef { $0.value }
  }
}
