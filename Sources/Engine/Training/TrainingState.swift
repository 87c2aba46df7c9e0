public import NNExp

/// The state of the training loop between two steps.
struct LoopState: Sendable {
  /// The number of finished batches of the epoch.
  var batch = 0
  /// The learning rate of the last step.
  var rate: Double
  /// The loss for schedules: that of the last epoch; NaN in the first.
  var loss = Double.nan
  /// The number of measured epochs since the best one.
  var epochsWithoutImprovement = 0
}

/// The state from which a training resumes, except the numbers in `Network.learned`, which the
/// network holds.
///
/// It contains no random numbers, because they depend only on the seed and the loop's state.
/// Given this state and the network's numbers, a trainer with the same declaration, data and
/// binary continues exactly, bit by bit.
public struct TrainingState<S: Scalar>: Sendable {
  /// Integers: finished epochs and steps, batches of the current epoch, ….
  public enum Count: String, Sendable, CaseIterable {
    case epoch, step, batch
    case epochsWithoutImprovement = "waited"
    /// 0 if there is no best row.
    case bestEpoch = "best_epoch"
    case lastEpoch = "last_epoch"
    case lastStep = "last_step"
  }

  /// Lists of numbers, always in double precision.
  public enum Numbers: String, Sendable, CaseIterable {
    /// The loop's sum, rate and loss; the best row's monitored value and that of the last
    /// improvement.
    case progress
    case optimizer
    case schedule
    case tallies
    /// Empty before the first row.
    case newestRow = "newest row"
    case bestRow = "best row"
    /// For each head, Σ L · samples and Σ samples of the current epoch. Absent for a single
    /// head, whose sum is in `progress`.
    case heads
    /// The sizes of gradients and updates per layer. Absent if the training does not record
    /// them.
    case layers

    /// True if some trainings do not have these numbers.
    public var isOptional: Bool { self == .heads || self == .layers }
  }

  public internal(set) var counts: [Count: Int] = [:]
  public internal(set) var numbers: [Numbers: [Double]] = [:]
  /// The parameters and state of the best row, and of the last finite row.
  public internal(set) var best: [S] = []
  public internal(set) var last: [S] = []
  /// The optimizer's vectors, one number per trainable parameter; then the average of the
  /// weights and the state, if there is one.
  public internal(set) var vectors: [[S]] = []

  init() {}

  /// Creates a state from saved values. `Trainer.restore(from:)` checks that it fits.
  public init(
    counts: [Count: Int], numbers: [Numbers: [Double]], best: [S], last: [S], vectors: [[S]]
  ) {
    self.counts = counts
    self.numbers = numbers
    self.best = best
    self.last = last
    self.vectors = vectors
  }
}

extension Trainer {
  /// True if the sums of the losses need more than one number and the count of batches.
  private var hasSeveralTotals: Bool { heads.count > 1 || heads[0].skipsMissing }

  /// The state from which training can continue; nil if a weight is not finite, because no
  /// training should continue from it.
  public func state() -> TrainingState<S>? {
    guard weightsAreFinite else { return nil }
    var state = TrainingState<S>()
    state.counts = [
      .epoch: epochsDone, .step: stepsDone, .batch: loopState.batch,
      .epochsWithoutImprovement: loopState.epochsWithoutImprovement,
      .bestEpoch: best?.epoch ?? 0, .lastEpoch: last.epoch, .lastStep: last.step,
    ]
    let totals = totals.values
    state.numbers = [
      .progress: [
        totals[0], loopState.rate, loopState.loss, best?.value ?? .nan, patienceReference,
      ],
      .optimizer: Array(memory.scalars.buffer), .schedule: Array(memory.schedule.buffer),
      .tallies: tallies.all.flatMap { Array($0.numbers.buffer) }, .newestRow: newestRow,
      .bestRow: bestRow,
    ]
    if hasSeveralTotals { state.numbers[.heads] = totals }
    if let layerRecord { state.numbers[.layers] = layerRecord.state }
    state.best = weightsOfBest.values
    state.last = lastWeights.values
    state.vectors = (0..<memory.vectors.count).map { Array(memory.vectors[$0].buffer) }
    if let average { state.vectors.append(average.values) }
    return state
  }

  /// Restores the training. The network's numbers must have been restored before.
  ///
  /// - Throws: a diagnostic that states the fact, without changing anything, if the state does
  ///   not belong to this training.
  public func restore(from state: TrainingState<S>) throws {
    func count(_ key: TrainingState<S>.Count, in range: ClosedRange<Int>) throws -> Int {
      guard let value = state.counts[key], range.contains(value) else {
        throw Diagnostic(
          "\(key.rawValue) of the saved training state is "
            + "\(state.counts[key].map(String.init) ?? "missing"), not in \(range)")
      }
      return value
    }
    let epoch = try count(.epoch, in: 0...epochs)
    let batch = try count(.batch, in: 0...(epoch == epochs ? 0 : batches.count))
    // Both factors are limited by the trainer's settings, but their product may overflow.
    let steps = saturatingSum(saturatingProduct(epoch, batches.count), batch)
    let step = try count(.step, in: steps...steps)
    let epochsWithoutImprovement = try count(.epochsWithoutImprovement, in: 0...epoch)
    let bestEpoch = try count(.bestEpoch, in: 0...epoch)
    let last = (
      epoch: try count(.lastEpoch, in: 0...epoch), step: try count(.lastStep, in: 0...step)
    )
    let tallySizes = tallies.all.map(\.numbers.count)
    let rowSizes = [0, columns.count]
    let sizes: [(TrainingState<S>.Numbers, [Int])] = [
      (.progress, [5]), (.optimizer, [memory.scalars.count]), (.schedule, [memory.schedule.count]),
      (.tallies, [tallySizes.reduce(0, +)]), (.newestRow, rowSizes), (.bestRow, rowSizes),
      (.heads, [hasSeveralTotals ? 2 * heads.count : 0]),
      (.layers, [layerRecord?.stateCount ?? 0]),
    ]
    for (key, sizes) in sizes where !sizes.contains(state.numbers[key]?.count ?? 0) {
      throw Diagnostic("the saved training state has another count of '\(key.rawValue)'")
    }
    guard state.best.count == bestWeights.count, state.last.count == lastWeights.count,
      state.vectors.map(\.count) == (0..<memory.vectors.count).map({ memory.vectors[$0].count })
        + (average.map { [$0.size] } ?? [])
    else {
      throw Diagnostic("the saved training state belongs to another model or another optimizer")
    }

    (epochsDone, stepsDone) = (epoch, step)
    let progress = state.numbers[.progress] ?? []
    loopState = LoopState(
      batch: batch, rate: progress[1], loss: progress[2],
      epochsWithoutImprovement: epochsWithoutImprovement)
    totals.values =
      hasSeveralTotals
      ? state.numbers[.heads] ?? []
      : [progress[0], Double(batches.samples(of: 0..<batch))]
    best = bestEpoch == 0 ? nil : (bestEpoch, progress[3])
    patienceReference = progress[4]
    newestRow = state.numbers[.newestRow] ?? []
    bestRow = state.numbers[.bestRow] ?? []
    self.last = last
    layerRecord?.state = state.numbers[.layers] ?? []
    bestIsLast = false
    bestWeights.restore(state.best)
    lastWeights.restore(state.last)
    for (index, vector) in state.vectors.prefix(memory.vectors.count).enumerated() {
      memory.vectors[index].restore(vector)
    }
    average?.restore(state.vectors.last ?? [], step: stepsDone, epoch: epochsDone)
    memory.scalars.restore(state.numbers[.optimizer] ?? [])
    memory.schedule.restore(state.numbers[.schedule] ?? [])
    var first = 0
    for (tally, size) in zip(tallies.all, tallySizes) {
      tally.numbers.restore(Array((state.numbers[.tallies] ?? [])[first..<first + size]))
      first += size
    }
    batches.invalidate()
  }
}

extension Tensor {
  fileprivate var buffer: UnsafeBufferPointer<S> { .init(start: start, count: count) }

  /// - Precondition: there are as many values as elements.
  fileprivate func restore(_ values: [S]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { self[i] = value }
  }
}
