import ArgumentParser
import Platform
import NNExp
import Sweeps

/// A system that runs a sweep's trials on several machines.
enum Launcher: String, ExpressibleByArgument, CaseIterable {
  case slurm
}

extension SweepCommand {
  /// Throws if an option is given that needs `--launcher`.
  func requireLauncher() throws {
    if launcher != nil {
      if !plansOnly { return }
      throw Diagnostic("--plan does not run the trials; omit --plan or --launcher")
    }
    if slurmOptions != nil { throw Diagnostic("--slurm-options needs --launcher slurm") }
    if noWait { throw Diagnostic("--no-wait needs --launcher slurm") }
  }

  /// Submits the remaining trials of the sweep, waits for them, and reports the verdict.
  func runOnSlurm(
    _ plan: SweepPlan, in folder: SweepFolder, _ report: OutputFile?
  ) throws {
    let request = try SlurmSweep.Request(
      options: slurmOptions ?? "", throttle: jobs, retryingFailed: retryFailed, file: file)
    try SlurmSweep.requirePresence()
    try folder.make()
    try replacePlan(with: plan, in: folder)
    let view = ArrayView(quiet: quiet)
    let sweep = try SlurmSweep(in: folder, listener: view)
    for job in sweep.jobs { view.note("job \(job) was submitted earlier") }
    let (trials, tasks) = try sweep.submit(plan, request)
    if tasks > 0, let job = sweep.jobs.last {
      view.note(
        "job \(job): \(trials == 1 ? "1 trial" : "\(trials) trials")"
          + (tasks < trials ? " in \(tasks) tasks, the most that the cluster accepts" : ""))
    }
    if noWait { return printHowToContinue(sweep) }
    try sweep.wait(failingFast: failFast ? plan : nil, cancellation: .signals)
    view.clear()
    if let signalReceived {
      printHowToContinue(sweep)
      raiseAgain(signalReceived)
    }
    let left = try PlanRecord(plan).rows(in: folder).count(where: \.isUnfinished)
    if left > 0 { view.note("trials left: \(left); run the same command again to continue") }
    try conclude(plan, in: folder, report)
  }

  private func printHowToContinue(_ sweep: SlurmSweep) {
    if quiet || sweep.jobs.isEmpty { return }
    printStatus(
      """
      the trials continue without this command
        to wait for them and write the table: repeat the same command
        to cancel:     \(sweep.cancelCommands.joined(separator: "; "))
      """)
  }
}

/// Shows the progress of job arrays: one line on a terminal; in a log, a line after each
/// change, at most every ten seconds.
private final class ArrayView: ArrayListener {
  private let isTerminal = isatty(1) == 1
  private let isQuiet: Bool
  private var shown = -10.0
  private var last = ""

  init(quiet: Bool) { isQuiet = quiet }

  func note(_ text: String) {
    if isQuiet { return }
    clear()
    printStatus(text)
  }

  func update(_ progress: ArrayProgress) {
    if isQuiet || progress.total == 0 { return }
    let now = monotonicSeconds()
    guard now - shown >= (isTerminal ? 0.1 : 10) else { return }
    var text = "\(progress.done)/\(progress.total) tasks done, \(progress.running) running"
    if progress.waiting > 0 {
      text += ", \(progress.waiting) waiting" + (progress.reason.map { " (\($0))" } ?? "")
    }
    if progress.failed > 0 { text += ", \(progress.failed) failed" }
    if text == last && !isTerminal { return }
    shown = now
    last = text
    if isTerminal { redraw(String(text.prefix(Terminal.width - 1))) } else { printStatus(text) }
  }

  func clear() {
    if isTerminal && !isQuiet && !last.isEmpty { redraw("") }
  }
}
