import Datasets
import Engine
import ExperimentFile
import Files
import Foundation

import NNExp
import Results
import Running
import Standard
import Synchronization

/// All that is linked in.
let registry: Registry = {
  var registry = Registry()
  registerStandard(in: &registry)
  registerDatasets(in: &registry)
  return registry
}()

/// Everything that has a memory: moments, running means, dropout, a schedule
/// that watches the loss, batches that divide neither the data nor the rows.
let everything = """
  name: everything
  seed: 3
  data:
    generated: {type: spirals, samples: 40}
    split: {validation: 0.3}
  model:
    - {type: dense, units: 4}
    - batch_normalization
    - tanh
    - {type: dropout, rate: 0.2}
    - {type: dense, units: 1}
  loss: binary_cross_entropy
  metrics: [accuracy]
  predictions: [validation, train]
  gradient_check: false
  train:
    optimizer: {type: adam, learning_rate: 0.02}
    schedule: {type: plateau, patience: 1}
    batch_size: 12
    epochs: 7
    record_every: 2
    early_stopping: {patience: 9}
    checkpoint: {every: 1 epoch}

  """

/// A folder for runs, removed with them afterwards.
final class Bench: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "nnexp-running-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func folder(_ name: String) -> String { path + "/" + name }

  /// Runs a text from its beginning; the folder is `name`.
  @discardableResult
  func run(
    _ text: String = everything, _ name: String, overrides: [String] = [],
    _ fileSystem: FileSystem = .system, listener: Listener = Listener()
  ) throws -> Int32 {
    let file = path + "/experiment.yaml"
    let experiment = try Experiment(
      Array(text.utf8), path: file, overrides: overrides, registry: registry)
    let origin = RunOrigin(
      command: ["nnexp"], nnexpVersion: "0", file: file, output: folder(name),
      fileSystem: fileSystem)
    switch experiment.dtype {
    case .float32:
      return try Run(
        PreparedExperiment<Float>(experiment), from: origin, observers: [listener],
        cancellation: listener.cancellation
      ).perform()
    case .float64:
      return try Run(
        PreparedExperiment<Double>(experiment), from: origin, observers: [listener],
        cancellation: listener.cancellation
      ).perform()
    }
  }

  /// A run that is killed when it has done this share of its file operations.
  func kill(_ name: String, after share: Double) throws {
    let counting = Fault(at: .max)
    try run(everything, "counted", counting.fileSystem)
    try FileManager.default.removeItem(atPath: folder("counted"))
    let last = Int(share * Double(counting.operations))
    _ = try? run(everything, name, Fault(at: last, code: EIO, kills: true).fileSystem)
  }

  /// Goes on with a run.
  @discardableResult
  func resume(
    _ name: String, _ fileSystem: FileSystem = .system, listener: Listener = Listener()
  ) throws -> Int32 {
    try Resumption(of: folder(name), registry: registry, fileSystem: fileSystem)
      .perform(observers: [listener], cancellation: listener.cancellation)
  }

  func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: folder(name)).map([UInt8].init)
  }

  func put(_ bytes: [UInt8], in name: String) {
    _ = FileManager.default.createFile(atPath: folder(name), contents: Data(bytes))
  }

  /// Every file below a folder with its bytes.
  func tree(_ name: String) -> [String: [UInt8]] {
    let names = FileManager.default.enumerator(atPath: folder(name))?.allObjects as? [String] ?? []
    var tree: [String: [UInt8]] = [:]
    for file in names { tree[file] = bytes(name + "/" + file) ?? [] }
    return tree
  }

  /// The files that must not differ by a byte between two runs, and do.
  func differences(_ a: String, _ b: String) -> [String] {
    let (a, b) = (tree(a), tree(b))
    let clocks: Set = ["run.json", "timing.csv"]
    return Set(a.keys).union(b.keys).subtracting(clocks).filter { a[$0] != b[$0] }.sorted()
  }
}

/// Remembers what it is told; interrupts after so many looks.
final class Listener: RunObserver {
  var said: [String] = []
  var complaints: [String] = []
  private var looksUntilInterruption: Int

  init(interruptingAfter looks: Int = .max) { looksUntilInterruption = looks }

  var cancellation: CancellationToken {
    CancellationToken { [self] in
      looksUntilInterruption -= 1
      return looksUntilInterruption < 0 ? 15 : nil
    }
  }

  func report(_ text: @autoclosure () -> String) { said.append(text()) }
  func warn(_ text: String) { complaints.append(text) }
}

/// Fails one operation of many, or that one and all after it, as though the
/// process had been killed there.
final class Fault: Sendable {
  private let count = Atomic(0)
  private let target: Int
  private let code: Int32
  private let kills: Bool
  private let log = Mutex<[String]>([])

  init(at target: Int, code: Int32 = ENOSPC, kills: Bool = false) {
    self.target = target
    self.code = code
    self.kills = kills
  }

  /// Without flushes, whose number depends on how long a run takes.
  var fileSystem: FileSystem {
    FileSystem(flushesAfter: .infinity) { [self] operation, path in
      let index = count.add(1, ordering: .relaxed).oldValue
      log.withLock { $0.append("\(operation.rawValue) \(path)") }
      return index == target || kills && index > target ? code : 0
    }
  }

  /// How many operations there were, and what the target was.
  var operations: Int { count.load(ordering: .relaxed) }
  var history: [String] { log.withLock { $0 } }
  var failed: String { log.withLock { $0.indices.contains(target) ? $0[target] : "none" } }
}

/// True where the long forms of tests are asked for: `make test-faults`.
let isThorough = ProcessInfo.processInfo.environment["NNEXP_FAULTS"] == "all"

/// The whole text of what is thrown, with the exit code before it.
func thrown(replacing path: String, by body: () throws -> Int32) -> String {
  do {
    return "ends with \(try body())"
  } catch {
    var diagnostics = Diagnostics()
    diagnostics.add(error)
    return "\(diagnostics.failure.rawValue) \(diagnostics)".replacingOccurrences(
      of: path, with: "$")
  }
}
