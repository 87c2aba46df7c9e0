import NNExp
import Sweeps

/// The influence of a sweep's parameters on its metric, and the intervals of its settings.
struct SweepFindings {
  /// A finished trial: its value of each parameter, and of the metric.
  struct Trial {
    let values: [String]
    let metric: Double
  }

  /// A parameter with the share of the variance that its values explain.
  struct Influence {
    let parameter: String
    let share: Double
    let bestValue: String
    let mean: Double
  }

  /// The trials that differ in their seed only.
  struct Setting {
    let values: [String]
    let count: Int
    let mean: Double
    let interval: (low: Double, high: Double)?
  }

  private let trials: [Trial]
  private let parameters: [String]
  private let largerIsBetter: Bool

  /// - Parameter parameters: the names of the trials' values, without the seed.
  init(_ trials: [Trial], parameters: [String], largerIsBetter: Bool) {
    (self.trials, self.parameters) = (trials, parameters)
    self.largerIsBetter = largerIsBetter
  }

  /// The parameters, the most influential first:
  ///
  ///     share = Σ_v n_v (r̄_v − r̄)² / Σ_i (r_i − r̄)²
  ///
  /// with the ranks r of the trials by their metric, and the n_v trials with value v. Ranks are
  /// used because a few divergent trials would determine a variance of the metric itself.
  /// Numbers with more than eight values are grouped into five ranges of equally many trials.
  var influences: [Influence] {
    let ranks = self.ranks
    let middle = ranks.reduce(0, +) / Double(max(1, ranks.count))
    let total = ranks.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
    guard total > 0 else { return [] }
    return parameters.indices.compactMap { index -> Influence? in
      let groups = groups(of: index)
      guard groups.count > 1 else { return nil }
      var between = 0.0
      var best: (label: String, mean: Double)?
      for group in groups {
        let n = Double(group.members.count)
        let mean = group.members.reduce(0) { $0 + ranks[$1] / n }
        between += n * (mean - middle) * (mean - middle)
        let metric = group.members.reduce(0) { $0 + trials[$1].metric / n }
        if best.map({ isBetter(metric, $0.mean) }) ?? true { best = (group.label, metric) }
      }
      return best.map {
        Influence(
          parameter: parameters[index], share: between / total, bestValue: $0.label, mean: $0.mean)
      }
    }
    .sorted { $0.share > $1.share }
  }

  /// The settings, the best mean first.
  var settings: [Setting] {
    var members: [[String]: [Double]] = [:]
    var order: [[String]] = []
    for trial in trials {
      if members[trial.values] == nil { order.append(trial.values) }
      members[trial.values, default: []].append(trial.metric)
    }
    return order.compactMap { values -> Setting? in
      let statistics = SampleStatistics(members[values] ?? [])
      return statistics.mean.map { mean in
        var interval: (low: Double, high: Double)?
        if let low = statistics.low, let high = statistics.high { interval = (low, high) }
        return Setting(
          values: values, count: members[values]?.count ?? 0, mean: mean, interval: interval)
      }
    }
    .sorted { isBetter($0.mean, $1.mean) }
  }

  private func isBetter(_ a: Double, _ b: Double) -> Bool { largerIsBetter ? a > b : a < b }

  /// The rank of each trial by its metric; equal metrics have their mean rank.
  private var ranks: [Double] {
    let order = trials.indices.sorted { trials[$0].metric < trials[$1].metric }
    var ranks = [Double](repeating: 0, count: trials.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, trials[order[end]].metric == trials[order[start]].metric { end += 1 }
      for position in start..<end { ranks[order[position]] = Double(start + end - 1) / 2 }
      start = end
    }
    return ranks
  }

  private func groups(of parameter: Int) -> [(label: String, members: [Int])] {
    let texts = trials.map { $0.values[parameter] }
    let distinct = texts.uniquedTexts()
    let numbers = texts.map { Double($0) }
    guard distinct.count > 8, !numbers.contains(nil) else {
      return distinct.map { value in
        (value, texts.indices.filter { texts[$0].hasSameBytes(as: value) })
      }
    }
    let order = texts.indices.sorted { numbers[$0]! < numbers[$1]! }
    var groups: [(label: String, members: [Int])] = []
    for part in 0..<5 {
      let members = order[part * order.count / 5..<(part + 1) * order.count / 5]
      guard let first = members.first, let last = members.last else { continue }
      groups.append(("\(texts[first]) to \(texts[last])", Array(members)))
    }
    return groups
  }
}
