internal import Glibc
public import NNExp

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
  let place: Place?

  /// The path under an option.
  init(_ key: String, _ explanation: String, _ options: inout Options) {
    path = options.path(options.string(key, explanation))
    place = options.place(of: key)
  }

  /// `path` as seen from `folder`, the experiment file's.
  init(_ path: String, in folder: String, at place: Place?) {
    let isAlone = path.hasPrefix(bytes: "/") || folder.isEmpty || folder == "."
    self.path =
      isAlone ? path : folder.hasSuffix(bytes: "/") ? folder + path : folder + "/" + path
    self.place = place
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

  /// What one reading of a file in parts fetches.
  private let stride: Int

  init(isStreamed: Bool = false, stride: Int = 1 << 18) {
    self.isStreamed = isStreamed
    self.stride = stride
  }

  /// What is held of the files that are read in parts.
  var windowBytes: Int { streams.count * stride }

  func read(_ file: DeclaredPath) throws -> [UInt8] { try read(file.path, at: file.place) }

  func read(_ path: String, at place: Place?) throws -> [UInt8] {
    if let known = contents.first(where: { $0.path.hasSameBytes(as: path) }) {
      return known.bytes
    }
    let bytes = try readRegularFile(path, at: place)
    contents.append((path, bytes))
    heldBytes += bytes.count
    files.append(DataFile(path: path, sha256: SHA256.hex(of: bytes), size: bytes.count))
    return bytes
  }

  /// The file as CSV is read from: held or in parts.
  func csv(_ file: DeclaredPath) throws -> CSVBytes {
    isStreamed ? .file(try open(file)) : .held(try read(file))
  }

  /// The file, to be read in parts.
  func open(_ file: DeclaredPath) throws -> FileBytes {
    if let known = streams.first(where: { $0.path.hasSameBytes(as: file.path) }) {
      return known.bytes
    }
    let stream = try FileBytes(file.path, stride: stride, at: file.place)
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

/// The digest of a regular file of any size.
public func sha256(ofFile path: String) throws -> String {
  try SHA256.hex(of: FileBytes(path, at: nil))
}

/// The bytes of a regular file, in one read.
public func readRegularFile(_ path: String, at place: Place?) throws -> [UInt8] {
  let (descriptor, status) = try openRegularFile(path, at: place)
  defer { close(descriptor) }
  let size = Int(status.st_size)
  try checkMemory(bytes: size, for: "'\(path)'", at: place, notes: [streamingNote])

  let (bytes, failure) = readBytes(0..<size, of: descriptor)
  guard failure == 0 else { throw cannotOpen(path, failure, at: place) }
  return bytes
}

/// The bytes of a range of a file, fewer where it ends before, and the code of
/// what went wrong, 0 if nothing did.
func readBytes(_ range: Range<Int>, of descriptor: Int32) -> ([UInt8], failure: Int32) {
  var failure: Int32 = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
    while count < range.count {
      let got = pread(
        descriptor, buffer.baseAddress! + count, range.count - count, range.lowerBound + count)
      if got > 0 {
        count += got
      } else if got == 0 {
        break
      } else if errno != EINTR {
        failure = errno
        break
      }
    }
  }
  return (bytes, failure)
}

/// Opens a regular file to read.
///
/// Anything else (a directory, FIFO, device, socket) is refused before it can
/// block or run on without end.
func openRegularFile(_ path: String, at place: Place?) throws -> (Int32, stat) {
  guard !path.utf8.contains(0) else {
    throw Diagnostic("a path cannot contain the character NUL", at: place)
  }
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard descriptor >= 0 else { throw cannotOpen(path, errno, at: place) }

  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    let code = errno
    close(descriptor)
    throw cannotOpen(path, code, at: place)
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    close(descriptor)
    let kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: "a directory"
      case S_IFIFO: "a FIFO"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    throw Diagnostic("cannot read '\(path)': it is \(kind), not a regular file", at: place)
  }
  return (descriptor, status)
}

/// Refuses what the memory cannot hold, before it is allocated; 16 MB it has.
func checkMemory(
  bytes: Int, for what: String, at place: Place?, notes: [Diagnostic.Note] = []
) throws {
  if bytes <= 1 << 24 { return }
  let available = availableMemory()
  guard bytes > available else { return }
  throw Diagnostic(
    "\(what) needs \(bytes) bytes of memory, and \(available) are there", at: place,
    notes: notes)
}

/// What can be done about data that the memory cannot hold.
let streamingNote = Diagnostic.Note(
  "with 'stream: true' csv, idx and npy data are read as they are needed")

private func cannotOpen(_ path: String, _ code: Int32, at place: Place?) -> Diagnostic {
  switch code {
  case ENOENT, ENOTDIR:
    return Diagnostic("no such file: '\(path)'\(neighbour(of: path))", at: place)
  case ENXIO:
    return Diagnostic("cannot read '\(path)': it is a socket, not a regular file", at: place)
  case ELOOP, ENAMETOOLONG:
    return Diagnostic("cannot read '\(path)': \(String(cString: strerror(code)))", at: place)
  default:
    return Diagnostic(
      "cannot read '\(path)': \(String(cString: strerror(code)))", at: place,
      failure: .environment)
  }
}

/// A suggestion from what lies in the folder of a file that does not.
private func neighbour(of path: String) -> String {
  let cut = path.lastIndex(ofByte: "/")
  let folder = cut.map { String(path[...$0]) } ?? ""
  let name = cut.map { String(path[path.utf8.index(after: $0)...]) } ?? path
  guard let listing = opendir(folder.isEmpty ? "." : folder) else { return "" }
  defer { closedir(listing) }
  var names: [String] = []
  while names.count < 10_000, let entry = readdir(listing) {
    if let name = validName(of: entry) { names.append(name) }
  }
  return nearest(to: name, among: names.sorted()).map { "; did you mean '\(folder)\($0)'?" } ?? ""
}
