import Datasets
public import Engine
import ExperimentFile
import Glibc
import GradientCheck
public import NNExp
import Plugins
public import Results

/// Who hears of a run while it lasts: a terminal, a sweep's table, nobody.
public protocol RunListener: AnyObject {
  /// The signal that asked the run to end after its step, if one came.
  var interruption: Int32? { get }

  /// Something to know, on lines of its own; asked for only if it is shown.
  func say(_ text: @autoclosure () -> String)

  /// Something that is wrong.
  func complain(_ text: String)

  /// How far the training has come; called ten times a second at most.
  func update(epoch: Int, of epochs: Int, figures: [(String, Double)])

  /// How the run ended; called once what it tells is on the disk.
  func concluded(_ summary: Summary)
}

extension RunListener {
  public func concluded(_ summary: Summary) {}
}

/// Where a run comes from and where it goes.
public struct RunOrigin: Sendable {
  /// The command line, word by word, for the record.
  public var command: [String]
  public var nnexpVersion: String
  /// The experiment file's path from the root on, or why a record cannot hold it.
  let path: Result<String, any Error>
  /// A new or empty folder for the results; numbered under `results/` unless given.
  public var output: String?
  /// What the results pass through; tests make it fail.
  public var fileSystem: FileSystem

  public init(
    command: [String], nnexpVersion: String, file: String, output: String? = nil,
    fileSystem: FileSystem = .system
  ) {
    self.command = command
    self.nnexpVersion = nnexpVersion
    path = Result { try absolutePath(of: file) }
    self.output = output
    self.fileSystem = fileSystem
  }
}

/// One run, from its folder to its summary.
public final class Run<S: Scalar>: TrainingObserver {
  public let session: Session<S>
  public let directory: RunDirectory
  private let listener: any RunListener
  let metrics: CSVWriter
  let timing: TimingWriter
  private let stopwatch = Stopwatch()
  /// Whether the folder says that it is a run.
  private var isAnnounced: Bool
  /// Seconds that the run took before it was resumed.
  private var earlierSeconds = 0.0
  private var record: RunRecord
  /// What the run goes on from; nil at its beginning.
  private let beginning: RunState<S>?
  private var checks: [GradientReport] = []
  private var cells: [Cell] = []
  /// The newest recorded row, and the one that was best.
  private(set) var newestRow: [Double] = []
  private(set) var bestRow: [Double] = []
  private var lastRowAt = 0.0
  private var lastFlushAt = 0.0
  private var lastRowEpoch = 0
  private var lastStateAt = 0.0
  private var stateCost = 0.0
  /// How metrics.csv differs from what it should be, if it does.
  private var goldenDifference: Diagnostic?
  /// The epoch after which the run pauses, if it does.
  private var pause: Int?

  private let hasPlugins: Bool

  private var experiment: Experiment { session.experiment }
  private var trainer: Trainer<S> { session.trainer }

  /// Makes the folder and writes down what is about to run.
  public init(
    _ session: Session<S>, from origin: RunOrigin, listener: any RunListener
  ) throws {
    self.session = session
    self.listener = listener
    hasPlugins = !session.experiment.plugins.isEmpty
    isAnnounced = false
    let experiment = session.experiment
    record = RunRecord(
      command: origin.command, experiment: try origin.path.get(),
      nnexpVersion: origin.nnexpVersion, blas: blasDescription(), threads: Workers.count,
      seed: experiment.seed,
      data: session.dataHashes,
      plugins: experiment.pluginHashes)
    record.configuration = experiment.configuration
    if hasPlugins { Plugin.checkProcess() }
    directory = try RunDirectory.create(
      name: experiment.name, output: origin.output, fileSystem: origin.fileSystem)
    beginning = nil
    try directory.write(experiment.text, to: "experiment.yaml")
    try directory.write(experiment.resolvedText, to: "resolved.yaml")
    metrics = try CSVWriter("metrics.csv", columns: session.trainer.columns, in: directory)
    timing = try TimingWriter(in: directory)
    if !session.isShort { try announce() }
  }

  /// Writes down that there is a run, with all that it takes to go on with it.
  ///
  /// What is over in a moment says so at its end alone: killed before, it is sooner
  /// made again than resumed.
  private func announce() throws {
    if isAnnounced { return }
    isAnnounced = true
    try record.write(in: directory)
    try metrics.flush()
    try timing.flush()
    try summary(.running).write(in: directory)
  }

  /// Takes up a run that did not come to its end, in a folder that is held;
  /// see `Resumption`.
  init(
    resuming directory: RunDirectory, _ record: RunRecord, from state: RunState<S>?,
    _ session: Session<S>, listener: any RunListener
  ) throws {
    self.session = session
    self.listener = listener
    hasPlugins = !session.experiment.plugins.isEmpty
    isAnnounced = true
    self.directory = directory
    self.record = record
    beginning = state
    if let state {
      (metrics, timing) = try state.openFiles(of: session.trainer.columns, in: directory)
      (newestRow, bestRow) = (state.newestRow, state.bestRow)
      (earlierSeconds, lastRowEpoch) = (state.seconds, state.training.counts[.epoch] ?? 0)
      try metrics.cut()
      try timing.cut()
    } else {
      try directory.removeIfThere(["metrics.csv", TimingWriter.file])
      metrics = try CSVWriter("metrics.csv", columns: session.trainer.columns, in: directory)
      timing = try TimingWriter(in: directory)
      try metrics.flush()
      try timing.flush()
    }
    self.record.resumed.append(timestamp())
    self.record.finished = nil
    try self.record.write(in: directory)
    try summary(.running).write(in: directory)
  }

  /// Trains and writes everything; returns the exit code, 128 + n after signal n.
  ///
  /// - Parameter pause: an epoch. At the first row from there on, unless it is
  ///   the last, the run stops with all that it takes to resume it; the exit
  ///   code is 0.
  public func perform(pausingAfter pause: Int? = nil) throws -> Int32 {
    self.pause = pause
    listener.say("\(experiment.name): \(session.totals)")
    listener.say(session.modelTable + "\n")
    do {
      // What the checks say is not kept: they are made again, at the same weights.
      try check(.start)
      if let beginning {
        try beginning.put(into: session)
        listener.say("goes on from step \(trainer.step), in epoch \(trainer.epoch + 1)")
      }
      lastRowAt = stopwatch.seconds
      let outcome = isInterrupted ? .interrupted : try trainer.run(self)
      try metrics.flush()
      try timing.flush()
      return try finish(outcome)
    } catch {
      // Say so in the folder too, if it still takes it.
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      try? conclude(
        .failed, code: diagnostics.failure.rawValue,
        reason: diagnostics.list.first?.message ?? "\(error)")
      throw error
    }
  }

  // MARK: Gradient checks

  private func check(_ moment: GradientCheckSettings.Moment) throws {
    guard session.gradientCheck.moments.contains(moment) else { return }
    let report = try session.checkGradients(at: moment) { listener.interruption != nil }
    guard let report else { return }
    checks.append(report)
    if checks.count == 1 { files += ["gradient_check.csv", "gradient_check_summary.csv"] }
    try directory.write(GradientReport.entriesCSV(checks), to: "gradient_check.csv")
    try directory.write(GradientReport.summaryCSV(checks), to: "gradient_check_summary.csv")
    listener.say(report.headline)
    if let diagnostic = report.diagnostic {
      listener.say(report.description)
      listener.complain(diagnostic.description)
    }
  }

  // MARK: Rows as they come

  /// Before anything is written that a plugin could have sent elsewhere.
  private func checkProcess() {
    if hasPlugins { Plugin.checkProcess() }
  }

  public var isInterrupted: Bool { listener.interruption != nil || hasReachedPause }

  private var hasReachedPause: Bool {
    guard let pause, let epoch = newestRow.first else { return false }
    return epoch >= Double(pause)
  }

  public func recorded(_ row: [Double]) throws {
    checkProcess()
    cells.removeAll(keepingCapacity: true)
    cells.append(.int(trainer.epoch))
    cells.append(.int(trainer.step))
    for value in row.dropFirst(2) { cells.append(value.isNaN ? .empty : .number(value)) }
    try metrics.append(cells)
    newestRow = row
    if trainer.best?.epoch == trainer.epoch { bestRow = row }

    let now = stopwatch.seconds
    try timing.append(
      epoch: trainer.epoch, seconds: now - lastRowAt,
      samples: session.data.train.count * (trainer.epoch - lastRowEpoch))
    lastRowAt = now
    lastRowEpoch = trainer.epoch
  }

  public func isAlive(epoch: Int, of epochs: Int) throws {
    let now = stopwatch.seconds
    guard now - lastFlushAt >= 0.1 else { return }
    lastFlushAt = now
    try announce()
    try metrics.flush()
    try timing.flush()
    listener.update(epoch: epoch, of: epochs, figures: figures(newestRow, most: 3))
  }

  public var epochsPerState: Int? {
    if case .epochs(let count) = experiment.training.checkpoints.every { count } else { nil }
  }

  public func canKeepState(epochHasEnded: Bool) throws {
    let now = stopwatch.seconds
    let isDue =
      switch experiment.training.checkpoints.every {
      case .epochs: epochHasEnded
      case .seconds(let interval): now - lastStateAt >= max(interval, 50 * stateCost)
      case .never: false
      }
    guard isDue || isInterrupted else { return }
    try keepState()
    lastStateAt = stopwatch.seconds
    stateCost = lastStateAt - now
  }

  /// Writes down all that it takes to go on from here, unless a weight is no
  /// longer finite.
  private func keepState() throws {
    checkProcess()
    guard let training = trainer.state() else { return }
    try announce()
    // The state tells how long the files are: they must be on the disk first.
    if directory.isWorthFlushing {
      try metrics.synchronize()
      try timing.synchronize()
    } else {
      try metrics.flush()
      try timing.flush()
    }
    let state = RunState(
      training: training, metrics: (metrics.length, metrics.checksum),
      timing: (timing.length, timing.checksum), seconds: earlierSeconds + stopwatch.seconds,
      newestRow: newestRow, bestRow: bestRow)
    try directory.save(
      state.checkpoint(of: session), as: .state, keep: experiment.training.checkpoints.keep)
  }

  private func figures(_ row: [Double], most: Int) -> [(String, Double)] {
    zip(trainer.columns, row).dropFirst(3).filter { !$0.1.isNaN }.prefix(most).map { ($0, $1) }
  }

  // MARK: The end

  private func finish(_ outcome: Outcome) throws -> Int32 {
    checkProcess()
    try saveWeights()
    switch outcome {
    case .interrupted where listener.interruption == nil:
      try conclude(.stopped, code: 0, reason: "stopped after epoch \(trainer.epoch)")
      return 0
    case .interrupted:
      let number = listener.interruption ?? 2
      let name = number == 2 ? "SIGINT" : "SIGTERM"
      try conclude(.interrupted, code: 128 + number, reason: name)
      listener.say(
        "interrupted in epoch \(trainer.epoch + 1); to go on: nnexp resume "
          + quotedForShell(directory.path))
      return 128 + number
    case .diverged(let diagnostic):
      try conclude(.failed, code: 1, reason: diagnostic.message)
      listener.complain(diagnostic.description)
      return 1
    case .stoppedEarly:
      listener.say("stopped early: no improvement of \(trainer.columns[trainer.monitor.column])")
    case .completed: break
    }
    trainer.restore(.last)
    try check(.end)
    if listener.interruption != nil { return try finish(.interrupted) }
    try writePredictions()
    try writeConfusion()
    goldenDifference = try session.golden?.difference(
      from: directory.read("metrics.csv", limit: 1 << 33),
      path: directory.folder.path(of: "metrics.csv"))
    let shortfalls = complain()
    let code: Int32 = shortfalls.isEmpty ? 0 : 1
    try conclude(
      code == 0 ? .completed : .fellShort, code: code,
      reason: shortfalls.isEmpty ? nil : shortfalls.joined(separator: "; "))
    sayResults()
    return code
  }

  /// Writes down what ended the run.
  private func conclude(_ status: Summary.Status, code: Int32, reason: String?) throws {
    checkProcess()
    var summary = summary(status)
    summary.exitStatus = Int(code)
    summary.reason = reason
    record.finished = timestamp()
    record.seconds = earlierSeconds + stopwatch.seconds
    if isAnnounced {
      try record.write(in: directory)
      // The summary is the run's last word: whoever finds it needs no state.
      try summary.write(in: directory)
    } else {
      // The record makes it a run, which is whole from its first moment.
      try summary.write(in: directory)
      try record.write(in: directory)
      isAnnounced = true
    }
    if summary.isOver { try directory.removeStates() }
    listener.concluded(summary)
  }

  private func summary(_ status: Summary.Status) -> Summary {
    let graph = session.graph
    func measured(_ row: [Double]) -> [Summary.Figure] {
      zip(session.trainer.columns, row).dropFirst(3).map { name, value in
        Summary.Figure(name, value.isNaN ? nil : value)
      }
    }
    var best: [Summary.Best] = []
    if let epoch = session.trainer.best?.epoch {
      best = measured(bestRow).compactMap { figure in
        figure.value.map { Summary.Best(figure.name, $0, epoch: epoch) }
      }
    }
    let isOver = status == .completed || status == .fellShort
    return Summary(
      status: status, epochs: session.trainer.epoch, steps: session.trainer.step,
      final: measured(newestRow), best: best, expectations: isOver ? verdicts : [],
      trainableParameters: graph.trainableCount,
      frozenParameters: graph.parameterCount - graph.trainableCount)
  }

  private var verdicts: [Summary.Expectation] {
    var verdicts = experiment.expectations.map { expectation in
      let value = figure(expectation.figure)
      return Summary.Expectation(
        expectation.figure, bound: expectation.text, found: value.isNaN ? .null : .number(value),
        isMet: expectation.holds(value))
    }
    if let golden = experiment.golden {
      verdicts.append(
        Summary.Expectation(
          "metrics", bound: golden.written, found: goldenDifference == nil ? "equal" : "different",
          isMet: goldenDifference == nil))
    }
    if experiment.expectsGradientCheck {
      let passes = !checks.isEmpty && checks.allSatisfy(\.passes)
      verdicts.append(
        Summary.Expectation(
          "gradient_check", bound: "pass",
          found: checks.isEmpty ? "not made" : (passes ? "pass" : "fail"), isMet: passes))
    }
    return verdicts
  }

  /// The last value of a figure that can be expected.
  private func figure(_ name: String) -> Double {
    if name == "epochs" { return Double(trainer.epoch) }
    guard let column = trainer.columns.firstIndex(of: name), column < newestRow.count else {
      return .nan
    }
    return newestRow[column]
  }

  /// Names every expectation that was missed.
  private func complain() -> [String] {
    var shortfalls: [String] = []
    for expectation in experiment.expectations
    where !expectation.holds(figure(expectation.figure)) {
      let message =
        "\(expectation.figure) is \(brief(figure(expectation.figure))), expected \(expectation.text)"
      shortfalls.append(message)
      listener.complain("\(Diagnostic(message, at: expectation.place, failure: .shortfall))")
    }
    if let goldenDifference {
      shortfalls.append(goldenDifference.message)
      listener.complain("\(goldenDifference)")
    }
    for report in checks where !report.passes {
      shortfalls.append("the gradient check at the \(report.at) did not pass")
    }
    if experiment.expectsGradientCheck, checks.isEmpty {
      shortfalls.append("gradient_check is expected to pass, and none was made")
      listener.complain("error: \(shortfalls.last!)")
    }
    return shortfalls
  }

  private func sayResults() {
    listener.say(resultsTable)
    let met = verdicts.filter(\.isMet).count
    if !verdicts.isEmpty { listener.say("\(met) of \(verdicts.count) expectations met") }
    listener.say(
      "\(trainer.epoch) epochs in \(durationText(earlierSeconds + stopwatch.seconds)); results:")
    for file in files { listener.say("  \(directory.path)/\(file)") }
  }

  /// The figures of the last row, and of the best.
  private var resultsTable: String {
    let names = trainer.columns.indices.filter { $0 >= 3 && !newestRow[$0].isNaN }
    var rows = [["", "last", trainer.best.map { "best (epoch \($0.epoch))" } ?? ""]]
    for column in names {
      rows.append([
        trainer.columns[column], brief(newestRow[column]),
        column < bestRow.count ? brief(bestRow[column]) : "",
      ])
    }
    return table(rows, rightAligned: [1, 2])
  }

  // MARK: Files

  private var files = ["metrics.csv", "summary.json"]

  private func saveWeights() throws {
    func checkpoint(_ weights: Trainer<S>.Weights, epoch: Int) -> Checkpoint {
      trainer.restore(weights)
      return Checkpoint(
        info: [
          "experiment": .string(experiment.name), "epoch": .int(epoch),
          "dtype": .string(S.dtypeName),
        ],
        tensors: trainer.network.learned.map {
          Checkpoint.Stored("\($0.node).\($0.name)", $0.tensor)
        })
    }
    let last = checkpoint(.last, epoch: trainer.last.epoch)
    if trainer.lastIsBest { return try directory.saveLastAndBest(last) }
    try directory.save(last, as: .last)
    try directory.save(checkpoint(.best, epoch: trainer.best?.epoch ?? 0), as: .best)
  }

  private func writePredictions() throws {
    if experiment.predictions.isEmpty { return }
    try announce()
    var predictions = Predictions(session, hasTargets: true, hasSplits: true)
    for split in experiment.predictions {
      guard let samples = session.samples(of: split) else { continue }
      try predictions.add(samples, by: trainer.evaluator, split: split)
    }
    try directory.write(predictions.csv, to: "predictions.csv")
    files.append("predictions.csv")
  }

  /// For classes: who was taken for whom, of the splits held out, or of the
  /// training data where there are none.
  private func writeConfusion() throws {
    guard let confusion = session.confusion else { return }
    try announce()
    let heldOut = ["validation", "test"].filter { session.samples(of: $0) != nil }
    for split in heldOut.isEmpty ? ["train"] : heldOut {
      guard let samples = session.samples(of: split) else { continue }
      let file = "confusion_\(split).csv"
      try directory.write(
        confusionCSV(try confusion.tally(of: 0, over: samples), classes: session.data.classNames),
        to: file)
      files.append(file)
    }
  }
}

/// The path from the root on, whatever the process's folder becomes. Throws if it is
/// not UTF-8.
func absolutePath(of file: String) throws -> String {
  guard let path = realpath(file, nil) else { return file }
  defer { free(path) }
  if let name = validName(path) { return name }
  throw Diagnostic(
    "'\(file)' is in a folder whose path is not UTF-8: '\(shown(name: path))'; rename the folder")
}
