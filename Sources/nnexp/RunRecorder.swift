import Engine
import ExperimentFile
import NNExp
import Results
import Running

/// Keeps the summary of a run, for the reports of a CI server.
final class RunRecorder: RunObserver {
  private(set) var summary: Summary?

  func concluded(_ summary: Summary) { self.summary = summary }
}

extension TestRecorder {
  /// Records the cases of a run: training, and each expectation.
  ///
  mutating func record(_ summary: Summary, seconds: Double, of experiment: Experiment) {
    let file = experiment.location
    var locations: [String: SourceLocation] = [:]
    for expectation in experiment.expectations {
      locations[expectation.column] = expectation.location
    }
    locations["metrics"] = experiment.golden?.location
    let isOver = summary.status == .completed || summary.status == .fellShort
    if isOver {
      pass("trains", seconds: seconds)
    } else {
      let message = summary.reason ?? summary.status.rawValue
      fail("trains", Diagnostics([Diagnostic(message, at: file)]), seconds: seconds)
    }
    for expectation in summary.expectations {
      let name = "expect \(expectation.name) \(expectation.bound)"
      if expectation.isMet {
        pass(name)
        continue
      }
      let found: String =
        switch expectation.found {
        case .string(let text): text
        case .null: "nothing"
        default: expectation.found.double.map { brief($0) } ?? expectation.found.description
        }
      fail(
        name,
        Diagnostics([
          Diagnostic(
            "\(expectation.name) is \(found), expected \(expectation.bound)",
            at: locations[expectation.name] ?? file, failure: .shortfall)
        ]))
    }
    if summary.status == .fellShort, summary.expectations.allSatisfy(\.isMet) {
      // The gradient check that every run makes has failed.
      fail(
        "gradients",
        Diagnostics([
          Diagnostic(summary.reason ?? "the gradient check failed", at: file, failure: .shortfall)
        ]))
    }
  }
}
