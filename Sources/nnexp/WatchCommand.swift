import ArgumentParser
import Charts
import Engine
import ExperimentFile
import Files
import Platform
import NNExp
import Reports
import Running
import Sweeps

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", _superCommandName: NNExpCommand.name,
    abstract: "Checks and trains an experiment each time its file is saved.",
    discussion: """
      Reports every error of the file; without one, trains for at most --budget and
      draws the curves of this version and of the last one, with what changed
      between them. Nothing is kept, unless --keep makes each version a run of its
      own under results. Ctrl-C ends it.

      Try:  nnexp watch experiments/xor.yaml
            nnexp watch experiments/digits_lp.yaml train.epochs=5 --budget 10s
      """)

  @Argument(help: "the experiment file", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Argument(help: "overrides, such as train.epochs=10")
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp("the training time per version: 5s, 500ms, 2min", valueName: "time"))
  var budget = "5s"

  @Option(
    help: ArgumentHelp(
      "the quantities or columns to draw, separated by commas: loss, test_accuracy",
      valueName: "names")
  )
  var columns: String?

  @Flag(help: "keep each version as a run under results")
  var keep = false

  @Option(help: Threads.help)
  var threads: Int?

  func validate() throws { _ = try Self.seconds(budget) }

  /// `5s`, `500ms`, `2min`: a positive number and its unit.
  static func seconds(_ text: String) throws -> Double {
    for (unit, size) in [("ms", 1e-3), ("min", 60.0), ("s", 1.0)] where text.hasSuffix(bytes: unit)
    {
      let number = Substring(text.utf8.dropLast(unit.utf8.count))
      if let value = Double(number), value > 0, value.isFinite { return value * size }
    }
    throw ValidationError("--budget is a time such as 5s, 500ms or 2min, found '\(text)'")
  }

  func run() throws {
    try Threads.use(threads)
    listenForSignals()
    let changes = try FileChanges(file)
    let scratch = try ScratchFolder()
    var versions = WatchedVersions(
      file: file, overrides: overrides, columns: columns, keeps: keep,
      budget: try Self.seconds(budget), scratch: scratch)
    repeat {
      let started = monotonicSeconds()
      if Terminal.isPresent { clearTerminal() }
      versions.show(cancelledBy: changes)
      let took = durationText(monotonicSeconds() - started)
      printStatus("\(file): shown after \(took); waiting for the next save")
    } while changes.waitForNext()
    scratch.remove()
    if let signalReceived { raiseAgain(signalReceived) }
  }
}

/// The versions of a file: this one and the last one that trained.
private struct WatchedVersions {
  let file: String
  let overrides: [String]
  let columns: String?
  let keeps: Bool
  let budget: Double
  let scratch: ScratchFolder
  private var count = 0
  /// The folder of the last version that trained.
  private var last: String?

  init(
    file: String, overrides: [String], columns: String?, keeps: Bool, budget: Double,
    scratch: ScratchFolder
  ) {
    (self.file, self.overrides, self.columns) = (file, overrides, columns)
    (self.keeps, self.budget, self.scratch) = (keeps, budget, scratch)
  }

  /// Checks the file as it is now, trains and draws it; errors are reported and do not end
  /// the command.
  mutating func show(cancelledBy changes: FileChanges) {
    do {
      let experiment = try Experiment(
        path: file, overrides: overrides, registry: standardRegistry())
      count += 1
      let folder: String
      switch experiment.dtype {
      case .float32: folder = try train(PreparedExperiment<Float>(experiment), changes)
      case .float64: folder = try train(PreparedExperiment<Double>(experiment), changes)
      }
      try draw(folder)
      if let last, !keeps { scratch.remove(last) }
      last = folder
    } catch {
      var errors = Diagnostics()
      errors.add(error)
      writeError(errors.description)
    }
  }

  private func train<S: Scalar>(
    _ prepared: PreparedExperiment<S>, _ changes: FileChanges
  ) throws -> String {
    var origin = RunOrigin(
      command: commandLine, nnexpVersion: NNExpCommand.version, file: file,
      output: keeps ? nil : scratch.path + "/version-\(count)")
    origin.isTemporary = !keeps
    let end = monotonicSeconds() + budget
    let cancellation = CancellationToken {
      signalReceived ?? (monotonicSeconds() > end || changes.hasNext ? SIGTERM : nil)
    }
    let observer = TerminalObserver(
      quiet: !Terminal.isPresent, epochs: prepared.experiment.training.epochs)
    let run = try Run(prepared, from: origin, observers: [observer], cancellation: cancellation)
    _ = try run.perform()
    return run.directory.path
  }

  private func draw(_ folder: String) throws {
    let names = columns.map { $0.split(atByte: ",").map(String.init) } ?? ["loss"]
    let folders = (last.map { [$0] } ?? []) + [folder]
    let results = try ResultCharts(folders, options: PlotOptions(columns: names))
    for chart in results.charts {
      let drawing = BrailleChart(
        chart, columns: Terminal.width, rows: 10, isColored: Terminal.isColored)
      try printDrawing(drawing.lines)
    }
    if folders.count > 1 {
      var comparison = try RunComparison(folders)
      // The legend of the chart has the same names, and clock times always differ.
      comparison.name(folders.map { keeps ? $0 : Path.name(of: $0) })
      comparison.omit("seconds")
      comparison.keepChanged()
      try writeTable(to: nil) { comparison.text(emphasis: $0) }
    }
  }
}

/// Waits for a file to be saved.
private final class FileChanges {
  private let watch: FolderWatch
  private let path: String
  private var content: [UInt8]?

  init(_ path: String) throws {
    self.path = path
    guard let watch = FolderWatch(Path.folder(of: path)) else {
      throw Diagnostic(
        "cannot watch the folder of '\(path)': \(String(cString: strerror(errno)))",
        failure: .environment)
    }
    self.watch = watch
    content = read()
  }

  private func read() -> [UInt8]? {
    (try? FileSystem.system.currentFolder.readIfThere(path, limit: 1 << 21)) ?? nil
  }

  /// Whether the file has been saved since the last version; the event stays pending.
  var hasNext: Bool {
    var entry = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) > 0 && read() != content
  }

  /// Returns true when the file has other content than before, false after a signal.
  func waitForNext() -> Bool {
    while signalReceived == nil {
      var entry = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, 100) > 0 else { continue }
      watch.clear()
      let new = read()
      guard let new, new != content else { continue }
      content = new
      return true
    }
    return false
  }
}
