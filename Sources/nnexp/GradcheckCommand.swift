import Files
import ArgumentParser
import Engine
import ExperimentFile
import Platform
import GradientCheck
import NNExp
import Results
import Running

struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck", _superCommandName: NNExpCommand.name,
    abstract: "Checks an experiment's gradients without a run.",
    discussion: """
      Every parameter's gradient and every layer's input gradient is compared
      with a numeric derivative in float64 that has an error bound. Exit code 0: all
      are proven; 1: they are not.

      "start" checks at the initial weights. "end" checks at the weights of the run
      that --checkpoint names; without it, nnexp trains in memory first and writes no
      files.

      Try:  nnexp gradcheck experiments/xor.yaml --at start,end
            nnexp gradcheck experiments/xor.yaml --checkpoint results/xor/latest
            nnexp gradcheck experiments/xor.yaml --only hidden.weight --entries all
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as model.hidden.units=4")
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "start, end, or start,end (default: start; end with --checkpoint)", valueName: "moments"))
  var at: String?

  @Option(
    help: "a run's folder; its last weights are checked, with the samples that it keeps",
    completion: .directory)
  var checkpoint: String?

  @Option(
    help: "a CSV file or NPZ archive with inputs and targets: its first samples are used",
    completion: .file())
  var data: String?

  @Option(
    help: ArgumentHelp(
      "nodes and tensors: hidden, hidden.weight, with commas between", valueName: "names"))
  var only: String?

  @Option(
    help: ArgumentHelp(
      "entries of each tensor to check one by one: automatic, all or a number",
      valueName: "entries"))
  var entries: String?

  @Option(
    help: "a folder for gradient_check.csv and gradient_check_summary.csv", completion: .directory)
  var csv: String?

  @OptionGroup var destination: OutputOptions

  @Option(help: Threads.help)
  var threads: Int?

  @Option(help: ReportOptions.junitHelp, completion: .file())
  var junit: String?

  @Flag(help: ReportOptions.githubHelp)
  var github = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

  func run() throws {
    try Threads.use(threads)
    try reports.reporting(
      file, force: destination.force, besides: [file] + (data.map { [$0] } ?? [])
    ) { recorder in
      try check(&recorder)
    }
  }

  private func check(_ recorder: inout TestRecorder) throws {
    let moments = try moments()
    let output = try destination.file(besides: [file] + (data.map { [$0] } ?? []))
    // If there is no folder yet, it is created at the end.
    if let csv, Path.isThere(csv) { _ = try tables(in: csv) }
    let experiment = try Experiment(
      path: file, overrides: overrides, registry: standardRegistry())
    var settings = experiment.gradientCheck
    if [.automatic, .off].contains(settings) { settings = .standard }
    settings.moments = moments
    if let only {
      settings.only = list(only)
      settings.onlyLocation = nil
    }
    if let entries { settings.entries = try GradientCheckSettings.Entries(argument: entries) }
    switch experiment.dtype {
    case .float32: try check(prepared(experiment, settings, Float.self), moments, output, &recorder)
    case .float64:
      try check(prepared(experiment, settings, Double.self), moments, output, &recorder)
    }
  }

  private func prepared<S: Scalar>(
    _ experiment: Experiment, _ settings: GradientCheckSettings, _ type: S.Type
  ) throws -> PreparedExperiment<S> {
    let directory = try checkpoint.map { try RunDirectory.open($0) }
    try directory.map(Trained.warnWithoutColumns)
    if let data {
      return try PreparedExperiment(
        experiment, gradientCheck: settings, labeled: data, like: directory)
    }
    guard let directory else { return try PreparedExperiment(experiment, gradientCheck: settings) }
    return try PreparedExperiment(experiment, gradientCheck: settings, samplesOf: directory)
  }

  private func check<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ moments: [GradientCheckSettings.Moment],
    _ output: OutputFile?, _ recorder: inout TestRecorder
  ) throws {
    recorder.pass(recorder.current)
    recorder.current = "gradients"
    let trained = try checkpoint.map { path in
      try Trained.weights(.last, of: RunDirectory.open(path))
    }
    var reports: [GradientReport] = []
    var text = ""
    /// Text for a file is written at the end.
    func show(_ line: String) throws {
      if output == nil { try printResult(line) } else { text += line + "\n" }
    }
    for moment in moments {
      if moment == .end {
        if let trained { try trained.put(into: prepared) } else { try train(prepared) }
      }
      guard let report = try prepared.checkGradients(at: moment) else { continue }
      if moments.count > 1 { try show("at the \(moment.rawValue):") }
      try show(report.description)
      reports.append(report)
      var wrong = Diagnostics()
      if let diagnostic = report.diagnostic { wrong.add(diagnostic) }
      recorder.fail("gradients at the \(moment.rawValue)", wrong)
    }
    try output?.write(Array(text.utf8))
    if let csv { try write(reports, to: csv) }
    var wrong = Diagnostics()
    for diagnostic in reports.compactMap(\.diagnostic) { wrong.add(diagnostic) }
    try wrong.throwIfAny()
  }

  /// Trains to the end, without writing files.
  private func train<S: Scalar>(_ prepared: PreparedExperiment<S>) throws {
    if case .diverged(let diagnostic) = try prepared.trainer.run() { throw diagnostic }
    prepared.trainer.restore(.last)
  }

  private func write(_ reports: [GradientReport], to folder: String) throws {
    if mkdir(folder, 0o777) != 0, errno != EEXIST {
      throw Diagnostic(
        "cannot create '\(folder)': \(String(cString: strerror(errno)))", failure: .environment)
    }
    let (entries, summary) = try tables(in: folder)
    try entries.write(Array(GradientReport.entriesCSV(reports).utf8))
    try summary.write(Array(GradientReport.summaryCSV(reports).utf8))
    printStatus(
      "every derivative in \(Escaping.line(entries.path)), every tensor in "
        + Escaping.line(summary.path))
  }

  private func tables(in folder: String) throws -> (entries: OutputFile, summary: OutputFile) {
    (
      try OutputFile("\(folder)/gradient_check.csv", force: destination.force),
      try OutputFile("\(folder)/gradient_check_summary.csv", force: destination.force)
    )
  }

  private func moments() throws -> [GradientCheckSettings.Moment] {
    guard let at else { return [checkpoint == nil ? .start : .end] }
    let known = GradientCheckSettings.Moment.allCases
    let chosen = try list(at).map { word in
      guard let moment = GradientCheckSettings.Moment(rawValue: word) else {
        throw Diagnostic(
          "--at must be start, end or start,end, found '\(word)'"
            + suggestion(for: word, among: known.map(\.rawValue)))
      }
      return moment
    }
    if data != nil, checkpoint == nil, chosen.contains(.end) {
      throw Diagnostic(
        "--at end without --checkpoint trains first, with the experiment's data; give --checkpoint "
          + "with --data, or use --at start")
    }
    if chosen.isEmpty { throw Diagnostic("--at must be start, end or start,end, found nothing") }
    if let checkpoint, !chosen.contains(.end) {
      throw Diagnostic(
        "'\(checkpoint)' contains trained weights, and --at start checks initial ones; "
          + "use --at end or --at start,end")
    }
    return known.filter(chosen.contains)
  }

  private func list(_ text: String) -> [String] {
    text.split(atByte: ",").map { String(Substring($0.utf8.drop { $0 == UInt8(ascii: " ") })) }
  }
}

extension GradientCheckSettings.Entries {
  /// The value of `--entries`.
  fileprivate init(argument: String) throws {
    switch argument {
    case "automatic": self = .automatic
    case "all": self = .all
    default:
      guard let count = Int(argument), count >= 2 else {
        throw Diagnostic(
          "--entries must be automatic, all or an integer ≥ 2, found '\(argument)'")
      }
      self = .count(count)
    }
  }
}
