import NNExp

// `data: {folder: …}` and `start_from: {found: …}`: the folder that the paths of an experiment
// file are relative to, and the folder of the run that it starts from.
//
// A run's resolved.yaml names them, so that the file can be run from any folder. They are not
// part of `Experiment.resolved`: where the files are does not change a result.

extension Experiment {
  /// The folder under `data: {folder: …}` as written; nil if there is none.
  static func declaredFolder(in options: Options) -> String? {
    guard case .string(let folder)? = options.entry("data")?["folder"]?.content, !folder.isEmpty
    else { return nil }
    return folder
  }

  /// `resolvedText` with the folder that its paths are relative to.
  ///
  /// - Parameters:
  ///   - folder: absolute.
  ///   - start: the absolute path of the run that it starts from; nil if there is none.
  public func resolvedText(relativeTo folder: String, startingFrom start: String?) -> String {
    let text = Experiment.text(resolvedText, withFolder: folder)
    return start.map { Experiment.text(text, with: $0, at: Experiment.startMark) } ?? text
  }

  /// The text of an experiment with a line for the folder.
  package static func text(_ text: String, withFolder folder: String) -> String {
    Experiment.text(text, with: folder, at: folderMark)
  }

  /// The bytes of a resolved.yaml without the lines for folders: `resolvedText`.
  public static func withoutFolders(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for mark in [folderMark, startMark] {
      guard let start = start(of: mark, in: bytes), bytes[start...].starts(with: mark.key.utf8),
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
      else { continue }
      bytes.removeSubrange(start...end)
    }
    return bytes
  }

  /// The first line of a section: the start of its key.
  private typealias Mark = (section: String, key: String)

  private static var folderMark: Mark { ("data:\n", "  folder: ") }
  private static var startMark: Mark { ("start_from:\n", "  found: ") }

  private static func text(_ text: String, with path: String, at mark: Mark) -> String {
    var bytes = Array(text.utf8)
    guard let start = start(of: mark, in: bytes) else { return text }
    bytes.insert(contentsOf: "\(mark.key)\(ConfigValue.quoted(path))\n".utf8, at: start)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The byte after the line of the section; nil if there is none.
  private static func start(of mark: Mark, in bytes: [UInt8]) -> Int? {
    let section = Array(mark.section.utf8)
    var line = 0
    while true {
      if bytes[line...].starts(with: section) { return line + section.count }
      guard let end = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      line = end + 1
    }
  }
}
