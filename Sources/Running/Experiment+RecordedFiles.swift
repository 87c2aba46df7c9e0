public import ExperimentFile
import Files
import Platform
import NNExp
public import Results

extension Experiment {
  /// The loaded plugins with their hashes, for a run's record.
  public var pluginHashes: [FileHash] {
    plugins.map { FileHash(path: $0.path, sha256: $0.sha256) }
  }
}

extension PreparedExperiment {
  /// The files of the data with their hashes, for a run's record.
  public var dataHashes: [FileHash] {
    data.files.map { FileHash(path: $0.path, sha256: $0.sha256) }
  }

  /// Throws if the data or plugins differ from those with which a run was trained.
  public func requireFiles(of record: RunRecord, in directory: RunDirectory) throws {
    try FileHash.requireSame(
      record.data, dataHashes, "data file", "cannot use '\(directory.path)'")
    try requirePlugins(of: record, in: directory)
  }

  /// Throws if its plugins are not those that a run was trained with.
  public func requirePlugins(of record: RunRecord, in directory: RunDirectory) throws {
    try FileHash.requireSame(
      record.plugins, experiment.pluginHashes, "plugin", "cannot use '\(directory.path)'")
  }
}

extension FileHash {
  /// Throws a diagnostic that begins with `fact` and names the first file whose content has
  /// changed.
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
  /// Whether nnexp may load the plugins that a run or a sweep names.
  ///
  /// Loading a plugin executes its code. A folder that another user created must not determine
  /// this code.
  ///
  /// - Parameter isTrusted: true if the user permits it.
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
