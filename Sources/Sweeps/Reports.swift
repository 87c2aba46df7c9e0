import NNExp

/// A sweep for the servers and readers of continuous integration.
public struct SweepReport {
  let name: String
  let parameters: [String]
  let rows: [TrialRow]
  let declaration: SweepDeclaration

  public init(_ plan: SweepPlan, rows: [TrialRow]) {
    name = plan.declaration.name
    parameters = plan.declaration.parameterNames
    self.rows = rows
    declaration = plan.declaration
  }

  /// `train.lr=0.1 seed=2`.
  private func values(_ row: TrialRow) -> String {
    zip(parameters, row.values).filter { !$1.isEmpty }.map { "\($0)=\($1)" }.joined(separator: " ")
  }

  /// JUnit XML: a test case for each trial and for each expectation of the sweep.
  public var junit: String {
    var cases: [String] = []
    var (failures, errors, skipped, seconds) = (0, 0, 0, 0.0)
    for row in rows {
      let head =
        "    <testcase classname=\"\(xml(name))\" name=\"\(xml("trial \(row.number): \(values(row))"))\" "
        + "time=\"\(shortest(row.seconds ?? 0))\""
      seconds += row.seconds ?? 0
      let message = xml(row.error ?? row.status.rawValue)
      switch row.status {
      case _ where !counts(row) && row.status != .stopped: cases.append(head + "/>")
      case .completed, .fellShort:
        failures += 1
        cases.append(
          head
            + ">\n      <failure message=\"\(message)\" type=\"fell_short\">\(xml(row.run))</failure>\n    </testcase>"
        )
      case .failed, .interrupted:
        errors += 1
        cases.append(
          head
            + ">\n      <error message=\"\(message)\" type=\"\(row.status.rawValue)\">\(xml(row.run))</error>\n    </testcase>"
        )
      case .pending, .running, .stopped:
        skipped += 1
        cases.append(head + ">\n      <skipped message=\"\(message)\"/>\n    </testcase>")
      }
    }
    for expectation in declaration.expectations {
      let head =
        "    <testcase classname=\"\(xml(name))\" name=\"\(xml("expect \(expectation.name) \(expectation.expectation.text)"))\" time=\"0\""
      if let miss = expectation.shortfall(of: rows) {
        failures += 1
        cases.append(
          head
            + ">\n      <failure message=\"\(xml(miss.message))\" type=\"expectation\"/>\n    </testcase>"
        )
      } else {
        cases.append(head + "/>")
      }
    }
    let counts =
      "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\" "
      + "skipped=\"\(skipped)\" time=\"\(shortest(seconds))\""
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="nnexp" \(counts)>
        <testsuite name="\(xml(name))" \(counts)>
      \(cases.joined(separator: "\n"))
        </testsuite>
      </testsuites>

      """
  }

  /// Annotations as GitHub's runner reads them from standard output: each at the
  /// file and line that it is about.
  public var annotations: [String] {
    var lines: [String] = []
    for row in rows where counts(row) {
      lines.append(
        annotation(
          "trial \(row.number) (\(values(row))) \(row.status.rawValue): \(row.error ?? "")",
          at: declaration.place))
    }
    for expectation in declaration.expectations {
      guard let miss = expectation.shortfall(of: rows) else { continue }
      lines.append(annotation(miss.message, at: miss.place))
    }
    return lines
  }

  private func annotation(_ message: String, at place: Place?) -> String {
    func escaped(_ text: String, _ others: String) -> String {
      text.unicodeScalars.map { scalar in
        "%\r\n".unicodeScalars.contains(scalar) || others.unicodeScalars.contains(scalar)
          ? "%" + (scalar.value < 16 ? "0" : "")
            + String(scalar.value, radix: 16, uppercase: true)
          : String(scalar)
      }.joined()
    }
    let file = escaped(place?.source.name ?? declaration.file, ":,")
    return "::error file=\(file),line=\(place?.line ?? 1),col=\(place?.column ?? 1)::"
      + escaped(message, "")
  }

  /// The text as XML 1.0 takes it; what it cannot hold becomes U+FFFD.
  private func xml(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "\n": "&#10;"
      case "\t": "&#9;"
      default:
        scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF
          ? "\u{FFFD}" : String(scalar)
      }
    }.joined()
  }
}
