import Files
import NNExp

/// The number types of array files.
enum ElementType: Sendable, CaseIterable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64

  /// The size of an element in bytes.
  var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  var isFloatingPoint: Bool { self == .float16 || self == .float32 || self == .float64 }
}

/// The position and the type of the elements in an array file.
struct ElementLayout: Sendable {
  /// The offset of the first element, in bytes from the start of the file.
  let start: Int
  let type: ElementType
  let isBigEndian: Bool

  /// The extents; the first axis counts the samples.
  let axes: [Int]

  /// Whether the first axis varies fastest (Fortran order).
  var isFortran = false
}

/// An array in the format of its file. Samples are decoded one at a time, because an array of
/// bytes would need eight times its size as float64. The type is a class because every read
/// of a sample uses it.
final class NDArray: Sendable {
  /// The extents; the first axis counts the samples.
  let axes: [Int]

  /// The number of elements per sample.
  let width: Int

  private enum Storage: Sendable {
    case held([UInt8])
    case file(FileBytes)
  }

  private let storage: Storage
  private let start: Int
  private let type: ElementType
  private let isBigEndian: Bool

  /// The distance from one sample to the next, in elements.
  private let rowStride: Int

  /// The offset of each element from the first one of its sample, for Fortran order; empty if
  /// the elements of a sample are contiguous.
  private let offsets: [Int]

  /// - Precondition: `bytes` contains all elements of `layout`.
  convenience init(_ bytes: [UInt8], _ layout: ElementLayout) {
    self.init(.held(bytes), count: bytes.count, layout)
  }

  /// Reads each sample from the file when it is needed. Throws for Fortran order, in which
  /// the elements of one sample are spread over the whole file.
  ///
  /// - Precondition: the file contains all elements of `layout`.
  convenience init(_ file: FileBytes, _ layout: ElementLayout) throws {
    guard !layout.isFortran || layout.axes.count == 1 else {
      throw Diagnostic(
        "the array is in Fortran order, in which single samples cannot be read; "
          + "save it in C order, or leave 'stream' out")
    }
    self.init(.file(file), count: file.count, layout)
  }

  private init(_ storage: Storage, count: Int, _ layout: ElementLayout) {
    self.storage = storage
    start = layout.start
    type = layout.type
    isBigEndian = layout.isBigEndian
    axes = layout.axes
    let inner = axes.dropFirst()
    width = inner.reduce(1, *)
    precondition(axes[0] * width * type.size <= count - start)
    guard layout.isFortran, !inner.isEmpty, axes[0] > 0, width > 0 else {
      rowStride = width
      offsets = []
      return
    }
    rowStride = 1
    // Element [n, i, j, …] is at n + N·(i + I·(j + …)).
    var offsets = [0]
    var stride = axes[0]
    for extent in inner {
      offsets = offsets.flatMap { base in (0..<extent).map { base + $0 * stride } }
      stride *= extent
    }
    self.offsets = offsets
  }

  /// The shape of one sample; `[1]` if a sample is a single number.
  var sampleAxes: [Int] { axes.count == 1 ? [1] : Array(axes.dropFirst()) }

  /// The number of samples.
  var count: Int { axes[0] }

  var isStreamed: Bool { if case .file = storage { true } else { false } }

  /// Decodes the numbers of one sample in row-major order.
  func decode(_ row: Int, into values: inout [Double]) throws {
    let first = start &+ row &* rowStride &* type.size
    switch storage {
    case .held(let bytes):
      decode(bytes.span.bytes, from: first, into: &values)
    case .file(let file):
      try file.withBytes(first..<first + width * type.size) {
        decode($0.bytes, from: 0, into: &values)
      }
    }
  }

  @inline(__always)
  private func decode(_ bytes: borrowing RawSpan, from first: Int, into values: inout [Double]) {
    switch type {
    case .bool: decode(bytes, from: first, into: &values) { (x: UInt8) in x == 0 ? 0 : 1 }
    case .uint8: decode(bytes, from: first, into: &values) { (x: UInt8) in Double(x) }
    case .int8:
      decode(bytes, from: first, into: &values) { (x: UInt8) in Double(Int8(bitPattern: x)) }
    case .uint16: decode(bytes, from: first, into: &values) { (x: UInt16) in Double(x) }
    case .int16:
      decode(bytes, from: first, into: &values) { (x: UInt16) in Double(Int16(bitPattern: x)) }
    case .uint32: decode(bytes, from: first, into: &values) { (x: UInt32) in Double(x) }
    case .int32:
      decode(bytes, from: first, into: &values) { (x: UInt32) in Double(Int32(bitPattern: x)) }
    case .uint64: decode(bytes, from: first, into: &values) { (x: UInt64) in Double(x) }
    case .int64:
      decode(bytes, from: first, into: &values) { (x: UInt64) in Double(Int64(bitPattern: x)) }
    case .float16:
      decode(bytes, from: first, into: &values) { (x: UInt16) in Double(Float16(bitPattern: x)) }
    case .float32:
      decode(bytes, from: first, into: &values) { (x: UInt32) in Double(Float(bitPattern: x)) }
    case .float64:
      decode(bytes, from: first, into: &values) { (x: UInt64) in Double(bitPattern: x) }
    }
  }

  @inline(__always)
  private func decode<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: borrowing RawSpan, from first: Int, into values: inout [Double],
    _ number: (Bits) -> Double
  ) {
    let size = MemoryLayout<Bits>.size
    var values = values.mutableSpan
    if offsets.isEmpty && !isBigEndian {
      // With this condition, the loop consists of vectors.
      precondition(width <= values.count && first &+ width &* size <= bytes.byteCount)
      for i in 0..<width {
        let bits = bytes.unsafeLoadUnaligned(fromByteOffset: first &+ i &* size, as: Bits.self)
        values[i] = number(Bits(littleEndian: bits))
      }
      return
    }
    for i in 0..<width {
      let offset = first &+ (offsets.isEmpty ? i : offsets[i]) &* size
      let bits = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self)
      values[i] = number(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
    }
  }

  /// The first number that is not finite, with its index in the array.
  ///
  /// - Parameter allowsNaN: whether NaN is accepted.
  func firstNonFinite(but allowsNaN: Bool = false) throws -> (index: [Int], value: Double)? {
    guard type.isFloatingPoint, count > 0 else { return nil }
    // A streamed file is read in order.
    let step = isStreamed ? count : NDArray.rowsPerPart
    let parts = Workers.map((count - 1) / step + 1) { part in
      Result {
        try firstNonFinite(of: part * step..<min((part + 1) * step, count), but: allowsNaN)
      }
    }
    for part in parts { if let found = try part.get() { return found } }
    return nil
  }

  /// The number of rows that one part of a loop over the rows decodes.
  private static let rowsPerPart = 1 << 10

  private func firstNonFinite(
    of rows: Range<Int>, but allowsNaN: Bool
  ) throws -> (index: [Int], value: Double)? {
    var values = [Double](repeating: 0, count: width)
    for row in rows {
      try decode(row, into: &values)
      var others = 0
      for value in values { others &+= value.isFinite ? 0 : 1 }
      guard others > 0,
        let found = values.firstIndex(where: { !$0.isFinite && !(allowsNaN && $0.isNaN) })
      else { continue }
      var index: [Int] = []
      var rest = found
      for extent in axes.dropFirst().reversed() {
        index.append(rest % extent)
        rest /= extent
      }
      return ([row] + index.reversed(), values[found])
    }
    return nil
  }
}

extension [UInt8] {
  /// The integer at the byte `offset`.
  ///
  /// - Precondition: all of its bytes exist.
  @inline(__always)
  func integer<Bits: FixedWidthInteger & UnsignedInteger>(
    at offset: Int, as type: Bits.Type = Bits.self, isBigEndian: Bool
  ) -> Bits {
    let size = MemoryLayout<Bits>.size
    var value: Bits = 0
    for i in 0..<size {
      let shift = 8 &* (isBigEndian ? size &- 1 &- i : i)
      value |= Bits(truncatingIfNeeded: self[offset &+ i]) &<< Bits(truncatingIfNeeded: shift)
    }
    return value
  }
}

/// The product of the extents; nil if it overflows.
func product(_ axes: some Sequence<Int>) -> Int? {
  var product = 1
  for extent in axes {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow { return nil }
    product = next
  }
  return product
}
