import Files
import Platform
import NNExp

extension Checkpoint {
  private static let magic: [UInt8] = [0x89, 0x4E, 0x4E, 0x58, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let version: UInt32 = 1
  private static let alignment = 64
  private static let longestHeader = 1 << 26
  private static let checksumLength = 4

  // MARK: Writing

  /// Writes the file; see `RunDirectory.save`.
  func write(to file: borrowing File) throws {
    var crc = CRC32()
    // Small tensors are written together.
    var waiting: [UInt8] = []
    for bytes in [header] + tensors.map(\.bytes) {
      crc.update(bytes)
      if waiting.count + bytes.count < 1 << 16 {
        waiting += bytes
      } else {
        if !waiting.isEmpty { try file.write(waiting) }
        waiting = []
        try file.write(bytes)
      }
    }
    try file.write(waiting + littleEndian(crc.value))
  }

  /// The bytes before the tensors.
  private var header: [UInt8] {
    var offset = 0
    var list: [JSON] = []
    for tensor in tensors {
      list.append([
        "name": .string(tensor.name), "dtype": .string(tensor.dtype.rawValue),
        "shape": .array(tensor.shape.map(JSON.int)), "offset": .int(offset),
        "bytes": .int(tensor.bytes.count),
      ])
      offset += tensor.bytes.count
    }
    let json: JSON = ["info": info, "tensors": .array(list)]
    var text = Array(json.description.utf8)
    let unaligned = (16 + text.count) % Checkpoint.alignment
    text += repeatElement(
      UInt8(ascii: " "), count: (Checkpoint.alignment - unaligned) % Checkpoint.alignment)
    precondition(text.count <= Checkpoint.longestHeader, "a header of \(text.count) bytes")
    return Checkpoint.magic + littleEndian(Checkpoint.version) + littleEndian(UInt32(text.count))
      + text
  }

  // MARK: Reading

  /// Reads a checkpoint file of the run.
  ///
  /// Sizes are compared with the size of the file before anything is allocated, and the
  /// checksum is verified before anything is returned. Every error is a `Diagnostic` of kind
  /// `.environment`.
  ///
  /// - Parameter memory: the maximum number of bytes of tensors; by default, the memory of the
  ///   machine.
  public init(
    from file: String, in run: RunDirectory, memory: Int = physicalMemory()
  ) throws {
    let path = run.folder.path(of: file)
    do {
      guard let found = try Checkpoint.read(file, in: run.folder, memory: memory) else {
        throw Diagnostic("there is no checkpoint '\(path)'", failure: .environment)
      }
      self = found
    } catch let damage as Damage {
      throw damage.diagnostic
    }
  }

  /// Reads a checkpoint file anywhere, as above.
  public init(path: String, memory: Int = physicalMemory()) throws {
    do {
      let here = FileSystem.system.currentFolder
      guard let folder = try here.openFolderIfThere(Path.folder(of: path)),
        let found = try Checkpoint.read(Path.name(of: path), in: folder, memory: memory)
      else { throw Diagnostic("there is no checkpoint '\(path)'") }
      self = found
    } catch let damage as Damage {
      throw damage.diagnostic
    }
  }

  /// The contents of a file are not those that were written.
  struct Damage: Error {
    var diagnostic: Diagnostic
  }

  /// Nil if there is no such file. Throws `Damage` if it is damaged, and a `Diagnostic` if it
  /// cannot be read.
  static func read(_ name: String, in folder: Folder, memory: Int) throws -> Checkpoint? {
    guard let file = try folder.openIfThere(name) else { return nil }
    func damaged(_ fact: String) -> Damage {
      Damage(
        diagnostic: Diagnostic("'\(file.path)' is damaged: \(fact)", failure: .environment))
    }
    let size = Int(try file.status().st_size)
    var crc = CRC32()
    func next(_ count: Int) throws -> [UInt8] {
      let bytes = try file.read(count)
      guard bytes.count == count else { throw damaged("it ends after \(size) bytes") }
      crc.update(bytes)
      return bytes
    }

    guard size >= 16 + checksumLength else { throw damaged("it ends after \(size) bytes") }
    let start = try next(16)
    guard start.starts(with: magic) else { throw damaged("it does not begin like a checkpoint") }
    let version = number(start[8..<12])
    guard version == Checkpoint.version else {
      throw Damage(
        diagnostic: Diagnostic(
          "'\(file.path)' is of version \(version); this nnexp reads version \(Checkpoint.version)",
          failure: .environment))
    }
    let length = number(start[12..<16])
    guard length <= min(longestHeader, size - 16 - checksumLength) else {
      throw damaged("a header of \(length) bytes does not fit its \(size)")
    }
    let header = try next(length)
    let layout: Layout
    do {
      layout = try Layout(JSON(parsing: header, from: file.path))
    } catch let error as Diagnostic {
      throw damaged("its header has \(error.message)")
    }
    let (expected, overflow) = (16 + length + checksumLength)
      .addingReportingOverflow(layout.byteCount)
    guard !overflow, expected == size else {
      throw damaged(
        "\(size) bytes, but its header specifies \(overflow ? "too many" : "\(expected)")")
    }
    guard layout.byteCount <= memory else {
      throw Diagnostic(
        "'\(file.path)' holds \(layout.byteCount) bytes of tensors, and the memory has room for \(memory)",
        failure: .environment)
    }
    let tensors = try layout.tensors.map {
      Stored(name: $0.name, dtype: $0.dtype, shape: $0.shape, bytes: try next($0.byteCount))
    }
    guard try file.read(checksumLength) == littleEndian(crc.value) else {
      throw damaged("its checksum does not match")
    }
    return Checkpoint(info: layout.info, tensors: tensors)
  }

  /// The content of a header, after a check of its consistency. Throws the fact.
  private struct Layout {
    let info: JSON
    private(set) var tensors: [(name: String, dtype: DataType, shape: [Int], byteCount: Int)] = []
    private(set) var byteCount = 0

    init(_ header: JSON) throws {
      guard let info = header["info"], let list = header["tensors"]?.array else {
        throw Diagnostic("no info or no tensors")
      }
      self.info = info
      var names: Set<String> = []
      for item in list {
        guard let name = item["name"]?.string, let offset = item["offset"]?.int,
          let dtype = item["dtype"]?.string.flatMap(DataType.init),
          let extents = item["shape"]?.array, let count = item["bytes"]?.int
        else { throw Diagnostic("an incomplete tensor") }
        let shape = extents.compactMap(\.int)
        guard names.insert(name).inserted else { throw Diagnostic("two tensors '\(name)'") }
        guard shape.count == extents.count, Stored.byteCount(dtype, shape) == count else {
          throw Diagnostic("a wrong size for '\(name)'")
        }
        let (end, overflow) = byteCount.addingReportingOverflow(count)
        guard offset == byteCount, !overflow else {
          throw Diagnostic("a wrong offset for '\(name)'")
        }
        tensors.append((name, dtype, shape, count))
        byteCount = end
      }
    }
  }
}

/// The machine's memory in bytes.
public func physicalMemory() -> Int {
  max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
}

func littleEndian(_ value: UInt32) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian, Array.init)
}

private func number(_ bytes: ArraySlice<UInt8>) -> Int {
  bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
}
