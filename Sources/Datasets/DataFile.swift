import Files
import NNExp

/// A data file that was read, for the record of the run.
public struct DataFile: Sendable, Hashable {
  /// The path that was opened: relative to the current folder, or absolute.
  public let path: String

  /// The SHA-256 of the whole file as it is on disk, in lower-case hexadecimal.
  public let sha256: String

  /// The size in bytes.
  public let size: Int

  public init(path: String, sha256: String, size: Int) {
    self.path = path
    self.sha256 = sha256
    self.size = size
  }
}

/// A path in the experiment file, and its location there.
struct DeclaredPath: Sendable {
  let path: String
  let location: SourceLocation?

  /// Reads the path from an option.
  init(_ key: String, _ explanation: String, _ options: inout Options) {
    path = options.path(options.relocated(key, options.string(key, explanation)))
    location = options.location(of: key)
  }

  /// Resolves `path` relative to `folder`, the folder of the experiment file.
  init(_ path: String, in folder: String, at location: SourceLocation?) {
    self.path = Path.join(folder, path)
    self.location = location
  }
}

/// The files of one load. Each file is read and hashed once, even if several keys name it.
final class FileShelf: DataFiles {
  /// Whether files are read in parts, if their format allows that.
  let isStreamed: Bool

  /// The paths of the files that were opened, in order.
  private(set) var paths: [String] = []

  /// The files that were opened, in order. Those that are read in parts are hashed now, unless a
  /// reader has hashed them.
  func files() throws -> [DataFile] {
    try paths.map { path in
      if let stream = streams.first(where: { $0.path.hasSameBytes(as: path) })?.bytes {
        return DataFile(path: path, sha256: try stream.sha256(), size: stream.count)
      }
      let bytes = contents.first { $0.path.hasSameBytes(as: path) }?.bytes ?? []
      return DataFile(path: path, sha256: SHA256.hex(of: bytes), size: bytes.count)
    }
  }

  /// The size of the files in memory, in bytes.
  private(set) var heldBytes = 0
  private var contents: [(path: String, bytes: [UInt8])] = []
  private var streams: [(path: String, bytes: FileBytes)] = []

  /// The number of bytes that one read of a streamed file fetches.
  private let stride: Int

  /// The path near which the numbers of streamed tables are stored; nil if they are parsed each time.
  private let scratch: String?

  init(isStreamed: Bool = false, stride: Int = 1 << 18, scratch: String? = nil) {
    self.isStreamed = isStreamed
    self.stride = stride
    self.scratch = scratch
  }

  /// A new file for the numbers of a streamed table; nil if they are parsed each time.
  func cellFile() -> CellFile? { isStreamed ? scratch.map { CellFile(near: $0, stride) } : nil }

  /// Stores bytes as the contents of a file.
  func hold(_ bytes: [UInt8], as path: String) { contents.append((path, bytes)) }

  /// The memory for parts of streamed files, in bytes.
  var windowBytes: Int { isStreamed ? streams.count * stride : 0 }

  /// The memory for the parts of a file that is read once, in bytes: two sets of parts, and the
  /// numbers of one.
  var partBytes: Int {
    let most = 2 * stride * CSVReader.partsPerThread * Workers.count
    return isStreamed ? 0 : streams.reduce(0) { max($0, 3 * min($1.bytes.count, most)) }
  }

  func read(_ file: DeclaredPath) throws -> [UInt8] { try read(file.path, at: file.location) }

  func read(_ path: String, at location: SourceLocation?) throws -> [UInt8] {
    if let known = contents.first(where: { $0.path.hasSameBytes(as: path) }) {
      return known.bytes
    }
    let bytes = try FileSystem.system.read(path, at: location, notes: [streamingNote])
    contents.append((path, bytes))
    heldBytes += bytes.count
    paths.append(path)
    return bytes
  }

  /// The contents of a file: in memory, or read in parts.
  func bytes(_ file: DeclaredPath) throws -> CSVBytes {
    isStreamed ? .streamed(try open(file)) : .held(try read(file))
  }

  /// Opens a file to be read in parts.
  func open(_ file: DeclaredPath) throws -> FileBytes {
    if let known = stream(of: file) { return known }
    return try add(FileBytes(file.path, stride: stride, at: file.location), of: file)
  }

  /// Opens a file to be read once, in parts; nil for a compressed file, for one that is not larger
  /// than a part, and for one whose contents are in memory.
  func openIfLarge(_ file: DeclaredPath) throws -> FileBytes? {
    if contents.contains(where: { $0.path.hasSameBytes(as: file.path) }) { return nil }
    if let known = stream(of: file) { return known }
    let bytes = try FileBytes(file.path, stride: stride, at: file.location)
    guard bytes.count > 4 * stride, try bytes.read(0..<2) != [0x1F, 0x8B] else { return nil }
    try checkMemory(
      bytes: bytes.count, for: "'\(file.path)'", at: file.location, notes: [streamingNote])
    return add(bytes, of: file)
  }

  private func stream(of file: DeclaredPath) -> FileBytes? {
    streams.first { $0.path.hasSameBytes(as: file.path) }?.bytes
  }

  private func add(_ stream: FileBytes, of file: DeclaredPath) -> FileBytes {
    streams.append((file.path, stream))
    paths.append(file.path)
    return stream
  }
}

extension DataRequest {
  /// A request for all samples of a source that is not part of an experiment, for a
  /// conformance test.
  package init(random: RandomStream) { self.init(random: random, files: FileShelf()) }

  /// The files of this load.
  var shelf: FileShelf {
    guard let shelf = files as? FileShelf else {
      preconditionFailure("this module alone makes requests")
    }
    return shelf
  }
}

/// The remedy for data that do not fit in memory.
let streamingNote = Diagnostic.Note(
  "with 'stream: true' csv, idx and npy data are read as they are needed")
