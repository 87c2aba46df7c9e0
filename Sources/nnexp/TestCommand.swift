import ArgumentParser
import ExperimentFile
import Files
import NNExp
import Results
import Running
import YAMLTree

struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", _superCommandName: NNExpCommand.name,
    abstract: "Runs every experiment of a folder as a test suite.",
    discussion: """
      Each file ending in .yaml or .yml is trained, and passes if it meets its
      'expect' section and its gradient check. Subfolders are not searched; sweeps
      and files with folds are skipped. Each test is a process of its own, so that a
      plugin that crashes fails only its test. The runs are not kept unless --output names a
      folder. Exit code 0: every experiment passes; otherwise that of the worst one.

      --update-golden replaces the golden files (expect.metrics) by the new results
      of the experiments that meet their other expectations.

      Try:  nnexp test experiments --junit results.xml
      """)

  @Argument(help: "folders, or experiment files", completion: .directory)
  var paths: [String]

  @Option(
    help: "a folder that keeps the runs, one folder per experiment", completion: .directory)
  var output: String?

  @Flag(help: "replace golden files instead of comparing them")
  var updateGolden = false

  @Option(help: ReportOptions.junitHelp, completion: .file())
  var junit: String?

  @Flag(help: ReportOptions.githubHelp)
  var github = false

  private var reports: ReportOptions { ReportOptions(junit: junit, github: github) }

  @Flag(help: OutputFile.forceHelp)
  var force = false

  @Option(help: Threads.help)
  var threads: Int?

  @Flag(name: .shortAndLong, help: "print only the experiments that do not pass")
  var quiet = false

  func run() throws {
    try Threads.use(threads)
    let files = try self.files()
    let report = try reports.file(force: force, besides: files)
    listenForSignals()
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    var recorders: [TestRecorder] = []
    var worst: Int32 = 0
    var passed = 0
    var skipped = 0
    for file in files {
      let started = monotonicSeconds()
      let result = try ExperimentTest.isolated(file, annotates: github) { recorder in
        test(file, in: output ?? scratch.path, &recorder)
      }
      recorders.append(result.recorder)
      if let signalReceived {
        scratch.remove()
        raiseAgain(signalReceived)
      }
      let seconds = durationText(monotonicSeconds() - started)
      switch result.outcome {
      case .passed:
        passed += 1
        if !quiet { printStatus("pass  \(Escaping.line(file))  \(seconds)") }
      case .skipped(let reason):
        skipped += 1
        if !quiet { printStatus("skip  \(Escaping.line(file))  \(reason)") }
      case .failed(let code):
        worst = max(worst, code)
        printStatus("FAIL  \(Escaping.line(file))  \(seconds)")
        if !result.isExplained { for text in result.recorder.failures { writeError(text) } }
      }
    }
    let tested = files.count - skipped
    printStatus(
      "\(passed) of \(tested) experiments passed" + (skipped > 0 ? ", \(skipped) skipped" : ""))
    try reports.finish(
      TestReport(recorders.map(\.suite)), recorders.flatMap(\.annotations), report)
    if worst != 0 { throw Exit(code: worst) }
  }

  /// The experiment files of the command line, in the order of their names.
  private func files() throws -> [String] {
    var files: [String] = []
    for path in paths {
      guard Path.isFolder(path) else {
        guard Path.isThere(path) else { throw Diagnostic("there is no folder or file '\(path)'") }
        files.append(path)
        continue
      }
      let names = try Path.visibleNames(in: path).sorted()
        .filter { ["yaml", "yml"].contains(Path.suffix(of: $0)) }
      if names.isEmpty {
        throw Diagnostic(
          "the folder '\(path)' contains no experiment: no file ends in .yaml or .yml")
      }
      files += names.map { Path.join(path, $0) }
    }
    return files
  }

  private func test(
    _ file: String, in folder: String, _ recorder: inout TestRecorder
  ) -> ExperimentTest.Outcome {
    do {
      let root = try readYAML(path: file)
      if root["base"] != nil, root["sweep"] != nil {
        return skip("a sweep: nnexp sweep \(quotedForShell(file))", &recorder)
      }
      var experiment = try Experiment(path: file, registry: standardRegistry())
      if experiment.data.foldsToRun != nil {
        return skip("it has folds: nnexp run \(quotedForShell(file))", &recorder)
      }
      var golden: GoldenFile?
      if updateGolden, experiment.golden != nil {
        golden = try GoldenFile(of: experiment, file)
        experiment = try Experiment(
          path: file, overrides: [GoldenFile.override], registry: standardRegistry())
      }
      let code =
        switch experiment.dtype {
        case .float32:
          try train(PreparedExperiment<Float>(experiment), file, folder, golden, &recorder)
        case .float64:
          try train(PreparedExperiment<Double>(experiment), file, folder, golden, &recorder)
        }
      return code == 0 ? .passed : .failed(code)
    } catch {
      recorder.fail(error)
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      return .failed(diagnostics.failure.rawValue)
    }
  }

  private func skip(
    _ reason: String, _ recorder: inout TestRecorder
  ) -> ExperimentTest.Outcome {
    recorder.skip("trains", reason)
    return .skipped(reason)
  }

  private func train<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ file: String, _ folder: String, _ golden: GoldenFile?,
    _ recorder: inout TestRecorder
  ) throws -> Int32 {
    recorder.pass(recorder.current)
    recorder.current = "trains"
    let name = Path.stem(of: file)
    var origin = RunOrigin(
      command: commandLine, nnexpVersion: NNExpCommand.version, file: file,
      output: try newFolder(name, in: folder))
    origin.isTemporary = output == nil
    let summary = RunRecorder()
    let parent = ParentObserver()
    let run = try Run(
      prepared, from: origin,
      observers: [
        TerminalObserver(quiet: true, epochs: prepared.experiment.training.epochs), summary,
        parent,
      ],
      cancellation: parent.cancellation)
    let started = monotonicSeconds()
    let code = try run.perform()
    if let summary = summary.summary {
      recorder.record(summary, seconds: monotonicSeconds() - started, of: prepared.experiment)
    }
    if let golden { try golden.update(from: run.directory.path, code: code) }
    return code
  }

  /// The folder of a run: two files of different folders may have the same name.
  private func newFolder(_ name: String, in folder: String) throws -> String {
    if !Path.isThere(folder) { _ = try FileSystem.system.currentFolder.makeFolder(folder) }
    var path = Path.join(folder, name)
    var number = 2
    while Path.isThere(path) {
      path = Path.join(folder, "\(name)-\(number)")
      number += 1
    }
    return path
  }
}
