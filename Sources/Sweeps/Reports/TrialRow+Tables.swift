import Files
import NNExp
import Results

extension [TrialRow] {
  /// The columns that any trial measured, in the order of metrics.csv.
  var finalNames: [String] {
    lazy.flatMap { $0.final.map(\.column.name) }.uniquedTexts()
  }

  private var bestNames: [String] {
    lazy.flatMap { $0.best.map(\.column.name) }.uniquedTexts()
  }

  /// sweep.csv: one row per trial, including failed ones.
  public func csv(parameters: [String]) throws -> String {
    let finals = finalNames
    let bests = bestNames
    // The seed has a separate column.
    let shown = parameters.indices.filter { parameters[$0] != "seed" }
    var text = try CSVText(
      "sweep.csv",
      columns: (["trial", "run", "status", "exit_status", "error", "seed"]
        + shown.map { parameters[$0] } + finals + bests.map { "best_" + $0 }
        + ["best_epoch", "seconds"]).map(Escaping.line))
    for row in self {
      let final = Dictionary(row.final.map { ($0.column.name, $0.value) }) { a, _ in a }
      let best = Dictionary(row.best.map { ($0.column.name, $0) }) { a, _ in a }
      let cells: [Cell] =
        [
          .int(row.number), .text(row.run), .text(row.status.rawValue), Cell(row.exitStatus),
          Cell(row.error), .int(row.seed),
        ] + shown.map { row.values[$0].isEmpty ? .empty : .text(row.values[$0]) }
        + finals.map { Cell(final[$0] ?? nil) } + bests.map { Cell(best[$0]?.value) }
        + [Cell(row.best.first?.epoch), Cell(row.seconds)]
      text.append(cells.map(\.visible))
    }
    return text.text
  }

  /// sweep_summary.csv: one row per combination of all parameters except the seed and the fold,
  /// with each column's mean over the rows of the delivered weights, its sample standard
  /// deviation, and the 95% interval of the mean by Student's t distribution.
  public func summaryCSV(parameters: [String]) throws -> String {
    let shown = parameters.indices.filter {
      parameters[$0] != "seed" && parameters[$0] != "data.split.fold"
    }
    let finals = finalNames
    var text = try CSVText(
      "sweep_summary.csv",
      columns: (shown.map { parameters[$0] } + ["trials", "n"]
        + finals.flatMap { ["\($0)_mean", "\($0)_sd", "\($0)_low95", "\($0)_high95"] })
        .map(Escaping.line))
    var groups: [[String]: Int] = [:]
    var members: [[TrialRow]] = []
    for row in self {
      let key = shown.map { row.values[$0] }
      if let index = groups[key] {
        members[index].append(row)
      } else {
        groups[key] = members.count
        members.append([row])
      }
    }
    for group in members {
      let done = group.filter(\.isDone)
      var cells: [Cell] = shown.map {
        group[0].values[$0].isEmpty ? .empty : .text(group[0].values[$0])
      }
      cells += [.int(group.count), .int(done.count)]
      for name in finals {
        let values = done.compactMap { $0.value(name) }
        let statistics = SampleStatistics(values)
        cells += [
          Cell(statistics.mean), Cell(statistics.deviation), Cell(statistics.low),
          Cell(statistics.high),
        ]
      }
      text.append(cells.map(\.visible))
    }
    return text.text
  }
}
