public import Datasets
import Platform
public import NNExp

/// The way in which a training ended.
public enum Outcome: Sendable {
  case completed
  /// The monitored column did not improve within the permitted number of epochs.
  case stoppedEarly
  /// The name of the option that limits the steps or the time.
  case reachedLimit(String)
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

  let layout: MetricLayout

  /// The columns of each row: `epoch`, `step`, `learning_rate`, the loss of each split, then
  /// every metric of each split.
  public var columns: [MetricColumn] { layout.columns }

  /// The columns that are measured on data that exist.
  public var measuredColumns: [MetricColumn] { layout.measured }

  /// The column that determines the best epoch and early stopping.
  public let monitor: MetricColumn
  let monitorIndex: Int

  /// The epochs that are trained, unless training ends early.
  public let epochs: Int
  /// The number of steps in the last of these epochs.
  private let stepsOfLastEpoch: Int

  /// The number of finished epochs, and of steps.
  public var epoch: Int { epochsDone }
  public var step: Int { stepsDone }
  var epochsDone = 0
  var stepsDone = 0

  /// The memory of the streamed samples that are read while the network trains, in bytes.
  public var bytesAhead: Int { batches.ahead?.bytes ?? 0 }
  /// The state of the training loop, which can be saved.
  var loopState: LoopState

  /// The kind of weights that the results are computed with, if there are any.
  public let delivery: Weights

  /// The newest recorded row; empty before the first.
  public internal(set) var newestRow: [Double] = []

  /// The best measured epoch and its monitored value. Its row and weights are stored too.
  public internal(set) var best: (epoch: Int, value: Double)?
  public internal(set) var bestRow: [Double] = []
  var bestWeights: Snapshot<S>
  /// True if the best weights are the last ones, which are then stored only once.
  var bestIsLast = false
  /// The monitored value at which the patience of early stopping last restarted; NaN before.
  var patienceReference = Double.nan
  /// The epoch and step of the newest weights that were finite when they were checked: at the
  /// end of a measured epoch or at an interruption.
  public internal(set) var last = (epoch: 0, step: 0)
  var lastWeights: Snapshot<S>

  public let heads: [Head]
  let training: TrainingDeclaration
  /// Measures the network with its current parameters.
  public let evaluator: Evaluator<S>
  let batches: Batches<S>
  /// The metrics and losses of the current epoch.
  let tallies: HeadTallies
  let totals: LossTotals
  let memory: OptimizerBuffers<S>
  let update: OptimizerStep<S>
  let blocked: BlockedOptimizerStep<S>?
  let random: RandomStream
  let penalized: [Graph.Parameter]
  /// Whether the gradients are changed before they are used.
  let adjustsGradients: Bool
  let limited: [LimitedWeight]
  let average: WeightAverage<S>?
  /// True if a step does more than the optimizer's update.
  let changesWeights: Bool
  /// Nil unless a step trains on several batches.
  let gradientSum: GradientSum<S>?
  /// True if training depends on measurements, so that every epoch is measured even if it is
  /// not recorded.
  private let measuresEveryEpoch: Bool
  /// The observers that requested gradients, and the error that one of them threw.
  var gradientObservers: [any TrainingObserver] = []
  var observerError: (any Error)?
  /// The first node whose output was not finite in a step whose loss was not.
  var nonFiniteNode: String?
  /// True if there are such observers. Each step checks only this flag.
  @exclusivity(unchecked) var reportsGradients = false
  /// Nil if no columns per layer are recorded.
  let layerRecord: LayerRecord<S>?
  /// Unmanaged, so that a step does not count references.
  let fullBatch: Unmanaged<Steps>
  let lastBatch: Unmanaged<Steps>

  /// The passes and losses for one batch size.
  final class Steps {
    let passes: Passes<S>
    let losses: Losses<S>

    init(_ passes: Passes<S>) {
      self.passes = passes
      losses = passes.losses(gradient: passes.isTraining)
    }
  }

  /// Creates everything that training needs.
  ///
  /// - Parameter use: `.evaluation` for a trainer that only measures, which needs less memory.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public init(
    _ graph: Graph, heads: [Head], training: TrainingDeclaration, data: RunDatasets<S>,
    seed: UInt64, use: NetworkUse = .training
  ) throws {
    let trains = use != .evaluation
    self.heads = heads
    self.training = training
    loopState = LoopState(rate: training.optimizer.learningRate)
    self.data = data
    batches = Batches(
      data.train, batchSize: training.batchSize, sampling: training.sampling, seed: seed,
      mergesLastOfOne: graph.couplesSamples, partsPerStep: training.accumulate)
    var capacity = Trainer.capacity(
      batch: max(batches.batchSize, batches.lastSize),
      evaluated: max(data.validation?.count ?? 0, data.test?.count ?? 0))
    let optimizerMemory = trains ? training.optimizer.memory : OptimizerMemory()
    var plan = MemoryPlan(
      graph, heads: heads, vectors: training.vectors, capacity: capacity,
      scalarSize: MemoryLayout<S>.stride)
    if !trains {
      (plan, capacity) = MemoryPlan.ofEvaluation(
        graph, heads: heads, capacity: capacity, scalarSize: MemoryLayout<S>.stride,
        training: plan)
    }
    try plan.requireAvailable(at: graph.nodes.first?.location)
    try graph.requireCountable()
    network = try Network(
      graph, heads: heads, capacity: capacity, seed: seed, use: use)
    memory = try OptimizerBuffers(
      count: graph.trainableCount, optimizerMemory, scheduleMemory: training.schedule.memory)
    update = OptimizerStep(
      w: network.trainable, g: network.trainableGradients, vectors: memory.vectors,
      scalars: memory.scalars)
    evaluator = Evaluator(network)
    tallies = HeadTallies(heads, samples: data.train.count)
    totals = LossTotals(heads.map(\.weight))
    random = RandomStream(seed: seed, purpose: "passes")
    penalized = graph.parameters.filter { !$0.isFrozen && ($0.l1 != 0 || $0.l2 != 0) }
    adjustsGradients = !penalized.isEmpty || training.clipping != nil
    gradientSum = batches.partsPerStep > 1 ? GradientSum(count: graph.trainableCount) : nil
    limited = graph.parameters.compactMap(LimitedWeight.init)
    average = training.averaging.map { [network] in WeightAverage($0, network) }
    changesWeights = average != nil || !limited.isEmpty
    let skipsZeros = optimizerMemory.skipsZeros && optimizerMemory.isElementwise
    if trains, skipsZeros, penalized.isEmpty, !changesWeights, gradientSum == nil,
      training.record.isEmpty
    {
      try network.readEntries(
        of: data.train, batchSize: max(batches.batchSize, batches.lastSize))
    }
    blocked =
      trains
      ? BlockedOptimizerStep(
        training.optimizer, update, parts: try training.parts(of: graph),
        sparse: network.sparseInput)
      : nil
    bestWeights = Snapshot(network, isEmpty: !trains)
    lastWeights = Snapshot(network, isEmpty: !trains)

    layerRecord = training.record.isEmpty ? nil : LayerRecord(training.record, network)
    layout = MetricLayout(
      heads, hasValidation: data.validation != nil, hasTest: data.test != nil,
      record: training.record,
      layers: training.record.isEmpty ? [] : LayerRecord<S>.layers(of: graph).map(\.name))
    delivery = training.deliver ?? (data.validation == nil ? .last : .best)
    let monitor = try layout.monitor(training.earlyStopping)
    self.monitor = monitor
    monitorIndex = layout.columns.firstIndex(of: monitor)!
    let isWatched = data.validation != nil || training.measuresTraining
    measuresEveryEpoch =
      training.earlyStopping != nil || isWatched && training.schedule.watchesLoss
    let perEpoch = batches.count
    let epochs = min(
      training.epochs, training.maxSteps.map { ($0 - 1) / perEpoch + 1 } ?? training.epochs)
    self.epochs = epochs
    stepsOfLastEpoch = min(
      training.maxSteps.map { $0 - (epochs - 1) * perEpoch } ?? perEpoch, perEpoch)

    func steps(_ samples: Int, _ network: Network<S>) -> Unmanaged<Steps> {
      .passRetained(Steps(network.passes(min(samples, capacity), isTraining: trains)))
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
  /// - Parameter pause: the epoch after which training ends at the next recorded row, as
  ///   after a cancellation.
  /// - Parameter secondsSoFar: the duration of the training before it was resumed, for
  ///   `max_time`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public func run(
    _ observers: [any TrainingObserver] = [], cancellation: CancellationToken = .never,
    pausingAfter pause: Int = .max, secondsSoFar: Double = 0
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
    let timeLimit = training.maxTime.map { TimeLimit($0 - secondsSoFar) }
    let keepsState = training.checkpoints.keepsState
    let epochs = epochs
    var tenthEnd = endOfTenth(after: epochsDone)
    gradientObservers = observers.filter(\.observesGradients)
    reportsGradients = !gradientObservers.isEmpty || layerRecord != nil

    if let sparseInput = network.sparseInput {
      sparseInput.begin()
      batches.invalidate()
    }
    // A local variable, so that a step does not copy it.
    let optimizer = training.optimizer
    let schedule = training.schedule
    let learningRate = optimizer.learningRate
    let watchesLoss = schedule.watchesLoss

    let epochsPerState: Int? =
      if case .epochs(let count) = training.checkpoints.every { count } else { nil }

    if isCancelled(cancellation, pause) { return .interrupted }
    while epochsDone < epochs {
      let isDueByItself = (epochsDone + 1) % training.recordEvery == 0
      let isDue = isDueByItself || epochsDone + 1 == epochs
      let isMeasured = isDue || measuresEveryEpoch
      // An epoch that the time limit ends is always measured.
      let isTallied = isMeasured || timeLimit != nil
      let end = epochsDone + 1 == epochs ? stepsOfLastEpoch : batches.count
      if isTallied, batch == 0, !tallies.isEmpty { tallies.clear() }
      batches.begin(epoch: epochsDone)
      progress.epoch = epochsDone
      while batch < end {
        progress.step = stepsDone
        progress.isEpochStart = batch == 0
        rate = learningRate * schedule.factor(at: progress, memory: memory.schedule)
        let loss: Double
        if let gradientSum {
          loss = try performStep(
            gradientSum, batch, rate: rate, measuring: isTallied, optimizer)
        } else {
          try batches.load(batch, into: network)
          let steps = batch == batches.count &- 1 ? lastBatch : fullBatch
          loss = steps._withUnsafeGuaranteedRef {
            performStep($0, rate: rate, measuring: isTallied, optimizer)
          }
        }
        stepsDone &+= 1
        if reportsGradients, let observerError { throw observerError }
        if !loss.isFinite { return try diverged(divergence(loss), observers) }
        batch &+= 1
        if !isSmall || stepsDone % 128 == 0 {
          if clock.isDue() { try sendHeartbeat(to: observers) }
          loopState = LoopState(
            batch: batch, rate: rate, loss: progress.loss,
            epochsWithoutImprovement: epochsWithoutImprovement)
          let ends = isCancelled(cancellation, pause)
          try offerState(to: observers, epochHasEnded: false, trainingEnds: ends)
          if ends {
            if weightsAreFinite { keepLastWeights() }
            return .interrupted
          }
        }
      }
      if batch < batches.count, keepsState {
        // An unlimited training would continue in this epoch.
        loopState = LoopState(
          batch: batch, rate: rate, loss: progress.loss,
          epochsWithoutImprovement: epochsWithoutImprovement)
        try offerState(to: observers, epochHasEnded: false, trainingEnds: true)
      }
      epochsDone += 1
      if batch == batches.count { average?.epochEnded(epochsDone) }
      let trainLoss = totals.mean
      if watchesLoss { progress.loss = trainLoss }
      let timeIsUp = timeLimit?.isOver ?? false
      let isLast = timeIsUp || epochsDone == epochs
      let keepsStateHere = keepsState && batch == batches.count
      if keepsStateHere, isLast, !isDueByItself, !measuresEveryEpoch {
        try keepState(
          LoopState(
            rate: rate, loss: progress.loss,
            epochsWithoutImprovement: epochsWithoutImprovement), to: observers)
      }
      if isMeasured || timeIsUp {
        if !weightsAreFinite { return try diverged(divergence(.nan), observers) }
        average?.exchange()
        let watchedLoss = try measure(into: &row, rate: rate)
        if watchesLoss, let watchedLoss { progress.loss = watchedLoss }
        keepWeights()
        epochsWithoutImprovement = improves(row) ? 0 : epochsWithoutImprovement + 1
        average?.exchange()
        let stops = stopsEarly(epochsWithoutImprovement)
        if keepsStateHere, isLast || stops, !isDueByItself, measuresEveryEpoch {
          try keepState(
            LoopState(
              rate: rate, loss: progress.loss,
              epochsWithoutImprovement: epochsWithoutImprovement), to: observers)
        }
        if isDue || isLast || stops {
          try recordBest(to: observers)
          try record(row, to: observers)
        }
        if keepsStateHere, isLast || stops, isDueByItself {
          try keepState(
            LoopState(
              rate: rate, loss: progress.loss,
              epochsWithoutImprovement: epochsWithoutImprovement), to: observers)
        }
        if stops { return .stoppedEarly }
        if timeIsUp, epochsDone < epochs { return .reachedLimit("max_time") }
      }
      if epochsDone >= tenthEnd { tenthEnd = try reportTenth(to: observers) }
      totals.clear()
      batch = 0
      let ends = isDue && epochsDone < epochs && isCancelled(cancellation, pause)
      // The state that is kept at the end is not replaced.
      if keepsState, isLast { continue }
      if ends || epochsPerState.map({ epochsDone % $0 == 0 }) == true {
        loopState = LoopState(
          rate: rate, loss: progress.loss, epochsWithoutImprovement: epochsWithoutImprovement)
        try offerState(to: observers, epochHasEnded: true, trainingEnds: ends)
      }
      if ends { return .interrupted }
    }
    return stepsDone == training.maxSteps ? .reachedLimit("max_steps") : .completed
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

  /// Offers a state from which training can continue as if this epoch was not its last.
  @inline(never)
  private func keepState(
    _ state: LoopState, to observers: [any TrainingObserver]
  ) throws {
    let sums = totals.values
    totals.clear()
    loopState = state
    try offerState(to: observers, epochHasEnded: true, trainingEnds: true)
    totals.values = sums
  }

  @inline(never)
  private func record(_ row: [Double], to observers: [any TrainingObserver]) throws {
    Trainer.copy(row, to: &newestRow)
    let event = metricRow(row)
    for observer in observers { try observer.rowRecorded(event) }
  }

  /// Records the row of the best epoch so far, if its weights are delivered and it is older
  /// than the present epoch and not yet recorded.
  @inline(never)
  private func recordBest(to observers: [any TrainingObserver]) throws {
    guard delivery == .best, let best, best.epoch < epoch,
      newestRow.first.map({ $0 < Double(best.epoch) }) ?? true
    else { return }
    Trainer.copy(bestRow, to: &newestRow)
    var event = metricRow(bestRow)
    event.isLate = true
    for observer in observers { try observer.rowRecorded(event) }
  }

  @inline(never)
  private func diverged(
    _ diagnostic: Diagnostic, _ observers: [any TrainingObserver]
  ) throws -> Outcome {
    try recordBest(to: observers)
    return .diverged(diagnostic)
  }

  private var currentProgress: TrainingProgress {
    TrainingProgress(
      epoch: epochsDone, epochs: training.epochs,
      newestRow: newestRow.isEmpty ? nil : metricRow(newestRow))
  }

  @inline(never)
  private func sendHeartbeat(to observers: [any TrainingObserver]) throws {
    let progress = currentProgress
    for observer in observers { try observer.heartbeat(progress) }
  }

  /// Reports the end of a tenth of the epochs. Returns the last epoch of the next tenth.
  @inline(never)
  private func reportTenth(to observers: [any TrainingObserver]) throws -> Int {
    let progress = currentProgress
    for observer in observers { observer.tenthEnded(progress) }
    return endOfTenth(after: epochsDone)
  }

  /// The first epoch after `epoch` that ends a tenth of the epochs, rounded up.
  private func endOfTenth(after epoch: Int) -> Int {
    let (quotient, rest) = training.epochs.quotientAndRemainder(dividingBy: 10)
    return (1...10).lazy.map { quotient * $0 + (rest * $0 + 9) / 10 }.first { $0 > epoch } ?? .max
  }

  private func metricRow(_ values: [Double]) -> MetricRow {
    MetricRow(
      columns: columns, values: values, epoch: Int(exactly: values[0]) ?? 0,
      step: Int(exactly: values[1]) ?? 0)
  }

  /// Copies a row. Allocates memory only the first time.
  static func copy(_ row: [Double], to kept: inout [Double]) {
    if kept.count == row.count {
      for i in row.indices { kept[i] = row[i] }
    } else {
      kept = row.map { $0 }
    }
  }
}
