import Foundation

/// A temporary folder for one test, which is removed with its contents afterwards.
package final class Scratch: Sendable {
  package let path: String

  package init() {
    path = NSTemporaryDirectory() + "nnexp-" + UUID().uuidString
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// All entries below, sorted: a path ends with `/` for a folder, ` -> target` for a link, ` =
  /// bytes` for a file.
  package func tree() -> [String] {
    let manager = FileManager.default
    return (manager.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted().map { name in
      let full = path + "/" + name
      if let target = try? manager.destinationOfSymbolicLink(atPath: full) {
        return "\(name) -> \(target)"
      }
      var isFolder: ObjCBool = false
      _ = manager.fileExists(atPath: full, isDirectory: &isFolder)
      return isFolder.boolValue ? name + "/" : "\(name) = \(text(name))"
    }
  }

  package func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

  package func bytes(_ name: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path + "/" + name) ?? Data())
  }

  package func put(_ bytes: [UInt8], in name: String) {
    _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(bytes))
  }

  package func put(_ text: String, in name: String) { put(Array(text.utf8), in: name) }

  package func makeFolder(_ name: String) {
    try! FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  package func link(_ name: String, to target: String) {
    try! FileManager.default.createSymbolicLink(
      atPath: path + "/" + name, withDestinationPath: target)
  }
}
