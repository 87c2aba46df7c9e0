import Files
import NNExp

/// Reads IDX, the format of MNIST: two zero bytes, a type, the number of axes, the extents
/// and the numbers, all big-endian. Files in gzip format are unpacked.
///
/// - Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
func readIDX(_ file: [UInt8]) throws -> NDArray {
  guard file.starts(with: gzipMagic) else {
    let layout = try layoutOfIDX(head: Array(file.prefix(longestIDXHead)))
    try requireSize(of: layout, file.count)
    return NDArray(file, layout)
  }
  let layout = try layoutOfIDX(head: inflate(file, .gzip, limit: longestIDXHead))
  let expected = layout.end
  guard expected / mostInflation <= file.count else {
    throw Diagnostic(
      "the extents \(list(layout.axes)) need \(expected) bytes, "
        + "more than \(file.count) compressed bytes can contain")
  }
  try checkMemory(bytes: expected, for: "the unpacked array", at: nil)
  // One more byte than expected shows whether bytes follow the array.
  let bytes = try inflate(file, .gzip, limit: expected + 1)
  try requireSize(of: layout, bytes.count, isExact: false)
  return NDArray(bytes, layout)
}

/// Reads an IDX file in parts.
func readIDX(_ file: FileBytes) throws -> NDArray {
  let head = try file.read(0..<min(file.count, longestIDXHead))
  guard !head.starts(with: gzipMagic) else {
    throw Diagnostic("a .gz file cannot be read in parts; unpack it, or leave 'stream' out")
  }
  let layout = try layoutOfIDX(head: head)
  try requireSize(of: layout, file.count)
  return try NDArray(file, layout)
}

private let gzipMagic: [UInt8] = [0x1F, 0x8B]

/// The size of the longest header is 4 + 255 · 4 bytes.
private let longestIDXHead = 1024

private func layoutOfIDX(head: [UInt8]) throws -> ElementLayout {
  guard head.count >= 4 else {
    throw Diagnostic("expected an IDX header of at least 4 bytes, found \(head.count)")
  }
  guard head[0] == 0, head[1] == 0 else {
    throw Diagnostic(
      "expected IDX, which begins with the bytes 00 00, found \(hexadecimal(head[0..<2]))")
  }
  let types: [UInt8: ElementType] = [
    0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
  ]
  guard let type = types[head[2]] else {
    throw Diagnostic(
      "unknown IDX type \(hexadecimal(head[2...2])); known: 08, 09, 0b, 0c, 0d, 0e")
  }
  let rank = Int(head[3])
  guard rank > 0 else { throw Diagnostic("the array has no axes; the first is the samples'") }
  let start = 4 + 4 * rank
  guard head.count >= start else {
    throw Diagnostic("the header ends after \(head.count) bytes of \(start)")
  }
  let axes = (0..<rank).map {
    Int(head.integer(at: 4 + 4 * $0, as: UInt32.self, isBigEndian: true))
  }
  // If an extent is 0, the product of the other ones can overflow although the whole does
  // not.
  guard product(axes.dropFirst()) != nil, let count = product(axes),
    let size = product([count, type.size]), size <= Int.max - start
  else {
    throw Diagnostic("the extents \(list(axes)) are larger than any file")
  }
  return ElementLayout(start: start, type: type, isBigEndian: true, axes: axes)
}

/// Throws unless the size of a file agrees with its extents.
private func requireSize(of layout: ElementLayout, _ size: Int, isExact: Bool = true) throws {
  let expected = layout.end
  guard size >= expected else {
    throw Diagnostic(
      "truncated: the extents \(list(layout.axes)) need \(expected) bytes, found \(size)")
  }
  guard size == expected else {
    throw Diagnostic(
      "the extents \(list(layout.axes)) need \(expected) bytes, "
        + "found \(isExact ? "\(size)" : "more")")
  }
}

extension ElementLayout {
  /// The byte after the last element.
  fileprivate var end: Int { product(axes)! * type.size + start }
}

/// Bytes in hexadecimal, such as `00 1f`.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
