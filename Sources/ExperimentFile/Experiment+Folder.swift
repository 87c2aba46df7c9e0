import NNExp

// `data: {folder: …}`: the folder that the paths of an experiment file are relative to.
//
// A run's resolved.yaml names it, so that the file can be run from any folder. It is not part
// of `Experiment.resolved`: where the files are does not change a result.

extension Experiment {
  /// The folder under `data: {folder: …}` as written; nil if there is none.
  static func declaredFolder(in options: Options) -> String? {
    guard case .string(let folder)? = options.entry("data")?["folder"]?.content, !folder.isEmpty
    else { return nil }
    return folder
  }

  /// `resolvedText` with the folder that its paths are relative to.
  ///
  /// - Parameter folder: absolute.
  public func resolvedText(relativeTo folder: String) -> String {
    Experiment.text(resolvedText, withFolder: folder)
  }

  /// The text of an experiment with a line for the folder.
  package static func text(_ text: String, withFolder folder: String) -> String {
    var bytes = Array(text.utf8)
    guard let start = startOfData(in: bytes) else { return text }
    bytes.insert(contentsOf: "\(folderKey)\(ConfigValue.quoted(folder))\n".utf8, at: start)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The bytes of a resolved.yaml without the line for the folder: `resolvedText`.
  public static func withoutFolder(_ bytes: [UInt8]) -> [UInt8] {
    guard let start = startOfData(in: bytes), bytes[start...].starts(with: folderKey.utf8),
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
    else { return bytes }
    return Array(bytes[..<start] + bytes[(end + 1)...])
  }

  private static var folderKey: String { "  folder: " }

  /// The byte after the line `data:`; nil if there is none.
  private static func startOfData(in bytes: [UInt8]) -> Int? {
    let mark = Array("data:\n".utf8)
    var line = 0
    while true {
      if bytes[line...].starts(with: mark) { return line + mark.count }
      guard let end = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      line = end + 1
    }
  }
}
