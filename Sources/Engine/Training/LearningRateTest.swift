public import NNExp
public import Datasets

/// The loss at learning rates that grow by the same factor from step to step.
///
/// The smoothed loss is an average of the losses with the weights 0.9ᵏ for k steps before. The test
/// ends early once it has risen far above its smallest value, or a number is no longer finite.
///
/// Source: Smith 2017, "Cyclical learning rates for training neural networks", section 3.3.
public struct LearningRateTest: Sendable {
  public struct Point: Sendable {
    public let step: Int
    public let rate: Double
    public let loss: Double
    public let smoothed: Double
  }

  /// The steps before the end, in order.
  public let points: [Point]

  /// True if the loss rose before the last rate.
  public let endedEarly: Bool

  /// The rate at which the smoothed loss falls fastest per decade, before its smallest value; nil
  /// if it never falls.
  public var steepest: Double? {
    guard let end = points.indices.min(by: { points[$0].smoothed < points[$1].smoothed }) else {
      return nil
    }
    // The differences of neighbors are noisy: the slope is over a fifth of a decade on both sides.
    let ratio = points.count > 1 ? points[1].rate / points[0].rate : 10
    let reach = max(1, Int((0.2 * Double.log(10) / Double.log(ratio)).rounded()))
    var best: (slope: Double, rate: Double)?
    for k in reach..<max(reach, end - reach + 1) {
      let slope = points[k + reach].smoothed - points[k - reach].smoothed
      if slope < best?.slope ?? 0 { best = (slope, points[k].rate) }
    }
    return best?.rate
  }

  /// Trains a new network.
  ///
  /// - Parameter start: the network whose weights training starts from.
  @specialized(where S == Float)
  @specialized(where S == Double)
  public init<S: Scalar>(
    _ graph: Graph, heads: [Head], training: TrainingDeclaration, data: RunDatasets<S>,
    seed: UInt64, start: Network<S>, rates: ClosedRange<Double>, steps: Int
  ) throws {
    let schedule = GrowingRate(
      rates: rates, steps: steps, learningRate: training.optimizer.learningRate)
    let trainer = try Trainer(
      graph, heads: heads, training: training.limited(to: steps, schedule), data: data, seed: seed)
    for (own, given) in zip(trainer.network.learned, start.learned) {
      own.tensor.start.update(from: given.tensor.start, count: own.tensor.count)
    }
    let losses = Losses()
    var ended = false
    do {
      if case .diverged = try trainer.run([losses]) { ended = true }
    } catch is Losses.End { ended = true }
    endedEarly = ended
    points = losses.values.enumerated().map { step, loss in
      Point(
        step: step + 1, rate: schedule.rate(step), loss: loss.loss, smoothed: loss.smoothed)
    }
  }

  /// Records the loss of every step.
  private final class Losses: TrainingObserver {
    struct End: Error {}

    var values: [(loss: Double, smoothed: Double)] = []
    private var sum = 0.0
    private var total = 0.0
    private var smallest = Double.infinity

    var observesGradients: Bool { true }

    func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) throws {
      // An optimizer that evaluates the loss several times per step reports each evaluation.
      guard gradients.step == values.count, gradients.loss.isFinite else { return }
      sum = 0.9 * sum + gradients.loss
      total = 0.9 * total + 1
      let smoothed = sum / total
      values.append((gradients.loss, smoothed))
      smallest = min(smallest, smoothed)
      let fall = (values.first?.smoothed ?? smoothed) - smallest
      if smoothed - smallest > 3 * max(abs(smallest), fall) { throw End() }
    }
  }
}

/// From the first rate to the last, by the same factor per step.
private struct GrowingRate: Schedule {
  let rates: ClosedRange<Double>
  let steps: Int
  let learningRate: Double

  var memory: Int { 0 }
  var watchesLoss: Bool { false }

  func rate(_ step: Int) -> Double {
    let share = Double(step) / Double(max(1, steps - 1))
    return rates.lowerBound * Double.pow(rates.upperBound / rates.lowerBound, share)
  }

  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    rate(progress.step) / learningRate
  }
}

extension TrainingDeclaration {
  /// The same training for so many steps with another schedule, which only measures its steps.
  fileprivate func limited(to steps: Int, _ schedule: any Schedule) -> TrainingDeclaration {
    var training = self
    training.schedule = schedule
    (training.epochs, training.maxSteps, training.maxTime) = (steps, steps, nil)
    (training.recordEvery, training.record) = (steps, [])
    (training.earlyStopping, training.averaging, training.deliver) = (nil, nil, .last)
    training.measuresTraining = false
    return training
  }
}
