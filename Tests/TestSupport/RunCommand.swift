import Foundation

/// The end of a command and what it wrote.
package struct CommandResult: Sendable {
  /// The exit code, or 128 + n after signal n.
  package let code: Int32
  /// Standard output, byte for byte.
  package let bytes: [UInt8]
  package let errors: String

  package var output: String { String(decoding: bytes, as: UTF8.self) }
}

/// Runs a command to its end, without standard input; one that takes longer than `patience`
/// is killed.
package func runCommand(
  _ executable: String, _ arguments: [String], in folder: URL? = nil,
  environment: [String: String] = .inherited()
) throws -> CommandResult {
  // A file, not a pipe, which could fill up and block the command.
  let scratch = Scratch()
  let child = try ChildProcess(
    executable, arguments, in: folder, environment: environment, output: scratch.path + "/output")
  let end = child.wait()
  return CommandResult(code: end.code, bytes: scratch.bytes("output"), errors: child.errors)
}
