import NNExp

/// The entries and directions of each tensor that are checked. The plan depends only on the
/// settings and the sizes, not on the clock, so that a check is the same on every machine.
struct ProbePlan {
  struct Tensor: Equatable {
    /// The entries in ascending order.
    var entries: [Int]
    /// The numbers of the directions.
    var directions: Range<Int>
  }

  /// The number of directions that proves a tensor, regardless of the settings. Two equal
  /// errors of opposite effect cancel in half of the directions; 16 directions miss them with
  /// a probability of 1.5e-5.
  static let provingDirections = 16

  /// The increment of the number of a direction that is drawn again.
  static let redrawn = 1 << 16

  /// Estimates: the evaluations per entry, and the cost of an evaluation in addition to its
  /// arithmetic.
  static let evaluationsPerEntry = 8.0
  static let leastWork = 500.0

  /// The plan of each tensor; nil for a tensor that is not checked.
  let tensors: [Tensor?]

  init(_ tensors: [SubjectTensor], settings: GradientCheckSettings, random: RandomStream) {
    let isWanted = tensors.map { tensor in
      guard tensor.count > 0 else { return false }
      if !settings.only.isEmpty { return settings.only.contains { tensor.answers(to: $0) } }
      return settings.inputs || tensor.kind == .parameter
    }
    switch settings.entries {
    case .all:
      self.tensors = tensors.indices.map { isWanted[$0] ? .complete(tensors[$0].count) : nil }
    case .count(let limit):
      self.tensors = tensors.indices.map { t in
        isWanted[t]
          ? .sampled(
            limit, of: tensors[t].count, directions: ProbePlan.directions(settings),
            random.stream(t)) : nil
      }
    case .automatic:
      self.tensors = ProbePlan.shared(tensors, isWanted, settings, random)
    }
  }

  private static func directions(_ settings: GradientCheckSettings) -> Int {
    max(settings.directions, provingDirections)
  }

  /// Plans the cheapest tensors first and completely, and divides the remaining budget among
  /// the others.
  private static func shared(
    _ tensors: [SubjectTensor], _ isWanted: [Bool], _ settings: GradientCheckSettings,
    _ random: RandomStream
  ) -> [Tensor?] {
    let perEntry = tensors.map { evaluationsPerEntry * max(leastWork, Double($0.work)) }
    func cost(_ t: Int) -> Double { perEntry[t] * Double(tensors[t].count) }
    let order = tensors.indices.filter { isWanted[$0] }.sorted {
      (cost($0), $0) < (cost($1), $1)
    }
    var plans = [Tensor?](repeating: nil, count: tensors.count)
    var budget = settings.budget
    for (position, t) in order.enumerated() {
      let share = budget / Double(order.count - position)
      if cost(t) <= share {
        plans[t] = .complete(tensors[t].count)
        budget -= cost(t)
      } else {
        let affordable = Int(min(share / perEntry[t], 1e6))
        let directions =
          settings.isGuard
          ? max(2, min(settings.directions, affordable / 2)) : directions(settings)
        plans[t] = .sampled(
          max(2, affordable - directions), of: tensors[t].count, directions: directions,
          random.stream(t))
        budget -= perEntry[t] * Double(plans[t]!.entries.count + plans[t]!.directions.count)
      }
      budget = max(0, budget)
    }
    return plans
  }
}

extension ProbePlan.Tensor {
  static func complete(_ count: Int) -> ProbePlan.Tensor {
    ProbePlan.Tensor(entries: Array(0..<count), directions: 0..<0)
  }

  /// The first and the last entry, and a random one from each of several equal ranges between
  /// them.
  static func sampled(
    _ limit: Int, of count: Int, directions: Int, _ random: RandomStream
  ) -> ProbePlan.Tensor {
    if count <= limit { return .complete(count) }
    let inner = limit - 2
    var entries = [0]
    for part in 0..<inner {
      let first = 1 + (count - 2) * part / inner
      let end = 1 + (count - 2) * (part + 1) / inner
      entries.append(first + random.integer(below: end - first, at: part))
    }
    return ProbePlan.Tensor(entries: entries + [count - 1], directions: 0..<directions)
  }
}

extension ProbePlan {
  /// Some of the probes of a tensor, which a core checks together.
  struct Block {
    let tensor: Int
    let probes: Tensor
  }

  /// The number of entries per block, and of directions, each of which changes every entry.
  private static let entriesAtATime = 64
  private static let directionsAtATime = 4

  /// All probes, tensor by tensor. The blocks depend only on the plan, so that the results do
  /// not depend on the number of cores.
  var blocks: [Block] {
    tensors.enumerated().flatMap { t, probes -> [Block] in
      guard let probes else { return [] }
      let entries = stride(from: 0, to: probes.entries.count, by: ProbePlan.entriesAtATime).map {
        let end = min($0 + ProbePlan.entriesAtATime, probes.entries.count)
        return Block(
          tensor: t, probes: Tensor(entries: Array(probes.entries[$0..<end]), directions: 0..<0))
      }
      let directions = stride(
        from: 0, to: probes.directions.count, by: ProbePlan.directionsAtATime
      ).map {
        let end = min($0 + ProbePlan.directionsAtATime, probes.directions.count)
        return Block(tensor: t, probes: Tensor(entries: [], directions: $0..<end))
      }
      return entries + directions
    }
  }

  /// The approximate number of multiplications and additions of all probes.
  func work(on tensors: [SubjectTensor]) -> Double {
    zip(self.tensors, tensors).reduce(0) { sum, pair in
      guard let probes = pair.0 else { return sum }
      let count = Double(probes.entries.count + probes.directions.count)
      return sum + count * ProbePlan.evaluationsPerEntry
        * max(ProbePlan.leastWork, Double(pair.1.work))
    }
  }
}
