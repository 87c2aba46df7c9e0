import Files
import NNExp

/// Recognizes files of other formats by their first bytes.
enum ForeignFile {
  /// Throws if the file has another known format.
  static func check(_ head: [UInt8], _ origin: CSVOrigin) throws {
    let path = origin.path
    func refuse(_ fact: String, _ remedy: String) -> Diagnostic {
      Diagnostic("'\(path)' is \(fact), not CSV; \(remedy)", at: SourceLocation(ofFile: path))
    }
    let lower = String(decoding: head.prefix(256), as: UTF8.self).lowercased()
    let text = Substring(lower).trimmed
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      if path.lowercased().hasSuffix(bytes: ".xlsx") || head.contains(bytes: Array("xl/".utf8)) {
        throw refuse("an Excel workbook", "save the sheet as 'CSV UTF-8' and give that file")
      }
      if path.lowercased().hasSuffix(bytes: ".npz") {
        throw refuse("an NPZ archive", "write 'npz: {path: \(Path.name(of: path))}'")
      }
      throw refuse("a zip archive", "unpack it and give the CSV file in it")
    }
    if head.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) {
      throw refuse("an Excel workbook", "save the sheet as 'CSV UTF-8' and give that file")
    }
    if head.starts(with: Array("PAR1".utf8)) {
      throw refuse("a Parquet file", "in Python: pandas.read_parquet(…).to_csv(…, index=False)")
    }
    if head.starts(with: [0x93] + Array("NUMPY".utf8)) {
      throw refuse("an NPY array", "write 'npy: {inputs: …, targets: …}'")
    }
    if head.starts(with: Array("version https://git-lfs".utf8)) {
      throw refuse("a pointer of Git LFS", "fetch the file itself: git lfs pull")
    }
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
      throw refuse(
        "an HTML or XML page", "the download gave a page instead of the file; download the file")
    }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF])
      || looksLikeUTF16(head)
    {
      throw Diagnostic(
        "the file is UTF-16; write 'encoding: utf16', or save it as UTF-8",
        at: origin.location(at: 0))
    }
  }

  /// Whether every second one of the first bytes is 0.
  private static func looksLikeUTF16(_ head: [UInt8]) -> Bool {
    let head = head.prefix(64)
    guard head.count >= 8 else { return false }
    let zeros = head.indices.filter { head[$0] == 0 }
    return zeros.count * 2 >= head.count - 1
      && (zeros.allSatisfy { $0 % 2 == 0 } || zeros.allSatisfy { $0 % 2 == 1 })
  }
}

extension SourceLocation {
  /// The beginning of a file whose text a message does not show.
  fileprivate init(ofFile path: String) {
    self.init(source: SourceFile(name: path, lines: []), line: 1, column: 1)
  }
}

extension [UInt8] {
  fileprivate func contains(bytes other: [UInt8]) -> Bool {
    guard other.count <= count else { return false }
    return (0...(count - other.count)).contains { self[$0..<$0 + other.count].elementsEqual(other) }
  }
}
