import Files
import Platform
import NNExp

/// A program that comes with `nnexp` and links a library that would delay the start of every
/// other command.
struct Companion {
  let path: String

  /// Finds the program: beside this one, as a build leaves it, or where `make install` puts it.
  ///
  /// - Parameter command: the command that executes it.
  init(_ name: String, of command: String) throws {
    let own = Path.folder(of: Path.real(executablePath) ?? "nnexp")
    let places = ["\(own)/\(name)", "\(Path.folder(of: own))/libexec/nnexp/\(name)"]
    guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
      throw Diagnostic(
        "the program '\(name)', which '\(command)' executes, is not installed",
        notes: [
          .init("it is missing at \(listed(places))"),
          .init("'make install' puts it there; 'make build' builds it beside 'nnexp'"),
        ], failure: .environment)
    }
    path = found
  }
}
