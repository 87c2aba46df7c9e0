import ExperimentFile
import Files
import NNExp

/// The golden file of an experiment, which `--update-golden` replaces.
///
/// The run is not compared with the file, which need not exist. It is replaced only if the run
/// meets every other expectation.
struct GoldenFile {
  /// The override with which a run is not compared.
  static let override = "expect.metrics=null"

  let declaration: GoldenDeclaration

  /// Throws if the experiment names no golden file.
  init(of experiment: Experiment, _ path: String) throws {
    guard let golden = experiment.golden else {
      throw Diagnostic(
        "'\(path)' has no golden file to update", at: experiment.location,
        notes: [.init("name one: expect: {metrics: golden/NAME.csv}")])
    }
    declaration = golden
  }

  /// Replaces the file by the metrics.csv of a run in a folder, and reports what changed. The run
  /// must have met every expectation.
  func update(from folder: String, code: Int32) throws {
    guard code == 0 else {
      return writeError("golden file '\(declaration.path)': not updated, because the run failed")
    }
    printStatus(try replace(by: "\(folder)/metrics.csv"))
  }

  private func replace(by metrics: String) throws -> String {
    let new = try FileSystem.system.read(metrics, limit: 1 << 30)
    let path = declaration.path
    let old = Path.isThere(path) ? try FileSystem.system.read(path, limit: 1 << 30) : nil
    if old == new { return "golden file '\(path)': unchanged" }
    if old == nil { try makeFolder() }
    try FileSystem.system.write(new, to: path)
    return "golden file '\(path)': \(old == nil ? "created" : "updated")"
  }

  private func makeFolder() throws {
    let folder = Path.folder(of: declaration.path)
    if Path.isThere(folder) { return }
    _ = try FileSystem.system.currentFolder.makeFolder(folder)
  }
}
