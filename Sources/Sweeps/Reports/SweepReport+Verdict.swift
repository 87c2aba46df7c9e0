import Files
import NNExp

extension SweepDeclaration {
  /// True if a trial with this status counts against the sweep.
  ///
  /// If the sweep has expectations, trials that missed their own expectations are ordinary
  /// results. If it expects a fraction of trials with a status, that determines how many may
  /// fail.
  func countsAgainst(_ status: TrialRow.Status) -> Bool {
    switch status {
    case .completed, .stopped: false
    case .fellShort: expectations.isEmpty
    case .failed: !expectations.contains { $0.statistic == .fraction }
    case .pending, .running, .interrupted: true
    }
  }
}

extension SweepReport {
  func counts(_ row: TrialRow) -> Bool { declaration.countsAgainst(row.status) }

  /// Reports the expectations that were missed. Returns false if there are any.
  public func reportShortfalls(to write: (String) -> Void) -> Bool {
    let trials = badTrials
    for sentence in trials { write("error: " + Escaping.line(sentence)) }
    let misses = declaration.expectations.compactMap { $0.shortfall(of: rows, columns: columns) }
    for miss in misses { write(miss.description) }
    return trials.isEmpty && misses.isEmpty
  }

  /// The trials that count against the sweep: the first ten, the number of others, and the
  /// number of trials that were not run.
  var badTrials: [String] {
    let bad = rows.filter { counts($0) && $0.status != .pending }
    let pending = rows.count { $0.status == .pending }
    let most = 10
    return bad.prefix(most).map(sentence)
      + (bad.count > most ? ["and \(bad.count - most) more trials; see sweep.csv"] : [])
      + (pending > 0 ? ["\(pending) \(pending == 1 ? "trial was" : "trials were") not run"] : [])
  }

  /// A trial's end in words: `trial 2 (seed=1) failed: the loss is nan`.
  private func sentence(of row: TrialRow) -> String {
    "trial \(row.number) (\(values(row))) \(row.status.rawValue)"
      + (row.error.map { ": \($0)" } ?? "")
  }

  /// The totals in words: `64 trials: 62 completed, 2 failed`.
  public var headline: String {
    let parts = TrialRow.Status.allCases.compactMap { status -> String? in
      let count = rows.filter { $0.status == status }.count
      return count == 0 ? nil : "\(count) \(status.rawValue)"
    }
    let met = declaration.expectations.filter { $0.shortfall(of: rows, columns: columns) == nil }
      .count
    let verdict =
      declaration.expectations.isEmpty
      ? "" : "; \(met) of \(declaration.expectations.count) expectations of the sweep met"
    return "\(rows.count) trials: " + parts.joined(separator: ", ") + verdict
  }
}
