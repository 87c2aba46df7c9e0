public import ExperimentFile
import Files
import Glibc
import NNExp
public import Results

extension Experiment {
  /// The plugins that it loaded, for a run's record.
  public var pluginHashes: [FileHash] {
    plugins.map { FileHash(path: $0.path, sha256: $0.sha256) }
  }
}

extension PreparedExperiment {
  /// The files that its data were read from, for a run's record.
  public var dataHashes: [FileHash] {
    data.files.map { FileHash(path: $0.path, sha256: $0.sha256) }
  }

  /// Throws if its data or plugins are not those that a run was trained with.
  public func requireFiles(of record: RunRecord, in directory: RunDirectory) throws {
    let fact = "cannot use '\(directory.path)'"
    try FileHash.requireSame(record.data, dataHashes, "data file", fact)
    try FileHash.requireSame(record.plugins, experiment.pluginHashes, "plugin", fact)
  }
}

extension FileHash {
  /// Throws, with `fact` before it, which of a run's files have other contents now.
  static func requireSame(
    _ then: [FileHash], _ now: [FileHash], _ kind: String, _ fact: String
  ) throws {
    var differences = Diagnostics()
    for (index, file) in then.enumerated() where !now.contains(where: { $0.sha256 == file.sha256 })
    {
      // Files are read in the order in which the experiment names them.
      let found = now.count == then.count ? now[index] : nil
      differences.add(
        Diagnostic(
          "\(fact): its \(kind) '\(file.path)' was changed",
          notes: [
            .init("SHA-256 then: \(file.sha256)"),
            .init("SHA-256 now: \(found?.sha256 ?? "no such file is read")"),
            .init("put it back as it was, or start a new run with nnexp run"),
          ]))
    }
    try differences.throwIfAny()
  }
}

extension PluginPolicy {
  /// Whether plugins that a file of a folder names may be loaded: of a run or a sweep.
  ///
  /// Loading a plugin runs its code; a folder that somebody else made does not decide
  /// whose code that is.
  ///
  /// - Parameter isTrusted: the user says that it may.
  public init(ofFile file: String, in folder: Folder, isTrusted: Bool) throws {
    let owners = try [".", file].compactMap { try folder.owner(of: $0) }
    if !isTrusted, let stranger = owners.first(where: { $0 != geteuid() }) {
      self = .refuse(
        "'\(folder.path)' belongs to user \(stranger), not to you",
        remedy: "to run its code anyway, give nnexp resume, evaluate, predict or sweep "
          + "--trust-plugins")
    } else {
      self = .load
    }
  }
}
