import ArgumentParser
import Files
import NNExp
import Reports
import Results
import Sweeps

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a run or a sweep as one page.",
    discussion: """
      The page is one HTML file that needs no network and no scripts: the verdict
      first, then curves, confusion matrices, predictions, the gradient check, and
      everything needed to repeat the run. A run that is in progress, failed or was
      interrupted has the parts that it wrote.

      Try:  nnexp report results/xor/latest
            nnexp report results/xor/sweep -o sweep.html
      """)

  @Argument(help: "the folder of a run or a sweep", completion: .directory)
  var folder: String

  @Option(
    name: [.short, .long], help: ArgumentHelp("the page to write", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output = "report.html"

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    let file = try OutputFile(output, force: force) { $0.starts(with: "<!DOCTYPE html>".utf8) }
    let html: String
    if let plan = try PlanRecord(of: SweepFolder(folder)) {
      html = try SweepPage(plan, in: SweepFolder(folder)).html()
    } else {
      html = try RunPage(RunDirectory.open(folder)).html()
    }
    try file.write(Array(html.utf8))
    try printResult("wrote \(output)")
  }
}
