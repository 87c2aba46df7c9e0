import Files
import Results
import TestSupport

extension Scratch {
  /// The folder with the runs.
  var results: String { path + "/results" }

  /// Creates a new run in it.
  func run(_ name: String = "xor", _ fileSystem: FileSystem = .system) throws -> RunDirectory {
    try RunDirectory.create(name: name, under: results, fileSystem: fileSystem)
  }
}
