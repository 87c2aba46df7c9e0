import Files
import NNExp

/// `run.json`: the environment of a run.
public struct RunRecord: Sendable, Equatable {
  public static let file = "run.json"

  /// An identifier that is unique among all runs: 128 random bits.
  public var id: String
  /// The command line, word by word.
  public var command: [String]
  /// The absolute path of the experiment file. Data paths are relative to its folder.
  public var experiment: String
  public var nnexpVersion: String
  public var swiftVersion: String
  /// An identifier of the executable's bytes: `buildID()`.
  public var build: String?
  /// The SHA-256 of `resolved.yaml` without the lines for folders: see `Experiment.withoutFolders`.
  public var configuration: String?
  /// The name of the processor; nil if the system does not report it.
  public var cpu: String?
  public var blas: String
  /// The instruction set of the kernels that the run used.
  public var isa: String
  public var threads: Int
  /// The commit that is checked out in the current folder; nil if there is none.
  public var gitCommit: String?
  public var seed: UInt64
  public var data: [FileHash]
  public var plugins: [FileHash]
  /// The messages before training about guesses and probable mistakes.
  public var announcements: [String] = []
  /// The start time in ISO 8601, UTC; see `timestamp()`.
  public var started: String
  public var finished: String?
  /// The time of each resumption.
  public var resumed: [String] = []
  /// The duration on the monotonic clock; for a resumed run, without the lost work.
  public var seconds: Double?

  public init(
    id: String = RunRecord.newID(), command: [String], experiment: String, nnexpVersion: String,
    swiftVersion: String = RunRecord.compilerVersion, cpu: String? = RunRecord.thisCPU,
    blas: String, isa: String = InstructionSet.current.rawValue, threads: Int,
    gitCommit: String? = RunRecord.thisCommit, seed: UInt64,
    build: String? = RunRecord.thisBuild, configuration: String? = nil,
    data: [FileHash] = [], plugins: [FileHash] = [], started: String = timestamp(),
    finished: String? = nil, seconds: Double? = nil
  ) {
    self.id = id
    self.command = command
    self.experiment = experiment
    self.nnexpVersion = nnexpVersion
    self.swiftVersion = swiftVersion
    self.build = build
    self.configuration = configuration
    self.cpu = cpu
    self.blas = blas
    self.isa = isa
    self.threads = threads
    self.gitCommit = gitCommit
    self.seed = seed
    self.data = data
    self.plugins = plugins
    self.started = started
    self.finished = finished
    self.seconds = seconds
  }
}

extension RunRecord {
  /// Replaces `run.json`.
  public func write(in run: RunDirectory) throws { try run.write(json, to: RunRecord.file) }

  public var json: JSON {
    let versions: JSON = ["nnexp": .string(nnexpVersion), "swift": .string(swiftVersion)]
    // A seed may exceed the integers that JSON readers represent exactly.
    let seed: JSON = Int(exactly: seed).map(JSON.int) ?? .string(String(seed))
    return [
      "id": .string(id),
      "command": .array(command.map(JSON.string)),
      "experiment": .string(experiment),
      "versions": versions,
      "build": JSON(build),
      "configuration": JSON(configuration),
      "cpu": JSON(cpu),
      "blas": .string(blas),
      "isa": .string(isa),
      "threads": .int(threads),
      "git_commit": JSON(gitCommit),
      "seed": seed,
      "data": .array(data.map(\.json)),
      "plugins": .array(plugins.map(\.json)),
      "announcements": .array(announcements.map(JSON.string)),
      "started": .string(started),
      "resumed": .array(resumed.map(JSON.string)),
      "finished": JSON(finished),
      "seconds": JSON(seconds),
    ]
  }

  /// Reads the `run.json` of a run.
  public init(of run: RunDirectory) throws {
    try self.init(run.record(RunRecord.file))
  }

  /// Reads a record and checks it; see `RecordReader`.
  public init(_ file: RecordReader) throws {
    let versions = try file.member("versions")
    self.init(
      id: try file.hash("id", digits: 32),
      command: try file.texts("command"),
      experiment: try file.value("experiment") { json in
        json.string.flatMap { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
      },
      nnexpVersion: try versions.value("nnexp", \.string),
      swiftVersion: try versions.value("swift", \.string),
      cpu: try file.optional("cpu", \.string),
      blas: try file.value("blas", \.string),
      isa: try file.value("isa", \.string),
      threads: try file.count("threads", in: 1...1 << 20),
      gitCommit: try file.optional("git_commit", \.string),
      seed: try file.value("seed") { seed in
        seed.int.flatMap { UInt64(exactly: $0) } ?? seed.string.flatMap { UInt64($0) }
      },
      data: try file.items("data").map(FileHash.init),
      plugins: try file.items("plugins").map(FileHash.init),
      started: try file.value("started", \.string),
      finished: try file.optional("finished", \.string),
      seconds: try file.optionalSeconds("seconds"))
    build = try file.optional("build", \.string)
    configuration = try file.optionalHash("configuration", digits: 64)
    resumed = try file.texts("resumed")
    announcements =
      try file.memberIfThere("announcements") == nil ? [] : file.texts("announcements")
  }
}

/// A file and the SHA-256 of its bytes, in hexadecimal.
public struct FileHash: Sendable, Hashable {
  public var path: String
  public var sha256: String

  public init(path: String, sha256: String) {
    self.path = path
    self.sha256 = sha256
  }

  public init(_ record: RecordReader) throws {
    path = try record.value("path", \.string)
    sha256 = try record.hash("sha256", digits: 64)
  }

  public var json: JSON { ["path": .string(path), "sha256": .string(sha256)] }
}
