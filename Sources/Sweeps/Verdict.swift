import NNExp

extension SweepDeclaration {
  /// Whether a trial's end counts against the sweep.
  ///
  /// With expectations of the sweep's own, trials that fell short of theirs are
  /// results; with an expected fraction, that says how many may fail.
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

  /// Tells what fell short; false if anything did.
  public func complain(_ write: (String) -> Void) -> Bool {
    var isSound = true
    for row in rows where counts(row) {
      isSound = false
      let values = zip(parameters, row.values).filter { !$1.isEmpty }
        .map { "\($0)=\($1)" }.joined(separator: " ")
      write(
        "error: trial \(row.number) (\(values)) \(row.status.rawValue)"
          + (row.error.map { ": \($0)" } ?? ""))
    }
    for expectation in declaration.expectations {
      guard let miss = expectation.shortfall(of: rows) else { continue }
      isSound = false
      write(miss.description)
    }
    return isSound
  }

  /// `64 trials: 62 completed, 2 failed`.
  public var headline: String {
    let parts = TrialRow.Status.allCases.compactMap { status -> String? in
      let count = rows.filter { $0.status == status }.count
      return count == 0 ? nil : "\(count) \(status.rawValue)"
    }
    let met = declaration.expectations.filter { $0.shortfall(of: rows) == nil }.count
    let verdict =
      declaration.expectations.isEmpty
      ? "" : "; \(met) of \(declaration.expectations.count) expectations of the sweep met"
    return "\(rows.count) trials: " + parts.joined(separator: ", ") + verdict
  }
}
