import Engine
import Files
import NNExp
import Platform
import Results
import Running

/// The test of one experiment.
struct ExperimentTest {
  enum Outcome {
    case passed
    case skipped(String)
    case failed(Int32)
  }

  var outcome: Outcome
  var recorder: TestRecorder
  /// Whether standard error shows why the test did not pass.
  var isExplained = false

  /// Performs a test in a copy of this process, so that a plugin that crashes ends only its own
  /// test. If a signal arrives, the copy gets it as well.
  ///
  /// The copy writes its results to standard output: a zero byte and JSON, after its messages.
  static func isolated(
    _ file: String, annotates: Bool, _ body: (inout TestRecorder) -> Outcome
  ) throws -> ExperimentTest {
    let copy = try ProcessCopy {
      // A signal from the terminal reaches the original process only.
      setpgid(0, 0)
      var test = ExperimentTest(
        outcome: .passed, recorder: TestRecorder(file, annotates: annotates))
      test.outcome = body(&test.recorder)
      writeMessage([0] + Array(test.json.description.utf8))
      exitProcess(0)
    }
    var output: [UInt8] = []
    var isAsked = false
    while let bytes = copy.receive() {
      output += bytes
      if let signalReceived, !isAsked {
        copy.send(signal: signalReceived)
        isAsked = true
      }
    }
    copy.closeInput()
    let end = copy.waitForEnd()
    let parts = output.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    writeMessage(Array(parts[0]))
    let errors = copy.errorText
    if !errors.isEmpty {
      writeError(String(errors.hasSuffix("\n") ? errors.dropLast() : errors[...]))
    }
    if parts.count > 1,
      let test = ExperimentTest(try JSON(parsing: Array(parts[1]), from: file), file, annotates)
    {
      return test
    }
    var recorder = TestRecorder(file, annotates: annotates)
    recorder.current = "trains"
    recorder.fail(Diagnostic(end.text))
    return ExperimentTest(
      outcome: .failed((1...3).contains(end.code) ? Int32(end.code) : Failure.environment.rawValue),
      recorder: recorder, isExplained: !errors.isEmpty)
  }
}

/// Requests the end of a test whose original process has ended.
final class ParentObserver: RunObserver {
  private let parent = getppid()
  private var isOrphaned = false

  var cancellation: CancellationToken {
    CancellationToken { [self] in isOrphaned ? SIGTERM : signalReceived }
  }

  func heartbeat(_ progress: TrainingProgress) { isOrphaned = getppid() != parent }
}

// MARK: - The results of a copy

extension ExperimentTest {
  private var json: JSON {
    var members: [JSON.Member] = [
      .init("cases", .array(recorder.suite.cases.map(\.json))),
      .init("annotations", .array(recorder.annotations.map(JSON.string))),
    ]
    switch outcome {
    case .passed: break
    case .skipped(let reason): members.append(.init("skipped", .string(reason)))
    case .failed(let code): members.append(.init("code", .int(Int(code))))
    }
    return .object(members)
  }

  private init?(_ json: JSON, _ file: String, _ annotates: Bool) {
    guard let cases = json["cases"]?.array, let annotations = json["annotations"]?.array else {
      return nil
    }
    recorder = TestRecorder(
      TestReport.Suite(file, cases.compactMap(TestReport.Case.init)),
      annotations: annotations.compactMap(\.string))
    if let reason = json["skipped"]?.string {
      outcome = .skipped(reason)
    } else if let code = json["code"]?.int {
      outcome = .failed(Int32(truncatingIfNeeded: code))
    } else {
      outcome = .passed
    }
  }
}

extension TestReport.Case {
  fileprivate var json: JSON {
    var members: [JSON.Member] = [
      .init("name", .string(name)), .init("seconds", .number(seconds)),
    ]
    if let result {
      members += [
        .init("element", .string(result.element.rawValue)),
        .init("message", .string(result.message)), .init("type", .string(result.type)),
        .init("text", .string(result.text)),
      ]
    }
    return .object(members)
  }

  fileprivate init?(_ json: JSON) {
    guard let name = json["name"]?.string else { return nil }
    let result = json["element"]?.string.flatMap(Result.Element.init(rawValue:)).map { element in
      Result(
        element, json["message"]?.string ?? "", type: json["type"]?.string ?? "",
        text: json["text"]?.string ?? "")
    }
    self.init(name, seconds: json["seconds"]?.double ?? 0, result: result)
  }
}
