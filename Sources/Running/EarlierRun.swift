import Datasets
public import ExperimentFile
import Files
public import NNExp
import Results

/// The result of the search of `nnexp run --resume` for an earlier run of an experiment.
public enum EarlierRun: Sendable {
  /// The newest run of this experiment, finished or unfinished.
  case found(Resumption)
  /// There is no run of this experiment. `other` is the newest unfinished run with another
  /// configuration.
  case none(other: String?)

  /// Searches the runs under `results`, or only `output`.
  ///
  /// An unfinished run belongs to this experiment if it has the same configuration: the file
  /// with overrides and defaults, as in resolved.yaml. If data, plugins or the executable
  /// differ, resuming it is an error; no new run is started. A finished run belongs to this
  /// experiment only if all of these are equal: repeating it would give the same bytes.
  ///
  /// Throws if another process uses the run, and the errors of `Resumption.init`.
  ///
  /// - Parameter registry: the types that are linked into the program.
  public init(
    of experiment: Experiment, output: String? = nil, registry: Registry,
    fileSystem: FileSystem = .system
  ) throws {
    func resumption(_ path: String) throws -> EarlierRun {
      .found(try Resumption(of: path, registry: registry, fileSystem: fileSystem))
    }
    if let output {
      guard let run = Run(output, fileSystem) else {
        self = .none(other: nil)
        return
      }
      guard run.has(experiment.resolvedText) else {
        throw run.difference(to: experiment.resolvedText)
      }
      self = try resumption(output)
      return
    }
    var other: String?
    for path in try RunDirectory.runs(of: experiment.name, fileSystem: fileSystem) {
      guard let run = Run(path, fileSystem) else { continue }
      if run.has(experiment.resolvedText), !run.isOver || run.isUpToDate(with: experiment) {
        self = try resumption(path)
        return
      }
      if other == nil, !run.isOver { other = path }
    }
    self = .none(other: other)
  }

  /// An existing run, whether or not another process uses it.
  private struct Run {
    let directory: RunDirectory
    let record: RunRecord

    /// Nil if the folder cannot be read as a run.
    init?(_ path: String, _ fileSystem: FileSystem) {
      guard let directory = try? RunDirectory.open(path, fileSystem: fileSystem),
        let record = try? RunRecord(of: directory)
      else { return nil }
      self.directory = directory
      self.record = record
    }

    var isOver: Bool { (try? Summary(of: directory))?.isOver ?? false }

    func has(_ configuration: String) -> Bool {
      record.configuration == SHA256.hex(of: Array(configuration.utf8))
    }

    func isUpToDate(with experiment: Experiment) -> Bool {
      record.build == RunRecord.buildID()
        && record.plugins.map(\.sha256) == experiment.plugins.map(\.sha256)
        && record.data.allSatisfy { file in
          (try? FileSystem.system.sha256(of: file.path)) == file.sha256
        }
    }

    /// The diagnostic that shows the first line in which the configurations differ.
    func difference(to configuration: String) -> Diagnostic {
      let resolved = Experiment.withoutFolders((try? directory.read("resolved.yaml")) ?? [])
      let then = String(decoding: resolved, as: UTF8.self).split(atByte: "\n")
      let now = configuration.split(atByte: "\n")
      let index = (0..<max(then.count, now.count)).first { index in
        index >= then.count || index >= now.count
          || !then[index].hasSameBytes(as: now[index])
      }
      func line(_ lines: [Substring]) -> String {
        guard let index, index < lines.count else { return "nothing" }
        return "'\(Substring(lines[index].utf8.drop { $0 == UInt8(ascii: " ") }))'"
      }
      return Diagnostic(
        "cannot resume '\(directory.path)': its resolved.yaml has \(line(then)) where the "
          + "experiment has \(line(now))",
        notes: [
          .init(
            "nnexp resume \(quotedForShell(directory.path)) resumes it with its original settings")
        ]
      )
    }
  }
}
