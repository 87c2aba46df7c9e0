import NNExp

/// The gradients that are checked, and their round-off.
struct AnalyticGradients {
  /// Tensor by tensor.
  let values: [[Double]]
  let roundoff: [Roundoff]

  /// The round-off of the loss: the root mean square of its changes when the outputs of all
  /// nodes are moved by a unit in the last place.
  let lossRoundoff: Double

  /// How often the numbers are moved by a unit in the last place.
  static let roundings = 5

  init(of subject: some GradientSubject) {
    // The moved ones first: the activations are those of the last pass.
    let moved = (0..<AnalyticGradients.roundings).map { subject.roundedGradients(RoundingStep($0)) }
    let losses = (0..<AnalyticGradients.roundings).map { subject.roundedLoss(RoundingStep($0)) }
    let values = subject.analyticGradients()
    let loss = subject.loss(changing: 0)
    lossRoundoff = rootMeanSquare(losses.map { $0 - loss })
    self.values = values
    precondition(
      values.map(\.count) == subject.tensors.map(\.count),
      "a subject gives a gradient for every entry of every tensor")
    roundoff = values.indices.map { t in Roundoff(of: values[t], moved: moved.map { $0[t] }) }
  }
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

  init(of gradient: [Double], moved: [[Double]]) {
    let changes = gradient.indices.map { i in
      var sum = 0.0
      for row in moved {
        let change = row[i] - gradient[i]
        sum += change * change
      }
      let change = (sum / Double(max(1, moved.count))).squareRoot()
      return change.isFinite ? change : 0
    }
    let median = changes.isEmpty ? 0 : changes.sorted()[changes.count / 2]
    let limit = max(
      Roundoff.medianFactor * median, Roundoff.sizeFactor * rootMeanSquare(gradient))
    var jumps: [Int: Double] = [:]
    for (i, change) in changes.enumerated() where change > limit { jumps[i] = change }
    self.jumps = jumps
    common = rootMeanSquare(changes.filter { $0 <= limit })
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
