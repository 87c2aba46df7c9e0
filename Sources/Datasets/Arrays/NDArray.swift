import Files
import NNExp

/// The types of number that array files hold.
enum ElementType: Sendable, CaseIterable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64

  /// In bytes.
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

/// The positions and the type of an array file's elements.
struct ElementLayout: Sendable {
  /// Of the first, in the file's bytes.
  let start: Int
  let type: ElementType
  let isBigEndian: Bool

  /// Samples first.
  let axes: [Int]

  /// True if the first axis runs fastest.
  var isFortran = false
}

/// An array as its file holds it, decoded one sample at a time: a file of bytes
/// is never blown up to eight times its size. By reference, as each sample that is read
/// looks at it.
final class NDArray: Sendable {
  /// Samples first.
  let axes: [Int]

  /// Numbers of one sample.
  let width: Int

  private enum Storage: Sendable {
    case held([UInt8])
    case file(FileBytes)
  }

  private let storage: Storage
  private let start: Int
  private let type: ElementType
  private let isBigEndian: Bool

  /// In elements, from one sample to the next.
  private let rowStride: Int

  /// In elements from a sample's first, where they do not follow each other:
  /// Fortran's order.
  private let offsets: [Int]

  /// - Precondition: `bytes` holds all that `layout` says.
  convenience init(_ bytes: [UInt8], _ layout: ElementLayout) {
    self.init(.held(bytes), count: bytes.count, layout)
  }

  /// Each sample is read when it is asked for. Fortran's order has its numbers
  /// all over the file: it is refused.
  ///
  /// - Precondition: the file holds all that `layout` says.
  convenience init(_ file: FileBytes, _ layout: ElementLayout) throws {
    guard !layout.isFortran || layout.axes.count == 1 else {
      throw Diagnostic(
        "the array lies in Fortran's order, in which a sample cannot be read alone; "
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
    // Element [n, i, j, …] lies at n + N·(i + I·(j + …)).
    var offsets = [0]
    var stride = axes[0]
    for extent in inner {
      offsets = offsets.flatMap { base in (0..<extent).map { base + $0 * stride } }
      stride *= extent
    }
    self.offsets = offsets
  }

  /// The shape of one sample; `[1]` where it is one number.
  var sampleAxes: [Int] { axes.count == 1 ? [1] : Array(axes.dropFirst()) }

  /// Samples.
  var count: Int { axes[0] }

  var isStreamed: Bool { if case .file = storage { true } else { false } }

  /// The numbers of one sample, in row-major order.
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
    for i in 0..<width {
      let offset = first &+ (offsets.isEmpty ? i : offsets[i]) &* size
      let bits = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self)
      values[i] = number(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
    }
  }

  /// The first number that is not finite, with its index in the array.
  ///
  /// - Parameter allowsNaN: whether NaN is passed over.
  func firstNonFinite(but allowsNaN: Bool = false) throws -> (index: [Int], value: Double)? {
    guard type.isFloatingPoint else { return nil }
    var values = [Double](repeating: 0, count: width)
    for row in 0..<count {
      try decode(row, into: &values)
      guard let found = values.firstIndex(where: { !$0.isFinite && !(allowsNaN && $0.isNaN) })
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
  /// The integer whose bytes begin at `offset`.
  ///
  /// - Precondition: they are all there.
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

/// The product of the extents, or nil where it overflows.
func product(_ axes: some Sequence<Int>) -> Int? {
  var product = 1
  for extent in axes {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow { return nil }
    product = next
  }
  return product
}
