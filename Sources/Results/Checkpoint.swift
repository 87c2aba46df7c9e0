import Files
import Platform
import NNExp

/// Tensors with metadata, stored in a self-describing file.
///
///     offset  bytes
///     0       8      89 4E 4E 58 0D 0A 1A 0A   (\x89NNX\r\n\x1A\n, after PNG's)
///     8       4      version, 1
///     12      4      n, the length of the header
///     16      n      header, JSON; spaces fill it so that 16 + n is a multiple of 64
///     16+n    …      the tensors' bytes, in the header's order, without gaps
///     end−4   4      CRC-32 of all before
///
/// Numbers are little-endian; tensors are row-major. The header:
///
///     {"info": {…},
///      "tensors": [{"name": "hidden.weight", "dtype": "float32", "shape": [4, 2],
///                   "offset": 0, "bytes": 32}, …]}
///
/// Offsets count from the end of the header. The caller defines `info`.
public struct Checkpoint: Sendable, Equatable {
  /// The metadata of the engine: epoch, step, the experiment's hash, ….
  public var info: JSON

  public var tensors: [Stored]

  /// - Precondition: no two tensors have the same name.
  public init(info: JSON, tensors: [Stored]) {
    precondition(
      Set(tensors.map(\.name)).count == tensors.count, "two tensors of a checkpoint have one name")
    self.info = info
    self.tensors = tensors
  }

  /// The tensor with this name.
  public subscript(name: String) -> Stored? { tensors.first { $0.name.hasSameBytes(as: name) } }

  /// The kind of a tensor's numbers.
  public enum DataType: String, Sendable, CaseIterable {
    case float32, float64, int64, uint8

    /// The number of bytes per number.
    public var size: Int {
      switch self {
      case .uint8: 1
      case .float32: 4
      case .float64, .int64: 8
      }
    }
  }

  /// A tensor's bytes, with their type and shape.
  public struct Stored: Sendable, Equatable {
    public let name: String
    public let dtype: DataType
    public let shape: [Int]
    public let bytes: [UInt8]

    /// - Precondition: the number of bytes matches the shape.
    public init(name: String, dtype: DataType, shape: [Int], bytes: [UInt8]) {
      precondition(
        Stored.byteCount(dtype, shape) == bytes.count,
        "'\(name)' of shape \(shape) does not have \(bytes.count) bytes of \(dtype)")
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.bytes = bytes
    }

    /// Nil if the product overflows.
    static func byteCount(_ dtype: DataType, _ shape: [Int]) -> Int? {
      shape.reduce(Optional(dtype.size)) { count, extent in
        guard let (product, overflow) = count?.multipliedReportingOverflow(by: extent),
          extent >= 0, !overflow
        else { return nil }
        return product
      }
    }
  }
}

// MARK: - Tensors of numbers

extension Checkpoint.Stored {
  /// Copies a tensor of the engine; `shape` is the shape of all elements, including a batch
  /// axis if there is one.
  public init<S: Scalar>(_ name: String, _ tensor: Tensor<S>) {
    self.init(
      name: name, dtype: S.self == Float.self ? .float32 : .float64, shape: tensor.shape.axes,
      bytes: Array(
        UnsafeRawBufferPointer(start: tensor.start, count: tensor.count * MemoryLayout<S>.stride)))
  }

  /// Copies a list of numbers.
  public init<S: Scalar>(_ name: String, shape: [Int]? = nil, values: [S]) {
    self.init(
      name: name, dtype: S.self == Float.self ? .float32 : .float64, shape: shape ?? [values.count],
      bytes: values.withUnsafeBytes(Array.init))
  }

  /// The numbers; nil if they have another type.
  public func values<S: Scalar>(as type: S.Type = S.self) -> [S]? {
    guard dtype.rawValue == S.dtypeName else { return nil }
    return [S](unsafeUninitializedCapacity: bytes.count / MemoryLayout<S>.stride) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
      count = bytes.count / MemoryLayout<S>.stride
    }
  }

  /// Copies the numbers to a tensor of the engine. Throws a diagnostic that states the fact if
  /// the types or shapes differ.
  public func copy<S: Scalar>(to tensor: Tensor<S>) throws {
    guard dtype.rawValue == S.dtypeName, shape == tensor.shape.axes,
      bytes.count == tensor.count * MemoryLayout<S>.stride
    else {
      throw Diagnostic(
        "'\(name)' is \(dtype) \(shape) in the checkpoint, \(S.dtypeName) \(tensor.shape) in the "
          + "model")
    }
    UnsafeMutableRawBufferPointer(start: tensor.start, count: bytes.count).copyBytes(from: bytes)
  }
}
