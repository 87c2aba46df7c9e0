import Foundation
import TestSupport
import Testing

/// Fault 48 for the command: for any bytes in a file, it ends as documented, soon, and without
/// much memory. `make fuzz` tries millions of inputs on the readers.
@Suite struct FuzzedInputTests {
  /// The file for one kind of input, and the command that reads it.
  private struct Target {
    let name: String
    let file: String
    var experiment = ""
    let command: [String]
    var ends: Set<Int32> = [0, 2]
  }

  private static func experiment(_ data: String) -> String {
    """
    data: {\(data)}
    model: [flatten, {type: dense, units: 1}]
    loss: squared_error
    train: {optimizer: sgd, epochs: 1}
    gradient_check: false

    """
  }

  /// A target for data of some kind, in the file that an experiment names.
  private static func data(_ kind: String, _ source: String) -> Target {
    Target(
      name: kind, file: "data.\(kind)", experiment: experiment(source),
      command: ["validate", "x.yaml"])
  }

  /// A target for weights of another program, which an experiment starts from.
  private static func weights(_ name: String, _ file: String) -> Target {
    Target(
      name: name, file: file,
      experiment: experiment("inline: {inputs: [[0, 1], [1, 0]], targets: [0, 1]}")
        + "start_from: {file: \(file)}\n", command: ["validate", "x.yaml"])
  }

  private static let targets = [
    Target(name: "yaml", file: "x.yaml", command: ["validate", "x.yaml"]),
    Target(name: "experiment", file: "x.yaml", command: ["validate", "x.yaml"]),
    data("csv", "csv: data.csv"),
    data("idx", "idx: {inputs: data.idx, targets: data.idx}"),
    data("npy", "npy: {inputs: data.npy, targets: data.npy}"),
    data("npz", "npz: {path: data.npz, inputs: x, targets: y}"),
    weights("safetensors", "weights.safetensors"), weights("weights", "weights.npz"),
    Target(
      name: "checkpoint", file: "results/xor/run-0001/checkpoints/last.nnx",
      command: ["evaluate", "results/xor/run-0001", "--weights", "last"], ends: [0, 2, 3]),
    Target(
      name: "json", file: "results/xor/run-0001/run.json",
      command: ["evaluate", "results/xor/run-0001"], ends: [0, 2, 3]),
    Target(
      name: "json", file: "results/xor/run-0001/summary.json",
      command: ["compare", "results/xor/run-0001"], ends: [0, 2, 3]),
    Target(
      name: "run", file: "results/xor/run-0001/run.json",
      command: ["evaluate", "results/xor/run-0001"], ends: [0, 2, 3]),
    Target(
      name: "summary", file: "results/xor/run-0001/summary.json",
      command: ["compare", "results/xor/run-0001", "--csv"], ends: [0, 2, 3]),
    Target(
      name: "plan", file: "results/xor/sweep/plan.json",
      command: ["collect", "results/xor/sweep"], ends: [0, 2, 3]),
  ]

  private static func seeds(_ name: String) throws -> [[UInt8]] {
    let folder = Repository.test("Fuzz/Seeds/\(name)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      Array(try Data(contentsOf: folder.appendingPathComponent($0)))
    }
  }

  /// Runs the tool with at most one gigabyte of memory and ten seconds of processor time.
  private func bounded(_ tool: Tool, _ arguments: [String]) throws -> (
    ChildProcess.End, errors: String
  ) {
    let child = try ChildProcess(
      "/bin/sh",
      ["-c", "ulimit -v 1000000; ulimit -t 10; exec \"$0\" \"$@\"", Tool.executable.path]
        + arguments,
      in: tool.folder, environment: .inherited(changing: ["SWIFT_BACKTRACE": "enable=no"]))
    return (child.wait(), child.errors)
  }

  @Test(arguments: targets.indices)
  func aCommandEndsAsDocumentedOnFuzzedFiles(index: Int) throws {
    let target = FuzzedInputTests.targets[index]
    let seeds = try FuzzedInputTests.seeds(target.name)
    let tool = try Tool()
    defer { tool.remove() }
    if target.file.hasPrefix("results/") {
      try tool.write(exclusiveOr, to: "xor.yaml")
      try #require(try tool.run("run", "xor.yaml", "-q").code == 0)
    } else if !target.experiment.isEmpty {
      try tool.write(target.experiment, to: "x.yaml")
    }
    let url = tool.folder.appendingPathComponent(target.file)
    if !tool.exists(target.file) { try tool.write("", to: target.file) }
    let starts = seeds + ((try? Data(contentsOf: url)).map { [Array($0)] } ?? [])
    var random = SeededGenerator(seed: testSeed)
    var read = 0
    let inputs = isThorough ? 200 : 15
    for number in 0..<inputs {
      let start = starts.randomElement(using: &random)!
      var bytes =
        number < starts.count
        ? starts[number] : changed(start, starts.randomElement(using: &random)!, &random)
      if target.name == "csv" { bytes = Array(bytes.dropFirst()) }
      if target.name == "checkpoint" { mendChecksum(of: &bytes) }
      try Data(bytes).write(to: url)
      let (end, errors) = try bounded(tool, target.command)
      let isDocumented = target.ends.contains { end == .exit($0) }
      #expect(
        isDocumented && !errors.contains("refused memory"),
        "\(target.name), seed \(testSeed), \(number): \(end), \(errors), \(bytes)")
      if end == .exit(0) { read += 1 }
    }
    print("\(target.file): \(inputs) inputs, \(read) read, the others refused")
  }

  @Test func aRunEndsAsDocumentedOnFuzzedOverrides() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    let seeds = try FuzzedInputTests.seeds("overrides")
    var random = SeededGenerator(seed: testSeed)
    for number in 0..<(isThorough ? 200 : 15) {
      let bytes = changed(
        seeds.randomElement(using: &random)!, seeds.randomElement(using: &random)!, &random)
      let words = bytes.split(separator: 10).map {
        String(decoding: $0.filter { $0 != 0 }, as: UTF8.self)
      }.filter { !$0.hasPrefix("-") }
      let (end, errors) = try bounded(
        tool, ["run", "xor.yaml", "-q", "--output", "out \(number)"] + words + ["train.epochs=1"])
      #expect(
        [ChildProcess.End.exit(0), .exit(1), .exit(2)].contains(end),
        "seed \(testSeed), \(number): \(end), \(errors), \(words)")
    }
  }

  /// A copy with a few changes: other bytes, shorter ends, repeated parts, and parts of another
  /// input.
  private func changed(_ start: [UInt8], _ other: [UInt8], _ random: inout SeededGenerator)
    -> [UInt8]
  {
    var bytes = start
    func place(_ bytes: [UInt8]) -> Int { Int.random(in: 0...bytes.count, using: &random) }
    func piece(of bytes: [UInt8]) -> ArraySlice<UInt8> {
      let ends = [place(bytes), place(bytes)].sorted()
      return bytes[ends[0]..<ends[1]]
    }
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where !bytes.isEmpty:
        bytes[bytes.indices.randomElement(using: &random)!] = UInt8.random(
          in: 0...255, using: &random)
      case 1 where !bytes.isEmpty:
        bytes[bytes.indices.randomElement(using: &random)!] ^=
          1
          << UInt8.random(
            in: 0...7, using: &random)
      case 2: bytes = Array(bytes.prefix(place(bytes)))
      case 3: bytes.insert(contentsOf: piece(of: bytes), at: place(bytes))
      case 4: bytes.insert(contentsOf: piece(of: other), at: place(bytes))
      default:
        let number = [0, 1, -1, 127, 255, 1 << 31, Int.max].randomElement(using: &random)!
        let text = Bool.random(using: &random) ? Array("\(number)".utf8) : littleEndian(number)
        bytes.insert(contentsOf: text, at: place(bytes))
      }
    }
    return Array(bytes.prefix(1 << 16))
  }

  private func littleEndian(_ number: Int) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0.prefix(4)) }
  }

  /// Sets the last four bytes to the CRC-32 of the bytes before.
  private func mendChecksum(of bytes: inout [UInt8]) {
    if bytes.count < 4 { return }
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes.dropLast(4) {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: littleEndian(Int(~crc)))
  }
}
