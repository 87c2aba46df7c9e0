import Foundation

/// The files of this repository that tests read.
package enum Repository {
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  package static let experiments = root.appendingPathComponent("experiments")

  /// The paths of every experiment in `experiments` and `experiments/seeds`.
  package static func shippedExperiments() throws -> [String] {
    try [experiments, experiments.appendingPathComponent("seeds")].flatMap { folder in
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".yaml") }.sorted().map { folder.path + "/" + $0 }
    }
  }

  package static func test(_ path: String) -> URL {
    root.appendingPathComponent("Tests").appendingPathComponent(path)
  }

  /// Reads a file that a generator in `Tests/References` wrote.
  package static func reference<File: Decodable>(
    _ name: String, as type: File.Type = File.self
  ) throws -> File {
    try JSONDecoder().decode(type, from: Data(contentsOf: test("References/\(name)")))
  }
}

/// A shared object that is not a plugin: the system's zlib, by its path without links.
package let zlib: URL? = ["/lib/x86_64-linux-gnu/libz.so.1", "/lib/aarch64-linux-gnu/libz.so.1"]
  .first { FileManager.default.fileExists(atPath: $0) }
  .map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() }
