public import Datasets
import Glibc
public import NNExp

/// Who hears of a training's progress.
public protocol TrainingObserver: AnyObject {
  /// True ends the training after the step at hand.
  var isInterrupted: Bool { get }

  /// A row of metrics.csv, in `Trainer.columns`' order; NaN is not measured.
  func recorded(_ row: [Double]) throws

  /// Called every so often, whatever is recorded.
  func isAlive(epoch: Int, of epochs: Int) throws

  /// Called every so often, and after an epoch where `epochsPerState` says so:
  /// now `Trainer.state()` tells all that it takes to go on from here.
  func canKeepState(epochHasEnded: Bool) throws

  /// Epochs between two calls of `canKeepState` at an epoch's end; nil for none.
  var epochsPerState: Int? { get }
}

extension TrainingObserver {
  public func canKeepState(epochHasEnded: Bool) throws {}
  public var epochsPerState: Int? { nil }
}

/// How a training ended.
public enum Outcome: Sendable {
  case completed
  /// No improvement for as long as the file allows.
  case stoppedEarly
  case interrupted
  /// The loss or a weight is no longer a finite number.
  case diverged(Diagnostic)
}

/// Trains one network, epoch by epoch.
///
/// After `init` a step allocates nothing. The numbers are a function of the
/// declaration, the data and the seed.
public final class Trainer<S: Scalar> {
  public let network: Network<S>
  public let data: DataSets<S>

  /// What each recorded row holds: `epoch`, `step`, `learning_rate`,
  /// `train_loss`, `validation_loss`, then every metric by split.
  public let columns: [String]

  /// Epochs finished and steps taken.
  public var epoch: Int { epochsDone }
  public var step: Int { stepsDone }
  var epochsDone = 0
  var stepsDone = 0
  /// Where in its loop a training stands, whenever it may be asked.
  var position: Position

  /// The best recorded row's epoch and monitored figure, and its weights.
  public internal(set) var best: (epoch: Int, value: Double)?
  public let monitor: (column: Int, isBetterHigher: Bool)
  let bestWeights: Snapshot<S>
  /// The newest weights that were all finite at a row or an interruption, and
  /// when that was.
  public internal(set) var last = (epoch: 0, step: 0)
  let lastWeights: Snapshot<S>

  private let objective: Objective
  let training: TrainingDeclaration
  private let metrics: [BoundMetric]
  /// Measures the network as it stands.
  public let evaluator: Evaluator<S>
  let batches: Batches<S>
  let tallies: [Tally]
  private let threshold: S
  let memory: UpdateMemory<S>
  private let update: Update<S>
  private let sliced: SlicedUpdate<S>?
  private let random: RandomStream
  private let penalized: [Graph.Parameter]
  /// Whether anything is done to the gradients before they are used.
  private let adjustsGradients: Bool
  /// Held unmanaged: a step that takes one up counts no references.
  private let fullBatch: Unmanaged<Steps>
  private let lastBatch: Unmanaged<Steps>

  /// The passes of one batch size, with the loss's view.
  private final class Steps {
    let passes: Passes<S>
    let loss: LossPass<S>

    init(_ passes: Passes<S>, _ reduction: Reduction) {
      self.passes = passes
      loss = passes.lossPass(reduction, gradient: true)
    }
  }

  /// Builds everything that training needs.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public init(
    _ graph: Graph, objective: Objective, metrics: [BoundMetric], training: TrainingDeclaration,
    data: DataSets<S>, seed: UInt64
  ) throws {
    self.objective = objective
    self.training = training
    position = Position(rate: training.optimizer.learningRate)
    self.data = data
    self.metrics = metrics
    batches = Batches(
      data.train, batchSize: training.batchSize, sampling: training.sampling, seed: seed)
    let capacity = Trainer.capacity(
      batch: batches.batchSize, evaluated: max(data.validation?.count ?? 0, data.test?.count ?? 0))
    let optimizerMemory = training.optimizer.memory
    try MemoryPlan(
      graph, target: data.target, vectors: optimizerMemory.vectors + 3, capacity: capacity,
      scalarSize: MemoryLayout<S>.stride
    ).requireAvailable(at: graph.nodes.first?.place)
    try graph.requireCountable()
    network = try Network(graph, target: data.target, capacity: capacity, seed: seed)
    memory = try UpdateMemory(
      count: graph.trainableCount, optimizerMemory, scheduleMemory: training.schedule.memory)
    update = Update(
      w: network.trainable, g: network.trainableGradients, vectors: memory.vectors,
      scalars: memory.scalars)
    sliced = SlicedUpdate(training.optimizer, update)
    evaluator = Evaluator(network, objective, metrics: metrics)
    tallies = metrics.map(Tally.init)
    threshold = S(objective.loss.decisionThreshold)
    random = RandomStream(seed: seed, purpose: "passes")
    penalized = graph.parameters.filter { !$0.isFrozen && ($0.l1 != 0 || $0.l2 != 0) }
    adjustsGradients = !penalized.isEmpty || training.clipping != nil
    bestWeights = Snapshot(network)
    lastWeights = Snapshot(network)

    var columns = ["epoch", "step", "learning_rate", "train_loss", "validation_loss"]
    if data.test != nil { columns.append("test_loss") }
    for metric in metrics {
      columns += ["train_\(metric.name)", "validation_\(metric.name)"]
      if data.test != nil { columns.append("test_\(metric.name)") }
    }
    self.columns = columns
    monitor = try Trainer.monitor(training, columns, metrics, validates: data.validation != nil)

    func steps(_ samples: Int, _ network: Network<S>) -> Unmanaged<Steps> {
      .passRetained(Steps(network.passes(samples, isTraining: true), objective.reduction))
    }
    fullBatch = steps(batches.batchSize, network)
    lastBatch = steps(batches.lastSize, network)

    if memory.needsFullBatch {
      update.evaluate = { [unowned self] in
        let loss = lastBatch._withUnsafeGuaranteedRef { gradient($0) }
        return loss + penalize() + clip()
      }
    }
  }

  deinit {
    tallies.forEach { $0.deallocate() }
    fullBatch.release()
    lastBatch.release()
  }

  /// Room for a training batch, and for evaluations in chunks of up to 256.
  private static func capacity(batch: Int, evaluated: Int) -> Int {
    max(batch, min(evaluated, 256))
  }

  /// The column that decides which epoch is best and when to stop.
  private static func monitor(
    _ training: TrainingDeclaration, _ columns: [String], _ metrics: [BoundMetric],
    validates: Bool
  ) throws -> (column: Int, isBetterHigher: Bool) {
    let fallback = validates ? "validation_loss" : "train_loss"
    let name = training.earlyStopping?.monitor ?? fallback
    let known = columns.dropFirst(3).filter { validates || !$0.hasPrefix("validation_") }
    guard known.contains(name), let column = columns.firstIndex(of: name) else {
      let reason =
        columns.contains(name)
        ? "'\(name)' is never measured: there are no validation data"
        : "unknown column '\(name)'" + suggestion(for: name, among: known)
      throw Diagnostic(
        reason, at: training.earlyStopping?.place,
        notes: [.init("the columns are: " + listed(known))])
    }
    let metric = metrics.first { name.hasSuffix("_" + $0.name) }
    return (column, metric?.metric.isBetterHigher ?? false)
  }

  // MARK: Training

  /// Trains to the end, an interruption, or a number that is not finite.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func run(_ observer: any TrainingObserver) throws -> Outcome {
    var row = [Double](repeating: .nan, count: columns.count)
    var progress = Progress(
      epoch: 0, step: 0, epochs: training.epochs, stepsPerEpoch: batches.count,
      isEpochStart: true, loss: position.loss)
    var rate = position.rate
    var waited = position.waited
    var sum = position.sum
    var batch = position.batch
    var sinceSign = 0
    // A step of a small network takes less time than a look at the clock.
    let work = network.graph.nodes.reduce(0) { saturatingSum($0, $1.plan.work) }
    let stepsPerSign = saturatingProduct(work, batches.batchSize) > 100_000 ? 1 : 128

    // Called in place, without a copy a step.
    let optimizer = training.optimizer
    let schedule = training.schedule
    let learningRate = optimizer.learningRate

    let epochsPerState = observer.epochsPerState

    while epochsDone < training.epochs {
      let isRecorded =
        (epochsDone + 1) % training.recordEvery == 0 || epochsDone + 1 == training.epochs
      if isRecorded, batch == 0 { for tally in tallies { tally.numbers.fill(0) } }
      batches.begin(epoch: epochsDone)
      progress.epoch = epochsDone
      while batch < batches.count {
        progress.step = stepsDone
        progress.isEpochStart = batch == 0
        rate = learningRate * schedule.factor(at: progress, memory: memory.schedule)
        try batches.load(batch, into: network)
        let steps = batch == batches.count &- 1 ? lastBatch : fullBatch
        let loss = steps._withUnsafeGuaranteedRef {
          takeStep($0, rate: rate, measuring: isRecorded, optimizer)
        }
        stepsDone &+= 1
        if !loss.isFinite { return .diverged(divergence(loss)) }
        sum += loss * Double(batches.size(batch))
        batch &+= 1
        sinceSign &+= 1
        if sinceSign >= stepsPerSign {
          sinceSign = 0
          try observer.isAlive(epoch: epochsDone, of: training.epochs)
          position = Position(
            batch: batch, sum: sum, rate: rate, loss: progress.loss, waited: waited)
          try observer.canKeepState(epochHasEnded: false)
          if observer.isInterrupted {
            if weightsAreFinite { keepWeights() }
            return .interrupted
          }
        }
      }
      epochsDone += 1
      progress.loss = sum / Double(data.train.count)
      if isRecorded {
        if !weightsAreFinite { return .diverged(divergence(.nan)) }
        try measure(into: &row, trainLoss: progress.loss, rate: rate)
        if data.validation != nil { progress.loss = row[4] }
        keepWeights()
        waited = improves(row) ? 0 : waited + 1
        try observer.recorded(row)
        if let stopping = training.earlyStopping, waited >= stopping.patience {
          return .stoppedEarly
        }
      }
      sum = 0
      batch = 0
      let ends = isRecorded && epochsDone < training.epochs && observer.isInterrupted
      if ends || epochsPerState.map({ epochsDone % $0 == 0 }) == true {
        position = Position(rate: rate, loss: progress.loss, waited: waited)
        try observer.canKeepState(epochHasEnded: true)
      }
      if ends { return .interrupted }
    }
    return .completed
  }

  /// One forward pass, one backward pass, one update. Returns the loss before
  /// the update.
  @inline(__always)
  private func takeStep(
    _ steps: Steps, rate: Double, measuring: Bool, _ optimizer: any Optimizer
  ) -> Double {
    if steps.passes.isRandom { steps.passes.draw(random, step: stepsDone) }
    let loss = gradient(steps)
    if measuring { addToTallies(steps) }
    let penalty = adjustsGradients ? penalize() + clip() : 0
    if let sliced {
      sliced.perform(learningRate: rate, step: stepsDone &+ 1, loss: loss + penalty)
      return loss
    }
    update.go(to: stepsDone &+ 1, learningRate: rate, loss: loss + penalty)
    update.run(optimizer)
    return loss
  }

  private func addToTallies(_ steps: Steps) {
    for tally in tallies {
      MetricPass(
        samples: steps.passes.samples, z: steps.loss.z, t: steps.loss.t,
        hasClasses: steps.loss.hasClasses, threshold: threshold, tally: tally.numbers
      ).run(tally.metric)
    }
  }

  @inline(__always)
  private func gradient(_ steps: Steps) -> Double {
    network.zero()
    steps.passes.forward()
    let sum = steps.loss.run(objective.loss)
    steps.passes.backward()
    return sum * Double(steps.loss.scale)
  }

  /// Adds ∂(λ₁Σ|w| + λ₂/2·Σw²)/∂w to the gradients; returns the penalty.
  private func penalize() -> Double {
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

  /// Limits the gradient; returns 0, so that it can stand in a sum.
  private func clip() -> Double {
    let g = network.trainableGradients
    switch training.clipping {
    case nil: break
    case .norm(let limit):
      var sum = 0.0
      for i in g.indices { sum += Double(g[i]) * Double(g[i]) }
      let norm = sum.squareRoot()
      if norm > limit {
        let factor = S(limit / norm)
        for i in g.indices { g[i] *= factor }
      }
    case .value(let limit):
      let limit = S(limit)
      for i in g.indices { g[i] = max(-limit, min(limit, g[i])) }
    }
    return 0
  }

  // MARK: Measuring

  private func measure(into row: inout [Double], trainLoss: Double, rate: Double) throws {
    row[0] = Double(epoch)
    row[1] = Double(step)
    row[2] = rate
    row[3] = trainLoss
    let validation = try data.validation.map(evaluator.measure)
    let test = try data.test.map(evaluator.measure)
    if data.validation != nil || data.test != nil { batches.invalidate() }
    row[4] = validation?[0] ?? .nan
    var column = 5
    if let test {
      row[column] = test[0]
      column += 1
    }
    for (index, tally) in tallies.enumerated() {
      row[column] = tally.value
      row[column + 1] = validation?[index + 1] ?? .nan
      column += 2
      if let test {
        row[column] = test[index + 1]
        column += 1
      }
    }
  }

  /// Notes whether the row is the best so far; keeps its weights if so.
  private func improves(_ row: [Double]) -> Bool {
    let value = row[monitor.column]
    guard value.isFinite else { return false }
    if let best {
      let change = monitor.isBetterHigher ? value - best.value : best.value - value
      guard change > training.earlyStopping?.minimumChange ?? 0 else { return false }
    }
    best = (epoch, value)
    bestWeights.take(network)
    return true
  }

  /// True if the last weights are those of the best row.
  public var lastIsBest: Bool {
    best?.epoch == last.epoch && last.step == last.epoch * batches.count
  }

  private func keepWeights() {
    lastWeights.take(network)
    last = (epoch, step)
  }

  var weightsAreFinite: Bool {
    let w = network.parameters
    // The sum of x·0 is 0 unless some x is not finite.
    var sum: S = 0
    for i in w.indices { sum += w[i] * 0 }
    return sum == 0
  }

  private func divergence(_ loss: Double) -> Diagnostic {
    let steps = (step - 1) % batches.count == batches.count - 1 ? lastBatch : fullBatch
    var message = "training diverged at step \(step) (epoch \((step - 1) / batches.count + 1)): "
    if let node = steps.takeUnretainedValue().passes.firstNonFiniteNode() {
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
    return Diagnostic(
      message, at: training.place,
      notes: [.init("try a smaller learning_rate, or clip: {norm: 1}")], failure: .shortfall)
  }

  // MARK: Weights

  /// Which of a training's weights are meant.
  public enum Weights: String, CaseIterable, Sendable {
    case last
    case best
  }

  /// Puts the weights of the best row, or of the last one that was finite, into
  /// the network.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func restore(_ weights: Weights) {
    switch weights {
    case .last: lastWeights.put(into: network)
    case .best: (best == nil ? lastWeights : bestWeights).put(into: network)
    }
  }
}
