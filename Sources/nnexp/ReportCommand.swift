import ArgumentParser
import Charts
import Files
import NNExp
import Reports
import Results
import Sweeps

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", _superCommandName: NNExpCommand.name,
    abstract: "Writes a run or a sweep as one page.",
    discussion: """
      The page is one HTML file that needs no network and no scripts: the verdict
      first, then curves, confusion matrices, predictions, the model, the gradient
      check, and everything needed to repeat the run. A script shows the values of
      a chart under the pointer. A run that is in progress, failed or was
      interrupted has the parts that it wrote.

      Try:  nnexp report results/xor/latest
            nnexp report results/xor/sweep -o sweep.html

      --output report.svg (or .png) draws the page's charts as one picture instead.
      """)

  @Argument(help: "the folder of a run or a sweep", completion: .directory)
  var folder: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "the page to write, or a picture of its charts (.svg, .png)", valueName: "file"),
    completion: .file(extensions: ["html", "svg", "png"]))
  var output = "report.html"

  @Flag(help: OutputFile.forceHelp)
  var force = false

  func run() throws {
    let isPicture = output.hasSuffix(bytes: ".svg") || output.hasSuffix(bytes: ".png")
    let file = try OutputFile(output, force: force) {
      $0.starts(with: (isPicture ? "<svg " : "<!DOCTYPE html>").utf8)
    }
    if isPicture { return try draw(file) }
    let html: String
    if let plan = try PlanRecord(of: SweepFolder(folder)) {
      let page = Path.real(Path.folder(of: output)) ?? "."
      html = try SweepPage(plan, in: SweepFolder(folder)) { run in
        Escaping.url(Path.real(run).map { Path.relative($0, to: page) } ?? run) + "/"
      }.html()
    } else {
      html = try RunPage(RunDirectory.open(folder), registry: standardRegistry()).html()
    }
    try file.write(Array(html.utf8))
    try printResult("wrote \(output)")
  }

  private func draw(_ file: OutputFile) throws {
    let (heading, charts): (String, [Chart])
    if try PlanRecord(of: SweepFolder(folder)) != nil {
      let results = try ResultCharts([folder], options: PlotOptions())
      (heading, charts) = (results.heading, results.charts)
    } else {
      let page = try RunPage(RunDirectory.open(folder), registry: standardRegistry())
      (heading, charts) = (page.heading, try page.charts())
    }
    let isPNG = file.path.hasSuffix(bytes: ".png")
    let image = SVGChart(
      charts, heading: heading, columns: min(2, charts.count), width: 960, panelHeight: 320,
      appearance: isPNG ? .light : .automatic)
    try file.write(isPNG ? PNG.rendered(image) : Array(image.text.utf8))
    try printResult("wrote \(output)")
  }
}
