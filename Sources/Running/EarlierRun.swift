import Datasets
public import ExperimentFile
import Files
public import NNExp
import Results

/// What `nnexp run --resume` finds of an experiment.
public enum EarlierRun: Sendable {
  /// The newest run of this very experiment, at its end or on the way.
  case found(Resumption)
  /// There is none. `other` is the newest unfinished run of another
  /// configuration.
  case none(other: String?)

  /// Looks among the runs under `results`, or at `output` alone.
  ///
  /// An unfinished run is of this experiment if its configuration is: the file
  /// with overrides and defaults, as resolved.yaml has it. Where data, plugins
  /// or the executable differ, the resumption is refused, not replaced by a new
  /// run. A run that is over is of this experiment if all of these are the same:
  /// made again, it would be the same to the byte.
  ///
  /// Throws where the run is held by another process, and what
  /// `Resumption.init` throws.
  ///
  /// - Parameter registry: the types that are linked in.
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

  /// A run that is there, whoever has it.
  private struct Run {
    let directory: RunDirectory
    let record: RunRecord

    /// nil where nothing can be read as a run.
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

    /// Names the first line of the configuration that differs.
    func difference(to configuration: String) -> Diagnostic {
      let then = String(decoding: (try? directory.read("resolved.yaml")) ?? [], as: UTF8.self)
        .split(atByte: "\n")
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
