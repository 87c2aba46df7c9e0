import Foundation

/// The files of this repository that tests read.
package enum Repository {
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  package static let experiments = root.appendingPathComponent("experiments")

  package static func test(_ path: String) -> URL {
    root.appendingPathComponent("Tests").appendingPathComponent(path)
  }

  /// What a generator in `Tests/References` wrote.
  package static func reference<File: Decodable>(
    _ name: String, as type: File.Type = File.self
  ) throws -> File {
    try JSONDecoder().decode(type, from: Data(contentsOf: test("References/\(name)")))
  }
}
