import NNExp
import Results

/// Trials of a sweep that were trained with other data or plugins than the current ones.
///
/// They are trained again with another hash. Their earlier results stay in their folders but
/// are not in any table.
public struct StaleTrials: Sendable {
  /// The number of stale trials with results.
  public let count: Int

  /// The data files and plugins whose contents have changed.
  private let files: [String]

  private let folder: SweepFolder

  /// Compares a plan with the one in its folder, before that is replaced; nil if no trial is
  /// stale.
  public init?(of plan: SweepPlan, in folder: SweepFolder) throws {
    guard let earlier = try PlanRecord(of: folder) else { return nil }
    let current = Set(plan.trials.map(\.hash))
    let configurations = Set(plan.trials.map(\.configuration))
    let names = folder.names()
    let stale = earlier.trials.filter {
      !current.contains($0.hash) && configurations.contains($0.configuration ?? $0.hash.description)
        && (names.contains("\($0.hash)") || names.contains("\($0.hash).failed"))
    }
    if stale.isEmpty { return nil }
    count = stale.count
    let unchanged = Set(earlier.files.map(\.sha256))
    files = plan.files.filter { !unchanged.contains($0.sha256) }.map(\.path)
    self.folder = folder
  }

  /// The warning for the user.
  public var warning: Diagnostic {
    let trials = count == 1 ? "1 trial was" : "\(count) trials were"
    let names = files.isEmpty ? "data or plugins" : files.map { "'\($0)'" }.joined(separator: ", ")
    return Diagnostic(
      "\(names) changed since \(trials) trained; the trials in the table are trained again",
      notes: [.init("the earlier results stay in '\(folder.trials)', outside the table")],
      severity: .warning)
  }
}
