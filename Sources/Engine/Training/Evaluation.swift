public import Datasets
public import NNExp

/// Adds a metric up over batches.
struct Tally {
  let metric: any Metric
  let numbers: Tensor<Double>

  init(_ bound: BoundMetric) {
    metric = bound.metric
    let start = UnsafeMutablePointer<Double>.allocate(capacity: max(1, bound.tallySize))
    numbers = Tensor(start: start, count: bound.tallySize, shape: [bound.tallySize])
    numbers.fill(0)
  }

  func deallocate() { numbers.start.deallocate() }

  var value: Double { metric.value(of: numbers) }
}

/// Measures a network on samples, in evaluation mode.
public final class Evaluator<S: Scalar> {
  private let network: Network<S>
  private let objective: Objective
  private let tallies: [Tally]
  private let threshold: S

  /// Samples of one pass.
  public let chunk: Int

  public init(_ network: Network<S>, _ objective: Objective, metrics: [BoundMetric]) {
    self.network = network
    self.objective = objective
    tallies = metrics.map(Tally.init)
    threshold = S(objective.loss.decisionThreshold)
    chunk = network.capacity
  }

  deinit { tallies.forEach { $0.deallocate() } }

  /// The loss over all samples, then each metric. The network's batch buffers
  /// are overwritten.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func measure(_ samples: Samples<S>) throws -> [Double] {
    for tally in tallies { tally.numbers.fill(0) }
    var sum = 0.0
    try forEachChunk(of: samples) { passes in
      let pass = passes.lossPass(objective.reduction, gradient: false)
      sum += pass.run(objective.loss)
      for tally in tallies {
        MetricPass(
          samples: pass.samples, z: pass.z, t: pass.t, hasClasses: pass.hasClasses,
          threshold: threshold, tally: tally.numbers
        ).run(tally.metric)
      }
    }
    return [sum * objective.reduction.scale(samples.count)] + tallies.map(\.value)
  }

  /// The tally of one metric over all samples, such as a confusion matrix.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func tally(of metric: Int, over samples: Samples<S>) throws -> [Double] {
    _ = try measure(samples)
    let numbers = tallies[metric].numbers
    return numbers.indices.map { numbers[$0] }
  }

  /// The outputs for all samples, row-major.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func predict(_ samples: Samples<S>) throws -> [S] {
    var outputs: [S] = []
    outputs.reserveCapacity(samples.count * network.graph.outputShape.count)
    try forEachChunk(of: samples) { passes in
      let z = network.output(passes.samples)
      for i in z.indices { outputs.append(z[i]) }
    }
    return outputs
  }

  private func forEachChunk(of samples: Samples<S>, _ body: (Passes<S>) -> Void) throws {
    var first = 0
    while first < samples.count {
      let count = min(chunk, samples.count - first)
      try network.load(samples, count: count) { first + $0 }
      let passes = network.passes(count, isTraining: false)
      passes.forward()
      body(passes)
      first += count
    }
  }
}
