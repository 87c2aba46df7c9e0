import Files
import NNExp

/// A CSV file of a run that grows by whole rows.
///
/// Rows wait in memory until they are flushed: by the caller, at least five
/// times a second and before every checkpoint, or here, once 64 KB wait. What
/// is on the disk always ends with a whole row: a write that fails midway is
/// taken back.
public final class CSVWriter {
  private static let mostWaiting = 1 << 16

  private let file: File
  private var waiting: CSVText

  /// Bytes in the file, without the rows that wait, and their checksum.
  public private(set) var length = 0
  public var checksum: Int { Int(crc.value) }
  private var crc = CRC32()

  /// Makes the file, which must not exist; its header is the first that waits.
  public init(_ name: String, columns: [String], in run: RunDirectory) throws {
    waiting = try CSVText(name, columns: columns)
    waiting.bytes.reserveCapacity(CSVWriter.mostWaiting + (1 << 12))
    file = try run.folder.create(name)
  }

  /// Goes on with a file, of which `length` bytes with that checksum are known.
  ///
  /// Nothing is changed yet: `cut` removes the rest, which a run wrote before it
  /// was killed and writes again. Throws a `Diagnostic` of kind `.environment`
  /// where the known bytes are not there.
  public init(
    continuing name: String, columns: [String], length: Int, checksum: Int, in run: RunDirectory
  ) throws {
    waiting = try CSVText(name, columns: columns)
    waiting.bytes.removeAll()
    waiting.bytes.reserveCapacity(CSVWriter.mostWaiting + (1 << 12))
    guard let file = try run.folder.openForMore(name) else {
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

  /// Removes what stands behind the known bytes.
  public func cut() throws { try file.truncate(to: length) }

  /// The rows that still wait are written if that is possible; call `flush` to
  /// be told.
  deinit { try? flush() }

  /// Appends a row.
  ///
  /// - Precondition: one cell a column.
  public func append(_ row: [Cell]) throws {
    waiting.append(row)
    if waiting.bytes.count >= CSVWriter.mostWaiting { try flush() }
  }

  /// Writes the rows that wait; they go on waiting if that fails.
  public func flush() throws {
    if waiting.bytes.isEmpty { return }
    // Writes to a file that was deleted would succeed, and be lost.
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

  /// `flush()`, then returns when the rows are on the disk.
  public func synchronize() throws {
    try flush()
    try file.synchronize()
  }
}
