import ArgumentParser
import Charts
import Files
import Platform
import NNExp
import Reports

struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot", _superCommandName: NNExpCommand.name,
    abstract: "Draws the recorded values of runs or of a sweep.",
    discussion: """
      One run: a chart per quantity, with a line per split. Several runs: a line
      per run. A sweep: its metric against the swept parameters, and the mean and
      95% interval over seeds by epoch.

      Without --output, the charts are drawn in the terminal. PNG needs the program
      rsvg-convert (on Debian and Ubuntu: apt-get install librsvg2-bin).

      Try:  nnexp plot results/xor/latest
            nnexp plot results/digits_lp/run-0001 results/digits_lp/run-0002 --columns loss --log
            nnexp plot results/xor/sweep -o sweep.svg
      """)

  @Argument(help: "folders of runs, or the folder of one sweep", completion: .directory)
  var folders: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("write an image, .svg or .png, instead", valueName: "file"),
    completion: .file(extensions: ["svg", "png"]))
  var output: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @Option(
    help: ArgumentHelp(
      "the quantities (loss) or columns (test_accuracy) to draw, separated by commas",
      valueName: "names"))
  var columns: String?

  @Option(help: ArgumentHelp("draw the mean of n rows around each", valueName: "n"))
  var smooth = 1

  @Flag(help: "use a logarithmic vertical axis")
  var log = false

  @Flag(help: "draw an image in dark colors; without this, an SVG follows the reader's system")
  var dark = false

  @Flag(help: "print the drawn numbers as CSV instead")
  var csv = false

  func validate() throws {
    if smooth < 1 { throw ValidationError("--smooth must be an integer ≥ 1, found \(smooth)") }
    if csv, output != nil {
      throw ValidationError("--csv prints to the terminal and cannot be combined with --output")
    }
    if let output, !output.hasSuffix(bytes: ".svg"), !output.hasSuffix(bytes: ".png") {
      throw ValidationError("--output takes a file named .svg or .png, found '\(output)'")
    }
  }

  func run() throws {
    let names = columns.map { $0.split(atByte: ",").map(String.init) } ?? []
    let file = try output.map {
      try OutputFile($0, force: force) { $0.starts(with: "<svg ".utf8) }
    }
    let results = try ResultCharts(
      folders, options: PlotOptions(columns: names, smoothing: smooth, isLogarithmic: log))
    if csv { return try printResult(results.csv, terminator: "") }
    guard let file else { return try draw(results) }
    let isPNG = file.path.hasSuffix(bytes: ".png")
    let columns = min(2, results.charts.count)
    let image = SVGChart(
      results.charts, heading: results.heading, columns: columns, width: columns == 1 ? 720 : 960,
      appearance: dark ? .dark : isPNG ? .light : .automatic)
    try file.write(isPNG ? PNG.rendered(image) : Array(image.text.utf8))
  }

  private func draw(_ results: ResultCharts) throws {
    let isColored = Terminal.isColored
    let rows = results.charts.count == 1 ? 16 : 10
    let width = Terminal.isPresent ? Terminal.width : .max
    if !results.heading.isEmpty { try printResult(String(results.heading.prefix(width))) }
    for chart in results.charts {
      let drawing = BrailleChart(
        chart, columns: Terminal.width, rows: rows, isColored: isColored)
      try printDrawing(drawing.lines)
    }
  }
}

/// An image in PNG format, drawn by librsvg's command.
enum PNG {
  /// - Throws: a `Diagnostic` of the environment if the command is missing or fails.
  static func rendered(_ image: SVGChart) throws -> [UInt8] {
    let command = try SystemCommand.run(
      ["rsvg-convert", "--format", "png", "--zoom", "2"], input: Array(image.text.utf8))
    guard let command else {
      throw Diagnostic(
        "PNG needs the program 'rsvg-convert', which is not installed",
        notes: [
          .init("on Debian and Ubuntu: apt-get install librsvg2-bin; or name a file .svg")
        ],
        failure: .environment)
    }
    guard command.code == 0 else {
      throw Diagnostic("rsvg-convert: \(command.lastErrorLine)", failure: .environment)
    }
    return command.bytes
  }
}
