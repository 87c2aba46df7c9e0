import ArgumentParser
import Files
import Platform
import NNExp
import Results
import Running
import Sweeps

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", _superCommandName: NNExpCommand.name,
    abstract: "Runs variations of an experiment on all cores, and writes one table.",
    discussion: """
      The sweep: section of the file, or the command line, states what varies: values
      separated by commas, or range(first,end). Every trial is composed and checked
      before the first one trains. If the command is repeated, the sweep continues:
      finished trials are kept.

      --launcher slurm runs the trials as a job array; --plan and --trial are for
      other systems that run commands on several machines.

      Results go to results/NAME/sweep: sweep.csv, sweep_summary.csv, and a run's
      folder for every trial. Exit code 1: a trial failed, or an expectation of the
      sweep was missed.

      Try:  nnexp sweep experiments/xor.yaml train.optimizer.learning_rate=0.5,2 \
      'seed=range(0,8)'
      """)

  @Argument(
    help: "an experiment with a sweep: section, or a file with base: and sweep:",
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "axes, such as seed=0,1,2, and overrides, such as train.epochs=10")
  var arguments: [String] = []

  @Option(help: "the sweep's folder", completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "number of trials that run at once (default: one per core; for a job array, as many as the "
        + "cluster permits)", valueName: "n"))
  var jobs: Int?

  @Flag(help: "show the trials and their cost without running them")
  var dryRun = false

  @Flag(help: "run failed trials again")
  var retryFailed = false

  @Flag(help: "stop at the first trial that fails")
  var failFast = false

  @Flag(
    name: .customLong("plan"),
    help: "write the plan and print the numbers of the remaining trials, without running them")
  var plansOnly = false

  @Option(
    help: ArgumentHelp(
      "run only this trial of the plan, on this machine: for job arrays on clusters",
      valueName: "k"))
  var trial: Int?

  @Option(help: .hidden)
  var planFile: String?

  @Option(help: "run the trials as a job array of this system: slurm")
  var launcher: Launcher?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "more options for sbatch, such as \"--partition=cpu --time=1:00:00\"",
      valueName: "options"))
  var slurmOptions: String?

  @Flag(help: "with --launcher: submit the trials without waiting for them")
  var noWait = false

  @Option(help: "write JUnit XML for a CI server", completion: .file())
  var junit: String?

  @Flag(help: "print annotations for GitHub")
  var github = false

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @OptionGroup var trust: TrustOptions

  @Flag(name: .shortAndLong, help: "print only warnings and errors")
  var quiet = false

  @Flag(help: .hidden)
  var worker = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

  func run() throws {
    guard !worker, trial == nil, !dryRun, junit != nil || github else { return try perform() }
    do { try perform() } catch let error where !(error is Exit) {
      // The trials have no report: the sweep is not valid, or could not be finished.
      var recorder = TestRecorder(file, annotates: github)
      recorder.fail(error)
      try reports.finish(
        TestReport([recorder.suite]), recorder.annotations,
        reports.file(force: force, besides: [file]))
      throw error
    }
  }

  private func perform() throws {
    if let jobs, !(1...1024).contains(jobs) {
      throw Diagnostic("--jobs must be an integer in 1...1024, found \(jobs)")
    }
    try requireLauncher()
    listenForSignals()
    if let trial { return try runOne(trial) }
    let input = worker ? WorkerInput() : nil
    let declaration =
      if let input {
        try SweepDeclaration(path: file, arguments: arguments, read: input.file)
      } else {
        try SweepDeclaration(path: file, arguments: arguments)
      }
    let folder = try self.folder(of: declaration)
    let registry = standardRegistry()
    if let input {
      Workers.count = 1
      let builder = TrialBuilder(declaration, registry, scratch: folder.path)
      let runner = runner(builder, in: folder, isWorker: true)
      throw Exit(code: input.serve(with: runner))
    }
    if let jobs { Workers.count = jobs }
    let report = try dryRun ? nil : reports.file(force: force, besides: [file, declaration.file])
    let view = SweepView(quiet: quiet || dryRun)
    view.showPlanning(of: declaration.combinationCount)
    let planning = Result {
      try SweepPlan(declaration, registry: registry, scratch: folder.path)
    }
    view.clear()
    let plan = try planning.get()
    for announcement in plan.announcements { writeError("\(announcement)") }
    if plansOnly { try declaration.requireIndependentTrials(for: "--plan") }
    if launcher != nil { try declaration.requireIndependentTrials(for: "--launcher") }
    if dryRun { return try printResult(plan.text) }
    if launcher == .slurm { return try runOnSlurm(plan, in: folder, report) }
    try folder.make()
    try replacePlan(with: plan, in: folder)
    if plansOnly { return try printTrialsLeft(of: plan, in: folder) }
    try runAll(plan, in: folder, report, view)
  }

  /// Writes the plan. Reports the trials of an earlier plan that it makes stale.
  func replacePlan(with plan: SweepPlan, in folder: SweepFolder) throws {
    if let stale = try StaleTrials(of: plan, in: folder) { writeError("\(stale.warning)") }
    try WrittenPlan(plan).write(to: folder)
  }

  func folder(of declaration: SweepDeclaration) throws -> SweepFolder {
    try output.map(SweepFolder.init) ?? SweepFolder.standard(name: declaration.name)
  }

  func runner(
    _ builder: TrialBuilder, in folder: SweepFolder, isWorker: Bool
  ) -> TrialRunner {
    TrialRunner(
      builder, in: folder, command: commandLine.filter { $0 != "--worker" },
      version: NNExpCommand.version, retryingFailed: retryFailed, endsWithParent: isWorker,
      cancellation: .signals)
  }

  /// The command of a worker; if `nnexp run` has folds, that of their sweep.
  private var workerLine: [String] {
    guard commandLine.dropFirst().first == "run" else { return commandLine + ["--worker"] }
    var line = [commandLine[0], "sweep", file] + arguments
    if let output { line += ["--output", output] }
    return line + ["--worker"]
  }

  private func runAll(
    _ plan: SweepPlan, in folder: SweepFolder, _ report: OutputFile?, _ view: SweepView
  ) throws {
    let pool = try WorkerPool(
      plan, in: folder, runner: runner(plan.builder, in: folder, isWorker: true),
      arguments: workerLine,
      retryingFailed: retryFailed, failsFast: failFast, listener: view)
    if !quiet, pool.progress.done > 0 {
      printStatus("\(pool.progress.done) of \(plan.trials.count) trials are finished")
    }
    defer { pool.close() }
    try pool.run(jobs: jobs ?? Workers.count)
    view.clear()
    try conclude(plan, in: folder, report)
  }

  /// Writes the tables and reports the verdict.
  func conclude(
    _ plan: SweepPlan, in folder: SweepFolder, _ output: OutputFile?
  ) throws {
    let record = PlanRecord(plan)
    if plan.writesEvents { try SweepEvents(record).complete(in: folder) }
    let rows = try record.rows(in: folder)
    try folder.write(rows.csv(parameters: record.parameters), to: "sweep.csv")
    try folder.write(rows.summaryCSV(parameters: record.parameters), to: "sweep_summary.csv")
    if let signalReceived {
      let done = rows.count(where: \.isDone)
      if !quiet {
        printStatus(
          "interrupted after \(done) of \(rows.count) trials; run the command again to continue")
      }
      raiseAgain(signalReceived)
    }

    let report = SweepReport(plan.declaration, rows: rows, columns: plan.columns)
    try output?.write(Array(report.junit.utf8))
    if github { reportToGitHub(report.annotations) }
    let isSound = report.reportShortfalls(to: writeError)
    if !quiet {
      printStatus(report.headline)
      for (index, line) in report.bestTrials(by: plan.monitor).enumerated() {
        printStatus(Escaping.line(line), isBest: index == 1)
      }
      let path = Escaping.line(folder.path)
      printStatus("results:\n  \(path)/sweep.csv\n  \(path)/sweep_summary.csv")
    }
    if !isSound { throw Exit(code: 1) }
  }
}
