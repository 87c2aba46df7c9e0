import NNExp
import TestSupport
import Testing

@testable import Results

@Suite struct ExactComparisonTests {
  /// A finished run with these rows and this weight.
  private func run(
    in scratch: Scratch, rows: [[Cell]] = [[1, 0.5, nil], [2, 0.25, "a"]], weight: Float = 1,
    reason: String? = nil, cpu: String? = "one"
  ) throws -> RunDirectory {
    let run = try scratch.run()
    let csv = try CSVWriter("metrics.csv", columns: ["epoch", "train_loss", "note"], in: run)
    for row in rows { try csv.append(row) }
    try csv.flush()
    try TimingWriter(in: run).append(epoch: 1, seconds: Double(weight), samples: 4)
    var summary = Summary(status: .completed, exitStatus: 0, trainableParameters: 2)
    summary.reason = reason
    try summary.write(in: run)
    try RunRecord(
      command: ["nnexp"], experiment: "xor.yaml", nnexpVersion: "1", cpu: cpu, blas: "none",
      threads: 1, seed: 1
    ).write(in: run)
    try run.save(
      Checkpoint(info: [:], tensors: [.init("hidden.weight", values: [Float(0.5), weight])]),
      as: .last)
    return run
  }

  private func differences(_ comparison: ExactComparison) -> [String] {
    comparison.differences.map { "\($0.file): \($0.fact)" }
  }

  @Test func equalRunsHaveNoDifference() throws {
    let scratch = Scratch()
    let comparison = try ExactComparison(run(in: scratch), run(in: scratch))
    #expect(comparison.isEqual)
    #expect(comparison.files == ["metrics.csv", "summary.json", "last weights"])
    #expect(comparison.environmentDifferences.isEmpty)
  }

  @Test func clockTimesAreNotCompared() throws {
    let scratch = Scratch()
    let (a, b) = (try run(in: scratch), try run(in: scratch))
    try b.write("another,clock\n", to: TimingWriter.file)
    #expect(try ExactComparison(a, b).isEqual)
  }

  @Test func canonicallyEquivalentTextsDiffer() throws {
    let scratch = Scratch()
    let comparison = try ExactComparison(
      run(in: scratch, reason: "é"), run(in: scratch, reason: "e\u{301}"))
    #expect(
      differences(comparison).hasSameTexts(as: ["summary.json: reason: \"é\" and \"e\u{301}\""]))
  }

  @Test func everyKindOfDifferenceHasItsLocation() throws {
    let scratch = Scratch()
    let a = try run(in: scratch)
    let b = try run(
      in: scratch, rows: [[1, 0.5, nil], [2, 0.5, "a"]], weight: 1.0000001, reason: "late",
      cpu: nil)
    try b.write("x\n1\n", to: "predictions.csv")
    let comparison = try ExactComparison(a, b)
    #expect(
      differences(comparison) == [
        "metrics.csv: row 2 (epoch 2), train_loss: 0.25 and 0.5",
        "predictions.csv: '\(a.path)' has none",
        "summary.json: reason: nothing and \"late\"",
        "last weights: hidden.weight[1]: 1 and 1.0000001",
      ])
    #expect(comparison.environmentDifferences == ["cpu: one and unknown"])
  }

  @Test(arguments: [
    ("a,b\n1,2\n", "a,b\n1,\n", "row 1 (a 1), b: 2 and nothing"),
    ("a,b\n1,2\n", "a,c\n1,2\n", "the columns are a,b and a,c"),
    ("a,b\n1,é\n", "a,b\n1,e\u{301}\n", "row 1 (a 1), b: é and e\u{301}"),
    ("a,b\n1,2\n", "a,b\n1,2,3\n", "row 1 (a 1) has 2 and 3 cells"),
    ("a\n1\n", "a\n\"1\"\n", "row 1 (a 1) is written differently"),
    ("a\n1\n", "a\n1", "row 1 (a 1) is written differently"),
    ("a\n1\n", "a\n\"1\n", "the bytes from 2 on differ"),
    ("a\n\"x\ny\"\n1\n", "a\n\"x\ny\"\n2\n", "row 2 (a 1), a: 1 and 2"),
    ("a,b\n\"p\"\"q,r\",1\n", "a,b\n\"p\"\"q,r\",2\n", "row 1 (a p\"q,r), b: 1 and 2"),
  ])
  func differencesInTablesNameRowAndColumn(_ x: String, _ y: String, _ expected: String) throws {
    let scratch = Scratch()
    let (a, b) = (try run(in: scratch), try run(in: scratch))
    try a.write(x, to: "predictions.csv")
    try b.write(y, to: "predictions.csv")
    #expect(differences(try ExactComparison(a, b)) == ["predictions.csv: " + expected])
  }

  @Test func aTableThatEndsEarlyIsReported() throws {
    let scratch = Scratch()
    let (a, b) = (try run(in: scratch), try run(in: scratch, rows: [[1, 0.5, nil]]))
    #expect(
      differences(try ExactComparison(a, b)) == [
        "metrics.csv: '\(a.path)/metrics.csv' continues where "
          + "'\(b.path)/metrics.csv' ends, after 1 row"
      ])
  }

  @Test func rowsLongerThanTheBufferAreCompared() throws {
    let scratch = Scratch()
    let (a, b) = (try run(in: scratch), try run(in: scratch))
    let long = String(repeating: "x", count: 200_000)
    for run in [a, b] { try run.write("a,b\n\(long),1\n", to: "predictions.csv") }
    #expect(try ExactComparison(a, b).isEqual)
    let cells = Array(repeating: "0.5", count: 50_000)
    for (run, last) in [(a, "1"), (b, "2")] {
      try run.write("a\n" + (cells + [last]).joined(separator: ",") + "\n", to: "predictions.csv")
    }
    #expect(
      differences(try ExactComparison(a, b)) == ["predictions.csv: row 1 (a 0.5), 50000: 1 and 2"])
  }
}
