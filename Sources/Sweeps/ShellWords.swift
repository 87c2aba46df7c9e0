import NNExp

/// A word as a shell reads it back: as it stands where nothing in it means anything.
func quotedForShell(_ word: String) -> String {
  let isPlain =
    !word.isEmpty
    && word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte)
      }
    }
  if isPlain { return word }
  return "'"
    + word.split(separator: "'", omittingEmptySubsequences: false)
    .joined(separator: "'\\''") + "'"
}

/// The words of a text as a shell cuts it: at spaces, but for those in quotes or
/// behind a backslash. Nothing is expanded.
///
/// - Parameter option: as the message names it where a quote stays open.
func shellWords(_ text: String, of option: String) throws -> [String] {
  var words: [String] = []
  var word: String?
  var quote: Character?
  var isEscaped = false
  for character in text {
    if isEscaped {
      // Between double quotes, a backslash is one unless it has work to do.
      if quote == "\"", !"\"\\$`".contains(character) { word = (word ?? "") + "\\" }
      word = (word ?? "") + String(character)
      isEscaped = false
    } else if character == "\\", quote != "'" {
      isEscaped = true
    } else if character == quote {
      quote = nil
    } else if quote == nil, character == "'" || character == "\"" {
      quote = character
      word = word ?? ""
    } else if quote == nil, character.isWhitespace {
      if let whole = word { words.append(whole) }
      word = nil
    } else {
      word = (word ?? "") + String(character)
    }
  }
  if let quote {
    throw Diagnostic("\(option) has an open \(quote); close it: \(text)")
  }
  if isEscaped { throw Diagnostic("\(option) ends in a backslash: \(text)") }
  if let word { words.append(word) }
  return words
}
