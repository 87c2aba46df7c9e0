import Files
import Platform
import NNExp

/// A process that runs trials one after another.
///
/// It receives requests and answers each with a line. Its standard error is kept, because it is
/// the only information about a trial that ended the process.
final class WorkerProcess {
  private let copy: ProcessCopy
  /// The runs that it has received and not answered: the current one, then the queued ones.
  private(set) var runs: [RungRun] = []
  /// The beginning of an incomplete line.
  private var partialLine: [UInt8] = []

  var output: Int32 { copy.output }
  var errors: Int32 { copy.errors }

  /// Creates a copy of this process that calls `body` and then ends; see `ProcessCopy`.
  init(besides others: [WorkerProcess], body: () -> Int32) throws {
    copy = try ProcessCopy(besides: others.map(\.copy), body: body)
  }

  /// Sends a request.
  func send(_ request: String, for run: RungRun) {
    runs.append(run)
    send(Array("\(request)\n".utf8))
  }

  func send(_ bytes: [UInt8]) { copy.send(bytes) }

  /// The answers so far with their runs; nil if it has died.
  func answers() -> [(run: RungRun, line: String)]? {
    guard let bytes = copy.availableOutput() else { return nil }
    partialLine += bytes
    var answers: [(RungRun, String)] = []
    while let end = partialLine.firstIndex(of: UInt8(ascii: "\n")), !runs.isEmpty {
      answers.append((runs.removeFirst(), String(decoding: partialLine[..<end], as: UTF8.self)))
      partialLine.removeFirst(end + 1)
    }
    return answers
  }

  /// Reads the available standard error.
  func listen() { copy.listen() }

  /// Asks the process to end: closes its input, and also sends SIGTERM if it is busy.
  func dismiss() {
    if !runs.isEmpty { copy.send(signal: SIGTERM) }
    copy.closeInput()
  }

  /// Waits for its end and releases its resources. Returns its exit code, which is not 0, and
  /// the cause of its death, if it was not dismissed. Call it last, and once.
  @discardableResult
  func waitForEnd(isDismissed: Bool = false) -> ProcessCopy.End {
    if !isDismissed { copy.closeInput() }
    let end = copy.waitForEnd()
    return (max(1, end.code), end.text)
  }
}
