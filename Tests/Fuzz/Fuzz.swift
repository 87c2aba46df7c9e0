import Glibc
import NNExp
import Standard

@testable import Datasets
@testable import ExperimentFile
@testable import Results
@testable import YAMLTree

/// A reader that meets bytes from outside. Whatever they are, it reads them or
/// refuses them by a `Diagnostic`: a trap, a hang or a flood of memory is a bug.
enum FuzzTarget: String, CaseIterable {
  case yaml, experiment, overrides, csv, idx, npy, npz, checkpoint, json

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
    case .idx: try readValues(readIDX(bytes))
    case .npy: try readValues(readNPY(bytes))
    case .npz:
      let archive = try ZipArchive(bytes)
      for name in archive.names { _ = try archive.contents(of: name) }
    case .checkpoint: try FuzzedRun.shared.readCheckpoint(bytes)
    case .json: try readJSON(bytes)
    }
  }

  static let registry: Registry = {
    var registry = Registry()
    registerStandard(in: &registry)
    return registry
  }()

  /// What was read reads back as itself once written.
  private func readYAML(_ bytes: [UInt8]) throws {
    let text = writeYAML(try parseYAML(bytes, name: "fuzz.yaml"))
    let again = try! parseYAML(Array(text.utf8), name: "again.yaml")
    precondition(writeYAML(again) == text, "what was written reads back as something else")
  }

  /// One override a line.
  private func readOverrides(_ bytes: [UInt8]) throws {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(64)
    _ = try apply(overrides: lines.map(String.init), to: FuzzTarget.tree)
  }

  private static let tree: Node = try! parseYAML(
    Array(
      """
      name: xor
      model:
        - {type: dense, units: 2, name: hidden}
        - sigmoid
      train: {epochs: 10, optimizer: {type: sgd, learning_rate: 0.5}}

      """.utf8), name: "tree.yaml")

  /// The first byte chooses the delimiter and whether there is a header.
  private func readCSV(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let delimiters = Array(",;\t|".utf8)
    let table = try CSVTable(
      .held(Array(bytes.dropFirst())), path: "fuzz.csv", delimiter: delimiters[Int(first & 3)],
      hasHeader: first & 4 == 0)
    let columns = Array(table.names.indices.prefix(64))
    let reader = try CSVReader(table, columns: columns, categorical: [], limit: nil)
    precondition(reader.cells.count == reader.count * columns.count)
    precondition(reader.cells.allSatisfy(\.isFinite), "a cell is not a finite number")
  }

  private func readValues(_ elements: Elements) throws {
    try checkSamples(elements, "fuzz", at: nil)
    var values = [Double](repeating: 0, count: elements.width)
    for row in 0..<elements.count { try elements.decode(row, into: &values) }
  }

  private func readJSON(_ bytes: [UInt8]) throws {
    let text = try JSON(parsing: bytes, from: "fuzz.json").description
    let again = try! JSON(parsing: Array(text.utf8), from: "again.json")
    precondition(again.description == text, "what was written reads back as something else")
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
    // The checksum would stop all but one input in 2³²: it is put right.
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

/// libFuzzer's driver, called rather than linked as `main`: SwiftPM renames the
/// entry point.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What libFuzzer's own `main` names, which is linked and not used.
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
