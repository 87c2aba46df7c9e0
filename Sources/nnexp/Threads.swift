import ArgumentParser
import Glibc
import NNExp

/// The `--threads` option of the commands that compute for long.
///
/// Each declares it by itself: an option group takes 0.5 million instructions more,
/// 2% of the start of `nnexp run`.
enum Threads {
  static let help = ArgumentHelp(
    "how many threads compute, all cores unless given; the results are the same",
    valueName: "n")

  /// Uses the number that the option gives, if it does.
  static func use(_ threads: Int?) throws {
    guard let threads else { return }
    try use("\(threads)", of: "--threads")
  }

  /// Uses the number that the environment's NNEXP_THREADS gives, if it does.
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
