import Charts
import Platform
import NNExp
import Results
import Sweeps

/// The charts of a sweep: its metric against the swept parameters, and the metric by epoch
/// as mean and 95% interval over seeds.
struct SweepCharts {
  let parameters: [String]
  let rows: [TrialRow]
  let options: PlotOptions

  /// The maximum number of settings (without their seeds) that have curves. More could not be
  /// distinguished, so none are drawn.
  private static let mostCurves = 8

  /// The trials of one setting, which differ in their seeds only.
  private struct Group {
    let values: [String]
    var rows: [TrialRow]
  }

  init(_ plan: PlanRecord, in folder: SweepFolder, options: PlotOptions) throws {
    let (parameters, rows) = (plan.parameters, try plan.rows(in: folder))
    (self.parameters, self.rows) = (parameters, rows)
    swept = parameters.indices.filter { index in
      parameters[index] != "seed"
        && rows.contains { !$0.values[index].hasSameBytes(as: rows[0].values[index]) }
    }
    self.options = options
  }

  /// The positions of the parameters that differ between trials, without the seed.
  private let swept: [Int]

  private var groups: [Group] {
    var groups: [Group] = []
    var positions: [[String]: Int] = [:]
    for row in rows {
      let values = swept.map { row.values[$0] }
      if let index = positions[values] {
        groups[index].rows.append(row)
      } else {
        positions[values] = groups.count
        groups.append(Group(values: values, rows: [row]))
      }
    }
    return groups
  }

  func charts() throws -> [Chart] {
    let runs = rows.reduce(into: [Int: RecordedRun]()) { runs, row in
      guard let directory = try? RunDirectory.open(row.run) else { return }
      runs[row.number] = try? RecordedRun(directory)
    }
    let recorded = rows.compactMap { runs[$0.number] }.flatMap(\.columns)
    guard !recorded.isEmpty else {
      throw Diagnostic("no trial of the sweep has recorded a value yet")
    }
    let metrics = try metrics(among: recorded)
    var charts: [Chart] = []
    for metric in metrics {
      if let chart = self.chart(of: metric) { charts.append(chart) }
    }
    if groups.count <= Self.mostCurves {
      for metric in metrics { charts.append(curves(of: metric, runs)) }
    }
    guard !charts.isEmpty else {
      throw Diagnostic(
        "no trial of the sweep has ended yet",
        notes: [.init("'nnexp plot' on a trial's folder draws the epochs so far")])
    }
    return charts
  }

  /// The columns to draw: the requested ones; otherwise a validation metric if there is one,
  /// then the validation loss, then the training loss.
  private func metrics(among recorded: [MetricColumn]) throws -> [MetricColumn] {
    let selection = try options.selection(among: recorded)
    if !options.columns.isEmpty { return selection }
    func first(_ split: MetricColumn.Split, isLoss: Bool) -> MetricColumn? {
      selection.first { $0.split == split && ($0.quantity == "loss") == isLoss }
    }
    let choice =
      first(.validation, isLoss: false) ?? first(.validation, isLoss: true)
      ?? first(.train, isLoss: false) ?? first(.train, isLoss: true) ?? selection.first
    return choice.map { [$0] } ?? []
  }

  /// The value of a metric in a trial's newest row.
  ///
  /// - Parameter isWhole: true if only trials that trained to their end count; otherwise
  ///   also those that a search stopped.
  private func value(
    _ metric: MetricColumn, _ row: TrialRow, isWhole: Bool
  ) -> Double? {
    guard row.isDone || (!isWhole && row.status == .stopped) else { return nil }
    return row.final.first { $0.column.name.hasSameBytes(as: metric.name) }?.value
  }

  /// A metric against the parameters: points with intervals for one parameter, parallel
  /// coordinates for several; nil if no trial has ended or nothing was swept.
  private func chart(of metric: MetricColumn) -> Chart? {
    let done = rows.filter { value(metric, $0, isWhole: false) != nil }
    guard !done.isEmpty, let parameter = swept.first else { return nil }
    if swept.count == 1 { return points(of: metric, against: parameter) }
    let axes = swept.map { axis(of: $0) } + [ParameterAxis(metric.name)]
    let lines = done.map { row in
      zip(axes, swept).map { $0.position(of: row.values[$1]) } + [
        value(metric, row, isWhole: false)
      ]
    }
    return Chart(
      "\(metric.name) of \(done.count) trials",
      .parallel(
        ParallelCoordinates(
          axes: axes.map(\.axis), lines: lines, isHigherOnTop: metric.largerIsBetter == true)))
  }

  private func axis(of parameter: Int) -> ParameterAxis {
    ParameterAxis(short(parameters[parameter]), values: rows.map { $0.values[parameter] })
  }

  /// The last part of a parameter's path, if no other parameter ends with it.
  private func short(_ name: String) -> String {
    let last = name.split(atByte: ".").last.map(String.init) ?? name
    let same = parameters.filter { $0.split(atByte: ".").last.map(String.init) == last }
    return same.count == 1 ? last : name
  }

  private func points(of metric: MetricColumn, against parameter: Int) -> Chart {
    let axis = axis(of: parameter)
    var points = groups.compactMap { group -> Series.Point? in
      let statistics = SampleStatistics(group.rows.compactMap { value(metric, $0, isWhole: true) })
      guard let mean = statistics.mean, let position = axis.position(of: group.values[0]) else {
        return nil
      }
      return .init(position, mean, interval: statistics.interval)
    }
    points.sort { $0.x < $1.x }
    let lines = axis.isNumeric ? [Series("", color: 0, points.map { .init($0.x, $0.y) })] : []
    let y = Axis(metric.name, options.isLogarithmic ? .logarithmic : .linear)
    return Chart(
      "\(metric.name) by \(axis.axis.label)",
      .plot(Plot(x: axis.axis, y: y, series: lines + [Series("", .points, color: 0, points)])))
  }

  private func curves(of metric: MetricColumn, _ runs: [Int: RecordedRun]) -> Chart {
    let series = groups.enumerated().map { index, group in
      let curves = group.rows.compactMap { runs[$0.number] }.map {
        $0.points(metric, smoothing: options.smoothing)
      }
      let name = zip(swept, group.values).map { "\(short(parameters[$0]))=\($1)" }
      return Series(
        name.isEmpty ? "mean of \(group.rows.count) trials" : name.joined(separator: " "),
        color: index, Self.mean(of: curves))
    }
    let seeds = groups.map(\.rows.count).max() ?? 1
    return Chart(
      metric.name + (seeds > 1 ? ": mean and 95% interval over \(seeds) seeds" : ""),
      .plot(
        Plot(
          x: Axis("epoch", isInteger: true),
          y: Axis("", options.isLogarithmic ? .logarithmic : .linear), series: series)))
  }

  /// The mean of several curves at each epoch that any of them recorded.
  private static func mean(of curves: [[Series.Point]]) -> [Series.Point] {
    var values: [Double: [Double]] = [:]
    for curve in curves {
      for point in curve {
        if let y = point.y { values[point.x, default: []].append(y) }
      }
    }
    return values.keys.sorted().map { epoch in
      let statistics = SampleStatistics(values[epoch] ?? [])
      return .init(epoch, statistics.mean, interval: statistics.interval)
    }
  }
}

/// A swept parameter as an axis: numbers on a linear or logarithmic scale, anything else as
/// categories.
private struct ParameterAxis {
  let axis: Axis
  private let categories: [String]?

  var isNumeric: Bool { categories == nil }

  /// An axis of numbers other than a parameter.
  init(_ label: String) {
    axis = Axis(label)
    categories = nil
  }

  init(_ label: String, values: [String]) {
    let texts = values.filter { !$0.isEmpty }.uniquedTexts()
    let numbers = texts.compactMap { Double($0) }.filter(\.isFinite)
    guard numbers.count == texts.count, let low = numbers.min() else {
      categories = texts
      axis = Axis(label, .categories(texts))
      return
    }
    categories = nil
    axis = Axis(label, low > 0 && Self.isGeometric(numbers.sorted()) ? .logarithmic : .linear)
  }

  /// Whether positive numbers, in order, are spread more evenly on a logarithmic scale.
  private static func isGeometric(_ numbers: [Double]) -> Bool {
    guard let low = numbers.first, let high = numbers.last, high / low >= 10 else { return false }
    func largestGap(_ scale: (Double) -> Double) -> Double {
      let gaps = zip(numbers.dropFirst(), numbers).map { scale($0) - scale($1) }
      return (gaps.max() ?? 0) / (scale(high) - scale(low))
    }
    return largestGap { log($0) } < largestGap { $0 }
  }

  func position(of value: String) -> Double? {
    guard let categories else { return Double(value) }
    return categories.firstIndex { $0.hasSameBytes(as: value) }.map(Double.init)
  }
}

extension SampleStatistics {
  fileprivate var interval: ClosedRange<Double>? {
    guard let low, let high, low <= high else { return nil }
    return low...high
  }
}
