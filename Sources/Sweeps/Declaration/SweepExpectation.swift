public import ExperimentFile
public import NNExp

/// An entry of a sweep's `expect:`.
///
///     expect:
///       best: {train_loss: "< 0.01"}       # the smallest of the trials
///       worst: {train_loss: "< 0.3"}       # the largest
///       mean: {validation_loss: "< 0.2"}
///       median: {epochs: "< 100"}
///       fraction: {completed: ">= 0.9"}    # of all trials
///
/// The best value of a column is its largest if the column records that larger values are
/// better (accuracy, r2, …), otherwise its smallest.
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
        case .fraction: "bounds on the fraction of all trials that have a status, such as failed"
        }
      let range =
        self == .fraction
        ? "a mapping from statuses to bounds" : "a mapping from columns to bounds"
      return .init(
        key: rawValue, range: range, fallback: "none", explanation: explanation,
        domain: .mapping(.texts))
    }
  }

  public let statistic: Statistic
  public let expectation: Expectation

  /// The name in messages, such as `best train_loss`.
  public var name: String { "\(statistic.rawValue) \(expectation.column)" }

  static func read(_ config: ConfigValue) throws -> [SweepExpectation] {
    guard case .map(let entries) = config.content else {
      throw Diagnostic(
        "expect must be a mapping such as {best: {train_loss: \"< 0.01\"}}, found \(config.kind)",
        at: config.location)
    }
    var found: [SweepExpectation] = []
    var errors = Diagnostics()
    let words = Statistic.allCases.map(\.rawValue)
    for entry in entries {
      guard let statistic = Statistic(rawValue: entry.key) else {
        errors.add(
          Diagnostic(
            "unknown statistic '\(entry.key)'\(suggestion(for: entry.key, among: words))",
            at: entry.keyLocation,
            notes: [.init("the statistics are: " + words.joined(separator: ", "))]))
        continue
      }
      guard case .map(let bounds) = entry.value.content else {
        errors.add(
          Diagnostic(
            "\(entry.key) must be a mapping from columns to bounds, found \(entry.value.kind)",
            at: entry.value.location))
        continue
      }
      let statuses = TrialRow.Status.allCases.map(\.rawValue)
      for bound in bounds {
        if statistic == .fraction, !statuses.contains(bound.key) {
          errors.add(
            Diagnostic(
              "unknown status '\(bound.key)'\(suggestion(for: bound.key, among: statuses))",
              at: bound.keyLocation,
              notes: [.init("the statuses are: " + statuses.joined(separator: ", "))]))
          continue
        }
        do {
          found.append(
            SweepExpectation(
              statistic: statistic, expectation: try Expectation(bound.key, bound.value)))
        } catch { errors.add(error) }
      }
    }
    try errors.throwIfAny()
    return found
  }

  /// Throws if no trial measures an expected column, or if the best of a column is expected but
  /// larger values are better only in some of the trials.
  static func check(
    _ expectations: [SweepExpectation], among columns: [MetricColumn]
  ) throws {
    var errors = Diagnostics()
    for expected in expectations where expected.statistic != .fraction {
      let expectation = expected.expectation
      do { try expectation.check(among: columns) } catch { errors.add(error) }
      let directions = columns.filter { $0.name.hasSameBytes(as: expectation.column) }
        .map(\.largerIsBetter)
      if [.best, .worst].contains(expected.statistic), Set(directions).count > 1 {
        errors.add(
          Diagnostic(
            "there is no \(expected.name): larger values are better in some trials, smaller "
              + "ones in others", at: expectation.location,
            notes: [.init("give the metrics different names")]))
      }
    }
    try errors.throwIfAny()
  }

  /// The value of the statistic over the trials; NaN if no trial measured the column.
  public func value(of rows: [TrialRow], columns: [MetricColumn]) -> Double {
    let name = expectation.column
    if statistic == .fraction {
      return Double(rows.filter { $0.status.rawValue == name }.count) / Double(rows.count)
    }
    let values = rows.filter(\.isDone).compactMap { row in
      name == Expectation.epochs
        ? row.epochs.map(Double.init)
        : row.value(name)
    }.sorted()
    guard let least = values.first, let most = values.last else { return .nan }
    let largerIsBetter = columns.named(name)?.largerIsBetter == true
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

  /// The diagnostic if the expectation is not met; nil if it is.
  public func shortfall(of rows: [TrialRow], columns: [MetricColumn]) -> Diagnostic? {
    let value = value(of: rows, columns: columns)
    if expectation.holds(value) { return nil }
    return Diagnostic(
      "\(name) is \(value.isNaN ? "not measured" : "\(value)"), expected \(expectation.text)",
      at: expectation.location, failure: .shortfall)
  }
}
