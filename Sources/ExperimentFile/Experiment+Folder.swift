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
    let line = "\(folderKey)\(ConfigValue.quoted(folder))\n"
    var lines = text.split(atByte: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let data = lines.firstIndex(of: "data:") else { return text }
    lines.insert(String(line.dropLast()), at: data + 1)
    return lines.joined(separator: "\n")
  }

  /// The bytes of a resolved.yaml without the line for the folder: `resolvedText`.
  public static func withoutFolder(_ bytes: [UInt8]) -> [UInt8] {
    let mark = Array("data:\n\(folderKey)".utf8)
    let starts = bytes.indices.lazy.filter { index in
      (index == 0 || bytes[index - 1] == UInt8(ascii: "\n"))
        && bytes[index...].starts(with: mark)
    }
    guard let start = starts.first else { return bytes }
    let line = start + 6
    let end = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex - 1
    return Array(bytes[..<line] + bytes[(end + 1)...])
  }

  private static var folderKey: String { "  folder: " }
}
