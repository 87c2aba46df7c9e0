import NNExp
import Running

/// Successive halving: every trial trains for some epochs, and only the best continue.
///
///     halving: {first_rung: 100, factor: 3, monitor: validation_loss}
///
/// The rungs are at 100, 300, 900, … epochs, below the trials' own `train.epochs`. Of n trials,
/// max(1, ⌊n/3ᵏ⌋) continue after the k-th rung: those with the best monitored values there; of
/// equal values, those with lower numbers. A failed trial never continues.
///
/// - Source: Jamieson and Talwalkar 2016; Li et al. 2020 (ASHA). As in ASHA, workers are not
///   idle, but trials are not promoted merely because they lead at some moment: see
///   `SuccessiveHalving`.
public struct Halving: Sendable {
  /// The number of epochs to the first rung.
  let firstRung: Int
  let factor: Int
  /// A column of metrics.csv; nil for the one that determines the best epoch.
  let monitor: String?
  let location: SourceLocation?
  let monitorLocation: SourceLocation?

  init(from options: inout Options) {
    firstRung = options.int("first_rung", in: 1..., "epochs that every trial trains for")
    factor = options.int(
      "factor", default: 3, in: 2...1000, "one trial in this many continues after a rung")
    monitor = options.optionalString(
      "monitor", "the column that is compared (default: the one that determines the best epoch)")
    location = options.location
    monitorLocation = options.location(of: "monitor")
  }

  /// The rungs, in epochs, for a number of trials with up to `epochs` epochs. There are rungs
  /// as long as more than one trial remains.
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
  /// The column that determines which of two trials is better: the one that `halving` names,
  /// otherwise the one that determines the best epoch of a trial.
  func monitor(for halving: Halving?) throws -> MetricColumn {
    guard let halving, let name = halving.monitor else { return trainer.monitor }
    if let column = columns.named(name) { return column }
    let known = columns.map(\.name)
    throw Diagnostic(
      "nothing measures '\(name)'\(suggestion(for: name, among: known))",
      at: halving.monitorLocation, notes: [.init("the columns are: " + listed(known))])
  }
}
