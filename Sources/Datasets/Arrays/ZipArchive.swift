internal import CZlib
import Files
import NNExp

/// A zip archive such as an NPZ file: stored and deflated members, zip64 sizes.
///
/// - Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.
struct ZipArchive {
  private struct Member {
    let name: String
    let method: UInt16
    let flags: UInt16
    let checksum: UInt32
    let compressedSize: Int
    let size: Int
    let offset: Int
  }

  private let bytes: [UInt8]
  private var members: [Member] = []

  /// The names of the members in the order of the archive.
  var names: [String] { members.map(\.name) }

  /// Reads the central directory.
  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    let (count, start) = try directory()
    var position = start
    for _ in 0..<count {
      guard has(46, at: position), u32(position) == 0x0201_4B50 else {
        throw Diagnostic("the zip archive's directory is damaged")
      }
      let nameLength = u16(position + 28)
      let extraLength = u16(position + 30)
      let commentLength = u16(position + 32)
      let nameStart = position + 46
      guard has(nameLength + extraLength + commentLength, at: nameStart) else {
        throw Diagnostic("the zip archive's directory is damaged")
      }
      var sizes = [u32(position + 24), u32(position + 20), u32(position + 42)]
      try widen(&sizes, from: nameStart + nameLength, length: extraLength)
      let nameBytes = bytes[nameStart..<nameStart + nameLength]
      guard let name = String(validating: nameBytes, as: UTF8.self) else {
        throw Diagnostic(
          "the zip archive's member '\(shown(bytes: Array(nameBytes)))' has a name that is not "
            + "UTF-8; give it another")
      }
      members.append(
        Member(
          name: name,
          method: UInt16(u16(position + 10)), flags: UInt16(u16(position + 8)),
          checksum: UInt32(u32(position + 16)), compressedSize: sizes[1], size: sizes[0],
          offset: sizes[2]))
      position = nameStart + nameLength + extraLength + commentLength
    }
  }

  /// The contents of a member, checked against its size and its CRC-32.
  func contents(of name: String) throws -> [UInt8]? {
    guard let member = members.first(where: { $0.name.hasSameBytes(as: name) }) else { return nil }
    guard member.flags & 1 == 0 else { throw Diagnostic("'\(name)' is encrypted") }
    // The local header repeats the name and can have other extra fields.
    guard has(30, at: member.offset), u32(member.offset) == 0x0403_4B50 else {
      throw Diagnostic("the zip archive is damaged: '\(name)' has no header")
    }
    let start = member.offset + 30 + u16(member.offset + 26) + u16(member.offset + 28)
    guard has(member.compressedSize, at: start) else {
      throw Diagnostic(
        "the zip archive is truncated: '\(name)' needs \(member.compressedSize) bytes")
    }
    let packed = bytes[start..<start + member.compressedSize]

    let contents: [UInt8]
    switch member.method {
    case 0:
      contents = Array(packed)
    case 8:
      guard member.size / mostInflation <= member.compressedSize else {
        throw Diagnostic(
          "'\(name)' has a size of \(member.size) bytes in the directory, "
            + "more than \(member.compressedSize) compressed bytes can contain")
      }
      try checkMemory(bytes: member.size, for: "'\(name)'", at: nil)
      contents = try inflate(Array(packed), .none, limit: member.size + 1)
    default:
      throw Diagnostic(
        "'\(name)' is compressed by method \(member.method); known: 0 (stored), 8 (deflate)")
    }
    guard contents.count == member.size else {
      let found = contents.count > member.size ? "more" : "\(contents.count)"
      throw Diagnostic(
        "'\(name)' has a size of \(member.size) bytes in the directory, found \(found)")
    }
    guard checksum(contents) == member.checksum else {
      throw Diagnostic("'\(name)' is damaged: its checksum does not match")
    }
    return contents
  }

  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { UInt32(crc32_z(0, $0.baseAddress, $0.count)) }
  }

  // MARK: Reading

  private func has(_ count: Int, at position: Int) -> Bool {
    position >= 0 && position <= bytes.count && count <= bytes.count - position
  }

  private func u16(_ position: Int) -> Int {
    Int(bytes.integer(at: position, as: UInt16.self, isBigEndian: false))
  }

  private func u32(_ position: Int) -> Int {
    Int(bytes.integer(at: position, as: UInt32.self, isBigEndian: false))
  }

  /// A 64-bit size or offset. Values that no file reaches become `Int.max / 2`.
  private func u64(_ position: Int) -> Int {
    let value = bytes.integer(at: position, as: UInt64.self, isBigEndian: false)
    return Int(min(value, UInt64(Int.max / 2)))
  }

  /// The number of members, and the offset of the central directory.
  private func directory() throws -> (count: Int, start: Int) {
    guard bytes.starts(with: [0x50, 0x4B]) else {
      throw Diagnostic(
        "expected NPZ, a zip archive, which begins with PK, "
          + "found the bytes \(hexadecimal(bytes.prefix(4)))")
    }
    // The last record has 22 bytes and a comment of at most 65,535 bytes.
    var end = bytes.count - 22
    let last = max(0, end - 65_535)
    while end >= last, u32(end) != 0x0605_4B50 { end -= 1 }
    guard end >= last else {
      throw Diagnostic("the zip archive is truncated: its directory is missing")
    }
    var count = u16(end + 10)
    var start = u32(end + 16)
    if count == 0xFFFF || start == 0xFFFF_FFFF, end >= 20, u32(end - 20) == 0x0706_4B50 {
      let wide = u64(end - 12)
      guard has(56, at: wide), u32(wide) == 0x0606_4B50 else {
        throw Diagnostic("the zip archive's directory is damaged")
      }
      count = u64(wide + 32)
      start = u64(wide + 48)
    }
    return (count, start)
  }

  /// Replaces sizes of 2³²−1 by the sizes in the zip64 extra field.
  private func widen(_ sizes: inout [Int], from start: Int, length: Int) throws {
    guard sizes.contains(0xFFFF_FFFF) else { return }
    var position = start
    while position + 4 <= start + length {
      let end = position + 4 + u16(position + 2)
      if u16(position) == 1, end <= start + length {
        var field = position + 4
        for i in sizes.indices where sizes[i] == 0xFFFF_FFFF && field + 8 <= end {
          sizes[i] = u64(field)
          field += 8
        }
        return
      }
      position = end
    }
  }
}
