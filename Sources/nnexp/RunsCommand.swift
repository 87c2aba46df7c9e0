import ArgumentParser
import Files
import NNExp
import Reports
import Results
import Running

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", _superCommandName: NNExpCommand.name,
    abstract: "Lists the runs and sweeps below a folder, newest first.",
    discussion: """
      Shows the status of each, its start, its epochs, and the best value of the
      monitored column, or else the last training loss. 'nnexp compare' shows more
      about a few of them.

      Try:  nnexp runs
            nnexp runs results/xor --json
      """)

  @Argument(help: "a folder of results", completion: .directory)
  var folder = RunDirectory.results

  @Flag(help: "print JSON, with all digits")
  var json = false

  @OptionGroup var destination: OutputOptions

  func run() throws {
    let output = try destination.file()
    let list = try RunList(below: folder)
    for fault in list.faults { writeError("\(fault)") }
    let entries = list.entries
    if json || entries.isEmpty { return try write(Array((text(entries) + "\n").utf8), to: output) }
    let rows = entries.map { entry in
      [
        entry.path, entry.status, entry.started, entry.epochs.map { "\($0)" } ?? "",
        entry.metric.map { "\($0.column.name) \(brief($0.value))" } ?? "",
      ]
    }
    let best = Set(RunList.best(of: entries).map { $0 + 1 })
    try writeTable(to: output) { emphasis in
      table(
        [["run", "status", "started", "epochs", "metric"]] + rows, rightAligned: [3],
        best: Dictionary(uniqueKeysWithValues: best.map { ($0, [4]) }), emphasis: emphasis)
    }
  }

  private func text(_ entries: [RunList.Entry]) -> String {
    if json {
      let list = JSON.array(
        entries.map { entry in
          [
            "path": .string(entry.path), "status": .string(entry.status),
            "started": .string(entry.started), "epochs": JSON(entry.epochs),
            "metric": JSON(entry.metric?.column.name), "value": JSON(entry.metric?.value),
          ]
        })
      return list.description
    }
    return "no runs below '\(folder)'"
  }
}
