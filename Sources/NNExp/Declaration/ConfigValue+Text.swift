// The text of a value, for resolved.yaml, messages and a sweep's plan.

extension ConfigValue {
  /// The value on one line, in YAML's flow style.
  public var flow: String {
    var bytes: [UInt8] = []
    writeFlow(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `flow` in UTF-8.
  package func writeFlow(to bytes: inout [UInt8]) {
    switch content {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += String(value).utf8
    case .double(let value):
      if value.isFinite {
        // `-0` would be read as an integer, which has no sign.
        bytes += (value == 0 && value.sign == .minus ? "-0.0" : shortest(value)).utf8
      } else {
        bytes += (value.isNaN ? ".nan" : (value < 0 ? "-.inf" : ".inf")).utf8
      }
    case .string(let value): ConfigValue.append(quoted: value, to: &bytes)
    case .list(let items):
      bytes.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        item.writeFlow(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let entries):
      bytes.append(UInt8(ascii: "{"))
      for (index, entry) in entries.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        ConfigValue.append(quoted: entry.key, to: &bytes)
        bytes += ": ".utf8
        entry.value.writeFlow(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// A text as a YAML scalar: plain if that is safe, otherwise double-quoted.
  public static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(quoted: text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `quoted` in UTF-8.
  package static func append(quoted text: String, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes += text.utf8
    if isPlain(bytes[start...]) { return }
    bytes.removeLast(bytes.count - start)
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { quoted += "\\" }
      quoted += scalar.visible
    }
    quoted += "\""
    bytes += quoted.utf8
  }

  /// True for ASCII words that start with a letter and that YAML does not read as another
  /// value.
  private static func isPlain(_ text: ArraySlice<UInt8>) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    guard let first = text.first, isLetter(first) else { return false }
    for byte in text where !isLetter(byte) {
      switch byte {
      case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"),
        UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        continue
      default: return false
      }
    }
    guard text.count == 4 || text.count == 5 else { return true }
    switch String(decoding: text, as: UTF8.self) {
    case "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE": return false
    default: return true
    }
  }
}
