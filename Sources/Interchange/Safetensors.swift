public import Files
import NNExp

/// Tensors in the format of Hugging Face's safetensors.
///
///     offset  bytes
///     0       8      n, the length of the header, little-endian
///     8       n      header, JSON
///     8+n     …      the tensors' bytes, without gaps
///
/// The header has one member per tensor, and optionally texts about the file:
///
///     {"__metadata__": {"run": "…"},
///      "hidden.weight": {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]}, …}
///
/// Offsets count from the end of the header. Numbers are little-endian, tensors are row-major.
///
/// - Source: the description of the format in version 0.8 of the library safetensors.
public struct Safetensors: Sendable, Equatable {
  /// The kinds of numbers.
  public enum DataType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case int64 = "I64"
    case uint64 = "U64"
    case float64 = "F64"

    /// The number of bytes per number.
    public var size: Int {
      switch self {
      case .bool, .uint8, .int8: 1
      case .int16, .uint16, .float16, .bfloat16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }
  }

  /// A tensor's bytes, with their type and shape.
  public struct Tensor: Sendable, Equatable {
    public let name: String
    public let type: DataType
    public let shape: [Int]
    public let bytes: ArraySlice<UInt8>

    /// - Precondition: the number of bytes agrees with the type and the shape.
    public init(name: String, type: DataType, shape: [Int], bytes: ArraySlice<UInt8>) {
      precondition(
        Safetensors.byteCount(type, shape) == bytes.count,
        "'\(name)' of shape \(shape) does not have \(bytes.count) bytes of \(type)")
      (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }
  }

  /// Texts about the file, by name.
  public var metadata: [JSON.Member]
  public var tensors: [Tensor]

  /// - Precondition: no two tensors have the same name.
  public init(metadata: [JSON.Member] = [], tensors: [Tensor]) {
    precondition(
      Set(tensors.map(\.name)).count == tensors.count, "two tensors of a file have one name")
    (self.metadata, self.tensors) = (metadata, tensors)
  }

  private static let metadataKey = "__metadata__"
  /// The longest header that the library reads.
  private static let longestHeader = 100_000_000

  /// Nil if the product overflows or an extent is negative.
  fileprivate static func byteCount(_ type: DataType, _ shape: [Int]) -> Int? {
    shape.reduce(Optional(type.size)) { count, extent in
      guard let (product, overflow) = count?.multipliedReportingOverflow(by: extent),
        extent >= 0, !overflow
      else { return nil }
      return product
    }
  }

  // MARK: Writing

  /// The file. The same tensors give the same bytes.
  public var bytes: [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty { members.append(.init(Safetensors.metadataKey, .object(metadata))) }
    var offset = 0
    for tensor in tensors {
      members.append(
        .init(
          tensor.name,
          [
            "dtype": .string(tensor.type.rawValue), "shape": .array(tensor.shape.map(JSON.int)),
            "data_offsets": .array([.int(offset), .int(offset + tensor.bytes.count)]),
          ]))
      offset += tensor.bytes.count
    }
    var header = Array(JSON.object(members).description.utf8)
    // The library aligns the tensors to 8 bytes.
    header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    var file = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    file.reserveCapacity(8 + header.count + offset)
    file += header
    for tensor in tensors { file += tensor.bytes }
    return file
  }

  // MARK: Reading

  /// Reads a file. Everything that its header declares is compared with its size before it is
  /// used.
  ///
  /// - Parameter path: the name of the file in errors.
  /// - Throws: a `Diagnostic`.
  public init(parsing bytes: [UInt8], from path: String) throws {
    func fault(_ fact: String) -> Diagnostic {
      Diagnostic("'\(path)' is not a valid safetensors file: \(fact)")
    }
    guard bytes.count >= 8 else { throw fault("it ends after \(bytes.count) bytes") }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    guard length <= min(UInt64(Safetensors.longestHeader), UInt64(bytes.count - 8)) else {
      throw fault("a header of \(length) bytes does not fit its \(bytes.count)")
    }
    let start = 8 + Int(length)
    let header: JSON
    do {
      header = try JSON(parsing: Array(bytes[8..<start]), from: path)
    } catch let error as Diagnostic {
      throw fault("its header has \(error.message)")
    }
    guard let members = header.object else { throw fault("its header is not an object") }
    var metadata: [JSON.Member] = []
    var tensors: [(tensor: Tensor, range: Range<Int>)] = []
    var names: Set<String> = []
    for member in members {
      guard names.insert(member.key).inserted else { throw fault("two members '\(member.key)'") }
      if member.key == Safetensors.metadataKey {
        guard let texts = member.value.object, texts.allSatisfy({ $0.value.string != nil }) else {
          throw fault("'\(member.key)' is not an object of texts")
        }
        metadata = texts
        continue
      }
      guard let dtype = member.value["dtype"]?.string,
        let extents = member.value["shape"]?.array,
        let offsets = member.value["data_offsets"]?.array?.compactMap(\.int), offsets.count == 2
      else { throw fault("'\(member.key)' has no dtype, shape or data_offsets") }
      guard let type = DataType(rawValue: dtype) else {
        throw fault(
          "'\(member.key)' has the dtype \(dtype); known: "
            + DataType.allCases.map(\.rawValue).joined(separator: ", "))
      }
      let shape = extents.compactMap(\.int)
      guard shape.count == extents.count, let count = Safetensors.byteCount(type, shape) else {
        throw fault("'\(member.key)' has no valid shape")
      }
      guard 0...(bytes.count - start) ~= offsets[0], offsets[1] >= offsets[0],
        offsets[1] <= bytes.count - start, offsets[1] - offsets[0] == count
      else {
        throw fault(
          "'\(member.key)' of \(count) bytes has the offsets \(offsets[0]) and \(offsets[1]) in "
            + "\(bytes.count - start) bytes")
      }
      let range = start + offsets[0]..<start + offsets[1]
      tensors.append(
        (Tensor(name: member.key, type: type, shape: shape, bytes: bytes[range]), range))
    }
    var end = start
    for (tensor, range) in tensors.sorted(by: { $0.range.isBefore($1.range) }) {
      guard range.lowerBound == end else {
        throw fault("there is a gap or an overlap before '\(tensor.name)'")
      }
      end = range.upperBound
    }
    guard end == bytes.count else { throw fault("\(bytes.count - end) bytes are of no tensor") }
    self.init(metadata: metadata, tensors: tensors.map(\.tensor))
  }
}

extension Range<Int> {
  /// Empty ranges come before others with the same start.
  fileprivate func isBefore(_ other: Range<Int>) -> Bool {
    (lowerBound, upperBound) < (other.lowerBound, other.upperBound)
  }
}
