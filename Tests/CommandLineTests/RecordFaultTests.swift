import Foundation
import TestSupport
import Testing

/// Fault 54: for any content of a record, a command reads it or names the file and the key,
/// ends as documented, and changes no other files.
@Suite struct RecordFaultTests {
  /// A folder with a sweep whose last trial has not run, and with unrelated files.
  private static func prepared() throws -> Tool {
    let tool = try Tool()
    try tool.write(
      compactExclusiveOr(
        seed: 0, epochs: 4, more: "sweep: {grid: {train.epochs: [2, 3], seed: [0, 1]}}"),
      to: "xor.yaml")
    try tool.write("mine", to: "results/other/keep.txt")
    try tool.write("mine", to: "keep.txt")
    #expect(try tool.run("sweep", "xor.yaml", "--plan").code == 0)
    for trial in 1...3 {
      #expect(try tool.run("sweep", "xor.yaml", "--trial", "\(trial)").code == 0)
    }
    return tool
  }

  private static let hostile = [
    "null", "-1", "0", "9223372036854775807", "-9223372036854775808", "1e300", "0.5", "true",
    #""""#, #""../../../results/other""#, #""/etc""#, #""0123456789abcdef0123456789abcdef""#,
    #""nan""#, "[]", "[[], {}]", "{}", #"{"a": 1}"#,
    String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
    "\"" + String(repeating: "long ", count: 20_000) + "\"", #""a\u0000\u001b[31m\n::error::b""#,
  ]

  /// The ranges of the values in a JSON text, including the whole text.
  private static func values(of text: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var opened: [Int] = []
    var index = 0
    func isDelimiter(_ byte: UInt8) -> Bool { ",]}\n: ".utf8.contains(byte) }
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): opened.append(index)
      case UInt8(ascii: "}"), UInt8(ascii: "]"): ranges.append(opened.removeLast()..<index + 1)
      case UInt8(ascii: "\""):
        let start = index
        index += 1
        while text[index] != UInt8(ascii: "\"") {
          index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        if index + 1 >= text.count || text[index + 1] != UInt8(ascii: ":") {
          ranges.append(start..<index + 1)
        }
      case let byte where !isDelimiter(byte):
        let start = index
        while index < text.count, !isDelimiter(text[index]) { index += 1 }
        ranges.append(start..<index)
        index -= 1
      default: break
      }
      index += 1
    }
    return ranges
  }

  private static func isRecord(_ name: String) -> Bool {
    ["plan.json", "run.json", "summary.json", ".failed"].contains { name.hasSuffix($0) }
  }

  @Test func editedRecordsAreReadOrReportedAndTouchNothingOutside() throws {
    let tool = try RecordFaultTests.prepared()
    defer { tool.remove() }
    let failed = "results/xor/sweep/trials/00000000000000000000000000000000.failed"
    let hashes = try tool.read("results/xor/sweep/plan.json")
      .matches(of: #/"hash": "([0-9a-f]{32})"/#).map { String($0.1) }
    try tool.write(
      #"{"exit_status": 1, "error": "killed"}"#, to: "results/xor/sweep/trials/\(hashes[3]).failed")
    let names = tool.contents.filter(RecordFaultTests.isRecord)
    #expect(names.count == 8)
    var random = SeededGenerator(seed: testSeed)
    // The files outside the sweep's folder, with their bytes.
    func outside() -> [String: String] {
      tool.contents.filter { !$0.hasPrefix("results/xor/sweep/") }
        .reduce(into: [:]) { $0[$1] = (try? tool.read($1)) ?? "folder" }
    }
    let before = outside()
    for name in names {
      let whole = try tool.read(name)
      let text = Array(whole.utf8)
      // All combinations would take ten minutes, so that every value is replaced by four of the
      // hostile values.
      var edits = RecordFaultTests.values(of: text).flatMap { range in
        RecordFaultTests.hostile.shuffled(using: &random).prefix(4).map { (range, $0) }
      }
      if !isThorough { edits = Array(edits.shuffled(using: &random).prefix(12)) }
      for (range, value) in edits {
        let edited = text[..<range.lowerBound] + Array(value.utf8) + text[range.upperBound...]
        try tool.write(String(decoding: edited, as: UTF8.self), to: name)
        let was = String(decoding: text[range].prefix(60), as: UTF8.self)
        let trace = "\(name): \(was) → \(value.prefix(60)), seed \(testSeed)"
        let isFailure = name.hasSuffix(".failed")
        let run =
          isFailure
          ? "results/xor/sweep" : name.split(separator: "/").dropLast().joined(separator: "/")
        for command in [
          ["collect", "results/xor/sweep"], ["compare", "results/xor/sweep", "--csv"],
          ["compare", run],
          ["sweep", "xor.yaml", "--trial", isFailure ? "4" : "1"],
        ] {
          let result = try tool.run(command, environment: ["PATH": "/nowhere"])
          #expect([0, 1, 2, 3].contains(result.code), "\(trace): \(command): \(result.code)")
          #expect(!result.errors.contains("Fatal error"), "\(trace): \(command)")
          #expect(
            (result.output + result.errors).utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A },
            "\(trace): \(command)")
          if [2, 3].contains(result.code) {
            #expect(result.errors.contains(name), "\(trace): \(command): \(result.errors)")
          }
        }
        #expect(outside() == before, "\(trace)")
        // Removes the results of an edited trial.
        try tool.write(whole, to: name)
      }
    }
    #expect(!tool.exists(failed))
  }

  @Test func aPathInPlaceOfAHashIsRefused() throws {
    let tool = try RecordFaultTests.prepared()
    defer { tool.remove() }
    let plan = "results/xor/sweep/plan.json"
    let whole = try tool.read(plan)
    let range = try #require(whole.firstRange(of: #/"hash": "[0-9a-f]{32}"/#))
    try tool.write(
      whole.replacingCharacters(in: range, with: #""hash": "../../../other""#), to: plan)
    let before = tool.contents
    for command in [
      ["sweep", "xor.yaml", "--trial", "1"], ["collect", "results/xor/sweep"],
      ["compare", "results/xor/sweep"], ["sweep", "xor.yaml"],
    ] {
      let result = try tool.run(command)
      #expect(result.code == 3)
      #expect(
        result.errors == """
          error: 'results/xor/sweep/plan.json': trials[0].hash is not a valid value: \
          "../../../other"; expected 32 hexadecimal digits

          """)
      #expect(tool.contents == before)
    }
  }

  /// The plan's copy of the sweep's file is read instead of the file.
  @Test func errorsInAPlansSourcesNameThePlan() throws {
    let tool = try RecordFaultTests.prepared()
    defer { tool.remove() }
    let plan = "results/xor/sweep/plan.json"
    let whole = try tool.read(plan)
    let range = try #require(whole.firstRange(of: #/"file": "(\\.|[^"\\])*"/#))
    try tool.write(whole.replacingCharacters(in: range, with: #""file": "a: 1""#), to: plan)
    let result = try tool.run("sweep", "xor.yaml", "--trial", "4", "--quiet")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        warning: 'xor.yaml' has changed since the sweep in 'results/xor/sweep' was planned; the \
        trial is from that plan
        note: to write a new plan: nnexp sweep xor.yaml --plan
        error: there is nothing to sweep over in 'xor.yaml'
        note: give it a sweep: block, or run nnexp sweep xor.yaml 'seed=range(0,16)'
        note: the sweep is read from sources in 'results/xor/sweep/plan.json'

        """)
  }

  /// The hash of another trial, or of none, moves and removes nothing.
  @Test func aHashIsComparedBeforeAnythingMoves() throws {
    let tool = try RecordFaultTests.prepared()
    defer { tool.remove() }
    let plan = "results/xor/sweep/plan.json"
    let whole = try tool.read(plan)
    let hashes = whole.matches(of: #/"hash": "([0-9a-f]{32})"/#).map { String($0.1) }
    let foreign = String(repeating: "0", count: 32)
    // A folder with this hash that is not a run, and cannot be resumed.
    try tool.write("mine", to: "results/xor/sweep/trials/\(foreign)/keep.txt")
    try tool.write(whole.replacingOccurrences(of: hashes[3], with: foreign), to: plan)
    let before = tool.contents.filter { !$0.hasSuffix(".failed") }
    let result = try tool.run("sweep", "xor.yaml", "--trial", "4")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        error: trial 4 (train.epochs=3 seed=1) failed: the file 'xor.yaml', its data or its \
        plugins have changed since the sweep was planned
        note: the trial is of the plan 'results/xor/sweep/plan.json'

        """)
    #expect(tool.contents.filter { !$0.hasSuffix(".failed") } == before)
    #expect(try tool.read("results/xor/sweep/trials/\(foreign)/keep.txt") == "mine")
  }

  /// Fault 53: a sweep needs a new folder, an empty folder, or the folder of a sweep.
  @Test func aSweepRefusesForeignFolders() throws {
    let tool = try RecordFaultTests.prepared()
    defer { tool.remove() }
    try tool.run("run", "xor.yaml", "--quiet", "--output", "run")
    try FileManager.default.createSymbolicLink(
      atPath: tool.folder.path + "/link", withDestinationPath: "results/other")
    try tool.write("{}", to: "terraform/plan.json")
    let before = tool.contents
    for (folder, code, errors) in [
      (
        "run", 2,
        """
        error: 'run' is the folder of a run; choose another folder for the sweep
        note: name another with --output

        """
      ),
      (
        "link", 2,
        """
        error: 'link' is not the folder of a sweep, and it contains 'keep.txt'; a sweep needs a new or empty folder
        note: name another with --output

        """
      ),
      ("terraform", 3, "error: 'terraform/plan.json': name is missing\n"),
    ] as [(String, Int32, String)] {
      for more in [[], ["--plan"], ["--trial", "1"]] {
        let result = try tool.run(["sweep", "xor.yaml", "--output", folder] + more)
        #expect(result.code == code, "\(folder) \(more)")
        #expect(result.errors == errors, "\(folder) \(more)")
        #expect(tool.contents == before)
      }
    }
  }
}
