import Foundation

/// The exit code of a command and its output.
package struct CommandResult: Sendable, Equatable {
  /// The exit code, or 128 + n after signal n.
  package let code: Int32
  /// Standard output, byte for byte.
  package let bytes: [UInt8]
  package let errors: String

  package var output: String { String(decoding: bytes, as: UTF8.self) }
}

/// Runs a command to its end, without standard input. It is killed if it takes longer than
/// `patience`.
package func runCommand(
  _ executable: String, _ arguments: [String], in folder: URL? = nil,
  environment: [String: String] = .inherited()
) throws -> CommandResult {
  // A file, because a pipe could fill up and block the command.
  let scratch = Scratch()
  let child = try ChildProcess(
    executable, arguments, in: folder, environment: environment, output: scratch.path + "/output")
  let end = child.wait()
  return CommandResult(code: end.code, bytes: scratch.bytes("output"), errors: child.errors)
}
