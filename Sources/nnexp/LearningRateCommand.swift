import ArgumentParser
import Charts
import Engine
import ExperimentFile
import Files
import NNExp
import Running

struct LearningRateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lr", _superCommandName: NNExpCommand.name,
    abstract: "Trains a few steps with growing learning rates, and draws the loss.",
    discussion: """
      The learning rate grows by the same factor from step to step. A good one is
      where the loss falls fastest. The test ends once the loss has risen far above
      its smallest value. It uses the file's optimizer, batches and seed, no schedule,
      and writes no run.

      Without --output, the chart is drawn in the terminal. PNG needs the program
      rsvg-convert (on Debian and Ubuntu: apt-get install librsvg2-bin).

      Try:  nnexp lr experiments/iris.yaml
            nnexp lr experiments/iris.yaml --from 1e-4 --to 1 --steps 300
            nnexp lr experiments/iris.yaml --csv > lr.csv
      """)

  @Argument(help: "an experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as train.batch_size=32")
  var overrides: [String] = []

  @Option(help: ArgumentHelp("the learning rate of the first step", valueName: "rate"))
  var from = 1e-6

  @Option(help: ArgumentHelp("the learning rate of the last step", valueName: "rate"))
  var to = 100.0

  @Option(help: ArgumentHelp("the number of steps", valueName: "n"))
  var steps = 200

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("write an image, .svg or .png, instead", valueName: "file"),
    completion: .file(extensions: ["svg", "png"]))
  var output: String?

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @Flag(help: "print the losses as CSV instead")
  var csv = false

  func validate() throws {
    if !(from > 0 && from < to && to.isFinite) {
      throw ValidationError("--from and --to must be numbers with 0 < from < to")
    }
    if !(10...1_000_000).contains(steps) {
      throw ValidationError("--steps must be from 10 to 1000000, found \(steps)")
    }
    if csv, output != nil {
      throw ValidationError("--csv prints to the terminal and cannot be combined with --output")
    }
    if let output, !output.hasSuffix(bytes: ".svg"), !output.hasSuffix(bytes: ".png") {
      throw ValidationError("--output takes a file named .svg or .png, found '\(output)'")
    }
  }

  func run() throws {
    let image = try output.map {
      try OutputFile($0, force: force, besides: [file]) { $0.starts(with: "<svg ".utf8) }
    }
    let experiment = try Experiment(path: file, overrides: overrides, registry: standardRegistry())
    let test =
      switch experiment.dtype {
      case .float32: try self.test(PreparedExperiment<Float>(experiment))
      case .float64: try self.test(PreparedExperiment<Double>(experiment))
      }
    if csv { return try printResult(LearningRateCommand.table(test), terminator: "") }
    let chart = LearningRateCommand.chart(test)
    if let image {
      let isPNG = image.path.hasSuffix(bytes: ".png")
      let drawing = SVGChart(
        [chart], heading: experiment.name, columns: 1, width: 720,
        appearance: isPNG ? .light : .automatic)
      try image.write(isPNG ? PNG.rendered(drawing) : Array(drawing.text.utf8))
    } else {
      try printDrawing(
        BrailleChart(chart, columns: Terminal.width, rows: 16, isColored: Terminal.isColored).lines)
    }
    try printResult(LearningRateCommand.advice(test))
  }

  private func test<S: Scalar>(_ prepared: PreparedExperiment<S>) throws -> LearningRateTest {
    for announcement in prepared.announcements { writeError("\(announcement)") }
    guard prepared.experiment.training.optimizer.learningRate > 0 else {
      throw Diagnostic(
        "the optimizer's learning_rate is 0; the test multiplies it",
        at: prepared.experiment.training.location)
    }
    return try LearningRateTest(
      prepared.graph, heads: prepared.heads, training: prepared.experiment.training,
      data: prepared.data, seed: prepared.experiment.seed, start: prepared.trainer.network,
      rates: from...to, steps: steps)
  }

  private static func table(_ test: LearningRateTest) -> String {
    var text = "step,learning_rate,loss,smoothed_loss\n"
    for point in test.points {
      text +=
        "\(point.step),\(shortest(point.rate)),\(shortest(point.loss)),\(shortest(point.smoothed))\n"
    }
    return text
  }

  private static func chart(_ test: LearningRateTest) -> Chart {
    // Losses far above the first one would flatten the rest of the chart.
    let lowest = test.points.map { min($0.loss, $0.smoothed) }.min() ?? 0
    let first = test.points.first?.loss ?? 0
    let highest = max(test.points.prefix(10).map(\.loss).max() ?? 0, first + (first - lowest) / 2)
    func points(_ value: (LearningRateTest.Point) -> Double) -> [Series.Point] {
      test.points.map { Series.Point($0.rate, value($0) <= highest ? value($0) : nil) }
    }
    return Chart(
      "loss by learning rate",
      .plot(
        Plot(
          x: Axis("learning rate", .logarithmic), y: Axis("loss"),
          series: [
            Series("each step", .points, color: nil, points(\.loss)),
            Series("smoothed", color: 0, points(\.smoothed)),
          ],
          rules: test.steepest.map { [Rule(.vertical, at: $0, label: "falls fastest")] } ?? [])))
  }

  private static func advice(_ test: LearningRateTest) -> String {
    guard let steepest = test.steepest else {
      return "the loss does not fall at any of these learning rates"
    }
    let smallest = test.points.min { $0.smoothed < $1.smoothed }
    return "the loss falls fastest at learning_rate \(rounded(steepest))"
      + (smallest.map { ", and is smallest at \(rounded($0.rate))" } ?? "")
  }

  /// With two digits.
  private static func rounded(_ rate: Double) -> String {
    let exponent = Int((Double.log(rate) / Double.log(10)).rounded(.down)) - 1
    let digits = Int((rate / Double.pow(10, Double(exponent))).rounded())
    return shortest(Double("\(digits)e\(exponent)") ?? rate)
  }
}
