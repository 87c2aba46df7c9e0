public import Datasets
public import NNExp

/// The running sums of a metric over batches.
struct Tally {
  let metric: any Metric
  let numbers: Tensor<Double>

  /// - Parameter samples: the largest number of samples.
  init(_ bound: BoundMetric, samples: Int) {
    metric = bound.metric
    let size = bound.tallySize + samples * bound.numbersPerSample
    let start = UnsafeMutablePointer<Double>.allocate(capacity: max(1, size))
    numbers = Tensor(start: start, count: size, shape: [size])
    numbers.fill(0)
  }

  func deallocate() { numbers.start.deallocate() }

  var value: Double { metric.value(of: numbers) }
}

/// The interpretation of a head's outputs by its metrics.
struct HeadReading {
  let threshold: Double
  let meaning: OutputMeaning
  /// See `MetricPass.units`.
  let units: Tensor<Double>

  init(_ head: Head) {
    threshold = head.threshold
    // Metrics read the means only.
    meaning = head.loss.outputMeaning.hasVariances ? .values : head.loss.outputMeaning
    let numbers = head.units.map { units in
      units.spread + zip(units.shift, units.origin).map { $0 + $1 }
        + (units.areLogs.isEmpty ? units.spread.map { _ in false } : units.areLogs)
        .map { $0 ? 1 : 0 }
    }
    let count = numbers?.count ?? 0
    let start = UnsafeMutablePointer<Double>.allocate(capacity: max(1, count))
    for (index, number) in (numbers ?? []).enumerated() { start[index] = number }
    units = Tensor(start: start, count: count, shape: [count])
  }

  func deallocate() { units.start.deallocate() }
}

/// The sums for the metrics of all heads.
final class HeadTallies {
  private let metrics: [[BoundMetric]]
  @exclusivity(unchecked) private var tallies: [[Tally]]
  private let readings: [HeadReading]
  /// The number of samples for which memory is allocated.
  private var room: Int

  /// True if there are no metrics.
  let isEmpty: Bool

  /// - Parameters:
  ///   - metrics: metrics by head that replace those of the heads.
  ///   - samples: the largest number that is added before the tallies are cleared.
  init(_ heads: [Head], metrics: [[BoundMetric]]? = nil, samples: Int) {
    let metrics = metrics ?? heads.map(\.metrics)
    self.metrics = metrics
    room = samples
    tallies = metrics.map { $0.map { Tally($0, samples: samples) } }
    readings = heads.map(HeadReading.init)
    isEmpty = tallies.allSatisfy(\.isEmpty)
  }

  deinit {
    all.forEach { $0.deallocate() }
    readings.forEach { $0.deallocate() }
  }

  /// Allocates memory for so many samples and clears the tallies.
  func reserve(samples: Int) {
    if samples > room, metrics.contains(where: { $0.contains { $0.numbersPerSample > 0 } }) {
      all.forEach { $0.deallocate() }
      tallies = metrics.map { $0.map { Tally($0, samples: samples) } }
      room = samples
    } else {
      clear()
    }
  }

  /// All tallies, head by head.
  var all: [Tally] { tallies.flatMap { $0 } }

  func clear() {
    for head in tallies { for tally in head { tally.numbers.fill(0) } }
  }

  /// Adds the samples of a head's last evaluation.
  func add<S: Scalar>(_ loss: HeadLoss<S>, _ head: Int) {
    if tallies[head].isEmpty { return }
    loss.gatherMeans()
    for tally in tallies[head] { loss.add(to: tally, readings[head]) }
  }

  /// The value of each metric of a head.
  func values(of head: Int) -> [Double] { tallies[head].map(\.value) }

  func numbers(of metric: Int, head: Int) -> [Double] {
    let numbers = tallies[head][metric].numbers
    return numbers.indices.map { numbers[$0] }
  }
}

/// Measures a network on samples, in evaluation mode.
public final class Evaluator<S: Scalar> {
  private let network: Network<S>
  private let tallies: HeadTallies

  /// The number of samples per pass.
  public let chunk: Int

  /// - Parameter metrics: the metrics of each head; by default, those of its declaration.
  public init(_ network: Network<S>, metrics: [[BoundMetric]]? = nil) {
    self.network = network
    tallies = HeadTallies(network.heads, metrics: metrics, samples: 0)
    chunk = network.capacity
  }

  /// For each head, the loss over all samples that have its target, then each metric; NaN if
  /// there are no such samples. Only the loss uses the samples' weights. Overwrites the network's
  /// batch buffers.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func measure(_ samples: Dataset<S>) throws -> [[Double]] {
    tallies.reserve(samples: samples.count)
    var sums = network.heads.map { _ in (loss: 0.0, total: 0.0) }
    try forEachChunk(of: samples) { passes in
      passes.losses(gradient: false).forEach { index, head in
        sums[index].loss += head.evaluate()
        sums[index].total += head.total
        tallies.add(head, index)
      }
    }
    return network.heads.indices.map { index in
      let (loss, total) = sums[index]
      let value = total == 0 ? .nan : loss * network.heads[index].reduction.scale(total: total)
      return [value] + tallies.values(of: index)
    }
  }

  /// The tally of one metric over all samples, for example a confusion matrix.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func tally(
    of metric: Int = 0, head: Int, over samples: Dataset<S>
  ) throws -> [Double] {
    _ = try measure(samples)
    return tallies.numbers(of: metric, head: head)
  }

  /// For each head, the outputs for all samples, row-major.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func predict(_ samples: Dataset<S>) throws -> [[S]] {
    var outputs: [[S]] = network.heads.map { head in
      var values: [S] = []
      values.reserveCapacity(samples.count * head.outputShape.count)
      return values
    }
    try forEachChunk(of: samples) { passes in
      for head in outputs.indices {
        let z = network.output(passes.samples, of: head)
        for i in z.indices { outputs[head].append(z[i]) }
      }
    }
    return outputs
  }

  private func forEachChunk(of samples: Dataset<S>, _ body: (Passes<S>) -> Void) throws {
    network.sparseInput?.settle()
    var first = 0
    while first < samples.count {
      let count = min(chunk, samples.count - first)
      try network.batch.load(samples, count: count) { first + $0 }
      let passes = network.passes(count, isTraining: false)
      passes.forward()
      body(passes)
      first += count
    }
  }
}
