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

/// Random numbers that a printed seed brings back: `NNEXP_SEED=… swift test`.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  static let seed =
    ProcessInfo.processInfo.environment["NNEXP_SEED"].flatMap { UInt64($0) }
    ?? UInt64.random(in: 0..<1_000_000)

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Tool {
  /// A command's process, in the folder, silent; a signal meets it and no other.
  func start(
    _ arguments: [String], environment: [String: String] = [:],
    executable: URL = Tool.executable
  ) throws -> Process {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
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

  /// The library that stands between the command and its files.
  func buildFaultInjector() throws -> String {
    let build = try Tool.run(
      "/usr/bin/env",
      [
        "clang", "-shared", "-fPIC", "-O1", "-o", "injector.so",
        Tool.repository.appendingPathComponent("Tests/CommandLineTests/fault_injector.c").path,
      ], in: folder, environment: ProcessInfo.processInfo.environment)
    try #require(build.code == 0, "\(build.errors)")
    return folder.appendingPathComponent("injector.so").path
  }
}

/// The names of the files that two runs do not have alike.
func differences(_ a: [String: Data], _ b: [String: Data]) -> [String] {
  Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
}
