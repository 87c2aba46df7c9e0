import Datasets
import NNExp

extension Network {
  /// Copies samples into the buffers of a batch.
  ///
  /// - Parameter sample: which one comes at each of the `count` places.
  /// - Throws: where they are read from a file, and that fails.
  func load(_ samples: Samples<S>, count: Int, sample: (Int) -> Int) throws {
    guard !samples.isStreamed else { return try read(samples, count: count, sample: sample) }
    gather(samples, count: count, sample: sample)
  }

  /// `load` for samples that are held.
  @inline(__always)
  func gather(_ samples: Samples<S>, count: Int, sample: (Int) -> Int) {
    if count &* x.shape.count > 1 << 15 {
      return share(samples, count: count, sample: sample)
    }
    gather(samples, to: 0..<count, sample: sample)
  }

  /// `gather` for some places of the batch.
  @inline(__always)
  private func gather(_ samples: Samples<S>, to places: Range<Int>, sample: (Int) -> Int) {
    let width = x.shape.count
    let targetWidth = samples.targets.isEmpty ? 0 : t.shape.count
    samples.inputs.withUnsafeBufferPointer { inputs in
      samples.targets.withUnsafeBufferPointer { targets in
        for i in places {
          let sample = sample(i)
          copy(inputs.baseAddress! + sample * width, to: x.start + i * width, width)
          copy(
            targets.baseAddress! + sample * targetWidth, to: t.start + i * targetWidth, targetWidth)
        }
      }
    }
  }

  /// `gather` on all cores: rows lie far apart, and each is waited for.
  @inline(never)
  private func share(_ samples: Samples<S>, count: Int, sample: (Int) -> Int) {
    let parts = min(8, count)
    Workers.perform(parts) { part in
      gather(samples, to: count * part / parts..<count * (part + 1) / parts, sample: sample)
    }
  }

  /// `load` for samples that are read from their files.
  @inline(never)
  func read(_ samples: Samples<S>, count: Int, sample: (Int) -> Int) throws {
    var inputs = UnsafeMutableBufferPointer(
      start: x.start, count: count * x.shape.count
    ).mutableSpan
    var targets = UnsafeMutableBufferPointer(
      start: t.start, count: samples.hasTargets ? count * t.shape.count : 0
    ).mutableSpan
    try samples.read(count, inputs: &inputs, targets: &targets, sample: sample)
  }

  /// A few numbers take less time than a call.
  @inline(__always)
  private func copy(_ from: UnsafePointer<S>, to: UnsafeMutablePointer<S>, _ count: Int) {
    if count > 8 { return to.update(from: from, count: count) }
    var i = 0
    while i < count {
      to[i] = from[i]
      i &+= 1
    }
  }
}
