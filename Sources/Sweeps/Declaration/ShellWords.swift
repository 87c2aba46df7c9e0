import NNExp

/// The words of a text as a shell splits it: at spaces that are not quoted or after a
/// backslash. Nothing is expanded.
///
/// - Parameter option: the option's name for the error about a missing closing quote.
func shellWords(_ text: String, of option: String) throws -> [String] {
  let backslash = UInt8(ascii: "\\")
  let double = UInt8(ascii: "\"")
  let single = UInt8(ascii: "'")
  var words: [[UInt8]] = []
  var word: [UInt8]?
  var quote: UInt8?
  var isEscaped = false
  for byte in text.utf8 {
    if isEscaped {
      // Between double quotes, a backslash is literal unless it precedes one of these
      // characters.
      if quote == double, !"\"\\$`".utf8.contains(byte) { word = (word ?? []) + [backslash] }
      word = (word ?? []) + [byte]
      isEscaped = false
    } else if byte == backslash, quote != single {
      isEscaped = true
    } else if byte == quote {
      quote = nil
    } else if quote == nil, byte == single || byte == double {
      quote = byte
      word = word ?? []
    } else if quote == nil, " \t\n\r".utf8.contains(byte) {
      if let whole = word { words.append(whole) }
      word = nil
    } else {
      word = (word ?? []) + [byte]
    }
  }
  if let quote {
    throw Diagnostic(
      "\(option) contains an unclosed \(Character(Unicode.Scalar(quote))); close it: \(text)")
  }
  if isEscaped { throw Diagnostic("\(option) ends in a backslash: \(text)") }
  if let word { words.append(word) }
  return words.map { String(decoding: $0, as: UTF8.self) }
}
