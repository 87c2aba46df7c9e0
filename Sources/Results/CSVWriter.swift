import Files
import NNExp

/// A CSV file of a run, which grows by whole rows.
///
/// Rows are buffered until they are flushed: by the caller, at least five times per second and
/// before every checkpoint, or here, when the buffer exceeds 64 KB. The file on the disk always
/// ends with a whole row: a write that fails midway is undone.
public final class CSVWriter {
  private static let mostWaiting = 1 << 16

  private let file: File
  private var waiting: CSVText

  /// The bytes in the file, without buffered rows, and their checksum.
  public private(set) var length = 0
  public var checksum: Int { Int(crc.value) }
  private var crc = CRC32()

  /// Creates the file, which must not exist. Its header is the first buffered row.
  public init(_ name: String, columns: [String], in run: RunDirectory) throws {
    waiting = try CSVText(name, columns: columns)
    waiting.bytes.reserveCapacity(CSVWriter.mostWaiting + (1 << 12))
    file = try run.folder.create(name)
  }

  /// Opens a file whose first `length` bytes have a known checksum, to append rows.
  ///
  /// This changes nothing yet: `cut` removes later bytes, which an interrupted run wrote and
  /// the resumed run writes again. Throws a `Diagnostic` of kind `.environment` if the known
  /// bytes have changed.
  public init(
    continuing name: String, columns: [String], length: Int, checksum: Int, in run: RunDirectory
  ) throws {
    waiting = try CSVText(name, columns: columns)
    waiting.bytes.removeAll()
    waiting.bytes.reserveCapacity(CSVWriter.mostWaiting + (1 << 12))
    guard let file = try run.folder.openForUpdating(name) else {
      throw Diagnostic("'\(run.path)' has no \(name) any more", failure: .environment)
    }
    while self.length < length {
      let bytes = try file.read(min(1 << 16, length - self.length))
      if bytes.isEmpty { break }
      crc.update(bytes)
      self.length += bytes.count
    }
    guard self.length == length, Int(crc.value) == checksum else {
      throw Diagnostic(
        "'\(file.path)' differs from the file that the run wrote: its first \(length) bytes were changed",
        notes: [.init("put the file back, or start a new run")], failure: .environment)
    }
    self.file = file
  }

  /// Removes the bytes after the known ones.
  public func cut() throws { try file.truncate(to: length) }

  /// Writes buffered rows if possible. Call `flush` to be notified of errors.
  deinit { try? flush() }

  /// Appends a row.
  ///
  /// - Precondition: the row has one cell per column.
  public func append(_ row: [Cell]) throws {
    waiting.append(row)
    if waiting.bytes.count >= CSVWriter.mostWaiting { try flush() }
  }

  /// Writes the buffered rows, which stay in the buffer if that fails.
  public func flush() throws {
    if waiting.bytes.isEmpty { return }
    // Writes to a deleted file would succeed but be lost.
    guard try file.status().st_nlink > 0 else {
      throw Diagnostic(
        "'\(file.path)' was deleted while the run was writing to it", failure: .environment)
    }
    do {
      try file.write(waiting.bytes)
    } catch {
      try? file.truncate(to: length)
      throw error
    }
    crc.update(waiting.bytes)
    length += waiting.bytes.count
    waiting.bytes.removeAll(keepingCapacity: true)
  }

  /// Calls `flush()`, and returns when the rows are on the disk.
  public func synchronize() throws {
    try flush()
    try file.synchronize()
  }
}
