import Files

/// Results as the test suites of a CI server: JUnit XML.
public struct TestReport: Sendable {
  /// A test case. One that passed has no result.
  public struct Case: Sendable {
    public struct Result: Sendable {
      public enum Element: String, Sendable { case failure, error, skipped }
      public let element: Element
      public let message: String
      public let type: String
      public let text: String

      public init(_ element: Element, _ message: String, type: String, text: String = "") {
        (self.element, self.message, self.type, self.text) = (element, message, type, text)
      }
    }

    public let name: String
    public let seconds: Double
    public let result: Result?

    public init(_ name: String, seconds: Double = 0, result: Result? = nil) {
      (self.name, self.seconds, self.result) = (name, seconds, result)
    }
  }

  public struct Suite: Sendable {
    public let name: String
    public var cases: [Case]

    public init(_ name: String, _ cases: [Case]) { (self.name, self.cases) = (name, cases) }
  }

  public var suites: [Suite]

  public init(_ suites: [Suite]) { self.suites = suites }

  /// The report as XML.
  public var junit: String {
    let elements = suites.map { suite in
      let cases = suite.cases.map { "    " + $0.xml(suite: suite.name) }
        .joined(separator: "\n")
      return """
          <testsuite name="\(Escaping.xmlAttribute(suite.name))" \(TestReport.counts(suite.cases))>
        \(cases)
          </testsuite>
        """
    }
    return """
      \(TestReport.junitStart) \(TestReport.counts(suites.flatMap(\.cases)))>
      \(elements.joined(separator: "\n"))
      </testsuites>

      """
  }

  private static func counts(_ cases: [Case]) -> String {
    func count(_ element: Case.Result.Element) -> Int {
      cases.count { $0.result?.element == element }
    }
    let seconds = decimal(cases.reduce(0) { $0 + $1.seconds })
    return "tests=\"\(cases.count)\" failures=\"\(count(.failure))\" errors=\"\(count(.error))\" "
      + "skipped=\"\(count(.skipped))\" time=\"\(seconds)\""
  }

  /// The beginning of every report.
  private static let junitStart = """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="nnexp"
    """

  /// True for the first bytes of a report that nnexp wrote.
  public static func isJUnit(_ bytes: [UInt8]) -> Bool { bytes.starts(with: junitStart.utf8) }
}

extension TestReport.Case {
  fileprivate func xml(suite: String) -> String {
    let head =
      "<testcase classname=\"\(Escaping.xmlAttribute(suite))\" name=\"\(Escaping.xmlAttribute(name))\" "
      + "time=\"\(decimal(seconds))\""
    guard let result else { return head + "/>" }
    // Readers show only the message of a skipped test case.
    let inner =
      result.element == .skipped
      ? "<skipped message=\"\(Escaping.xmlAttribute(result.message))\"/>"
      : "<\(result.element.rawValue) message=\"\(Escaping.xmlAttribute(result.message))\" "
        + "type=\"\(Escaping.xmlAttribute(result.type))\">"
        + "\(Escaping.xmlAttribute(result.text))</\(result.element.rawValue)>"
    return "\(head)>\(inner)</testcase>"
  }
}

/// Seconds with six decimals, without an exponent.
private func decimal(_ seconds: Double) -> String {
  let micros = Int(max(0, min(seconds, 1e9)) * 1e6)
  let digits = String(micros % 1_000_000)
  return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
}
