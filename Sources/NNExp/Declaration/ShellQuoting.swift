/// A word in bash's notation: plain if no byte has a special meaning, otherwise between single
/// quotes. Control characters and invisible characters are escaped as in `$'a\012b'`, so that a
/// command stays on one line.
package func quotedForShell(_ word: String) -> String {
  isPlainInShell(word.utf8) ? word : quotedForShell(Array(word.utf8))
}

/// As above, for any bytes except NUL, which a word of a command cannot contain. Bytes that are
/// not UTF-8 are escaped too.
package func quotedForShell(_ word: [UInt8]) -> String {
  if isPlainInShell(word) { return String(decoding: word, as: UTF8.self) }
  var isSafe = true
  eachScalar(of: word) { scalar, _ in if scalar?.isUnsafeInText ?? true { isSafe = false } }
  var text: [UInt8] = []
  let quote = UInt8(ascii: "'")
  let backslash = UInt8(ascii: "\\")
  if isSafe {
    text.append(quote)
    for byte in word {
      if byte == quote { text += #"'\''"#.utf8 } else { text.append(byte) }
    }
  } else {
    text += "$'".utf8
    eachScalar(of: word) { scalar, bytes in
      if scalar == "'" || scalar == "\\" { text.append(backslash) }
      if let scalar, !scalar.isUnsafeInText { return text += bytes }
      for byte in bytes {
        text.append(backslash)
        // Always three digits, because another digit may follow.
        for shift in [6, 3, 0] { text.append(UInt8(ascii: "0") + byte >> UInt8(shift) & 7) }
      }
    }
  }
  text.append(quote)
  return String(decoding: text, as: UTF8.self)
}

private func isPlainInShell(_ word: some Collection<UInt8>) -> Bool {
  !word.isEmpty
    && word.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte)
      }
    }
}
