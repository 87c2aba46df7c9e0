public import NNExp

/// The state of the training loop between two steps.
struct LoopState: Sendable {
  /// Batches of the epoch that are done.
  var batch = 0
  /// The learning rate of the last step.
  var rate: Double
  /// The loss that schedules see: the last epoch's, NaN before there is one.
  var loss = Double.nan
  /// Measured epochs since the best one.
  var epochsWithoutImprovement = 0
}

/// Everything that a training resumes from, except the numbers in
/// `Network.learned`, which the network holds itself.
///
/// Random numbers are not among it: they are functions of the seed and of the
/// loop state. With the same declaration, data and binary, a trainer that is given
/// a state and its network's numbers does bit by bit what the first one would
/// have done.
public struct TrainingState<S: Scalar>: Sendable {
  /// Whole numbers: epochs and steps done, batches of the current epoch, ….
  public enum Count: String, Sendable, CaseIterable {
    case epoch, step, batch
    case epochsWithoutImprovement = "waited"
    /// 0 where there is no best row yet.
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
    /// By head Σ L · samples and Σ samples of the current epoch; missing for a single head,
    /// whose sum is in `progress`.
    case heads

    /// Whether some trainings have none.
    public var isOptional: Bool { self == .heads }
  }

  public internal(set) var counts: [Count: Int] = [:]
  public internal(set) var numbers: [Numbers: [Double]] = [:]
  /// Parameters and state of the best row, and of the last that was finite.
  public internal(set) var best: [S] = []
  public internal(set) var last: [S] = []
  /// The optimizer's vectors, one number a trainable parameter.
  public internal(set) var vectors: [[S]] = []

  init() {}

  /// A state that was kept somewhere; `Trainer.restore(from:)` finds out whether it fits.
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
  /// Whether the sums of the losses say more than one number and the batches done.
  private var hasSeveralTotals: Bool { heads.count > 1 || heads[0].skipsMissing }

  /// All that it takes to go on from here; nil where a weight is not finite,
  /// which nothing should go on from.
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
    state.best = bestWeights.values
    state.last = lastWeights.values
    state.vectors = (0..<memory.vectors.count).map { Array(memory.vectors[$0].buffer) }
    return state
  }

  /// Puts the training where it was. The network must have its numbers already.
  ///
  /// Throws the fact, and changes nothing, where the state is not one of this
  /// training's.
  public func restore(from state: TrainingState<S>) throws {
    func count(_ key: TrainingState<S>.Count, in range: ClosedRange<Int>) throws -> Int {
      guard let value = state.counts[key], range.contains(value) else {
        throw Diagnostic(
          "\(key.rawValue) of the kept training is "
            + "\(state.counts[key].map(String.init) ?? "missing"), not in \(range)")
      }
      return value
    }
    let epoch = try count(.epoch, in: 0...epochs)
    let batch = try count(.batch, in: 0...(epoch == epochs ? 0 : batches.count))
    // Both factors are bounded by what the trainer was made for, their product
    // is not.
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
    ]
    for (key, sizes) in sizes where !sizes.contains(state.numbers[key]?.count ?? 0) {
      throw Diagnostic("the kept training has other numbers of '\(key.rawValue)'")
    }
    guard state.best.count == bestWeights.count, state.last.count == lastWeights.count,
      state.vectors.map(\.count) == (0..<memory.vectors.count).map({ memory.vectors[$0].count })
    else { throw Diagnostic("the kept training is of another model or another optimizer") }

    (epochsDone, stepsDone) = (epoch, step)
    let progress = state.numbers[.progress] ?? []
    loopState = LoopState(
      batch: batch, rate: progress[1], loss: progress[2],
      epochsWithoutImprovement: epochsWithoutImprovement)
    totals.values =
      hasSeveralTotals
      ? state.numbers[.heads] ?? []
      : [progress[0], Double((0..<batch).reduce(0) { $0 + batches.size($1) })]
    best = bestEpoch == 0 ? nil : (bestEpoch, progress[3])
    patienceReference = progress[4]
    newestRow = state.numbers[.newestRow] ?? []
    bestRow = state.numbers[.bestRow] ?? []
    self.last = last
    bestWeights.take(state.best)
    lastWeights.take(state.last)
    for (index, vector) in state.vectors.enumerated() {
      memory.vectors[index].take(vector)
    }
    memory.scalars.take(state.numbers[.optimizer] ?? [])
    memory.schedule.take(state.numbers[.schedule] ?? [])
    var first = 0
    for (tally, size) in zip(tallies.all, tallySizes) {
      tally.numbers.take(Array((state.numbers[.tallies] ?? [])[first..<first + size]))
      first += size
    }
    batches.invalidate()
  }
}

extension Tensor {
  fileprivate var buffer: UnsafeBufferPointer<S> { .init(start: start, count: count) }

  /// - Precondition: as many values as there are elements.
  fileprivate func take(_ values: [S]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { self[i] = value }
  }
}
