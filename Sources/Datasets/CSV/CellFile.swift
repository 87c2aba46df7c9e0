import Files
import NNExp

/// A file without a name that stores the numbers of a streamed table, so that its text is parsed
/// only once.
///
/// The file contains the cells as float64, row after row, with the codes of texts. Nothing else can
/// open it, and the system removes it when the process ends, however it ends.
final class CellFile {
  /// The error after which nothing is stored.
  private(set) var failure: Diagnostic?

  private var file: File?
  private let path: String
  private let stride: Int

  /// - Parameter path: the file is in this folder, or in the nearest one above that exists.
  init(near path: String, _ stride: Int) {
    self.path = path
    self.stride = stride
    do {
      file = try FileSystem.system.createUnnamed(near: path)
    } catch { fail(error) }
  }

  /// Appends whole rows.
  func append(_ cells: [Double]) {
    do {
      try file?.write(cells)
    } catch { fail(error) }
  }

  /// All rows; nil if they are not stored.
  func rows(_ count: Int, width: Int) -> NDArray? {
    guard let file = file.take() else { return nil }
    do {
      let layout = ElementLayout(
        start: 0, type: .float64, isBigEndian: 1.bigEndian == 1, axes: [count, width])
      return try NDArray(
        FileBytes(
          file, path: "the temporary file in '\(path)'", stride: stride, isPrivate: true), layout)
    } catch {
      fail(error)
      return nil
    }
  }

  private func fail(_ error: any Error) {
    file = nil
    failure = error as? Diagnostic ?? Diagnostic("\(error)")
  }
}

extension CSVReader {
  /// The announcement that the numbers of a streamed file are not stored; nil if they are, or if
  /// nobody asked for it.
  func storageFailure(_ file: CellFile?) -> Diagnostic? {
    guard let failure = file?.failure else { return nil }
    return Diagnostic(
      "the rows of '\(table.path)' are parsed again in each epoch, because their numbers cannot be "
        + "stored: \(failure.message)", notes: failure.notes, severity: .warning)
  }
}
