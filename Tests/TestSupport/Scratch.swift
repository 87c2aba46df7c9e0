import Foundation
import NNExp

/// A folder of its own for a test, removed with its contents afterwards.
public final class Scratch: Sendable {
  public let path: String

  public init() {
    path = NSTemporaryDirectory() + "nnexp-results-" + UUID().uuidString
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Everything below, sorted: a path ends with `/` for a folder, ` -> target`
  /// for a link, ` = bytes` for a file.
  public func tree() -> [String] {
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

  public func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

  public func bytes(_ name: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: path + "/" + name) ?? Data())
  }

  public func put(_ bytes: [UInt8], in name: String) {
    _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(bytes))
  }

  public func put(_ text: String, in name: String) { put(Array(text.utf8), in: name) }

  public func makeFolder(_ name: String) {
    try! FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  public func link(_ name: String, to target: String) {
    try! FileManager.default.createSymbolicLink(
      atPath: path + "/" + name, withDestinationPath: target)
  }
}

/// The whole text of what is thrown, with the exit code before it, and
/// `replacing` written as `$`; `nothing` where nothing is.
public func thrown<T: ~Copyable>(replacing path: String = "", by body: () throws -> T) -> String {
  do {
    _ = try body()
    return "nothing"
  } catch let error as Diagnostic {
    let text = "\(error.failure.rawValue) \(error)"
    return path.isEmpty ? text : text.replacingOccurrences(of: path, with: "$")
  } catch {
    return "\(error)"
  }
}
