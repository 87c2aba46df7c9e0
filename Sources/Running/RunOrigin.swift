import Files
import Platform
import NNExp
import Results

/// The origin of a run, and the location of its results.
public struct RunOrigin: Sendable {
  /// The command line, word by word, for the run's record.
  public var command: [String]
  public var nnexpVersion: String
  /// The experiment file's absolute path, or the error if a record cannot contain it.
  let path: Result<String, any Error>
  /// A new or empty folder for the results; nil for a numbered folder under `results/`.
  public var output: String?
  /// True if the folder is removed after the run, so that messages do not name its files.
  public var isTemporary = false
  /// The file system for the results, which tests replace.
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

/// The absolute path of a file, independent of later changes of the current folder. Throws if
/// it is not UTF-8.
func absolutePath(of file: String) throws -> String {
  guard let path = realpath(file, nil) else { return file }
  defer { free(path) }
  if let name = validName(path) { return name }
  throw Diagnostic(
    "'\(file)' is in a folder whose path is not UTF-8: '\(shown(name: path))'; rename the folder")
}
