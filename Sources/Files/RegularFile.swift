import Platform
import NNExp

// Reading of files that a user names: experiments, data, plugins.

extension FileSystem {
  /// Opens a regular file for reading.
  ///
  /// Anything else (a directory, FIFO, device or socket) is an error, because reading it could
  /// block or never end. The diagnostic has the location of the path, `location`.
  public func openToRead(_ path: String, at location: SourceLocation? = nil) throws -> File {
    guard !path.utf8.contains(0) else {
      throw Diagnostic("a path cannot contain the character NUL", at: location)
    }
    do {
      return try currentFolder.openRegular(path)
    } catch {
      throw error.diagnostic(path, at: location)
    }
  }

  /// Reads a regular file; of a file that is larger than `limit`, only that many bytes.
  ///
  /// - Parameter notes: the remedies if the memory cannot hold the file.
  public func read(
    _ path: String, limit: Int = .max, at location: SourceLocation? = nil,
    notes: [Diagnostic.Note] = []
  ) throws -> [UInt8] {
    let file = try openToRead(path, at: location)
    do {
      let size = min(Int(try file.status().st_size), limit)
      try checkMemory(bytes: size, for: "'\(path)'", at: location, notes: notes)
      return try file.read(0..<size)
    } catch let error as Diagnostic {
      throw error.located(at: location)
    }
  }

  /// The SHA-256 of a regular file of any size.
  public func sha256(of path: String) throws -> String {
    try FileBytes(path, at: nil).sha256()
  }
}

/// Reads a regular file.
public func readRegularFile(_ path: String, at location: SourceLocation? = nil) throws -> [UInt8] {
  try FileSystem.system.read(path, at: location)
}

/// The bytes of standard input, to its end.
public func readStandardInput() throws -> [UInt8] {
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(0, &block, block.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else {
      throw Diagnostic(
        "cannot read standard input: \(String(cString: strerror(errno)))", failure: .environment)
    }
    if count == 0 { return bytes }
    bytes += block[..<count]
    try checkMemory(bytes: bytes.count, for: "standard input", at: nil)
  }
}

/// Throws if the memory cannot hold `bytes` bytes. Up to 16 MB are not checked.
public func checkMemory(
  bytes: Int, for what: String, at location: SourceLocation?, notes: [Diagnostic.Note] = []
) throws {
  if bytes <= 1 << 24 { return }
  let available = availableMemory()
  guard bytes > available else { return }
  throw Diagnostic(
    "\(what) needs \(bytes) bytes of memory, and \(available) are available", at: location,
    notes: notes)
}

/// A reason why a file cannot be read.
enum UnreadableFile: Error {
  case notRegular(mode: mode_t)
  case system(Int32)

  func diagnostic(_ path: String, at location: SourceLocation?) -> Diagnostic {
    switch self {
    case .notRegular(let mode):
      let kind =
        switch mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
      return Diagnostic("cannot read '\(path)': it is \(kind), not a regular file", at: location)
    case .system(ENOENT), .system(ENOTDIR):
      return Diagnostic("no such file: '\(path)'\(similarPath(of: path))", at: location)
    case .system(ENXIO):
      return Diagnostic("cannot read '\(path)': it is a socket, not a regular file", at: location)
    case .system(let code):
      return Diagnostic(
        "cannot read '\(path)': \(String(cString: strerror(code)))", at: location,
        failure: [ELOOP, ENAMETOOLONG].contains(code) ? .input : .environment)
    }
  }
}

/// A suggestion: a file in the same folder with a similar name.
private func similarPath(of path: String) -> String {
  let folder = Path.prefix(of: path)
  let names = Path.names(in: folder.isEmpty ? "." : folder, limit: 10_000).valid
  return nearest(to: Path.name(of: path), among: names).map { "; did you mean '\(folder)\($0)'?" }
    ?? ""
}
