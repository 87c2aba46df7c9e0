import Platform
import NNExp
import Sweeps

/// Sweeps whose trials are run by other programs, one at a time: `--plan` writes a common plan,
/// and `--trial k` runs a trial of it.
extension SweepCommand {
  /// `--plan`: prints the numbers of the remaining trials, one per line.
  func printTrialsLeft(of plan: SweepPlan, in folder: SweepFolder) throws {
    for trial in try folder.trialsLeft(of: plan, retryingFailed: retryFailed) {
      try printResult("\(trial.number)")
    }
  }

  /// `--trial`: runs a trial of the existing plan; if there is none, of a new one.
  func runOne(_ number: Int) throws {
    if dryRun || plansOnly || launcher != nil {
      throw Diagnostic(
        "--trial runs one trial on this machine; omit --dry-run, --plan and --launcher")
    }
    let registry = standardRegistry()
    let (plan, folder) = try planOfTrial(registry)
    let trial = try SingleTrial(number, of: plan, in: folder)
    // A trial uses one core by default, because several may run on the same machine.
    if let jobs {
      Workers.count = jobs
    } else if getenv("NNEXP_THREADS") == nil {
      Workers.count = 1
    }
    let code = try trial.run(
      with: runner(
        TrialBuilder(
          plan.declaration(at: file), registry,
          plugins: WrittenPlan.pluginPolicy(
            ofPlan: planFile ?? "\(folder.path)/\(PlanRecord.file)",
            isTrusted: trust.trustPlugins), scratch: folder.path),
        in: folder, isWorker: false),
      patience: 120, report: { if !quiet { printStatus($0) } }, warn: writeError)
    exitProcess(afterRun: code)
  }

  private func planOfTrial(_ registry: Registry) throws -> (WrittenPlan, SweepFolder) {
    if let planFile, let output {
      guard let plan = try WrittenPlan(reading: planFile) else {
        throw Diagnostic("there is no plan of a sweep in '\(planFile)'", failure: .environment)
      }
      return (plan, SweepFolder(output))
    }
    let declaration = try SweepDeclaration(path: file, arguments: arguments)
    try declaration.requireIndependentTrials(for: "--trial")
    let folder = try folder(of: declaration)
    let plan = try WrittenPlan.existingOrNew(in: folder, for: declaration, registry: registry)
    if !plan.isOf(declaration) {
      writeError(
        """
        warning: '\(file)' has changed since the sweep in '\(folder.path)' was planned; the \
        trial is from that plan
        note: to write a new plan: nnexp sweep \(quotedForShell(file)) --plan
        """)
    }
    return (plan, folder)
  }
}
