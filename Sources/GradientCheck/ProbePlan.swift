import NNExp

/// The entries and directions of each tensor that are checked. A function of the settings and
/// the sizes only, never of the clock, so that a check is the same on every machine.
struct ProbePlan {
  struct Tensor: Equatable {
    /// In rising order.
    var entries: [Int]
    /// By number.
    var directions: Range<Int>
  }

  /// So many directions prove a tensor, whatever the settings: two equal errors of opposite
  /// effect cancel in half of them, and 16 miss these with a probability of 1.5e-5.
  static let provingDirections = 16

  /// The number of a direction that is drawn again is larger by this.
  static let redrawn = 1 << 16

  /// Estimates: the evaluations of an entry, and the cost of an evaluation beyond its
  /// arithmetic.
  static let evaluationsPerEntry = 8.0
  static let leastWork = 500.0

  /// Nil for a tensor that is left out.
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

  /// Cheap tensors first and entirely; the rest is divided among the others.
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

  /// The first, the last, and one at random from each of equal parts between.
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
  /// Part of a tensor's probes, which one core checks at a time.
  struct Block {
    let tensor: Int
    let probes: Tensor
  }

  /// Entries of a block, and directions, of which each changes every entry.
  private static let entriesAtATime = 64
  private static let directionsAtATime = 4

  /// All probes, tensor by tensor. A function of the plan only: a result depends on the block,
  /// never on the core.
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

  /// Multiplications and additions of all probes, about.
  func work(on tensors: [SubjectTensor]) -> Double {
    zip(self.tensors, tensors).reduce(0) { sum, pair in
      guard let probes = pair.0 else { return sum }
      let count = Double(probes.entries.count + probes.directions.count)
      return sum + count * ProbePlan.evaluationsPerEntry
        * max(ProbePlan.leastWork, Double(pair.1.work))
    }
  }
}
