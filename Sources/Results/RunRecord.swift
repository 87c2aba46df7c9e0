import NNExp

/// `run.json`: under what circumstances a run took place.
public struct RunRecord: Sendable, Equatable {
  public static let file = "run.json"

  /// Names this run among all runs anywhere: 128 random bits.
  public var id: String
  /// The command line, word by word.
  public var command: [String]
  /// The experiment file's absolute path: data paths are relative to it.
  public var experiment: String
  public var nnexpVersion: String
  public var swiftVersion: String
  /// Names the executable's very bytes: `Circumstances.buildID`.
  public var build: String?
  /// The SHA-256 of `resolved.yaml`.
  public var configuration: String?
  /// The processor's name; nil where the system does not tell.
  public var cpu: String?
  public var blas: String
  /// The instruction set that the kernels ran on.
  public var isa: String
  public var threads: Int
  /// The commit that the current folder is checked out at; nil without one.
  public var gitCommit: String?
  public var seed: UInt64
  public var data: [FileHash]
  public var plugins: [FileHash]
  /// ISO 8601, UTC; see `timestamp()`.
  public var started: String
  public var finished: String?
  /// When the run was taken up again, each time.
  public var resumed: [String] = []
  /// How long it took, by the monotonic clock; of a resumed run, what counts.
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
    func list(_ files: [FileHash]) -> JSON {
      .array(files.map { ["path": .string($0.path), "sha256": .string($0.sha256)] })
    }
    let versions: JSON = ["nnexp": .string(nnexpVersion), "swift": .string(swiftVersion)]
    // A seed may be beyond the integers that JSON readers keep exactly.
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
      "data": list(data),
      "plugins": list(plugins),
      "started": .string(started),
      "resumed": .array(resumed.map(JSON.string)),
      "finished": JSON(finished),
      "seconds": JSON(seconds),
    ]
  }

  /// Reads the `run.json` of a run.
  public init(of run: RunDirectory) throws {
    let file = try RecordReader(run, RunRecord.file)
    let versions = try file.member("versions")
    func list(_ key: String) throws -> [FileHash] {
      try file.items(key).map {
        FileHash(path: try $0.value("path", \.string), sha256: try $0.value("sha256", \.string))
      }
    }
    self.init(
      id: try file.value("id", \.string),
      command: try file.items("command").map { try $0.value(\.string) },
      experiment: try file.value("experiment", \.string),
      nnexpVersion: try versions.value("nnexp", \.string),
      swiftVersion: try versions.value("swift", \.string),
      cpu: try file.optional("cpu", \.string),
      blas: try file.value("blas", \.string),
      isa: try file.value("isa", \.string),
      threads: try file.value("threads", \.int),
      gitCommit: try file.optional("git_commit", \.string),
      seed: try file.value("seed") { seed in
        seed.int.flatMap { UInt64(exactly: $0) } ?? seed.string.flatMap { UInt64($0) }
      },
      data: try list("data"),
      plugins: try list("plugins"),
      started: try file.value("started", \.string),
      finished: try file.optional("finished", \.string),
      seconds: try file.optional("seconds", \.double))
    build = try file.optional("build", \.string)
    configuration = try file.optional("configuration", \.string)
    resumed = try file.items("resumed").map { try $0.value(\.string) }
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
}
