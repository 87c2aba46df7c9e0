public import Charts
import Files
import Platform
import NNExp
import Results
import Sweeps

/// The charts of runs or of a sweep, with a heading.
public struct ResultCharts: Sendable {
  public let heading: String
  public let charts: [Chart]

  /// Reads folders of runs, or one folder of a sweep.
  ///
  /// - Throws: a `Diagnostic` if a folder is neither, or has no such column.
  public init(_ paths: [String], options: PlotOptions) throws {
    if paths.count == 1, let plan = try PlanRecord(of: SweepFolder(paths[0])) {
      let sweep = try SweepCharts(plan, in: SweepFolder(paths[0]), options: options)
      heading = "\(plan.name): \(plan.trials.count) trials"
      charts = try sweep.charts()
      return
    }
    var runs: [RecordedRun] = []
    var errors = Diagnostics()
    for path in paths {
      do {
        if access(path + "/" + PlanRecord.file, F_OK) == 0 {
          throw Diagnostic(
            "'\(path)' is a sweep, which cannot be drawn together with other folders")
        }
        runs.append(try RecordedRun(RunDirectory.open(path)))
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
    heading =
      try paths.count == 1
      ? "\(paths[0]): \(runs[0].summary.statusText(of: RunDirectory.open(paths[0]))), "
        + "\(runs[0].summary.epochs) epochs" : ""
    charts = try Curves(runs: runs, options: options).charts()
    guard !charts.isEmpty else {
      throw Diagnostic("'\(listed(paths))' recorded no value yet")
    }
  }

  /// The drawn numbers as CSV: one row per point.
  public var csv: String {
    var text = CSVText(columns: ["chart", "series", "x", "y", "low", "high"])
    for chart in charts {
      switch chart.content {
      case .plot(let plot):
        for series in plot.series where !series.name.isEmpty || series.mark == .points {
          for point in series.points {
            text.append([
              .text(chart.title), .text(series.name), Cell(point.x), Cell(point.y),
              Cell(point.interval?.lowerBound), Cell(point.interval?.upperBound),
            ])
          }
        }
      case .parallel(let parallel):
        for (index, line) in parallel.lines.enumerated() {
          for (axis, value) in zip(parallel.axes, line) {
            text.append([
              .text(chart.title), .text("trial \(index + 1)"), .text(axis.label), Cell(value),
              .empty, .empty,
            ])
          }
        }
      case .heatMap: break
      }
    }
    return text.text
  }
}
