// Text compared by its bytes.
//
// A `Character` includes the combining marks after it: in "/\u{301}x", no character
// is "/". And `==` is true for texts whose bytes differ: U+212A for "K", an accent
// before or after its letter. Shells, file systems and YAML compare bytes, and so
// does every comparison with syntax, and every comparison of two names from files.

import Platform

extension StringProtocol {
  /// The position of the first byte that equals an ASCII character.
  @inlinable package func firstIndex(ofByte character: Unicode.Scalar) -> Index? {
    utf8.firstIndex(of: UInt8(ascii: character))
  }

  @inlinable package func contains(byte character: Unicode.Scalar) -> Bool {
    utf8.contains(UInt8(ascii: character))
  }

  @inlinable package func hasPrefix(bytes prefix: some StringProtocol) -> Bool {
    utf8.starts(with: prefix.utf8)
  }

  @inlinable package func hasSuffix(bytes suffix: some StringProtocol) -> Bool {
    utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }

  /// True if both texts have the same bytes.
  @inlinable package func hasSameBytes(as other: some StringProtocol) -> Bool {
    // Most texts that are compared differ, which `==` detects faster.
    self == other && utf8.elementsEqual(other.utf8)
  }

  /// True if the text sorts before another by its bytes, which is also the order of code
  /// points.
  @inlinable package func precedes(byBytes other: some StringProtocol) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// The parts between the bytes that equal an ASCII character.
  @inlinable package func split(
    atByte character: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [SubSequence] {
    let byte = UInt8(ascii: character)
    var parts: [SubSequence] = []
    var start = startIndex
    for index in utf8.indices where utf8[index] == byte && parts.count < maxSplits {
      if start < index || !omittingEmptySubsequences { parts.append(self[start..<index]) }
      start = utf8.index(after: index)
    }
    if start < endIndex || !omittingEmptySubsequences { parts.append(self[start...]) }
    return parts
  }
}

extension StringProtocol where UTF8View: BidirectionalCollection {
  /// The position of the last byte that equals an ASCII character.
  @inlinable package func lastIndex(ofByte character: Unicode.Scalar) -> Index? {
    utf8.lastIndex(of: UInt8(ascii: character))
  }

  /// The text without repetitions of an ASCII character at both ends.
  @inlinable package func trimming(byte character: Unicode.Scalar) -> SubSequence {
    let byte = UInt8(ascii: character)
    guard let first = utf8.firstIndex(where: { $0 != byte }),
      let last = utf8.lastIndex(where: { $0 != byte })
    else { return self[endIndex...] }
    return self[first..<utf8.index(after: last)]
  }
}

extension Collection where Element == String {
  /// The position of the first element with these bytes.
  @inlinable package func firstIndex(ofText text: some StringProtocol) -> Index? {
    firstIndex { $0.hasSameBytes(as: text) }
  }

  @inlinable package func contains(text: some StringProtocol) -> Bool {
    firstIndex(ofText: text) != nil
  }
}

extension Sequence where Element == String {
  /// True if both arrays contain the same texts in the same order, compared by their bytes.
  @inlinable package func hasSameTexts(as other: [String]) -> Bool {
    elementsEqual(other) { $0.hasSameBytes(as: $1) }
  }
}

/// A text as a key of a dictionary or an element of a set, compared by its bytes.
package struct ByteText: Hashable, Sendable {
  package let text: String

  @inlinable package init(_ text: String) { self.text = text }

  @inlinable package static func == (a: ByteText, b: ByteText) -> Bool {
    a.text.hasSameBytes(as: b.text)
  }

  // Texts with the same bytes are equal as `String`s, and so are their hashes.
  @inlinable package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A name from the system, such as a file name; nil if it is not UTF-8.
package func validName(_ name: UnsafePointer<CChar>) -> String? {
  String(validatingCString: name)
}

/// The name of a folder's entry; nil if it is not UTF-8.
package func validName(of entry: UnsafeMutablePointer<dirent>) -> String? {
  withUnsafePointer(to: &entry.pointee.d_name) {
    validName(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
  }
}

/// A name from the system in the form for a message; see `shown(bytes:)`.
package func shown(name: UnsafePointer<CChar>) -> String {
  shown(bytes: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
}

/// The name of a folder's entry in the form for a message.
package func shown(nameOf entry: UnsafeMutablePointer<dirent>) -> String {
  withUnsafePointer(to: &entry.pointee.d_name) {
    shown(name: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
  }
}

/// Bytes in the form for a message: each byte that is not UTF-8 becomes `\xFF`.
package func shown(bytes: [UInt8]) -> String {
  var text = ""
  eachScalar(of: bytes) { scalar, encoded in
    if let scalar {
      text.unicodeScalars.append(scalar)
    } else {
      for byte in encoded {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
  return text
}

/// Calls `body` with each Unicode scalar and its bytes, and with nil and the bytes of each part
/// that is not UTF-8.
package func eachScalar(
  of bytes: [UInt8], _ body: (Unicode.Scalar?, ArraySlice<UInt8>) -> Void
) {
  var parser = Unicode.UTF8.ForwardParser()
  var iterator = bytes.makeIterator()
  var position = 0
  while true {
    switch parser.parseScalar(from: &iterator) {
    case .valid(let encoded):
      body(Unicode.UTF8.decode(encoded), bytes[position..<position + encoded.count])
      position += encoded.count
    case .error(let length):
      body(nil, bytes[position..<position + length])
      position += length
    case .emptyInput: return
    }
  }
}
