public import Datasets
import Glibc
public import NNExp

/// The way in which a training ended.
public enum Outcome: Sendable {
  case completed
  /// The monitored column did not improve within the permitted number of epochs.
  case stoppedEarly
  case interrupted
  /// The loss or a weight is no longer finite.
  case diverged(Diagnostic)
}

/// Trains a network epoch by epoch.
///
/// After `init`, a step allocates nothing. The results depend only on the declaration, the data
/// and the seed.
public final class Trainer<S: Scalar> {
  public let network: Network<S>
  public let data: RunDatasets<S>

  private let layout: MetricLayout

  /// The columns of each row: `epoch`, `step`, `learning_rate`, the loss of each split, then
  /// every metric of each split.
  public var columns: [MetricColumn] { layout.columns }

  /// The columns that are measured on data that exist.
  public var measuredColumns: [MetricColumn] { layout.measured }

  /// The column that determines the best epoch and early stopping.
  public let monitor: MetricColumn
  private let monitorIndex: Int

  /// The number of finished epochs, and of steps.
  public var epoch: Int { epochsDone }
  public var step: Int { stepsDone }
  var epochsDone = 0
  var stepsDone = 0
  /// The state of the training loop, which can be saved.
  var loopState: LoopState

  /// The newest recorded row; empty before the first.
  public internal(set) var newestRow: [Double] = []

  /// The best measured epoch and its monitored value. Its row and weights are stored too.
  public internal(set) var best: (epoch: Int, value: Double)?
  public internal(set) var bestRow: [Double] = []
  let bestWeights: Snapshot<S>
  /// The epoch and step of the newest weights that were all finite when an epoch was measured
  /// or the training was interrupted.
  public internal(set) var last = (epoch: 0, step: 0)
  let lastWeights: Snapshot<S>

  public let heads: [Head]
  let training: TrainingDeclaration
  /// Measures the network with its current parameters.
  public let evaluator: Evaluator<S>
  let batches: Batches<S>
  /// The metrics and losses of the current epoch.
  let tallies: HeadTallies
  let totals: LossTotals
  let memory: OptimizerBuffers<S>
  private let update: OptimizerStep<S>
  private let blocked: BlockedOptimizerStep<S>?
  private let random: RandomStream
  private let penalized: [Graph.Parameter]
  /// True if gradients are modified before the optimizer uses them.
  private let adjustsGradients: Bool
  /// True if training depends on measurements, so that every epoch is measured even if it is
  /// not recorded.
  private let measuresEveryEpoch: Bool
  /// The observers that requested gradients, and the error that one of them threw.
  private var gradientObservers: [any TrainingObserver] = []
  private var observerError: (any Error)?
  /// True if there are such observers. Each step checks only this flag.
  @exclusivity(unchecked) private var reportsGradients = false
  /// Unmanaged, so that a step does not count references.
  private let fullBatch: Unmanaged<Steps>
  private let lastBatch: Unmanaged<Steps>

  /// The passes and losses for one batch size.
  private final class Steps {
    let passes: Passes<S>
    let losses: Losses<S>

    init(_ passes: Passes<S>) {
      self.passes = passes
      losses = passes.losses(gradient: true)
    }
  }

  /// Creates everything that training needs.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public init(
    _ graph: Graph, heads: [Head], training: TrainingDeclaration, data: RunDatasets<S>, seed: UInt64
  ) throws {
    self.heads = heads
    self.training = training
    loopState = LoopState(rate: training.optimizer.learningRate)
    self.data = data
    batches = Batches(
      data.train, batchSize: training.batchSize, sampling: training.sampling, seed: seed)
    let capacity = Trainer.capacity(
      batch: batches.batchSize, evaluated: max(data.validation?.count ?? 0, data.test?.count ?? 0))
    let optimizerMemory = training.optimizer.memory
    try MemoryPlan(
      graph, heads: heads, vectors: optimizerMemory.vectors + 3, capacity: capacity,
      scalarSize: MemoryLayout<S>.stride
    ).requireAvailable(at: graph.nodes.first?.location)
    try graph.requireCountable()
    network = try Network(graph, heads: heads, capacity: capacity, seed: seed)
    memory = try OptimizerBuffers(
      count: graph.trainableCount, optimizerMemory, scheduleMemory: training.schedule.memory)
    update = OptimizerStep(
      w: network.trainable, g: network.trainableGradients, vectors: memory.vectors,
      scalars: memory.scalars)
    blocked = BlockedOptimizerStep(training.optimizer, update)
    evaluator = Evaluator(network)
    tallies = HeadTallies(
      heads.map(\.metrics), thresholds: heads.map { $0.loss.decisionThreshold })
    totals = LossTotals(heads.map(\.weight))
    random = RandomStream(seed: seed, purpose: "passes")
    penalized = graph.parameters.filter { !$0.isFrozen && ($0.l1 != 0 || $0.l2 != 0) }
    adjustsGradients = !penalized.isEmpty || training.clipping != nil
    bestWeights = Snapshot(network)
    lastWeights = Snapshot(network)

    layout = MetricLayout(
      heads, hasValidation: data.validation != nil, hasTest: data.test != nil)
    let monitor = try layout.monitor(training.earlyStopping)
    self.monitor = monitor
    monitorIndex = layout.columns.firstIndex(of: monitor)!
    measuresEveryEpoch =
      training.earlyStopping != nil || data.validation != nil && training.schedule.watchesLoss

    func steps(_ samples: Int, _ network: Network<S>) -> Unmanaged<Steps> {
      .passRetained(Steps(network.passes(samples, isTraining: true)))
    }
    fullBatch = steps(batches.batchSize, network)
    lastBatch = steps(batches.lastSize, network)

    if memory.needsFullBatch {
      update.evaluate = { [unowned self] in
        let loss = lastBatch._withUnsafeGuaranteedRef { gradient($0, isStep: false) }
        return loss + penalize() + clip()
      }
    }
  }

  deinit {
    fullBatch.release()
    lastBatch.release()
  }

  /// The capacity for training batches, and for evaluations in chunks of up to 256 samples.
  private static func capacity(batch: Int, evaluated: Int) -> Int {
    max(batch, min(evaluated, 256))
  }

  // MARK: Training

  /// Trains until the end, a cancellation, or a number that is not finite.
  ///
  /// - Parameter pause: an epoch. Training ends at the first recorded row in or after this
  ///   epoch, as if it had been cancelled.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func run(
    _ observers: [any TrainingObserver] = [], cancellation: CancellationToken = .never,
    pausingAfter pause: Int = .max
  ) throws -> Outcome {
    var row = [Double](repeating: .nan, count: columns.count)
    var progress = Progress(
      epoch: 0, step: 0, epochs: training.epochs, stepsPerEpoch: batches.count,
      isEpochStart: true, loss: loopState.loss)
    var rate = loopState.rate
    var epochsWithoutImprovement = loopState.epochsWithoutImprovement
    var batch = loopState.batch
    // Reading the clock takes longer than a step of a small network.
    let work = network.graph.nodes.reduce(0) { saturatingSum($0, $1.plan.work) }
    let isSmall = saturatingProduct(work, batches.batchSize) <= 100_000
    var clock = HeartbeatClock()
    gradientObservers = observers.filter(\.observesGradients)
    reportsGradients = !gradientObservers.isEmpty

    // A local variable, so that a step does not copy it.
    let optimizer = training.optimizer
    let schedule = training.schedule
    let learningRate = optimizer.learningRate
    let watchesLoss = schedule.watchesLoss

    let epochsPerState: Int? =
      if case .epochs(let count) = training.checkpoints.every { count } else { nil }

    if isCancelled(cancellation, pause) { return .interrupted }
    while epochsDone < training.epochs {
      let isDue =
        (epochsDone + 1) % training.recordEvery == 0 || epochsDone + 1 == training.epochs
      let isMeasured = isDue || measuresEveryEpoch
      if isMeasured, batch == 0, !tallies.isEmpty { tallies.clear() }
      batches.begin(epoch: epochsDone)
      progress.epoch = epochsDone
      while batch < batches.count {
        progress.step = stepsDone
        progress.isEpochStart = batch == 0
        rate = learningRate * schedule.factor(at: progress, memory: memory.schedule)
        try batches.load(batch, into: network)
        let steps = batch == batches.count &- 1 ? lastBatch : fullBatch
        let loss = steps._withUnsafeGuaranteedRef {
          performStep($0, rate: rate, measuring: isMeasured, optimizer)
        }
        stepsDone &+= 1
        if reportsGradients, let observerError { throw observerError }
        if !loss.isFinite { return .diverged(divergence(loss)) }
        batch &+= 1
        if !isSmall || stepsDone % 128 == 0 {
          if clock.isDue() { try sendHeartbeat(to: observers) }
          loopState = LoopState(
            batch: batch, rate: rate, loss: progress.loss,
            epochsWithoutImprovement: epochsWithoutImprovement)
          let ends = isCancelled(cancellation, pause)
          try offerState(to: observers, epochHasEnded: false, trainingEnds: ends)
          if ends {
            if weightsAreFinite { keepWeights() }
            return .interrupted
          }
        }
      }
      epochsDone += 1
      let trainLoss = totals.mean
      if watchesLoss { progress.loss = trainLoss }
      if isMeasured {
        if !weightsAreFinite { return .diverged(divergence(.nan)) }
        let validationLoss = try measure(into: &row, rate: rate)
        if watchesLoss, let validationLoss { progress.loss = validationLoss }
        keepWeights()
        epochsWithoutImprovement = improves(row) ? 0 : epochsWithoutImprovement + 1
        let stops = stopsEarly(epochsWithoutImprovement)
        if isDue || stops { try record(row, to: observers) }
        if stops { return .stoppedEarly }
      }
      totals.clear()
      batch = 0
      let ends = isDue && epochsDone < training.epochs && isCancelled(cancellation, pause)
      if ends || epochsPerState.map({ epochsDone % $0 == 0 }) == true {
        loopState = LoopState(
          rate: rate, loss: progress.loss, epochsWithoutImprovement: epochsWithoutImprovement)
        try offerState(to: observers, epochHasEnded: true, trainingEnds: ends)
      }
      if ends { return .interrupted }
    }
    return .completed
  }

  // These functions are called rarely. Inlined in the loop, they would use registers that the
  // step needs.

  @inline(never)
  private func isCancelled(_ cancellation: CancellationToken, _ pause: Int) -> Bool {
    cancellation.isCancelled || newestRow.first.map { $0 >= Double(pause) } ?? false
  }

  @inline(never)
  private func stopsEarly(_ epochsWithoutImprovement: Int) -> Bool {
    training.earlyStopping.map { epochsWithoutImprovement >= $0.patience } ?? false
  }

  @inline(never)
  private func offerState(
    to observers: [any TrainingObserver], epochHasEnded: Bool, trainingEnds: Bool
  ) throws {
    let opportunity = CheckpointOpportunity(
      epochHasEnded: epochHasEnded, trainingEnds: trainingEnds)
    for observer in observers { try observer.stateCanBeSaved(opportunity) }
  }

  @inline(never)
  private func record(_ row: [Double], to observers: [any TrainingObserver]) throws {
    Trainer.copy(row, to: &newestRow)
    let event = metricRow(row)
    for observer in observers { try observer.rowRecorded(event) }
  }

  @inline(never)
  private func sendHeartbeat(to observers: [any TrainingObserver]) throws {
    let progress = TrainingProgress(
      epoch: epochsDone, epochs: training.epochs,
      newestRow: newestRow.isEmpty ? nil : metricRow(newestRow))
    for observer in observers { try observer.heartbeat(progress) }
  }

  private func metricRow(_ values: [Double]) -> MetricRow {
    MetricRow(
      columns: columns, values: values, epoch: Int(exactly: values[0]) ?? 0,
      step: Int(exactly: values[1]) ?? 0)
  }

  /// Copies a row; allocates only the first time.
  private static func copy(_ row: [Double], to kept: inout [Double]) {
    if kept.count == row.count {
      for i in row.indices { kept[i] = row[i] }
    } else {
      kept = row.map { $0 }
    }
  }

  /// Runs a forward pass, a backward pass and an update. Returns the loss before the update.
  @inline(__always)
  private func performStep(
    _ steps: Steps, rate: Double, measuring: Bool, _ optimizer: any Optimizer
  ) -> Double {
    if steps.passes.isRandom { steps.passes.draw(random, step: stepsDone) }
    let loss = gradient(steps, isStep: true)
    if measuring { addToTallies(steps) }
    let penalty = adjustsGradients ? penalize() + clip() : 0
    if let blocked {
      blocked.perform(learningRate: rate, step: stepsDone &+ 1, loss: loss + penalty)
      return loss
    }
    update.setStep(stepsDone &+ 1, learningRate: rate, loss: loss + penalty)
    update.run(optimizer)
    return loss
  }

  private func addToTallies(_ steps: Steps) {
    if tallies.isEmpty { return }
    steps.losses.forEach { index, loss in tallies.add(loss, index) }
  }

  @inline(__always)
  private func gradient(_ steps: Steps, isStep: Bool) -> Double {
    network.zero()
    steps.passes.forward()
    let loss = isStep ? steps.losses.evaluate(addingTo: totals) : steps.losses.evaluate()
    steps.passes.backward()
    if reportsGradients { reportGradients(samples: steps.passes.samples, loss: loss) }
    return loss
  }

  @inline(never)
  private func reportGradients(samples: Int, loss: Double) {
    let event = BatchGradients(
      step: stepsDone, samples: samples, loss: loss, values: network.trainableGradients)
    do {
      for observer in gradientObservers { try observer.gradientsReady(event) }
    } catch { observerError = observerError ?? error }
  }

  /// Adds ∂(λ₁Σ|w| + λ₂/2·Σw²)/∂w to the gradients and returns the penalty.
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

  /// Limits the gradient. Returns 0, so that the call can be a term of a sum.
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

  /// Fills a row and returns the validation loss.
  @inline(never)
  private func measure(
    into row: inout [Double], rate: Double
  ) throws -> Double? {
    let validation = try data.validation.map(evaluator.measure)
    let test = try data.test.map(evaluator.measure)
    if data.validation != nil || data.test != nil { batches.invalidate() }
    for (index, source) in layout.sources.enumerated() {
      row[index] =
        switch source {
        case .epoch: Double(epoch)
        case .step: Double(step)
        case .learningRate: rate
        case .total(.train): totals.mean
        case .total(.validation): validation.map(totalLoss) ?? .nan
        case .total(.test): test.map(totalLoss) ?? .nan
        case .measurement(.train, let head, let quantity):
          quantity == 0 ? totals.mean(of: head) : tallies.values(of: head)[quantity - 1]
        case .measurement(.validation, let head, let quantity):
          validation?[head][quantity] ?? .nan
        case .measurement(.test, let head, let quantity): test?[head][quantity] ?? .nan
        }
    }
    return validation.map(totalLoss)
  }

  /// Σ weight · L of a measurement.
  public func totalLoss(_ measured: [[Double]]) -> Double {
    var total = measured[0][0] * heads[0].weight
    for head in heads.indices.dropFirst() { total += measured[head][0] * heads[head].weight }
    return total
  }

  /// Records whether the row is the best so far, and if so saves its weights.
  @inline(never)
  private func improves(_ row: [Double]) -> Bool {
    let value = row[monitorIndex]
    guard value.isFinite else { return false }
    if let best {
      let change = monitor.largerIsBetter == true ? value - best.value : best.value - value
      guard change > training.earlyStopping?.minimumChange ?? 0 else { return false }
    }
    best = (epoch, value)
    Trainer.copy(row, to: &bestRow)
    bestWeights.copy(network)
    return true
  }

  /// True if the last weights are those of the best row.
  public var lastIsBest: Bool {
    best?.epoch == last.epoch && last.step == last.epoch * batches.count
  }

  @inline(never)
  private func keepWeights() {
    lastWeights.copy(network)
    last = (epoch, step)
  }

  @inline(never)
  var weightsAreFinite: Bool {
    let w = network.parameters
    // The sum of x·0 is 0 unless an x is not finite.
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
      message, at: training.location,
      notes: [.init("try a smaller learning_rate, or clip: {norm: 1}")], failure: .shortfall)
  }

  // MARK: Weights

  /// The choice between the weights of the last and of the best row.
  public enum Weights: String, CaseIterable, Sendable {
    case last
    case best
  }

  /// Copies the weights of the best row, or of the last finite row, into the network.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func restore(_ weights: Weights) {
    switch weights {
    case .last: lastWeights.put(into: network)
    case .best: (best == nil ? lastWeights : bestWeights).put(into: network)
    }
  }
}
