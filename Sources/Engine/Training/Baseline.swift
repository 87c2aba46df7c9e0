public import Datasets
public import NNExp

/// Metrics of predictions that know only the targets of the training data: the shares of its
/// classes, or the mean of its numbers. A model that has learned something is better.
public struct Baseline<S: Scalar> {
  private let heads: [Head]
  /// The output of each head, which is the same for every sample.
  private let outputs: [[S]]
  /// The position of each head's target within the targets of a sample.
  private let offsets: [Int]

  public init(_ heads: [Head], train: Dataset<S>) throws {
    self.heads = heads
    let targets = heads.targets
    let widths = targets.map(\.shape.count)
    offsets = heads.map { head in widths[..<head.targetIndex].reduce(0, +) }
    let width = widths.reduce(0, +)
    var sums = heads.map { [Double](repeating: 0, count: $0.predictionShape.count) }
    var counts = heads.map { _ in 0.0 }
    for first in stride(from: 0, to: train.count, by: 4096) {
      let part = try train.held(first..<min(first + 4096, train.count))
      for sample in 0..<part.count {
        for (index, head) in heads.enumerated() {
          let start = sample * width + offsets[index]
          guard !part.targets[start].isNaN else { continue }
          counts[index] += 1
          if case .classes = head.target {
            let c = Int(part.targets[start])
            if sums[index].count == 1 { sums[index][0] += Double(c) } else { sums[index][c] += 1 }
          } else {
            for i in sums[index].indices { sums[index][i] += Double(part.targets[start + i]) }
          }
        }
      }
    }
    outputs = zip(sums, counts).map { sums, count in sums.map { S($0 / count) } }
  }

  /// The values of each head's metrics on some samples.
  public func measure(_ samples: Dataset<S>) throws -> [[Double]] {
    let tallies = heads.map { head in head.metrics.map { Tally($0, samples: samples.count) } }
    let readings = heads.map(HeadReading.init)
    defer {
      for tally in tallies.joined() { tally.deallocate() }
      for reading in readings { reading.deallocate() }
    }
    let width = heads.targets.reduce(0) { $0 + $1.shape.count }
    for first in stride(from: 0, to: samples.count, by: 1024) {
      let part = try samples.held(first..<min(first + 1024, samples.count))
      for (index, head) in heads.enumerated() where !head.metrics.isEmpty {
        let count = head.target.shape.count
        var t: [S] = []
        for sample in 0..<part.count {
          let start = sample * width + offsets[index]
          if !part.targets[start].isNaN { t += part.targets[start..<start + count] }
        }
        let known = t.count / count
        if known == 0 { continue }
        var z = (0..<known).flatMap { _ in outputs[index] }
        var hasClasses = false
        if case .classes = head.target { hasClasses = true }
        z.withUnsafeMutableBufferPointer { z in
          t.withUnsafeMutableBufferPointer { t in
            for tally in tallies[index] {
              MetricPass<S>(
                samples: known,
                z: Tensor(start: z.baseAddress!, count: z.count, shape: head.predictionShape),
                t: Tensor(start: t.baseAddress!, count: t.count, shape: head.target.shape),
                hasClasses: hasClasses, threshold: 0.5,
                meaning: hasClasses ? .probabilities : .values, units: readings[index].units,
                tally: tally.numbers
              ).run(tally.metric)
            }
          }
        }
      }
    }
    return tallies.map { $0.map(\.value) }
  }
}
