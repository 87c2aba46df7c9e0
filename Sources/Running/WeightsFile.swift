import Datasets
import Engine
import Files
import Interchange
import NNExp
import Results

// Weights in the formats of other programs, named `node.tensor`.

extension PreparedExperiment {
  /// The present weights and state as a safetensors file.
  ///
  /// - Parameter facts: the metadata of the file.
  public func safetensors(_ facts: [(String, String)]) -> [UInt8] {
    Safetensors(
      metadata: facts.map { .init($0.0, .string($0.1)) },
      tensors: stored.map { tensor in
        Safetensors.Tensor(
          name: tensor.name, type: tensor.dtype == .float32 ? .float32 : .float64,
          shape: tensor.shape, bytes: tensor.bytes[...])
      }
    ).bytes
  }

  /// The present weights and state as an NPZ archive.
  public func npz() -> [UInt8] {
    WeightsArchive.bytes(
      stored.map { ($0.name, $0.shape, $0.values(as: S.self) ?? []) })
  }

  private var stored: [Checkpoint.Stored] {
    trainer.network.learned.map { .init("\($0.node).\($0.name)", $0.tensor) }
  }
}

extension Checkpoint {
  /// Reads the tensors of numbers in a safetensors file or an NPZ archive.
  ///
  /// - Throws: a `Diagnostic`.
  init(weightsOf path: String) throws {
    let bytes = try readRegularFile(path)
    if bytes.starts(with: [0x89, 0x4E, 0x4E, 0x58]) {
      throw Diagnostic("'\(path)' is a checkpoint of nnexp; write weights: instead of file:")
    }
    if bytes.starts(with: [0x50, 0x4B]) {
      self.init(
        info: .null,
        tensors: try WeightsArchive.read(bytes, from: path).map {
          Stored($0.name, shape: $0.shape, values: $0.values)
        })
    } else {
      self.init(
        info: .null,
        tensors: try Safetensors(parsing: bytes, from: path).tensors.compactMap(Stored.init))
    }
  }
}

extension Checkpoint.Stored {
  /// Nil for integers.
  fileprivate init?(_ tensor: Safetensors.Tensor) {
    func bits16(_ number: (UInt16) -> Float) -> [UInt8] {
      let first = tensor.bytes.startIndex
      let values = (0..<tensor.bytes.count / 2).map { i in
        number(UInt16(tensor.bytes[first + 2 * i]) | UInt16(tensor.bytes[first + 2 * i + 1]) << 8)
      }
      return values.withUnsafeBytes(Array.init)
    }
    let bytes: [UInt8]
    switch tensor.type {
    case .float32, .float64: bytes = Array(tensor.bytes)
    case .float16: bytes = bits16 { Float(Float16(bitPattern: $0)) }
    case .bfloat16: bytes = bits16 { Float(bitPattern: UInt32($0) << 16) }
    default: return nil
    }
    self.init(
      name: tensor.name, dtype: tensor.type == .float64 ? .float64 : .float32, shape: tensor.shape,
      bytes: bytes)
  }

  /// Copies the numbers to a tensor of the engine, and rounds them to its precision. Throws a
  /// diagnostic that states the fact if the shapes differ.
  func convert<S: Scalar>(to tensor: Tensor<S>) throws {
    if dtype.rawValue == S.dtypeName { return try copy(to: tensor) }
    guard shape == tensor.shape.axes else {
      throw Diagnostic("'\(name)' is \(shape) in the file, \(tensor.shape) in the model")
    }
    if let numbers = values(as: Float.self) {
      for i in numbers.indices { tensor[i] = S(numbers[i]) }
    } else if let numbers = values(as: Double.self) {
      for i in numbers.indices { tensor[i] = S(numbers[i]) }
    }
  }
}
