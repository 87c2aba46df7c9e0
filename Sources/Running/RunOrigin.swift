import Files
import Glibc
import NNExp
import Results

/// Where a run comes from and where it goes.
public struct RunOrigin: Sendable {
  /// The command line, word by word, for the record.
  public var command: [String]
  public var nnexpVersion: String
  /// The experiment file's path from the root on, or why a record cannot hold it.
  let path: Result<String, any Error>
  /// A new or empty folder for the results; numbered under `results/` unless given.
  public var output: String?
  /// What the results pass through; tests make it fail.
  public var fileSystem: FileSystem

  public init(
    command: [String], nnexpVersion: String, file: String, output: String? = nil,
    fileSystem: FileSystem = .system
  ) {
    self.command = command
    self.nnexpVersion = nnexpVersion
    path = Result { try absolutePath(of: file) }
    self.output = output
    self.fileSystem = fileSystem
  }
}

/// The path from the root on, whatever the process's folder becomes. Throws if it is
/// not UTF-8.
func absolutePath(of file: String) throws -> String {
  guard let path = realpath(file, nil) else { return file }
  defer { free(path) }
  if let name = validName(path) { return name }
  throw Diagnostic(
    "'\(file)' is in a folder whose path is not UTF-8: '\(shown(name: path))'; rename the folder")
}
