import Files
import NNExp
import Running
import Results

extension SweepReport {
  /// The lines about the best trials of a sweep: the value of a column, the settings, and what
  /// the settings have in common. Empty if fewer than two trials are complete.
  public func bestTrials(by column: MetricColumn, most: Int = 3) -> [String] {
    let measured = rows.filter(\.isDone).compactMap { row in
      row.value(column.name).flatMap { $0.isFinite ? (row: row, value: $0) : nil }
    }
    if measured.count < 2 { return [] }
    let isRising = column.largerIsBetter == true
    let best = measured.sorted { a, b in
      if a.value == b.value { return a.row.number < b.row.number }
      return isRising ? a.value > b.value : a.value < b.value
    }.prefix(most)
    var lines = ["best \(column.name):"]
    lines += table(
      best.map { ["  trial \($0.row.number)", brief($0.value), values($0.row)] },
      rightAligned: [1]
    ).split(separator: "\n").map(String.init)
    guard measured.count > best.count else { return lines }
    let shared = inCommon(best.map(\.row), of: measured.map(\.row))
    lines.append(
      "in common: " + (shared.isEmpty ? "none of what varies" : shared.joined(separator: ", ")))
    return lines
  }

  /// The settings that are equal in some trials and vary in all, and the numbers that cover a
  /// smaller range in them. Seeds and folds do not count.
  private func inCommon(_ best: [TrialRow], of all: [TrialRow]) -> [String] {
    parameters.indices.compactMap { index in
      let name = parameters[index]
      if ["seed", "data.split.fold"].contains(name) { return nil }
      let (own, every) = (best.map { $0.values[index] }, all.map { $0.values[index] })
      guard Set(every).count > 1 else { return nil }
      if Set(own).count == 1 { return own[0].isEmpty ? nil : "\(name)=\(own[0])" }
      let (found, whole) = (own.compactMap(Double.init), every.compactMap(Double.init))
      guard found.count == own.count, whole.count == every.count,
        let low = found.min(), let high = found.max(), let least = whole.min(),
        let most = whole.max(), low > least || high < most
      else { return nil }
      return "\(name) from \(brief(low)) to \(brief(high)) (of \(brief(least)) to \(brief(most)))"
    }
  }
}
