import Files
import NNExp
import Platform
import Plugins

/// The copy of the server's process that loads plugins.
///
/// Each request and each answer is a message as in the protocol: `{method, params, uri, text}`
/// and `{result}`.
final class PluginHost {
  private let copy: ProcessCopy
  private var reader = MessageReader()

  /// Creates the copy, which calls `body` and then ends.
  init(_ body: () -> Int32) throws { copy = try ProcessCopy(body: body) }

  /// The answer to a request; nil if the copy has died.
  func ask(_ request: JSON) -> JSON? {
    copy.send(MessageReader.frame(request))
    while true {
      guard let message = try? reader.next() else {
        guard let bytes = copy.receive() else { return nil }
        reader.append(bytes)
        continue
      }
      return try? JSON(parsing: message, from: "answer")
    }
  }

  /// Ends the copy. Returns the reason if it had died. Call it last, and once.
  @discardableResult
  func end() -> String {
    copy.closeInput()
    return copy.waitForEnd().text
  }

  /// Answers the requests on standard input until its end. Called in the copy.
  ///
  /// The threads of `Workers` exist in the original process only. What a plugin prints goes to
  /// standard error.
  static func serve(_ answer: (JSON) -> JSON) -> Never {
    Workers.count = 1
    let output = dup(1)
    dup2(2, 1)
    var reader = MessageReader()
    while true {
      while let message = try? reader.next() {
        guard let request = try? JSON(parsing: message, from: "request") else { endProcess(1) }
        let answer = MessageReader.frame(["result": answer(request)])
        guard ProcessCopy.write(answer, to: output) else { endProcess(0) }
      }
      guard let bytes = ProcessCopy.read(0) else { endProcess(0) }
      reader.append(bytes)
    }
  }
}
