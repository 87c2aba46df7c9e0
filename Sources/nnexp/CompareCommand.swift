import ArgumentParser
import NNExp
import Results

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Holds the results of two runs against each other.",
    discussion: """
      With --exact, every number of metrics.csv, predictions.csv, the gradient
      checks, the summary and the weights must be the same to the last bit; of
      each file that differs, the first row and column are told. Clocks are left
      out. Exit code 0: the runs are alike; 1: they are not.

      Try:  nnexp compare results/xor/run-0001 results/xor/run-0002 --exact
      """)

  @Argument(help: "a run's folder", completion: .directory)
  var first: String

  @Argument(help: "the other run's folder", completion: .directory)
  var second: String

  @Flag(help: "to the last bit")
  var exact = false

  func run() throws {
    guard exact else { throw Diagnostic("compare needs to know how; add --exact") }
    let comparison = try ExactComparison(RunDirectory.open(first), RunDirectory.open(second))
    if comparison.isEqual {
      return say(
        "'\(first)' and '\(second)' are equal to the last bit: "
          + comparison.files.joined(separator: ", "))
    }
    for difference in comparison.differences { say("\(difference.file): \(difference.fact)") }
    throw Diagnostic(
      "'\(first)' and '\(second)' differ in \(comparison.differences.count) of "
        + "\(comparison.files.count) files",
      notes: comparison.circumstances.map { .init("not alike in both: \($0)") },
      failure: .shortfall)
  }
}
