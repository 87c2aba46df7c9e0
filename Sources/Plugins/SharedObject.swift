import NNExp

/// The properties of a shared object that can be read from its file without executing it.
///
/// - Source: System V ABI, "Object Files"; its AMD64 and AArch64 supplements.
struct SharedObject {
  /// The contents of its section `.nnexp`; nil if it has none.
  private(set) var stamp: [UInt8]?

  /// The names of the symbols that it exports.
  private(set) var symbols: Set<String> = []

  /// Throws a diagnostic that states the fact if the file is not a shared object for this
  /// machine.
  init(_ bytes: [UInt8]) throws {
    let file = ELFBytes(bytes)
    guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw Diagnostic("it is not a shared object")
    }
    let machine = bytes[4] == 2 && bytes[5] == 1 ? file.number(at: 18, bytes: 2) ?? 0 : 0
    guard machine == SharedObject.thisMachine else {
      throw Diagnostic(
        "it is built for \(SharedObject.name(ofMachine: machine)), and this is "
          + SharedObject.name(ofMachine: SharedObject.thisMachine))
    }
    guard file.number(at: 16, bytes: 2) == 3 else {
      throw Diagnostic("it is not a shared object")
    }
    let sections = try SharedObject.sections(of: file)
    for section in sections where section.name == Stamp.section {
      stamp = Array(try file.part(section.offset, section.size))
    }
    guard let table = sections.first(where: { $0.kind == 11 }), table.link < sections.count else {
      return
    }
    let names = sections[table.link]
    for entry in stride(from: 0, to: table.size - table.size % 24, by: 24) {
      let start = table.offset + entry
      // A symbol of section 0 is required, not defined.
      guard let name = file.number(at: start, bytes: 4),
        let section = file.number(at: start + 6, bytes: 2), section != 0
      else { continue }
      symbols.insert(try file.text(names.offset + name))
    }
  }

  private struct Section {
    let name: String
    let kind: Int
    let offset: Int
    let size: Int
    let link: Int
  }

  private static func sections(of file: ELFBytes) throws -> [Section] {
    guard let start = file.number(at: 40, bytes: 8), let count = file.number(at: 60, bytes: 2),
      let namesIndex = file.number(at: 62, bytes: 2), file.number(at: 58, bytes: 2) == 64,
      start <= file.bytes.count, let names = file.number(at: start + namesIndex * 64 + 24, bytes: 8)
    else { throw ELFBytes.damage }
    return try (0..<count).map { index in
      let header = start + index * 64
      guard let name = file.number(at: header, bytes: 4),
        let kind = file.number(at: header + 4, bytes: 4),
        let offset = file.number(at: header + 24, bytes: 8),
        let size = file.number(at: header + 32, bytes: 8),
        let link = file.number(at: header + 40, bytes: 4)
      else { throw ELFBytes.damage }
      // Sections without bytes in the file, such as .bss, may have any offset.
      if kind != 8 { _ = try file.part(offset, size) }
      return Section(
        name: try file.text(names + name), kind: kind, offset: offset, size: size, link: link)
    }
  }

  private static var thisMachine: Int {
    #if arch(x86_64)
      62
    #elseif arch(arm64)
      183
    #else
      0
    #endif
  }

  private static func name(ofMachine number: Int) -> String {
    switch number {
    case 62: "x86-64"
    case 183: "AArch64"
    case 243: "RISC-V"
    case 40: "ARM"
    case 3: "x86"
    default: "another machine"
    }
  }
}

/// Reads little-endian numbers and texts of a file, never beyond its end.
private struct ELFBytes {
  static let damage = Diagnostic("it is a damaged shared object")

  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func number(at offset: Int, bytes width: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - width else { return nil }
    var value: UInt64 = 0
    for i in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + i]) }
    // An offset that is larger than any file is invalid.
    return value < 1 << 40 ? Int(value) : nil
  }

  func part(_ offset: Int, _ size: Int) throws -> ArraySlice<UInt8> {
    guard offset <= bytes.count, size <= bytes.count - offset else { throw ELFBytes.damage }
    return bytes[offset..<offset + size]
  }

  func text(_ offset: Int) throws -> String {
    guard offset < bytes.count, let end = bytes[offset...].firstIndex(of: 0) else {
      throw ELFBytes.damage
    }
    return String(decoding: bytes[offset..<end], as: UTF8.self)
  }
}
