import GradientCheck
import NNExp

// Claims about batches in shards. Each shard has the position of its first sample.

extension LayerTrial {
  private static let claim = "samples are independent"

  /// Compares all samples at once with single samples and with shards.
  func checkShards<S: Scalar>(_ scalar: S.Type, _ recorder: inout Conformance.Recorder) throws {
    if plan.couplesSamples && isTraining {
      recorder.claim(LayerTrial.claim, nil, proof: "the plan couples samples")
      return
    }
    let whole = try bench(S.self)
    whole.forward()
    whole.backward()
    for size in Set([1, 2, 8]).sorted() where size < samples || size == 1 {
      if let fault = try fault(inShardsOf: size, of: whole) {
        recorder.claim(LayerTrial.claim, "\(fault); \(circumstance), \(S.dtypeName)")
        return
      }
    }
    recorder.claim(LayerTrial.claim, nil)
  }

  /// A batch of about 2²⁰ numbers, because an error can depend on the position of an entry.
  func checkLargeBatch(_ recorder: inout Conformance.Recorder) throws {
    let numbers = max(
      1, ports.reduce(0) { $0 + $1.count } + plan.outputs.reduce(0) { $0 + $1.count })
    let room = max(1, plan.numbers / 2)
    var large = self
    large.draw.samples = min(
      (1 << 20) / max(1, ports[0].count) + 1, (1 << 23) / numbers, (1 << 23) / room,
      Int(3e7) / max(1, plan.work))
    guard large.samples > 33, !(plan.couplesSamples && isTraining) else { return }
    let whole = try large.bench(Double.self)
    whole.forward()
    whole.backward()
    if let fault = try large.fault(inShardsOf: large.samples / 7 + 1, of: whole) {
      recorder.claim(LayerTrial.claim, "\(fault); \(large.circumstance), float64")
    }
  }

  /// The first result that differs between shards of `size` and `whole`.
  private func fault<S: Scalar>(
    inShardsOf size: Int, of whole: LayerBench<S>
  ) throws -> String? {
    let isWide = S.self == Double.self
    let (tolerance, sumTolerance) = isWide ? (1e-11, 1e-10) : (1e-5, 1e-4)
    var sums = whole.gradients.map { [Double](repeating: 0, count: $0.tensor.count) }
    var sizes = whole.gradients.map { _ in 0.0 }
    let state = try bench(S.self).state.map(\.values)
    for first in stride(from: 0, to: samples, by: size) {
      let count = min(size, samples - first)
      let shard = try LayerBench<S>(layer, inputs: ports, samples: count)
      shard.isTraining = isTraining
      shard.random = whole.random
      shard.firstSample = first
      for buffer in shard.scratch + shard.outputs { buffer.fill(.nan) }
      for (mine, all) in zip(shard.parameters, whole.parameters) { mine.values = all.values }
      for (mine, values) in zip(shard.state, state) { mine.values = values }
      for (mine, all) in zip(shard.inputs + shard.dOutputs, whole.inputs + whole.dOutputs)
      where all.tensor.count > 0 {
        mine.copy(samples: first..<first + count, of: all)
      }
      for (mine, all) in zip(shard.indices, whole.indices) {
        mine.copy(samples: first..<first + count, of: all)
      }
      shard.forward()
      shard.backward()
      for (mine, all) in zip(shard.outputs + shard.dInputs, whole.outputs + whole.dInputs)
      where all.tensor.count > 0 {
        let length = max(1, all.tensor.shape.count)
        let part = all.values(ofSamples: first..<first + count)
        if let found = disagreement(mine.values, part, tolerance: tolerance) {
          let (sample, index) = found.index.quotientAndRemainder(dividingBy: length)
          let setting =
            count == 1 ? "by itself" : "in a shard of \(count) from sample \(first) on"
          return "\(mine.name)[\(index)] of sample \(first + sample) is \(shortest(found.found)) "
            + "\(setting), \(shortest(found.expected)) in a batch of \(samples)"
        }
      }
      for (k, gradient) in shard.gradients.enumerated() {
        for i in gradient.tensor.indices { sums[k][i] += Double(gradient.tensor[i]) }
        sizes[k] += gradient.tensor.indices.reduce(0) { max($0, abs(Double(gradient.tensor[$1]))) }
      }
    }
    for (k, (sum, all)) in zip(sums, whole.gradients).enumerated() {
      // Terms of both signs cancel, so that the round-off is relative to their sizes.
      if let found = disagreement(sum, all.values, tolerance: sumTolerance, size: sizes[k]) {
        let how = size == 1 ? "sample by sample" : "in shards of \(size)"
        return "the \(all.name)[\(found.index)] is \(shortest(found.found)) \(how), "
          + "\(shortest(found.expected)) for the batch of \(samples)"
      }
    }
    return nil
  }
}

extension GuardedBuffer {
  func values(ofSamples samples: Range<Int>) -> [S] {
    let count = tensor.shape.count
    return (samples.lowerBound * count..<samples.upperBound * count).map { tensor[$0] }
  }

  /// Copies some samples of another buffer.
  func copy(samples: Range<Int>, of other: GuardedBuffer) {
    let count = tensor.shape.count
    for i in tensor.indices { tensor[i] = other.tensor[samples.lowerBound * count + i] }
  }
}
