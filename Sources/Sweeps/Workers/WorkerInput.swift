import Platform
import NNExp

/// The input of a worker process, read from standard input.
public final class WorkerInput {
  private var waiting: [UInt8] = []

  public init() {}

  /// A file that the parent has sent, even if the file at its path has changed.
  public func file(_ path: String) throws -> [UInt8] {
    guard let line = line(), let count = Int(line), count >= 0 else {
      throw Diagnostic("a worker did not receive '\(path)'", failure: .environment)
    }
    while waiting.count < count, receive() {}
    let file = Array(waiting.prefix(count))
    waiting.removeFirst(file.count)
    return file
  }

  /// Runs the requested trials to their ends. Returns the exit code of the process.
  public func serve(with runner: TrialRunner) -> Int32 {
    do {
      try answer(with: runner)
      return 0
    } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      let text = Array("\(diagnostics)\n".utf8)
      _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      return diagnostics.failure.rawValue
    }
  }

  private func answer(with runner: TrialRunner) throws {
    while let line = line() {
      let words = line.split(atByte: " ", maxSplits: 3)
      guard words.count == 4, let combination = Int(words[0]),
        let hash = TrialHash(String(words[1]))
      else { return }
      let outcome =
        try runner.cancellation.isCancelled
        ? .held
        : runner.run(
          combination: combination, hash: hash, pausingAfter: Int(words[2]))
      let answer =
        switch outcome {
        case .ended(_, let summary):
          (summary?.status.rawValue ?? "failed") + " "
            + (summary?.best.first { $0.column.name.hasSameBytes(as: words[3]) }.map {
              "\($0.value)"
            } ?? "-")
        case .held: "held"
        }
      // A worker that was asked to end reports this, because it would not answer further
      // requests.
      let isLeaving = runner.cancellation.isCancelled
      let bytes = Array((answer + (isLeaving ? " leaving" : "") + "\n").utf8)
      let sent = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
      if sent < 0 || isLeaving { return }
    }
  }

  /// The next line without its line end; nil at the end of the input.
  private func line() -> String? {
    while true {
      if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: waiting[..<end], as: UTF8.self)
        waiting.removeFirst(end + 1)
        return line
      }
      guard receive() else { return nil }
    }
  }

  /// Reads the available input. Returns false at the end of the input.
  private func receive() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = read(0, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count > 0 { waiting += buffer[..<count] }
      return count > 0
    }
  }
}
