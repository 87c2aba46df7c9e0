/// A message of Protocol Buffers, field by field: the part of the format that event files need.
///
/// The training process writes event files while it trains, and the library for Protocol Buffers
/// would delay the start of every run.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ field: Int, _ value: UInt64) {
    key(field, 0)
    append(value)
  }

  mutating func double(_ field: Int, _ value: Double) {
    key(field, 1)
    littleEndian(value.bitPattern)
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    littleEndian(value.bitPattern)
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    append(UInt64(value.count))
    bytes += value
  }

  mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ build: (inout ProtocolBuffer) -> Void) {
    var message = ProtocolBuffer()
    build(&message)
    bytes(field, message.bytes)
  }

  mutating func doubles(_ field: Int, _ values: [Double]) {
    var packed = ProtocolBuffer()
    for value in values { packed.littleEndian(value.bitPattern) }
    bytes(field, packed.bytes)
  }

  private mutating func key(_ field: Int, _ wireType: Int) {
    append(UInt64(field << 3 | wireType))
  }

  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func littleEndian<Value: FixedWidthInteger>(_ value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }
}

/// The fields of a message, read one after the other. Ends at the first byte that is not valid.
struct ProtocolBufferFields: Sequence, IteratorProtocol {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func next() -> (field: Int, value: Value)? {
    guard let key = varint(), let field = Int(exactly: key >> 3) else { return nil }
    switch key & 7 {
    case 0: return varint().map { (field, .number($0)) }
    case 1: return take(8).map { (field, .number(littleEndianNumber($0))) }
    case 5: return take(4).map { (field, .number(littleEndianNumber($0))) }
    case 2:
      guard let count = varint().flatMap({ Int(exactly: $0) }) else { return nil }
      return take(count).map { (field, .bytes($0)) }
    default: return nil
    }
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    return nil
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}

/// The number in at most 8 bytes.
func littleEndianNumber(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}
