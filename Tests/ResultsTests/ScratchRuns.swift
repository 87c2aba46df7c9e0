import Files
import Results
import TestSupport

extension Scratch {
  /// Where the folder's runs are.
  var results: String { path + "/results" }

  /// A new run in it.
  func run(_ name: String = "xor", _ fileSystem: FileSystem = .system) throws -> RunDirectory {
    try RunDirectory.create(name: name, under: results, fileSystem: fileSystem)
  }
}
