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
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      while let message = try? reader.next() {
        guard let request = try? JSON(parsing: message, from: "request") else { endProcess(1) }
        var rest = MessageReader.frame(["result": answer(request)])[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
          if count < 0 && errno == EINTR { continue }
          if count <= 0 { endProcess(0) }
          rest = rest.dropFirst(count)
        }
      }
      let count = read(0, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { endProcess(0) }
      reader.append(chunk[..<count])
    }
  }
}
