import Charts
import NNExp

/// The charts of runs: recorded values by epoch, one chart per quantity.
struct Curves {
  let runs: [RecordedRun]
  let options: PlotOptions

  /// The values of one chart: a quantity of one head.
  private struct Panel: Hashable {
    let head: String?
    let quantity: String
    var title: String { [head, quantity].compactMap { $0 }.joined(separator: " ") }
  }

  func charts() throws -> [Chart] {
    let selection = try options.selection(among: runs.flatMap(\.columns))
    var panels: [Panel] = []
    for column in selection {
      let panel = Panel(head: column.head, quantity: column.quantity)
      if !panels.contains(panel) { panels.append(panel) }
    }
    return panels.map { panel in
      let columns = selection.filter { $0.head == panel.head && $0.quantity == panel.quantity }
      return chart(panel, columns)
    }
  }

  /// One run: a color per split. Several runs: a color per run, its second
  /// split dashed, its third one dotted.
  private func chart(_ panel: Panel, _ columns: [MetricColumn]) -> Chart {
    let labels = RunLabels(runs.map(\.path))
    var series: [Series] = []
    for (index, run) in runs.enumerated() {
      for (order, column) in columns.enumerated() {
        let points = run.points(column, smoothing: options.smoothing)
        guard points.contains(where: { $0.y != nil }) else { continue }
        let split = column.split?.rawValue ?? column.name
        series.append(
          runs.count == 1
            ? Series(split, color: color(of: column, order), points)
            : Series(
              columns.count == 1 ? labels[index] : labels[index] + " " + split, color: index,
              dash: order == 0 ? .solid : order == 1 ? .dashed : .dotted, points))
      }
    }
    var rules: [Rule] = []
    if runs.count == 1, let epoch = runs[0].deliveredEpoch {
      rules.append(Rule(.vertical, at: Double(epoch), label: "delivered: epoch \(epoch)"))
    }
    return Chart(
      panel.title,
      .plot(
        Plot(
          x: Axis("epoch", isInteger: true),
          y: Axis("", options.isLogarithmic ? .logarithmic : .linear), series: series,
          rules: rules)))
  }

  /// The color of a split is the same in every chart.
  private func color(of column: MetricColumn, _ order: Int) -> Int {
    column.split.flatMap { MetricColumn.Split.allCases.firstIndex(of: $0) } ?? order
  }
}

/// The names of runs in a legend: the last parts of their paths, as many as are needed to
/// distinguish them.
struct RunLabels {
  private let labels: [String]

  init(_ paths: [String]) {
    let parts = paths.map { $0.split(atByte: "/").map(String.init) }
    let longest = parts.map(\.count).max() ?? 0
    let count =
      (1...max(1, longest)).first { count in
        Set(parts.map { $0.suffix(count).joined(separator: "/") }).count == Set(paths).count
      } ?? longest
    labels = parts.map { $0.suffix(count).joined(separator: "/") }
  }

  subscript(index: Int) -> String { labels[index] }
}
