import Glibc
import NNExp
import Synchronization

/// The system calls that every result passes through, and what is said when
/// one of them fails.
///
/// A failure is a `Diagnostic` of kind `.environment` that names the path, the
/// bytes where there are any, and the system's reason. Calls that a signal
/// interrupts are made again; nothing else is, above all no failed flush: after
/// one, the kernel may report the same lost pages as written.
public struct FileSystem: Sendable {
  /// An operation on a path, as messages name it.
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

  /// Asked before every operation; an error number other than 0 becomes the
  /// operation's failure, instead of the operation. For tests of faults.
  public var intercept: (@Sendable (Operation, _ path: String) -> Int32)?

  /// Seconds of a run after which its results wait for the disk.
  public var flushesAfter: Double

  public init(
    flushesAfter: Double = 1, intercept: (@Sendable (Operation, _ path: String) -> Int32)? = nil
  ) {
    // A write past RLIMIT_FSIZE shall fail, not kill.
    _ = ignoresFileSizeSignal
    (self.flushesAfter, self.intercept) = (flushesAfter, intercept)
  }

  /// The system as it is.
  public static let system = FileSystem()

  /// The folder that the process runs in, or ran in when it was held.
  public var currentFolder: Folder {
    Folder(
      descriptor: heldFolder.withLock { $0?.descriptor } ?? AT_FDCWD, path: "", in: self,
      isOwner: false)
  }

  /// Paths keep their meaning from here on, even if a plugin changes the current folder.
  ///
  /// Where the folder cannot be opened, nothing is held.
  public static func holdCurrentFolder() {
    heldFolder.withLock { held in
      guard held == nil, let path = getcwd(nil, 0) else { return }
      defer { free(path) }
      // O_PATH, whose name Swift does not import: the folder need not be readable.
      let descriptor = open(".", 0o10000000 | O_DIRECTORY | O_CLOEXEC)
      if descriptor >= 0 { held = (descriptor, String(cString: path)) }
    }
  }

  /// Writes a file as a whole: a reader finds the old or the new bytes, whenever the
  /// process dies. What killed processes left half-written beside it is removed first.
  ///
  /// What exists and is no regular file, such as `/dev/stdout` or a pipe, is
  /// written to as it is.
  public func write(_ bytes: [UInt8], to path: String) throws {
    if let file = try currentFolder.openIfSpecial(path) {
      try file.write(bytes)
      try file.close()
      return
    }
    // Where the folder cannot be listed, they stay.
    try? currentFolder.openFolder(Path.folder(of: path)).removePartials()
    try currentFolder.replace(path, durably: false, isShared: true, with: { try $0.write(bytes) })
  }

  /// Makes one call. Returns nil where it fails with a `tolerated` error.
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

  /// Makes one call.
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

  /// The number of an error of the system.
  struct SystemError: Error {
    let code: Int32
  }

  /// As above, where no failure is tolerated.
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
      notes = [.init("free some space there, or name another place with --output")]
    case EACCES, EPERM, EROFS, ENOTDIR, ELOOP:
      notes = [.init("name a place that can be written with --output")]
    case EFBIG: notes = [.init("a file-size limit is in force; see 'ulimit -f'")]
    default: break
    }
    return Diagnostic(
      "cannot \(operation.rawValue)\(amount) '\(path.isEmpty ? "." : path)': \(reason)",
      notes: notes, failure: .environment)
  }
}

/// The folder that was held, with its path from the root on.
let heldFolder = Mutex<(descriptor: Int32, path: String)?>(nil)

private let ignoresFileSizeSignal: Bool = {
  signal(SIGXFSZ, SIG_IGN)
  return true
}()
