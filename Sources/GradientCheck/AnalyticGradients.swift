import NNExp

/// The gradients that are checked, and their round-off.
struct AnalyticGradients {
  /// Tensor by tensor.
  let values: [[Double]]
  let roundoff: [Roundoff]

  /// The round-off of the loss: the root mean square of its changes when the outputs of all
  /// nodes are moved by a unit in the last place.
  let lossRoundoff: Double

  init(of subject: some GradientSubject) {
    // The moved ones first: the activations are those of the last pass.
    let moved = RoundingStep.all.map { (step: $0, gradients: subject.roundedGradients($0)) }
    let losses = RoundingStep.all.map(subject.roundedLoss)
    let values = subject.analyticGradients()
    let loss = subject.loss(changing: 0)
    lossRoundoff = rootMeanSquare(losses.map { $0 - loss })
    self.values = values
    precondition(
      values.map(\.count) == subject.tensors.map(\.count),
      "a subject gives a gradient for every entry of every tensor")
    roundoff = values.indices.map { t in
      Roundoff(of: values[t], moved: moved.map { ($0.step, $0.gradients[t]) })
    }
  }
}

extension RoundingStep {
  /// The five moves by which round-off is measured.
  static let all = (0..<5).map { RoundingStep($0, keepsTies: $0 < 3) }
}

/// The round-off of an analytic gradient: the root mean square of its changes when the
/// numbers that it is computed from are moved by a unit in the last place.
///
/// It is taken over the whole tensor, because the change of one entry is sometimes 0 by
/// luck. An entry at a kink may jump by its full size: if these are few, they are left out
/// of the mean, and each counts for itself.
struct Roundoff {
  /// Of every entry.
  let common: Double
  /// Of entries that change far more than the others.
  private let jumps: [Int: Double]

  /// An entry jumps if it changes by this much more than the median, and by this part of
  /// the tensor's size.
  private static let medianFactor = 1e3
  private static let sizeFactor = 1e-4

  /// Moves that break ties count if the gradient, jumps apart, changes by less than this part
  /// of its size: more are the ties themselves.
  private static let tieFactor = 1e-6

  init(of gradient: [Double], moved: [(step: RoundingStep, gradient: [Double])]) {
    let size = rootMeanSquare(gradient)
    let kept = Roundoff.changes(of: gradient, moved.filter(\.step.keepsTies).map(\.gradient))
    let broken = Roundoff.changes(of: gradient, moved.filter { !$0.step.keepsTies }.map(\.gradient))
    let (common, limit) = Roundoff.common(kept, size)
    let other = Roundoff.common(broken, size).common
    self.common = other <= Roundoff.tieFactor * size ? max(common, other) : common
    var jumps: [Int: Double] = [:]
    for (i, change) in kept.enumerated() where change > limit { jumps[i] = change }
    self.jumps = jumps
  }

  /// By entry: √(Σ change² / n).
  private static func changes(of gradient: [Double], _ moved: [[Double]]) -> [Double] {
    gradient.indices.map { i in
      var sum = 0.0
      for row in moved {
        let change = row[i] - gradient[i]
        sum += change * change
      }
      let change = (sum / Double(max(1, moved.count))).squareRoot()
      return change.isFinite ? change : 0
    }
  }

  private static func common(_ changes: [Double], _ size: Double) -> (common: Double, limit: Double)
  {
    let median = changes.isEmpty ? 0 : changes.sorted()[changes.count / 2]
    let limit = max(medianFactor * median, sizeFactor * size)
    return (rootMeanSquare(changes.filter { $0 <= limit }), limit)
  }

  func of(_ index: Int) -> Double { jumps[index] ?? common }

  /// Of the sum of some entries, each with any sign.
  func of(_ members: [Int]) -> Double {
    var sum = 0.0
    if !jumps.isEmpty { for i in members { sum += jumps[i].map { $0 * $0 } ?? 0 } }
    return (sum + Double(members.count) * common * common).squareRoot()
  }
}

/// √(Σ x² / n), without overflow; 0 if there are no numbers, or one is not finite.
func rootMeanSquare(_ values: [Double]) -> Double {
  var largest = 0.0
  for x in values {
    guard x.isFinite else { return 0 }
    largest = max(largest, abs(x))
  }
  guard largest > 0 else { return 0 }
  var sum = 0.0
  for x in values { sum += (x / largest) * (x / largest) }
  return largest * (sum / Double(values.count)).squareRoot()
}
