import Files
import ArgumentParser
import NNExp
import Sweeps

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect", _superCommandName: NNExpCommand.name,
    abstract: "Rebuilds a sweep's tables from its run folders.")

  @Argument(help: "the sweep's folder, such as results/xor/sweep", completion: .directory)
  var directory: String

  func run() throws {
    let folder = SweepFolder(directory)
    guard let record = try PlanRecord(of: folder) else {
      throw Diagnostic("'\(directory)' is not a sweep: it has no \(PlanRecord.file)")
    }
    try SlurmSweep.recordFailures(in: folder)
    let rows = try record.rows(in: folder)
    try folder.write(rows.csv(parameters: record.parameters), to: "sweep.csv")
    try folder.write(rows.summaryCSV(parameters: record.parameters), to: "sweep_summary.csv")
    printStatus("\(rows.count) trials in \(Escaping.line(directory))/sweep.csv")
  }
}
