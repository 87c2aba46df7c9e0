import Platform
import NNExp
import Synchronization

/// The system calls that read and write every result, and the messages for their failures.
///
/// A failure is a `Diagnostic` of kind `.environment` with the path, the number of bytes if
/// there is one, and the system's reason. Only calls that a signal interrupted are repeated. A
/// failed flush in particular is not: the kernel may then report the lost pages as written.
public struct FileSystem: Sendable {
  /// An operation on a path, by its name in messages.
  public enum Operation: String, Sendable, CaseIterable {
    case open = "open"
    case create = "create"
    case read = "read"
    case write = "write"
    case truncate = "shorten"
    case synchronize = "flush"
    case close = "close"
    case inspect = "inspect"
    case lock = "lock"
    case rename = "replace"
    case remove = "remove"
    case link = "link"
    case readLink = "read the link"
    case resolve = "resolve"
    case makeFolder = "create the folder"
    case openFolder = "open the folder"
    case list = "list"
  }

  /// Called before every operation. An error number other than 0 makes the operation fail
  /// without being performed. For tests of faults.
  public var intercept: (@Sendable (Operation, _ path: String) -> Int32)?

  /// The duration of a run in seconds from which its results are flushed to the disk.
  public var flushesAfter: Double

  public init(
    flushesAfter: Double = 1, intercept: (@Sendable (Operation, _ path: String) -> Int32)? = nil
  ) {
    // A write beyond RLIMIT_FSIZE must fail, not end the process.
    _ = ignoresFileSizeSignal
    (self.flushesAfter, self.intercept) = (flushesAfter, intercept)
  }

  /// The real file system.
  public static let system = FileSystem()

  /// The current folder of the process, or the one that `holdCurrentFolder` opened.
  public var currentFolder: Folder {
    Folder(
      descriptor: heldFolder.withLock { $0?.descriptor } ?? AT_FDCWD, path: "", in: self,
      isOwner: false)
  }

  /// Opens the current folder, so that paths keep their meaning if a plugin changes it.
  ///
  /// Has no effect if the folder cannot be opened.
  public static func holdCurrentFolder() {
    heldFolder.withLock { held in
      guard held == nil, let path = getcwd(nil, 0) else { return }
      defer { free(path) }
      let descriptor = open(".", openForPath | O_DIRECTORY | O_CLOEXEC)
      if descriptor >= 0 { held = (descriptor, String(cString: path)) }
    }
  }

  /// Writes a whole file: readers find either the old or the new bytes, even if the process is
  /// killed. Partial files that killed processes left in the folder are removed first.
  ///
  /// An existing file that is not regular, such as `/dev/stdout` or a pipe, is written
  /// directly.
  public func write(_ bytes: [UInt8], to path: String) throws {
    if let file = try currentFolder.openIfSpecial(path) {
      try file.write(bytes)
      try file.close()
      return
    }
    // If the folder cannot be listed, they stay.
    try? currentFolder.openFolder(Path.folder(of: path)).removePartials()
    try currentFolder.replace(path, durably: false, isShared: true, with: { try $0.write(bytes) })
  }

  /// Creates a file without a name in the folder at `path`, or in the nearest folder above that
  /// exists.
  public func createUnnamed(near path: String) throws -> File {
    var folder = path
    while folder != ".", folder != "/", !Path.isFolder(folder) { folder = Path.folder(of: folder) }
    return try currentFolder.openFolder(folder).createUnnamed()
  }

  /// Performs one call. Returns nil if it fails with a `tolerated` error.
  @discardableResult
  func perform(
    _ operation: Operation, _ path: String, bytes: Int? = nil, tolerating tolerated: Int32...,
    call: () -> Int
  ) throws -> Int? {
    switch attempt(operation, path, call: call) {
    case .success(let result): return result
    case .failure(let error) where tolerated.contains(error.code): return nil
    case .failure(let error):
      throw FileSystem.failure(operation, path, bytes: bytes, code: error.code)
    }
  }

  /// Performs one call.
  func attempt(
    _ operation: Operation, _ path: String, call: () -> Int
  ) -> Result<Int, SystemError> {
    if let code = intercept?(operation, path), code != 0 {
      return .failure(SystemError(code: code))
    }
    while true {
      let result = call()
      if result >= 0 { return .success(result) }
      if errno != EINTR { return .failure(SystemError(code: errno)) }
    }
  }

  /// An error number of the system.
  struct SystemError: Error {
    let code: Int32
  }

  /// As above, but no failure is tolerated.
  func require(
    _ operation: Operation, _ path: String, bytes: Int? = nil, call: () -> Int
  ) throws -> Int {
    // Without tolerated errors, `perform` returns a value or throws.
    try perform(operation, path, bytes: bytes, call: call) ?? 0
  }

  static func failure(
    _ operation: Operation, _ path: String, bytes: Int? = nil, code: Int32
  ) -> Diagnostic {
    let amount = bytes.map { " \($0) bytes \(operation == .write ? "to" : "of")" } ?? ""
    let reason = String(cString: strerror(code))
    var notes: [Diagnostic.Note] = []
    switch code {
    case ENOSPC, EDQUOT:
      notes = [.init("free some space there, or choose another location with --output")]
    case EACCES, EPERM, EROFS, ENOTDIR, ELOOP:
      notes = [.init("choose a writable location with --output")]
    case EFBIG: notes = [.init("a file-size limit is in force; see 'ulimit -f'")]
    default: break
    }
    return Diagnostic(
      "cannot \(operation.rawValue)\(amount) '\(path.isEmpty ? "." : path)': \(reason)",
      notes: notes, failure: .environment)
  }
}

/// The folder that `holdCurrentFolder` opened, with its absolute path.
let heldFolder = Mutex<(descriptor: Int32, path: String)?>(nil)

private let ignoresFileSizeSignal: Bool = {
  signal(SIGXFSZ, SIG_IGN)
  return true
}()
