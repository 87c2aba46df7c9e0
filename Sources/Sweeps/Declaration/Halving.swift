import NNExp
import Running

/// Successive halving: every trial trains for a while, and only the best go on.
///
///     halving: {first_rung: 100, factor: 3, monitor: validation_loss}
///
/// The rungs are at 100, 300, 900, … epochs, below the trials' own `train.epochs`.
/// Of n trials that set out, max(1, ⌊n/3ᵏ⌋) go on from the k-th rung: those with
/// the best figure there, of equal figures those of lower number. A trial that
/// failed never does.
///
/// - Source: Jamieson and Talwalkar 2016; Li et al. 2020 (ASHA), whose idle
///   workers are avoided here as well, but not by promoting whoever happens to
///   lead: see `SuccessiveHalving`.
public struct Halving: Sendable {
  /// Epochs to the first rung.
  let firstRung: Int
  let factor: Int
  /// A column of metrics.csv; nil for the one that decides which epoch is best.
  let monitor: String?
  let location: SourceLocation?
  let monitorLocation: SourceLocation?

  init(from options: inout Options) {
    firstRung = options.int("first_rung", in: 1..., "epochs that every trial trains for")
    factor = options.int(
      "factor", default: 3, in: 2...1000, "one trial in this many continues after a rung")
    monitor = options.optionalString(
      "monitor", "the column that decides; the one that decides the best epoch unless given")
    location = options.location
    monitorLocation = options.location(of: "monitor")
  }

  /// The rungs of so many trials with up to `epochs`, in epochs: as long as there
  /// is something to decide.
  func rungs(of trials: Int, below epochs: Int) -> [Int] {
    var rungs: [Int] = []
    var rung = firstRung
    var size = trials
    while rung < epochs, size > 1 {
      rungs.append(rung)
      size /= factor
      let (next, overflows) = rung.multipliedReportingOverflow(by: factor)
      if overflows { break }
      rung = next
    }
    return rungs
  }
}

extension PreparedExperiment {
  /// The column that tells which of two trials is better: the one that halving names, or
  /// the one that decides which epoch of a trial is best.
  func monitor(for halving: Halving?) throws -> MetricColumn {
    guard let halving, let name = halving.monitor else { return trainer.monitor }
    if let column = columns.named(name) { return column }
    let known = columns.map(\.name)
    throw Diagnostic(
      "nothing measures '\(name)'\(suggestion(for: name, among: known))",
      at: halving.monitorLocation, notes: [.init("the columns are: " + listed(known))])
  }
}
