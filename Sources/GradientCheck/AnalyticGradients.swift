import NNExp

/// The analytic gradients to check, with their round-off errors.
struct AnalyticGradients {
  /// The gradient of each tensor.
  let values: [[Double]]
  let roundoff: [Roundoff]

  /// The round-off error of the difference of two losses, in addition to the rounding of the
  /// losses themselves: the root mean square of the changes of the loss when the outputs of
  /// all nodes are perturbed by a unit in the last place.
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

/// The squared changes of a gradient under perturbations.
struct RoundingChanges {
  fileprivate let gradient: [Double]
  /// The sums over the perturbations that keep ties, and over those that break them.
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

  /// The root mean square √(Σ change² / n) of each entry.
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
  /// The five perturbations that measure the round-off error.
  static let all = (0..<5).map { RoundingStep($0, keepsTies: $0 < 3) }
}

/// The round-off error of an analytic gradient: the root mean square of its changes when the
/// numbers from which it is computed are perturbed by a unit in the last place.
///
/// The mean covers the whole tensor, because the change of a single entry can be 0 by chance.
/// An entry at a kink can jump by its full size. A few such entries are excluded from the
/// mean, and each has its own error.
struct Roundoff {
  /// The error of every entry without a jump.
  let common: Double
  /// The errors of the entries with a jump.
  private let jumps: [Int: Double]

  /// An entry has a jump if its change exceeds both the median change times this factor and
  /// the root mean square of the gradient times the next one.
  private static let medianFactor = 1e3
  private static let sizeFactor = 1e-4

  /// The perturbations that break ties are included only if the gradient without jumps
  /// changes by less than this fraction of its size. Larger changes result from the ties.
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

  /// The error of the sum of some entries with any signs.
  func of(_ members: [Int]) -> Double {
    var sum = 0.0
    if !jumps.isEmpty { for i in members { sum += jumps[i].map { $0 * $0 } ?? 0 } }
    return (sum + Double(members.count) * common * common).squareRoot()
  }
}

/// √(Σ x² / n) without overflow; 0 if there are no numbers, or if one is not finite.
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
