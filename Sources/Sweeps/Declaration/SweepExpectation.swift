public import ExperimentFile
public import NNExp

/// One line of a sweep's `expect:`.
///
///     expect:
///       best: {train_loss: "< 0.01"}       # the smallest of the trials
///       worst: {train_loss: "< 0.3"}       # the largest
///       mean: {validation_loss: "< 0.2"}
///       median: {epochs: "< 100"}
///       fraction: {completed: ">= 0.9"}    # of all trials
///
/// The best of a column is its largest value if the column says that larger values are
/// better (accuracy, r2, …).
public struct SweepExpectation: Sendable {
  public enum Statistic: String, CaseIterable, Sendable {
    case best, worst, mean, median, fraction

    var description: Options.Description {
      let explanation =
        switch self {
        case .best: "bounds on the best value among the completed trials"
        case .worst: "bounds on the worst value among the completed trials"
        case .mean: "bounds on the mean over the completed trials"
        case .median: "bounds on the median over the completed trials"
        case .fraction: "bounds on the part of all trials that have a status, such as failed"
        }
      let range =
        self == .fraction
        ? "a mapping from statuses to bounds" : "a mapping from columns to bounds"
      return .init(key: rawValue, range: range, fallback: "none", explanation: explanation)
    }
  }

  public let statistic: Statistic
  public let expectation: Expectation

  /// `best train_loss`.
  public var name: String { "\(statistic.rawValue) \(expectation.figure)" }

  static func read(_ config: ConfigValue) throws -> [SweepExpectation] {
    guard case .map(let entries) = config.content else {
      throw Diagnostic(
        "expect must be a mapping such as {best: {train_loss: \"< 0.01\"}}, found \(config.kind)",
        at: config.location)
    }
    var found: [SweepExpectation] = []
    var mistakes = Diagnostics()
    let words = Statistic.allCases.map(\.rawValue)
    for entry in entries {
      guard let statistic = Statistic(rawValue: entry.key) else {
        mistakes.add(
          Diagnostic(
            "unknown statistic '\(entry.key)'\(suggestion(for: entry.key, among: words))",
            at: entry.keyLocation,
            notes: [.init("the statistics are: " + words.joined(separator: ", "))]))
        continue
      }
      guard case .map(let figures) = entry.value.content else {
        mistakes.add(
          Diagnostic(
            "\(entry.key) must be a mapping from figures to bounds, found \(entry.value.kind)",
            at: entry.value.location))
        continue
      }
      let statuses = TrialRow.Status.allCases.map(\.rawValue)
      for figure in figures {
        if statistic == .fraction, !statuses.contains(figure.key) {
          mistakes.add(
            Diagnostic(
              "unknown status '\(figure.key)'\(suggestion(for: figure.key, among: statuses))",
              at: figure.keyLocation,
              notes: [.init("the statuses are: " + statuses.joined(separator: ", "))]))
          continue
        }
        do {
          found.append(
            SweepExpectation(
              statistic: statistic, expectation: try Expectation(figure.key, figure.value)))
        } catch { mistakes.add(error) }
      }
    }
    try mistakes.throwIfAny()
    return found
  }

  /// Throws if a figure is expected that no trial measures, or the best of one of which
  /// larger values are better in some trials and smaller ones in others.
  static func check(
    _ expectations: [SweepExpectation], among columns: [MetricColumn]
  ) throws {
    var mistakes = Diagnostics()
    for expected in expectations where expected.statistic != .fraction {
      let expectation = expected.expectation
      do { try expectation.check(among: columns) } catch { mistakes.add(error) }
      let directions = columns.filter { $0.name.hasSameBytes(as: expectation.figure) }
        .map(\.largerIsBetter)
      if [.best, .worst].contains(expected.statistic), Set(directions).count > 1 {
        mistakes.add(
          Diagnostic(
            "there is no \(expected.name): larger values are better in some trials, smaller "
              + "ones in others", at: expectation.location,
            notes: [.init("give the metrics different names")]))
      }
    }
    try mistakes.throwIfAny()
  }

  /// What the trials reached; NaN where none measured it.
  public func value(of rows: [TrialRow], columns: [MetricColumn]) -> Double {
    let figure = expectation.figure
    if statistic == .fraction {
      return Double(rows.filter { $0.status.rawValue == figure }.count) / Double(rows.count)
    }
    let values = rows.filter(\.isDone).compactMap { row in
      figure == Expectation.epochs
        ? row.epochs.map(Double.init)
        : row.value(figure)
    }.sorted()
    guard let least = values.first, let most = values.last else { return .nan }
    let largerIsBetter = columns.named(figure)?.largerIsBetter == true
    switch statistic {
    case .best: return largerIsBetter ? most : least
    case .worst: return largerIsBetter ? least : most
    case .mean: return values.reduce(0, +) / Double(values.count)
    case .median:
      let middle = values.count / 2
      return values.count % 2 == 1
        ? values[middle] : values[middle - 1] / 2 + values[middle] / 2
    case .fraction: return .nan
    }
  }

  /// The sentence of a miss; nil where it is met.
  public func shortfall(of rows: [TrialRow], columns: [MetricColumn]) -> Diagnostic? {
    let value = value(of: rows, columns: columns)
    if expectation.holds(value) { return nil }
    return Diagnostic(
      "\(name) is \(value.isNaN ? "not measured" : "\(value)"), expected \(expectation.text)",
      at: expectation.location, failure: .shortfall)
  }
}
