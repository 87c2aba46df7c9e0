import Foundation
import Testing

/// A run with a memory in every place where one can be: moments, running means,
/// dropout, a schedule that watches the loss, batches that divide neither the
/// data nor the rows, predictions, a gradient check; with a checkpoint an epoch.
let eventful = """
  name: eventful
  seed: 3
  data:
    generated: {type: spirals, samples: 40}
    split: {validation: 0.3}
  model:
    - {type: dense, units: 4}
    - tanh
    - batch_normalization
    - {type: dropout, rate: 0.2}
    - {type: dense, units: 1}
  loss: binary_cross_entropy
  metrics: [accuracy]
  predictions: [validation, train]
  train:
    optimizer: {type: adam, learning_rate: 0.02}
    schedule: {type: plateau, patience: 1}
    batch_size: 12
    epochs: 100
    record_every: 2
    checkpoint: {every: 1 epoch}

  """

/// True where the long forms of tests are asked for: `make test-faults`.
let isThorough = ProcessInfo.processInfo.environment["NNEXP_FAULTS"] == "all"

/// Random numbers that a seed brings back, `NNEXP_SEED=… swift test`: the same in every run,
/// and new ones in every thorough one.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  static let seed =
    ProcessInfo.processInfo.environment["NNEXP_SEED"].flatMap { UInt64($0) }
    ?? (isThorough ? UInt64.random(in: 0..<1_000_000) : 1)

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A process of ours, to be killed at will. (Foundation's `Process` keeps a
/// descriptor of every one that it ever started.)
final class Child {
  enum End: Equatable {
    case exit(Int32)
    case signal(Int32)
  }

  let process: pid_t
  private let errors: String

  /// Starts at once; says nothing on standard output.
  init(
    _ executable: String, _ arguments: [String], in folder: URL, environment: [String: String],
    output: String = "/dev/null"
  ) throws {
    errors = NSTemporaryDirectory() + "nnexp-errors-" + UUID().uuidString
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o666)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o666)
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // What another test has open at this moment is not its to hold.
    for descriptor in 3..<Int32(min(1024, sysconf(Int32(_SC_OPEN_MAX)))) {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    // `env` becomes the command, in the folder.
    let words =
      (["env", "-C", folder.path, executable] + arguments).map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + settings).forEach { free($0) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, "/usr/bin/env", &actions, nil, words, settings)
    try #require(code == 0, "cannot start \(executable): \(String(cString: strerror(code)))")
    self.process = process
  }

  deinit { unlink(errors) }

  func kill(_ signal: Int32) { Glibc.kill(process, signal) }

  /// Waits for the end; a process that hangs is killed.
  func wait() -> End {
    var status: Int32 = 0
    let deadline = Date(timeIntervalSinceNow: patience)
    while waitpid(process, &status, WNOHANG) == 0 {
      if Date() > deadline { kill(SIGKILL) }
      usleep(500)
    }
    return status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }

  /// What it said on standard error.
  var complaint: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }
}

extension Tool {
  /// The command at work in the folder.
  func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Child {
    try Child(Tool.executable.path, arguments, in: folder, environment: environment)
  }

  /// A shell's script in the folder, in which `nnexp` is the command.
  func shell(_ script: String) throws -> Result {
    try Tool.run(
      "/bin/bash", ["-c", script.replacing("nnexp", with: "'\(Tool.executable.path)'")],
      in: folder, environment: ProcessInfo.processInfo.environment)
  }

  /// The one run under `results/NAME` that came to a `run.json`.
  func theRun(of name: String) throws -> String {
    let runs = try FileManager.default.contentsOfDirectory(
      atPath: folder.appendingPathComponent("results/\(name)").path
    ).filter { $0.hasPrefix("run-") && exists("results/\(name)/\($0)/run.json") }
    try #require(runs.count == 1, "runs: \(runs)")
    return "results/\(name)/\(runs[0])"
  }

  /// Every file of a run but its clocks, with its bytes.
  func facts(of run: String) -> [String: Data] {
    let root = folder.appendingPathComponent(run)
    let names = FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String] ?? []
    var facts: [String: Data] = [:]
    for name in names where name != "run.json" && name != "timing.csv" {
      facts[name] = (try? Data(contentsOf: root.appendingPathComponent(name))) ?? Data()
    }
    return facts
  }

  /// A library of this folder's that stands between the command and the system.
  func build(library name: String) throws -> String {
    let source = Tool.repository.appendingPathComponent("Tests/CommandLineTests/\(name).c").path
    let build = try Tool.run(
      "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-o", "\(name).so", source],
      in: folder, environment: ProcessInfo.processInfo.environment)
    try #require(build.code == 0, "\(build.errors)")
    return folder.appendingPathComponent("\(name).so").path
  }
}

/// The names of the files that two runs do not have alike.
func differences(_ a: [String: Data], _ b: [String: Data]) -> [String] {
  Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
}
