import Datasets
public import Engine
import ExperimentFile
import Files
import GradientCheck
public import NNExp
public import Results

/// One run from the creation of its folder to its summary.
///
/// Observers of the training write the files that grow: `MetricsRecorder`, `TimingRecorder`,
/// `StateRecorder`. `RunOutputs` writes the files that depend on the trained weights,
/// `RunReport` the summary.
public final class Run<S: Scalar> {
  public let prepared: PreparedExperiment<S>
  public let directory: RunDirectory
  private let observers: [any RunObserver]
  private let cancellation: CancellationToken
  private let metrics: MetricsRecorder
  private let timing: TimingRecorder
  /// Nil unless `train.tensorboard` is true.
  private let events: EventRecorder<S>?
  private let stopwatch = Stopwatch()
  private let isTemporary: Bool
  /// The duration of the run in seconds before it was resumed.
  private let earlierSeconds: Double
  private var record: RunRecord
  /// The state from which the run resumes; nil for a new run.
  private let beginning: RunState<S>?
  private var runReport: RunReport<S>
  private var outputs: RunOutputs<S>
  private var files = [MetricsRecorder.file, Summary.file]

  private var experiment: Experiment { prepared.experiment }
  private var trainer: Trainer<S> { prepared.trainer }
  private var seconds: Double { earlierSeconds + stopwatch.seconds }

  /// Creates the folder and writes the record of a new run.
  public init(
    _ prepared: PreparedExperiment<S>, from origin: RunOrigin,
    continuing continuation: Continuation<S>? = nil, observers: [any RunObserver] = [],
    cancellation: CancellationToken = .never
  ) throws {
    self.prepared = prepared
    self.observers = observers
    self.cancellation = cancellation
    isTemporary = origin.isTemporary
    let experiment = prepared.experiment
    record = RunRecord(
      command: origin.command, experiment: try origin.path.get(),
      nnexpVersion: origin.nnexpVersion, blas: blasDescription(), threads: Workers.count,
      seed: experiment.seed,
      data: prepared.dataHashes,
      plugins: experiment.pluginHashes)
    record.configuration = experiment.configuration
    record.announcements = prepared.announcements.map(\.message)
    prepared.checkProcess()
    directory = try RunDirectory.create(
      name: experiment.name, output: origin.output, fileSystem: origin.fileSystem)
    beginning = continuation?.state
    earlierSeconds = continuation?.state.seconds ?? 0
    try directory.write(experiment.text, to: "experiment.yaml")
    if let base = experiment.baseText { try directory.write(base, to: "base.yaml") }
    try directory.write(
      experiment.resolvedText(
        relativeTo: absolutePath(of: experiment.folder), startingFrom: prepared.startingRun),
      to: "resolved.yaml")
    try directory.write(prepared.data.columnsJSON, to: DataEncoding.file)
    if let samples = try prepared.data.keptSamples(prepared.checkedSamples) {
      try directory.write(samples, to: KeptSamples.file)
    }
    if let continuation {
      try directory.write(continuation.metrics, to: MetricsRecorder.file)
      try directory.write(continuation.timing, to: TimingWriter.file)
      // After a crash, the run is resumed from here.
      try directory.save(continuation.checkpoint, as: .state)
    }
    (metrics, timing) = try prepared.recorders(in: directory, from: beginning)
    events = try prepared.events(in: directory, continues: continuation != nil)
    runReport = RunReport(prepared)
    outputs = RunOutputs(prepared, in: directory)
    if continuation == nil, experiment.start != nil { try saveStart() }
    // With the record, the folder is a run, which can be resumed.
    try record.write(in: directory)
    try flush()
    try runReport.summary(.running).write(in: directory)
  }

  /// Resumes an unfinished run in a folder that this process has locked; see `Resumption`.
  init(
    resuming directory: RunDirectory, _ record: RunRecord, from state: RunState<S>?,
    _ prepared: PreparedExperiment<S>, observers: [any RunObserver], cancellation: CancellationToken
  ) throws {
    self.prepared = prepared
    self.observers = observers
    self.cancellation = cancellation
    self.directory = directory
    self.record = record
    isTemporary = false
    beginning = state
    earlierSeconds = state?.seconds ?? 0
    if state == nil { try directory.removeIfThere([MetricsRecorder.file, TimingWriter.file]) }
    (metrics, timing) = try prepared.recorders(in: directory, from: state)
    events = try prepared.events(in: directory, continues: state != nil)
    runReport = RunReport(prepared)
    outputs = RunOutputs(prepared, in: directory)
    self.record.resumed.append(timestamp())
    self.record.finished = nil
    try flush()
    try self.record.write(in: directory)
    try runReport.summary(.running).write(in: directory)
  }

  /// Saves the initial weights, so that a resumed run uses them even if their file has changed.
  private func saveStart() throws {
    try flush()
    guard let training = trainer.state() else { return }
    let state = RunState(
      training: training, metrics: (metrics.csv.length, metrics.csv.checksum),
      timing: (timing.writer.length, timing.writer.checksum), seconds: 0)
    try directory.save(state.checkpoint(of: prepared), as: .state)
  }

  /// Trains, writes all results and returns the exit code, which is 128 + n after signal n.
  ///
  /// - Parameter pause: the epoch after which the run stops at the next row, unless that row
  ///   is the last. The state is saved, so that the run can be resumed; the exit code is 0.
  public func perform(pausingAfter pause: Int? = nil) throws -> Int32 {
    report("\(experiment.name): \(prepared.totals)")
    if let columns = prepared.columnTable { report(columns + "\n") }
    report(prepared.modelTable + "\n")
    for announcement in prepared.announcements {
      for observer in observers { observer.announce(announcement) }
    }
    do {
      // The results of the checks are not saved; a resumed run repeats them at the same
      // weights.
      try check(.start)
      if let beginning {
        try beginning.put(into: prepared)
        report("resuming from step \(trainer.step), in epoch \(trainer.epoch + 1)")
      }
      timing.start()
      let states = StateRecorder(prepared, in: directory, metrics, timing, events) { [self] in
        seconds
      }
      // Appended one by one, because converting the array would look up the conformance of each
      // element.
      var recorders: [any TrainingObserver] = [metrics, timing]
      if let events { recorders.append(events) }
      recorders.append(states)
      let outcome = try trainer.run(
        recorders + observers.map { $0 }, cancellation: cancellation,
        pausingAfter: pause ?? .max, secondsSoFar: earlierSeconds)
      try flush()
      return try finish(outcome)
    } catch {
      // The summary records the error too, if the folder can still be written.
      var diagnostics = Diagnostics()
      diagnostics.add(error)
      try? conclude(
        .failed, code: diagnostics.failure.rawValue,
        reason: diagnostics.list.first?.message ?? "\(error)")
      throw error
    }
  }

  private func check(_ moment: GradientCheckSettings.Moment) throws {
    guard prepared.gradientCheck.moments.contains(moment) else { return }
    let check = try prepared.checkGradients(at: moment, cancellation: cancellation)
    guard let check else { return }
    let (entries, summary) = ("gradient_check.csv", "gradient_check_summary.csv")
    if runReport.checks.isEmpty { files += [entries, summary] }
    runReport.checks.append(check)
    try directory.write(GradientReport.entriesCSV(runReport.checks), to: entries)
    try directory.write(GradientReport.summaryCSV(runReport.checks), to: summary)
    report(check.headline)
    if prepared.gradientCheck.isGuard && check.outcome != .failed {
      if let note = check.note { warn(note) }
    } else if let diagnostic = check.diagnostic {
      report(check.description)
      warn(diagnostic.description)
    }
  }

  private func flush() throws {
    try metrics.csv.flush()
    try timing.writer.flush()
    try events?.flush()
  }

  // MARK: The end

  private func finish(_ outcome: Outcome) throws -> Int32 {
    prepared.checkProcess()
    try outputs.saveWeights()
    switch outcome {
    case .interrupted: return try endEarly()
    case .diverged(let diagnostic):
      try conclude(.failed, code: 1, reason: diagnostic.message)
      warn(diagnostic.description)
      return 1
    case .stoppedEarly:
      let monitor = trainer.monitor.name
      report(
        "stopped early: "
          + (trainer.best == nil ? "\(monitor) is never measured" : "no improvement of \(monitor)"))
    case .reachedLimit(let limit): report("stopped at \(limit), in epoch \(trainer.epoch)")
    case .completed: break
    }
    if trainer.best == nil {
      let unmeasured = Diagnostic(
        "\(trainer.monitor.name) was not measured in any epoch, so that none is the best one; the "
          + "last weights are delivered", at: experiment.training.location, severity: .warning)
      for observer in observers { observer.announce(unmeasured) }
    }
    trainer.restore(.last)
    try check(.end)
    if cancellation.isCancelled { return try endEarly() }
    trainer.restore(trainer.delivered.weights)
    try outputs.writePredictions()
    try events?.finish()
    runReport.goldenDifference = try prepared.golden?.difference(
      from: directory.read(MetricsRecorder.file, limit: 1 << 33),
      path: directory.folder.path(of: MetricsRecorder.file))
    let shortfalls = runReport.shortfalls
    for message in shortfalls.compactMap(\.message) { warn(message) }
    let code: Int32 = shortfalls.isEmpty ? 0 : 1
    try conclude(
      code == 0 ? .completed : .fellShort, code: code,
      reason: shortfalls.isEmpty ? nil : shortfalls.map(\.reason).joined(separator: "; "))
    reportResults()
    return code
  }

  /// Ends a run that can be resumed: after a signal, or at the epoch `pause`.
  private func endEarly() throws -> Int32 {
    guard let signal = cancellation.signal else {
      try conclude(.stopped, code: 0, reason: "stopped after epoch \(trainer.epoch)")
      return 0
    }
    try conclude(.interrupted, code: 128 + signal, reason: signal == 2 ? "SIGINT" : "SIGTERM")
    report(
      isTemporary
        ? "ended in epoch \(trainer.epoch + 1)"
        : "interrupted in epoch \(trainer.epoch + 1); to continue: nnexp resume "
          + quotedForShell(directory.path))
    return 128 + signal
  }

  /// Writes the status of the run.
  private func conclude(_ status: Summary.Status, code: Int32, reason: String?) throws {
    prepared.checkProcess()
    var summary = runReport.summary(status)
    summary.exitStatus = Int(code)
    summary.reason = reason
    record.finished = timestamp()
    record.seconds = seconds
    try record.write(in: directory)
    // The summary is written last: a run that has one needs no state.
    try summary.write(in: directory)
    if summary.isOver, !experiment.training.checkpoints.keepsState {
      try directory.removeStates()
    }
    for observer in observers { observer.concluded(summary) }
  }

  // MARK: Messages

  private func report(_ text: @autoclosure () -> String) {
    for observer in observers { observer.report(text()) }
  }

  private func warn(_ text: String) {
    for observer in observers { observer.warn(text) }
  }

  private func reportResults() {
    report(runReport.table)
    report("delivered: \(runReport.delivered.text)")
    let verdicts = runReport.verdicts
    if !verdicts.isEmpty {
      report("\(verdicts.count(where: \.isMet)) of \(verdicts.count) expectations met")
    }
    let duration = "\(trainer.epoch) epochs in \(durationText(seconds))"
    if isTemporary { return report(duration) }
    report(duration + "; results:")
    for file in files + outputs.files { report("  \(Escaping.line(directory.path))/\(file)") }
  }
}

extension PreparedExperiment {
  /// The writer of the event file, if `train.tensorboard` requests one.
  fileprivate func events(
    in directory: RunDirectory, continues: Bool
  ) throws -> EventRecorder<S>? {
    guard experiment.training.tensorboard else { return nil }
    return try EventRecorder(self, in: directory, continues: continues)
  }

  /// The writers of metrics.csv and timing.csv: for new files, or for the files of a state,
  /// after the rows that had been written before it.
  fileprivate func recorders(
    in directory: RunDirectory, from state: RunState<S>?
  ) throws -> (MetricsRecorder, TimingRecorder) {
    let names = trainer.columns.map(\.name)
    let csv: CSVWriter
    let timing: TimingWriter
    if let state {
      (csv, timing) = try state.openFiles(of: names, in: directory)
    } else {
      csv = try CSVWriter(MetricsRecorder.file, columns: names, in: directory)
      timing = try TimingWriter(in: directory)
    }
    return (
      MetricsRecorder(
        csv, columns: trainer.columns, checksProcess: !experiment.plugins.isEmpty),
      TimingRecorder(
        timing, samplesPerEpoch: data.train.count, epoch: state?.training.counts[.epoch] ?? 0)
    )
  }
}
