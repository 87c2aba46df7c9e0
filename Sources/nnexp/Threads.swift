import ArgumentParser
import Platform
import NNExp

/// The option `--threads` of the commands that compute.
///
/// Each command declares it separately, because an option group costs 0.5 million instructions,
/// 2% of the start of `nnexp run`.
enum Threads {
  static let help = ArgumentHelp(
    "number of threads (default: all cores); the results do not depend on it",
    valueName: "n")

  /// Uses the number in the option, if it is given.
  static func use(_ threads: Int?) throws {
    guard let threads else { return }
    try use("\(threads)", of: "--threads")
  }

  /// Uses the number in the environment variable NNEXP_THREADS, if it is set.
  static func useRequested() throws {
    guard let text = getenv("NNEXP_THREADS"), text[0] != 0 else { return }
    try use(String(cString: text), of: "NNEXP_THREADS")
  }

  private static func use(_ text: String, of name: String) throws {
    guard let count = Int(text), (1...256).contains(count) else {
      throw Diagnostic("\(name) must be an integer in 1...256, found '\(text)'")
    }
    Workers.count = count
  }
}
