import Files
import NNExp

extension SweepReport {
  /// JUnit XML for CI servers: a test case for each trial and for each expectation of the
  /// sweep. A trial that counts against the sweep is a failure if it fell short, and an error
  /// if it ended with an error. Trials that were not trained to the end are skipped.
  public var junit: String {
    let cases = rows.map(testCase) + declaration.expectations.map(testCase)
    func count(_ element: String) -> Int { cases.count { $0.result?.element == element } }
    let seconds = decimal(rows.reduce(0) { $0 + ($1.seconds ?? 0) })
    let counts =
      "tests=\"\(cases.count)\" failures=\"\(count("failure"))\" errors=\"\(count("error"))\" "
      + "skipped=\"\(count("skipped"))\" time=\"\(seconds)\""
    let elements = cases.map { "    " + $0.xml(suite: name) }.joined(separator: "\n")
    return """
      \(SweepReport.junitStart) \(counts)>
        <testsuite name="\(Escaping.xmlAttribute(name))" \(counts)>
      \(elements)
        </testsuite>
      </testsuites>

      """
  }

  /// The beginning of every report.
  private static let junitStart = """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="nnexp"
    """

  /// True for the first bytes of a report that a sweep wrote.
  public static func isJUnit(_ bytes: [UInt8]) -> Bool { bytes.starts(with: junitStart.utf8) }

  private func testCase(of row: TrialRow) -> TestCase {
    let element =
      switch row.status {
      case .pending, .stopped: "skipped"
      case _ where !counts(row): ""
      case .completed, .fellShort: "failure"
      case .failed, .interrupted, .running: "error"
      }
    return TestCase(
      name: "trial \(row.number): \(values(row))", seconds: row.seconds ?? 0,
      result: element.isEmpty
        ? nil
        : .init(
          element: element, message: row.error ?? row.status.rawValue, type: row.status.rawValue,
          text: row.run))
  }

  private func testCase(of expectation: SweepExpectation) -> TestCase {
    TestCase(
      name: "expect \(expectation.name) \(expectation.expectation.text)", seconds: 0,
      result: expectation.shortfall(of: rows, columns: columns).map {
        .init(element: "failure", message: $0.message, type: "expectation", text: "")
      })
  }
}

/// A test case. A test case that passed has no result.
private struct TestCase {
  struct Result {
    let element: String
    let message: String
    let type: String
    let text: String
  }

  let name: String
  let seconds: Double
  let result: Result?

  func xml(suite: String) -> String {
    let head =
      "<testcase classname=\"\(Escaping.xmlAttribute(suite))\" name=\"\(Escaping.xmlAttribute(name))\" "
      + "time=\"\(decimal(seconds))\""
    guard let result else { return head + "/>" }
    // Readers show only the message of a skipped test case.
    let inner =
      result.element == "skipped"
      ? "<skipped message=\"\(Escaping.xmlAttribute(result.message))\"/>"
      : "<\(result.element) message=\"\(Escaping.xmlAttribute(result.message))\" type=\"\(result.type)\">"
        + "\(Escaping.xmlAttribute(result.text))</\(result.element)>"
    return "\(head)>\(inner)</testcase>"
  }
}

/// Seconds with six decimals, without an exponent.
private func decimal(_ seconds: Double) -> String {
  let micros = Int(max(0, min(seconds, 1e9)) * 1e6)
  let digits = String(micros % 1_000_000)
  return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
}
