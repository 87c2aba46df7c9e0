import ArgumentParser
import Files
import NNExp
import Results

/// The reports of a command for a CI server.
///
/// Each command declares the two options itself: a group would be another type, and its
/// conformances would take a twentieth of the start of `nnexp run`.
struct ReportOptions {
  static let junitHelp: ArgumentHelp = "write JUnit XML for a CI server"
  static let githubHelp: ArgumentHelp = "print annotations for GitHub"

  let junit: String?
  let github: Bool

  /// The file of the report; nil if none was requested.
  ///
  /// - Parameter force: nil for a command without the option.
  func file(force: Bool?, besides inputs: [String]) throws -> OutputFile? {
    try junit.map {
      try OutputFile(
        $0, force: force ?? false, hasForce: force != nil, besides: inputs,
        replacing: TestReport.isJUnit)
    }
  }

  /// Calls `body` with a recorder of test cases, then writes the reports, also if it throws.
  ///
  /// - Parameter name: the name of the test suite.
  func reporting(
    _ name: String, force: Bool?, besides inputs: [String],
    _ body: (inout TestRecorder) throws -> Void
  ) throws {
    let output = try file(force: force, besides: inputs)
    var recorder = TestRecorder(name, annotates: github)
    let result = Result { try body(&recorder) }
    if case .failure(let error) = result, !(error is Exit) { recorder.fail(error) }
    try finish(TestReport([recorder.suite]), recorder.annotations, output)
    try result.get()
  }

  func finish(_ report: TestReport, _ annotations: [String], _ output: OutputFile?) throws {
    try output?.write(Array(report.junit.utf8))
    if github { reportToGitHub(annotations) }
  }
}

/// Collects test cases, and the annotations of those that did not pass.
struct TestRecorder {
  private(set) var suite: TestReport.Suite
  private(set) var annotations: [String] = []
  /// The case that an error belongs to: what the command was doing.
  var current = "is valid"
  private var isReported = false

  /// False if nothing reads the annotations, which take long for long messages.
  private let annotates: Bool

  init(_ name: String, annotates: Bool) {
    suite = TestReport.Suite(name, [])
    self.annotates = annotates
  }

  /// The cases of a suite, and the annotations of those that did not pass.
  init(_ suite: TestReport.Suite, annotations: [String]) {
    (self.suite, self.annotations) = (suite, annotations)
    annotates = true
  }

  mutating func pass(_ name: String, seconds: Double = 0) {
    suite.cases.append(.init(name, seconds: seconds))
  }

  mutating func skip(_ name: String, _ reason: String) {
    suite.cases.append(.init(name, result: .init(.skipped, reason, type: "skipped")))
  }

  /// The texts of the cases that did not pass.
  var failures: [String] {
    suite.cases.compactMap(\.result).filter { $0.element != .skipped }
      .map { $0.text.isEmpty ? $0.message : $0.text }
  }

  /// Records a case with the diagnostics that it ended with.
  ///
  /// - Parameter file: the file of diagnostics without a location; nil for the suite's name.
  mutating func fail(
    _ name: String, _ diagnostics: Diagnostics, seconds: Double = 0, in file: String? = nil
  ) {
    let list = diagnostics.list.filter { $0.severity == .error }
    guard let first = list.first else { return pass(name, seconds: seconds) }
    let isShortfall = diagnostics.failure == .shortfall
    suite.cases.append(
      .init(
        name, seconds: seconds,
        result: .init(
          isShortfall ? .failure : .error, first.message,
          type: isShortfall ? "shortfall" : "error", text: diagnostics.description)))
    for diagnostic in list where annotates {
      annotations.append(
        Escaping.gitHubError(
          diagnostic.message, file: diagnostic.location?.source.name ?? file ?? suite.name,
          line: diagnostic.location?.line ?? 1, column: diagnostic.location?.column ?? 1))
    }
    isReported = true
  }

  /// Records the error that ended the command, unless its cases are recorded.
  mutating func fail(_ error: any Error) {
    if isReported { return }
    var diagnostics = Diagnostics()
    diagnostics.add(error)
    fail(current, diagnostics)
  }
}
