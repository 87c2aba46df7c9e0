import Platform
import Interchange
import LanguageServer
import NNExp
import Standard

@testable import Datasets
@testable import ExperimentFile
@testable import Files
@testable import Results
@testable import Sweeps
@testable import Tracking
@testable import YAMLTree

/// A reader of external bytes. It reads any bytes or rejects them by a `Diagnostic`: a trap, a
/// hang or excessive memory is a bug.
enum FuzzTarget: String, CaseIterable {
  case yaml, experiment, overrides, csv, idx, npy, npz, checkpoint, json, plan, run, summary, job,
    formula, safetensors, weights, graph, events, messages

  /// The target that `FUZZ_TARGET` names.
  static let chosen: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let known = allCases.map(\.rawValue).joined(separator: ", ")
      fatalError("FUZZ_TARGET is '\(name)'; the targets are: \(known)")
    }
    return target
  }()

  func read(_ bytes: [UInt8]) throws {
    switch self {
    case .yaml: try readYAML(bytes)
    case .experiment: _ = try Experiment(bytes, path: "fuzz.yaml", registry: FuzzTarget.registry)
    case .overrides: try readOverrides(bytes)
    case .csv: try readCSV(bytes)
    case .idx: try readArray(bytes, held: readIDX, streamed: readIDX)
    case .npy: try readArray(bytes, held: readNPY, streamed: readNPY)
    case .npz:
      let archive = try ZipArchive(bytes)
      for name in archive.names { _ = try archive.contents(of: name) }
    case .checkpoint: try FuzzedRun.shared.readCheckpoint(bytes)
    case .json: try readJSON(bytes)
    case .plan: try readPlan(bytes)
    case .run: try readRecord(bytes) { try RunRecord($0).json }
    case .summary: try readSummary(bytes)
    case .formula: try readFormula(bytes)
    case .safetensors: try readSafetensors(bytes)
    case .weights: _ = try WeightsArchive.read(bytes, from: "fuzz.npz")
    case .graph: try readGraph(bytes)
    case .events: readEvents(bytes)
    case .messages: try readMessages(bytes)
    case .job: try readRecord(bytes) { try SlurmArray($0, of: "/nowhere").json }
    }
  }

  static let registry: Registry = {
    var registry = Registry()
    registerStandard(in: &registry)
    registerDatasets(in: &registry)
    return registry
  }()

  /// A value that was read must be the same after writing and reading it.
  private func readYAML(_ bytes: [UInt8]) throws {
    let text = writeYAML(try parseYAML(bytes, name: "fuzz.yaml"))
    let again = try! parseYAML(Array(text.utf8), name: "again.yaml")
    precondition(writeYAML(again) == text, "what was written reads back as something else")
  }

  /// A formula of two inputs and a parameter.
  private func readFormula(_ bytes: [UInt8]) throws {
    let mapping = ConfigValue.map([
      ("y", ConfigValue(.string(String(decoding: bytes, as: UTF8.self)))),
      ("inputs", .map([("x", "a"), ("w", "b")])), ("parameters", .map([("p", 1)])),
    ])
    var options = Options(mapping)
    let layer = try FuzzTarget.registry.layers["formula"]?.make(&options)
    try options.finish()
    _ = try layer?.plan(for: [[2, 3], [3]])
    _ = layer?.equations(for: [[2, 3], [3]])
  }

  /// Tensors that were read are the same after writing and reading them.
  private func readSafetensors(_ bytes: [UInt8]) throws {
    let file = try Safetensors(parsing: bytes, from: "fuzz.safetensors")
    let again = try! Safetensors(parsing: file.bytes, from: "again.safetensors")
    precondition(again.bytes == file.bytes, "what was written reads back as something else")
    precondition(file.tensors.reduce(0) { $0 + $1.bytes.count } <= bytes.count)
  }

  /// The part that a resumed run keeps is read again as the same part. The input is a file, and
  /// the message of an event in a file with right checksums.
  private func readEvents(_ bytes: [UInt8]) {
    _ = EventFile.kept(EventFile.record(bytes), through: 3)
    let kept = EventFile.kept(bytes, through: 3)
    let again = EventFile.kept(Array(bytes.prefix(kept.length)), through: 3)
    precondition(again.length == kept.length && again.epochs == kept.epochs)
  }

  /// The input is the JSON text of a graph of operators without constants.
  private func readGraph(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let file = Safetensors(metadata: [.init("graph", .string(text))], tensors: [])
    let graph = try GraphFile(parsing: file.bytes, from: "fuzz")
    let again = try! GraphFile(parsing: graph.bytes, from: "again")
    precondition(again.bytes == graph.bytes, "what was written reads back as something else")
  }

  /// A stream of messages to the language server, in one piece and as the text of a file.
  private func readMessages(_ bytes: [UInt8]) throws {
    let server = LanguageServer(FuzzTarget.registry, version: "0", loadsPlugins: false)
    var reader = MessageReader()
    reader.append(bytes)
    _ = LooseReader.read(bytes)
    while let message = try reader.next() { _ = server.answer(message) }
  }

  /// One override per line.
  private func readOverrides(_ bytes: [UInt8]) throws {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(64)
    _ = try apply(overrides: lines.map(String.init), to: FuzzTarget.tree)
  }

  private static let tree: ConfigValue = try! parseYAML(
    Array(
      """
      name: xor
      model:
        - {type: dense, units: 2, name: hidden}
        - sigmoid
      train: {epochs: 10, optimizer: {type: sgd, learning_rate: 0.5}}

      """.utf8), name: "tree.yaml")

  /// The first byte selects the delimiter and whether there is a header.
  private func readCSV(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let delimiters = Array(",;\t|".utf8)
    func reader(_ bytes: CSVBytes) throws -> Datasets.CSVReader {
      let table = try Datasets.CSVTable(
        bytes, path: "fuzz.csv",
        format: CSVFormat(delimiter: delimiters[Int(first & 3)], hasHeader: first & 4 == 0))
      let missing = MissingCells(CSVFormat.standardMissing)
      return try Datasets.CSVReader(
        table, table.names.indices.prefix(64).map { ChosenColumn($0, .inputs, missing: missing) })
    }
    let rest = Array(bytes.dropFirst())
    let held = Result { try reader(.held(rest)) }
    let streamed = Result { try reader(.streamed(file(of: rest))) }
    let all = try held.get()
    let width = all.cells.width
    let rows = (0..<all.count).map { row in (0..<width).map { all.cells[row, $0] } }
    precondition(rows.joined().allSatisfy(\.isFinite), "a cell is not a finite number")
    guard let lines = try streamed.get().lines() else { return }
    precondition(lines.count == all.count, "another number of rows in parts than as a whole")
    for row in (0..<lines.count).reversed() {
      let cells = try lines.withRow(row) { $0 }
      precondition(
        cells == rows[row],
        "another row in parts than as a whole")
    }
  }

  /// An array gives the same numbers from memory and from its file, or an error from both.
  private func readArray(
    _ bytes: [UInt8], held: ([UInt8]) throws -> NDArray, streamed: (FileBytes) throws -> NDArray
  ) throws {
    let elements = Result { try held(bytes) }
    let again = Result { try streamed(file(of: bytes)) }
    // Compressed arrays, and those in Fortran's order, are not read in parts.
    if case .success(let streamed) = again {
      guard case .success(let held) = elements else { fatalError("read in parts alone") }
      precondition(streamed.axes == held.axes, "another shape in parts than as a whole")
      try checkSamples(held, "fuzz", at: nil)
      var a = [Double](repeating: 0, count: held.width)
      var b = a
      for row in 0..<held.count {
        try held.decode(row, into: &a)
        try streamed.decode(row, into: &b)
        let isSame = zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
        precondition(isSame, "other numbers in parts than as a whole")
      }
    }
    try checkSamples(elements.get(), "fuzz", at: nil)
  }

  /// The input as a file that is read a few bytes at a time.
  private func file(of bytes: [UInt8]) throws -> FileBytes {
    let path = "/tmp/nnexp-fuzz-\(getpid()).data"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    return try FileBytes(path, stride: 1 + Int(bytes.first ?? 0) % 64, at: nil)
  }

  private func readJSON(_ bytes: [UInt8]) throws {
    let text = try JSON(parsing: bytes, from: "fuzz.json").description
    let again = try! JSON(parsing: Array(text.utf8), from: "again.json")
    precondition(again.description == text, "what was written reads back as something else")
  }
}

extension FuzzTarget {
  /// A record that was read must be the same after writing and reading it.
  @discardableResult
  private func readRecord(
    _ bytes: [UInt8], _ read: (RecordReader) throws -> JSON
  ) throws -> JSON {
    let json = try read(RecordReader(parsing: bytes, from: "fuzz.json"))
    let text = Array(json.description.utf8)
    let again = try! read(RecordReader(parsing: text, from: "again.json"))
    precondition(again.description == json.description, "a record reads back as something else")
    return json
  }

  /// A plan that was read gives a table, and its trials are composed or rejected.
  private func readPlan(_ bytes: [UInt8]) throws {
    let reader = try RecordReader(parsing: bytes, from: "fuzz.json")
    let nowhere = SweepFolder("/nowhere")
    let record = try PlanRecord(reader)
    try readRecord(bytes) { try PlanRecord($0).json }
    let rows = try record.rows(in: nowhere)
    let parameters = record.parameters
    _ = try rows.csv(parameters: parameters) + rows.summaryCSV(parameters: parameters)
    guard let plan = try WrittenPlan(reader) else { return }
    for trial in record.trials.prefix(4) {
      _ = try SingleTrial(trial.number, of: plan, in: nowhere)
    }
    let builder = TrialBuilder(
      try plan.declaration(at: "fuzz.yaml"), FuzzTarget.registry,
      plugins: .refuse("a fuzzed file names plugins", remedy: "none are loaded"))
    for combination in plan.combinations.prefix(4) { _ = try builder.experiment(combination) }
  }

  /// A summary that was read gives a row of a table and a test case.
  private func readSummary(_ bytes: [UInt8]) throws {
    try readRecord(bytes) { try Summary($0).json }
    let summary = try Summary(RecordReader(parsing: bytes, from: "fuzz.json"))
    let row = TrialRow(
      number: 1, run: "run", status: .completed, exitStatus: summary.exitStatus,
      error: summary.reason, seed: 0, values: [], epochs: summary.epochs, final: summary.final,
      best: summary.best, seconds: nil)
    _ = try [row].csv(parameters: []) + [row].summaryCSV(parameters: [])
  }
}

/// A run directory whose checkpoint is the input.
private final class FuzzedRun: Sendable {
  static let shared = FuzzedRun()
  private let run: RunDirectory

  private init() {
    run = try! RunDirectory.create(name: "fuzz", output: "/tmp/nnexp-fuzz-\(getpid())")
  }

  func readCheckpoint(_ bytes: [UInt8]) throws {
    // The checksum is corrected; otherwise only one input in 2³² would pass it.
    var bytes = bytes
    if bytes.count > 4 {
      var crc = CRC32()
      crc.update(Array(bytes.dropLast(4)))
      bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: littleEndian(crc.value))
    }
    try run.write(bytes, to: "checkpoints/last.nnx")
    _ = try run.checkpoint(.last)
  }
}

/// libFuzzer's driver, which is called because SwiftPM renames the entry point, so that
/// libFuzzer's `main` cannot be used.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// A function that libFuzzer's own `main` needs; it is linked but not called.
@_cdecl("LLVMFuzzerTestOneInput")
public func readOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try FuzzTarget.chosen.read(bytes)
  } catch is Diagnostic {
  } catch is Diagnostics {
  } catch {
    fatalError("an error of another kind than a diagnostic: \(error)")
  }
  return 0
}

@main
enum Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments) { readOne($0, $1) })
  }
}
