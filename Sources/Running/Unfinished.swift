import Datasets
public import ExperimentFile
import NNExp
public import Results

/// What `nnexp run --resume` finds of an experiment.
public enum Unfinished: Sendable {
  /// Nothing of this configuration that could be gone on with. `others` are
  /// unfinished runs of another one, newest first.
  case nothing(others: [String])
  /// The newest run of this configuration that has not come to its end.
  case run(Resumption)

  /// Looks among the runs under `results`, or at `output` alone.
  ///
  /// A configuration is the experiment with its overrides and defaults, as
  /// resolved.yaml has it. Data, plugins and the executable are no part of it:
  /// where they differ, the resumption is refused, not replaced by a new run.
  ///
  /// Throws where the run is held by another process, and what
  /// `Resumption.init` throws.
  public init(
    of experiment: Experiment, output: String? = nil, fileSystem: FileSystem = .system
  ) throws {
    if let output {
      self = .nothing(others: [])
      if let record = Unfinished.record(of: output, fileSystem) {
        guard Unfinished.matches(record, experiment) else {
          throw Unfinished.difference(between: output, and: experiment, fileSystem)
        }
        self = .run(
          try Resumption(of: output, registry: experiment.registry, fileSystem: fileSystem))
      }
      return
    }
    var others: [String] = []
    for path in try RunDirectory.runs(of: experiment.name, fileSystem: fileSystem) {
      guard let record = Unfinished.record(of: path, fileSystem), !Unfinished.isOver(path, fileSystem)
      else { continue }
      if Unfinished.matches(record, experiment) {
        self = .run(try Resumption(of: path, registry: experiment.registry, fileSystem: fileSystem))
        return
      }
      others.append(path)
    }
    self = .nothing(others: others)
  }

  private static func matches(_ record: RunRecord, _ experiment: Experiment) -> Bool {
    record.configuration == SHA256.hex(of: Array(experiment.resolvedText.utf8))
  }

  /// Names the first line of the configuration that differs.
  private static func difference(
    between path: String, and experiment: Experiment, _ fileSystem: FileSystem
  ) -> Diagnostic {
    func lines(_ bytes: [UInt8]) -> [Substring] {
      String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
    let directory = try? RunDirectory.open(path, fileSystem: fileSystem)
    let then = lines((try? directory?.read("resolved.yaml")) ?? [])
    let now = lines(Array(experiment.resolvedText.utf8))
    let index = zip(then, now).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    func line(_ lines: [Substring]) -> String {
      let index = index ?? min(then.count, now.count)
      return index < lines.count ? "'\(lines[index].drop { $0 == " " })'" : "nothing"
    }
    return Diagnostic(
      "cannot go on with '\(path)': its resolved.yaml has \(line(then)) where the experiment "
        + "has \(line(now))",
      notes: [.init("nnexp resume \(path) goes on with it as it began")])
  }

  /// nil where there is no run, or nothing that could be read as one.
  private static func record(of path: String, _ fileSystem: FileSystem) -> RunRecord? {
    (try? RunDirectory.open(path, fileSystem: fileSystem)).flatMap { try? RunRecord(of: $0) }
  }

  private static func isOver(_ path: String, _ fileSystem: FileSystem) -> Bool {
    guard let directory = try? RunDirectory.open(path, fileSystem: fileSystem),
      let summary = try? Summary(of: directory)
    else { return false }
    return summary.isOver
  }
}
