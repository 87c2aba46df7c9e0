import Results

extension SweepReport {
  /// JUnit XML for CI servers: a test case for each trial and for each expectation of the
  /// sweep. A trial that counts against the sweep is a failure if it fell short, and an error
  /// if it ended with an error. Trials that were not trained to the end are skipped.
  public var junit: String {
    let cases = rows.map(testCase) + declaration.expectations.map(testCase)
    return TestReport([.init(name, cases)]).junit
  }

  private func testCase(of row: TrialRow) -> TestReport.Case {
    let element: TestReport.Case.Result.Element? =
      switch row.status {
      case .pending, .stopped: .skipped
      case _ where !counts(row): nil
      case .completed, .fellShort: .failure
      case .failed, .interrupted, .running: .error
      }
    return TestReport.Case(
      "trial \(row.number): \(values(row))", seconds: row.seconds ?? 0,
      result: element.map {
        .init($0, row.error ?? row.status.rawValue, type: row.status.rawValue, text: row.run)
      })
  }

  private func testCase(of expectation: SweepExpectation) -> TestReport.Case {
    TestReport.Case(
      "expect \(expectation.name) \(expectation.expectation.text)",
      result: expectation.shortfall(of: rows, columns: columns).map {
        .init(.failure, $0.message, type: "expectation")
      })
  }
}
