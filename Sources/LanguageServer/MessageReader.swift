import Files
import NNExp

/// Splits a stream of bytes into the messages of the protocol: `Content-Length: n`, an empty
/// line, and n bytes of JSON.
///
/// The header and the length are checked before the message is collected, so that a peer cannot
/// make the server allocate more than it sends.
package struct MessageReader {
  /// The largest message, in bytes. A file is at most 1 MiB, and JSON escapes a byte with up to
  /// six.
  package static let largest = 16 << 20
  private static let largestHeader = 4096

  private var buffer: [UInt8] = []

  package init() {}

  package mutating func append(_ bytes: some Collection<UInt8>) { buffer += bytes }

  /// The next message; nil if it is not complete yet. Throws if the stream is not one of
  /// messages: the rest cannot be read.
  package mutating func next() throws -> [UInt8]? {
    guard let end = headerEnd() else {
      if buffer.count > MessageReader.largestHeader {
        throw Diagnostic("a message has a header of more than \(MessageReader.largestHeader) bytes")
      }
      return nil
    }
    let length = try MessageReader.length(in: buffer[..<end.header])
    guard buffer.count - end.body >= length else { return nil }
    let message = Array(buffer[end.body..<end.body + length])
    buffer.removeSubrange(..<(end.body + length))
    return message
  }

  /// The ends of the header's last line and of the empty line behind it.
  private func headerEnd() -> (header: Int, body: Int)? {
    var i = 0
    while i < min(buffer.count, MessageReader.largestHeader + 4) {
      if buffer[i] == 0x0A {
        if i + 1 < buffer.count, buffer[i + 1] == 0x0A { return (i, i + 2) }
        if i + 2 < buffer.count, buffer[i + 1] == 0x0D, buffer[i + 2] == 0x0A { return (i, i + 3) }
      }
      i += 1
    }
    return nil
  }

  private static func length(in header: ArraySlice<UInt8>) throws -> Int {
    for line in header.split(separator: 0x0A) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      guard name == "content-length" else { continue }
      let digits = line[(colon + 1)...].filter { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }
      guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
        let length = Int(String(decoding: digits, as: UTF8.self)), length <= largest
      else {
        throw Diagnostic("the length of a message must be at most \(largest) bytes")
      }
      return length
    }
    throw Diagnostic("a message has no 'Content-Length'")
  }

  /// A message with its header.
  package static func frame(_ message: JSON) -> [UInt8] {
    let body = Array(message.description.utf8)
    return Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
  }
}
