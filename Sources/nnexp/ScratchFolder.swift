import Files
import Platform
import NNExp

/// A temporary folder.
struct ScratchFolder {
  let path: String

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/nnexp-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Diagnostic(
        "cannot create a folder in '\(base)': \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    path = String(
      decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Removes the folder and all that is in it.
  func remove() { remove(path) }

  /// Removes a folder within it.
  func remove(_ folder: String) {
    guard folder.hasPrefix(bytes: path) else { return }
    try? Self.removeTree(folder)
  }

  private static func removeTree(_ path: String) throws {
    let here = FileSystem.system.currentFolder
    for name in try here.openFolder(path).entries() {
      let inner = path + "/" + name
      if try here.kind(of: inner) == .folder {
        try removeTree(inner)
      } else {
        try here.remove(inner)
      }
    }
    try here.removeFolder(path)
  }
}
