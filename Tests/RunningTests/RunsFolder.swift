import Engine
import ExperimentFile
import Files
import Foundation
import NNExp
import Results
import Running
import TestSupport

/// `statefulExperiment`, shortened, without a gradient check and with early stopping.
let everything =
  statefulExperiment.replacing(
    "epochs: 100",
    with: """
      epochs: 7
        early_stopping: {patience: 9}
        record: [gradient_norm, update_ratio]
      """)
  + "gradient_check: false\n"

/// A folder for runs, which is removed with them afterwards.
struct RunsFolder {
  private let scratch = Scratch()
  var path: String { scratch.path }

  func folder(_ name: String) -> String { path + "/" + name }

  /// Runs a text from the beginning, in the folder `name`.
  @discardableResult
  func run(
    _ text: String = everything, _ name: String, overrides: [String] = [],
    _ fileSystem: FileSystem = .system, listener: Listener = Listener(),
    continuing other: String? = nil
  ) throws -> Int32 {
    let file = path + "/experiment.yaml"
    let experiment = try Experiment(
      Array(text.utf8), path: file, overrides: overrides, registry: registry)
    let origin = RunOrigin(
      command: ["nnexp"], nnexpVersion: "0", file: file, output: folder(name),
      fileSystem: fileSystem)
    switch experiment.dtype {
    case .float32:
      return try run(PreparedExperiment<Float>(experiment), origin, listener, other)
    case .float64:
      return try run(PreparedExperiment<Double>(experiment), origin, listener, other)
    }
  }

  private func run<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ origin: RunOrigin, _ listener: Listener, _ other: String?
  ) throws -> Int32 {
    try Run(
      prepared, from: origin,
      continuing: other.map { try Continuation(of: $0, for: prepared) }, observers: [listener],
      cancellation: listener.cancellation
    ).perform()
  }

  /// A run that is killed when it has done this share of its file operations.
  func kill(_ name: String, after share: Double) throws {
    let counting = FileFault(at: .max)
    try run(everything, "counted", counting.fileSystemWithoutFlushes)
    try FileManager.default.removeItem(atPath: folder("counted"))
    let last = Int(share * Double(counting.operations))
    _ = try? run(
      everything, name,
      FileFault(at: last, code: EIO, kills: true).fileSystemWithoutFlushes)
  }

  /// Resumes a run.
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
    scratch.put(bytes, in: name)
  }

  /// Every file below a folder with its bytes.
  func tree(_ name: String) -> [String: [UInt8]] {
    let names = FileManager.default.enumerator(atPath: folder(name))?.allObjects as? [String] ?? []
    var tree: [String: [UInt8]] = [:]
    for file in names { tree[file] = bytes(name + "/" + file) ?? [] }
    return tree
  }

  /// The files that differ between two runs although they must be equal.
  func differences(_ a: String, _ b: String) -> [String] {
    let (a, b) = (tree(a), tree(b))
    let clocks: Set = ["run.json", "timing.csv"]
    return Set(a.keys).union(b.keys).subtracting(clocks).filter { a[$0] != b[$0] }.sorted()
  }
}

/// Stores the messages of a run, and interrupts it after this number of polls.
final class Listener: RunObserver {
  var reports: [String] = []
  var warnings: [String] = []
  private var looksUntilInterruption: Int

  init(interruptingAfter looks: Int = .max) { looksUntilInterruption = looks }

  var cancellation: CancellationToken {
    CancellationToken { [self] in
      looksUntilInterruption -= 1
      return looksUntilInterruption < 0 ? 15 : nil
    }
  }

  func report(_ text: @autoclosure () -> String) { reports.append(text()) }
  func warn(_ text: String) { warnings.append(text) }
}
