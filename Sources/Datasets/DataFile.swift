import Files
import NNExp

/// A file that data were read from, for the run's record.
public struct DataFile: Sendable, Hashable {
  /// As it was opened: relative to the current folder, or absolute.
  public let path: String

  /// Of the whole file as it lay on disk, in lower-case hexadecimal.
  public let sha256: String

  /// In bytes.
  public let size: Int

  public init(path: String, sha256: String, size: Int) {
    self.path = path
    self.sha256 = sha256
    self.size = size
  }
}

/// A path of the experiment file, and where it says so.
struct DeclaredPath: Sendable {
  let path: String
  let location: SourceLocation?

  /// The path under an option.
  init(_ key: String, _ explanation: String, _ options: inout Options) {
    path = options.path(options.string(key, explanation))
    location = options.location(of: key)
  }

  /// `path` as seen from `folder`, the experiment file's.
  init(_ path: String, in folder: String, at location: SourceLocation?) {
    self.path = Path.join(folder, path)
    self.location = location
  }
}

/// The files of one load: each is read and hashed once, however often it is
/// named.
final class FileShelf: DataFiles {
  /// True if files that can be are read in parts.
  let isStreamed: Bool
  private(set) var files: [DataFile] = []

  /// The bytes of the files that are held.
  private(set) var heldBytes = 0
  private var contents: [(path: String, bytes: [UInt8])] = []
  private var streams: [(path: String, bytes: FileBytes)] = []

  /// The bytes that one read of a streamed file fetches.
  private let stride: Int

  init(isStreamed: Bool = false, stride: Int = 1 << 18) {
    self.isStreamed = isStreamed
    self.stride = stride
  }

  /// Holds bytes as the contents of a file.
  func hold(_ bytes: [UInt8], as path: String) { contents.append((path, bytes)) }

  /// The bytes that are held of streamed files.
  var windowBytes: Int { streams.count * stride }

  func read(_ file: DeclaredPath) throws -> [UInt8] { try read(file.path, at: file.location) }

  func read(_ path: String, at location: SourceLocation?) throws -> [UInt8] {
    if let known = contents.first(where: { $0.path.hasSameBytes(as: path) }) {
      return known.bytes
    }
    let bytes = try FileSystem.system.read(path, at: location, notes: [streamingNote])
    contents.append((path, bytes))
    heldBytes += bytes.count
    files.append(DataFile(path: path, sha256: SHA256.hex(of: bytes), size: bytes.count))
    return bytes
  }

  /// The file as it is, held or in parts.
  func bytes(_ file: DeclaredPath) throws -> CSVBytes {
    isStreamed ? .file(try open(file)) : .held(try read(file))
  }

  /// The file, to be read in parts.
  func open(_ file: DeclaredPath) throws -> FileBytes {
    if let known = streams.first(where: { $0.path.hasSameBytes(as: file.path) }) {
      return known.bytes
    }
    let stream = try FileBytes(file.path, stride: stride, at: file.location)
    streams.append((file.path, stream))
    files.append(DataFile(path: file.path, sha256: try SHA256.hex(of: stream), size: stream.count))
    return stream
  }
}

extension DataRequest {
  /// All samples of a source alone, for a proof.
  package init(random: RandomStream) { self.init(random: random, files: FileShelf()) }

  /// The files of this load.
  var shelf: FileShelf {
    guard let shelf = files as? FileShelf else {
      preconditionFailure("this module alone makes requests")
    }
    return shelf
  }
}

/// The remedy for data that exceed the memory.
let streamingNote = Diagnostic.Note(
  "with 'stream: true' csv, idx and npy data are read as they are needed")
