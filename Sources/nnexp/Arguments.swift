import Glibc
import NNExp

/// Throws if an argument of the command line is not UTF-8.
///
/// `CommandLine.arguments` replaces such bytes, and would name another file.
func requireUTF8Arguments() throws {
  for index in 1..<max(1, Int(CommandLine.argc)) {
    guard let argument = CommandLine.unsafeArgv[index] else { continue }
    if validName(argument) != nil { continue }
    throw Diagnostic(
      "argument \(index) is not UTF-8: '\(shown(name: argument))'; if it names a file, rename it"
    )
  }
}
