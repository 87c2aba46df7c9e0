import Files
import NNExp

/// Reads an NPY file from memory.
func readNPY(_ file: [UInt8]) throws -> NDArray {
  try NDArray(file, layoutOfNPY(head: file, size: file.count))
}

/// Reads an NPY file in parts.
func readNPY(_ file: FileBytes) throws -> NDArray {
  let head = try file.read(0..<min(file.count, longestNPYHead))
  return try NDArray(file, layoutOfNPY(head: head, size: file.count))
}

/// The longest header of a file that is read in parts, in bytes; NumPy itself reads at most
/// 10,000.
private let longestNPYHead = 1 << 20

/// Reads the header of an NPY file, NumPy's format of one array: versions 1 to 3, numbers and
/// booleans of either byte order, in C or Fortran order. Python objects are refused, because
/// unpickling them can execute code.
///
/// - Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
///
/// - Parameters:
///   - file: the first bytes of the file.
///   - size: the size of the whole file in bytes.
private func layoutOfNPY(head file: [UInt8], size fileSize: Int) throws -> ElementLayout {
  let (header, start) = try headerOfNPY(file, size: fileSize)
  let (type, isBigEndian) = try elementType(header.descr)
  _ = try header.count(of: type.size, in: fileSize - start)
  return ElementLayout(
    start: start, type: type, isBigEndian: isBigEndian, axes: header.shape,
    isFortran: header.isFortran)
}

/// Reads an NPY file of texts as indices into their sorted list; nil if the file contains
/// numbers.
///
/// NumPy's type `U` has four bytes per character, `S` has one; both are padded with zeros.
func readNPYLabels(_ file: [UInt8]) throws -> (codes: NDArray, categories: [String])? {
  let (header, start) = try headerOfNPY(file, size: file.count)
  let descr = Array(header.descr.utf8)
  guard descr.count > 2,
    let kind = [UInt8(ascii: "U"), UInt8(ascii: "S")].first(where: { $0 == descr[1] }),
    let length = Int(String(decoding: descr[2...], as: UTF8.self)), 1...65_536 ~= length
  else { return nil }
  guard header.shape.count == 1 || header.shape.count == 2 && header.shape[1] == 1 else {
    throw Diagnostic("the array of texts has the shape \(header.shapeText); labels have one axis")
  }
  let isWide = kind == UInt8(ascii: "U")
  let size = length * (isWide ? 4 : 1)
  let count = try header.count(of: size, in: file.count - start)
  let isBigEndian = descr[0] == UInt8(ascii: ">")
  let texts = try (0..<count).map { index -> String in
    let first = start + index * size
    if !isWide {
      let bytes = file[first..<first + size]
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? first
      guard let text = String(validating: bytes[..<end], as: UTF8.self) else {
        throw Diagnostic("the text at [\(index)] is not UTF-8")
      }
      return text
    }
    var text = String.UnicodeScalarView()
    for i in 0..<length {
      let code = file.integer(at: first + 4 * i, as: UInt32.self, isBigEndian: isBigEndian)
      if code == 0 { break }
      guard let scalar = Unicode.Scalar(code) else {
        throw Diagnostic("the text at [\(index)] is not Unicode")
      }
      text.append(scalar)
    }
    return String(text)
  }
  if let empty = texts.firstIndex(where: \.isEmpty) {
    throw Diagnostic("the text at [\(empty)] is empty")
  }
  let distinct = Array(Set(texts.map(ByteText.init))).map(\.text)
  let categories = CSVReader.order(of: distinct).map { distinct[$0] }
  let indices = CellReader.codes(categories)
  let codes = texts.flatMap { text -> [UInt8] in
    let code = UInt32(indices[ByteText(text)] ?? 0)
    return [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: code >> $0) }
  }
  let layout = ElementLayout(start: 0, type: .uint32, isBigEndian: false, axes: [count])
  return (NDArray(codes, layout), categories)
}

/// The header of an NPY file, and the offset of the first byte after it.
private func headerOfNPY(_ file: [UInt8], size fileSize: Int) throws -> (NPYHeader, start: Int) {
  let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  guard file.starts(with: magic) else {
    throw Diagnostic(
      "expected NPY, which begins with 93 NUMPY, found the bytes \(hexadecimal(file.prefix(6)))")
  }
  guard file.count >= 10 else { throw Diagnostic("the header ends after \(file.count) bytes") }
  let version = file[6]
  guard (1...3).contains(version) else {
    throw Diagnostic("unknown NPY version \(version).\(file[7]); known: 1.0, 2.0, 3.0")
  }
  let lengthSize = version == 1 ? 2 : 4
  let headerStart = 8 + lengthSize
  guard file.count >= headerStart else {
    throw Diagnostic("the header ends after \(file.count) bytes")
  }
  let length =
    version == 1
    ? Int(file.integer(at: 8, as: UInt16.self, isBigEndian: false))
    : Int(file.integer(at: 8, as: UInt32.self, isBigEndian: false))
  guard length <= fileSize - headerStart else {
    throw Diagnostic(
      "the header has a length of \(length) bytes, but only \(fileSize - headerStart) bytes follow")
  }
  let start = headerStart + length
  guard start <= file.count else {
    throw Diagnostic(
      "the header has \(length) bytes; with 'stream: true' it can have at most "
        + "\(file.count - headerStart)")
  }
  let header = try NPYHeader(file[headerStart..<start])

  guard !header.shape.isEmpty else {
    throw Diagnostic("the array is a single number; its first axis must be the samples'")
  }
  return (header, start)
}

/// The type of a NumPy description: `<f8` is float64, little-endian.
private func elementType(_ descr: String) throws -> (ElementType, isBigEndian: Bool) {
  let types: [String: ElementType] = [
    "b1": .bool, "u1": .uint8, "i1": .int8, "u2": .uint16, "i2": .int16, "u4": .uint32,
    "i4": .int32, "u8": .uint64, "i8": .int64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]
  if let order = descr.first, "<>|=".contains(order), let type = types[String(descr.dropFirst())] {
    return (type, order == ">")
  }
  if descr.dropFirst().first == "O" {
    throw Diagnostic("the array holds Python objects ('\(descr)'); save it with a number's dtype")
  }
  throw Diagnostic(
    "unsupported dtype '\(descr)'; known: b1, i1 to i8, u1 to u8, f2, f4, f8 of either byte order")
}

/// The Python dictionary in the header of an NPY file: `{'descr': '<f8', 'fortran_order':
/// False, 'shape': (3, 4), }`.
private struct NPYHeader {
  private(set) var descr = ""
  private(set) var isFortran = false
  private(set) var shape: [Int] = []

  var shapeText: String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }

  private let bytes: [UInt8]
  private var position = 0

  /// The number of elements; throws if `size` bytes do not contain them.
  func count(of elementSize: Int, in size: Int) throws -> Int {
    // If an extent is 0, the product of the other ones can overflow although the whole does
    // not.
    guard product(shape.dropFirst()) != nil, let count = product(shape),
      let needed = product([count, elementSize])
    else {
      throw Diagnostic("the shape \(shapeText) is larger than any file")
    }
    guard needed == size else {
      throw Diagnostic(
        "the shape \(shapeText) of '\(descr)' needs \(needed) bytes, "
          + "but \(size) follow the header")
    }
    return count
  }

  init(_ header: ArraySlice<UInt8>) throws {
    bytes = Array(header)
    var seen: Set<String> = []
    try expect("{")
    while try !accept("}") {
      let key = try string()
      try expect(":")
      guard seen.insert(key).inserted else { throw damaged("a key that appears twice") }
      switch key {
      case "descr": descr = try string()
      case "fortran_order": isFortran = try boolean()
      case "shape": shape = try tuple()
      default: throw damaged("the key '\(key)'")
      }
      if try !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpaces()
    guard position == bytes.count else { throw damaged("something after '}'") }
    guard seen.count == 3 else { throw damaged("a key missing of descr, fortran_order, shape") }
  }

  private func damaged(_ found: String) -> Diagnostic {
    Diagnostic("the header is not NPY's: found \(found) at byte \(position)")
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) throws -> Bool {
    skipSpaces()
    guard position < bytes.count else { throw damaged("its end") }
    guard bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard try accept(character) else {
      throw damaged("the byte \(hexadecimal(bytes[position...position])), not '\(character)'")
    }
  }

  private mutating func string() throws -> String {
    skipSpaces()
    if position < bytes.count, bytes[position] == UInt8(ascii: "[") {
      throw Diagnostic("structured dtypes are not supported; save each field as its own array")
    }
    let quote: Unicode.Scalar = try accept("'") ? "'" : "\""
    if quote == "\"" { try expect(quote) }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: quote) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    try expect(quote)
    return text
  }

  private mutating func word() -> String {
    skipSpaces()
    let start = position
    while position < bytes.count, isAlphanumeric(bytes[position]) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private mutating func boolean() throws -> Bool {
    switch word() {
    case "True": return true
    case "False": return false
    default: throw damaged("neither True nor False")
    }
  }

  private mutating func tuple() throws -> [Int] {
    var values: [Int] = []
    try expect("(")
    while try !accept(")") {
      let digits = word()
      guard let value = Int(digits), value >= 0 else {
        throw damaged("'\(digits)', not an extent,")
      }
      values.append(value)
      guard values.count <= 64 else { throw damaged("more than 64 axes") }
      if try !accept(",") {
        try expect(")")
        break
      }
    }
    return values
  }
}
