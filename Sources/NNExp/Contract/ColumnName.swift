/// The rule for names that become parts of columns, those of metrics and of ports:
/// `[a-z][a-z0-9_]*`, at most 64 bytes, and none of the reserved names.
package enum ColumnName {
  static let longest = 64

  static let reserved = [
    "input", "loss", "type", "epoch", "step", "learning_rate", "train", "validation", "test",
  ]

  /// True for a name that has a fixed meaning in the names of columns.
  package static func isReserved(_ name: String) -> Bool { reserved.contains(text: name) }

  /// The reason why a text is not such a name, with a similar valid name; nil if it is valid.
  package static func fault(in name: String) -> String? {
    if reserved.contains(text: name) {
      return "the name is reserved, as are "
        + reserved.filter { $0 != name }.joined(separator: ", ")
    }
    if name.isEmpty { return "the name is empty" }
    if name.utf8.count > longest {
      return "the name has \(name.utf8.count) bytes, more than \(longest)"
    }
    if isLetter(name.utf8.first), name.utf8.allSatisfy(isNameByte) { return nil }
    return "a name has lowercase letters, digits and '_', and starts with a letter"
      + (similar(to: name).map { "; did you mean '\($0)'?" } ?? "")
  }

  /// `r2_score` for `R2 Score`.
  private static func similar(to text: String) -> String? {
    var name: [UInt8] = []
    for byte in text.utf8 {
      let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
      if isLetter(lower) || !name.isEmpty && isNameByte(lower) {
        name.append(lower)
      } else if !name.isEmpty, name.last != UInt8(ascii: "_") {
        name.append(UInt8(ascii: "_"))
      }
    }
    while name.last == UInt8(ascii: "_") { name.removeLast() }
    let found = String(decoding: name, as: UTF8.self)
    return fault(in: found) == nil ? found : nil
  }

  private static func isLetter(_ byte: UInt8?) -> Bool { byte.map { 0x61...0x7A ~= $0 } ?? false }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || 0x30...0x39 ~= byte || byte == UInt8(ascii: "_")
  }
}
