import NNExp

/// The gradients that are checked, and their round-off.
struct AnalyticGradients {
  /// Tensor by tensor.
  let values: [[Double]]
  let roundoff: [Roundoff]

  /// The round-off of two losses, beyond that of their own last place: by the root mean square
  /// of the loss's changes when the outputs of all nodes are moved by a unit in the last place.
  let lossRoundoff: Double

  init(of subject: some GradientSubject) {
    let values = subject.analyticGradients()
    self.values = values
    precondition(
      values.map(\.count) == subject.tensors.map(\.count),
      "a subject gives a gradient for every entry of every tensor")
    let loss = subject.loss(changing: 0)
    var changes = values.map(RoundingChanges.init)
    var lossChanges: [Double] = []
    for step in RoundingStep.all {
      let moved = subject.roundedGradients(step)
      for t in values.indices { changes[t].add(moved[t], step) }
      lossChanges.append(subject.roundedLoss(step) - loss)
    }
    _ = subject.loss(changing: 0)
    lossRoundoff = max(
      0, 2 * rootMeanSquare(lossChanges) - 2 * Double.ulpOfOne * abs(loss))
    roundoff = changes.map(Roundoff.init)
  }
}

/// The squares of the changes of a gradient after numbers have been moved.
struct RoundingChanges {
  fileprivate let gradient: [Double]
  /// Sums over the moves that keep ties, and over those that break them.
  private var kept: [Double]
  private var broken: [Double]
  private var keptCount = 0
  private var brokenCount = 0

  init(_ gradient: [Double]) {
    self.gradient = gradient
    kept = Array(repeating: 0, count: gradient.count)
    broken = kept
  }

  mutating func add(_ moved: [Double], _ step: RoundingStep) {
    if step.keepsTies { keptCount += 1 } else { brokenCount += 1 }
    for (i, g) in gradient.enumerated() {
      let change = moved[i] - g
      if step.keepsTies { kept[i] += change * change } else { broken[i] += change * change }
    }
  }

  /// By entry: √(Σ change² / n).
  fileprivate var keptRoot: [Double] { RoundingChanges.roots(kept, keptCount) }
  fileprivate var brokenRoot: [Double] { RoundingChanges.roots(broken, brokenCount) }

  private static func roots(_ sums: [Double], _ count: Int) -> [Double] {
    sums.map { sum in
      let change = (sum / Double(max(1, count))).squareRoot()
      return change.isFinite ? change : 0
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

  init(_ changes: RoundingChanges) {
    let size = rootMeanSquare(changes.gradient)
    let kept = changes.keptRoot
    let (common, limit) = Roundoff.common(kept, size)
    let other = Roundoff.common(changes.brokenRoot, size).common
    self.common = other <= Roundoff.tieFactor * size ? max(common, other) : common
    var jumps: [Int: Double] = [:]
    for (i, change) in kept.enumerated() where change > limit { jumps[i] = change }
    self.jumps = jumps
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
