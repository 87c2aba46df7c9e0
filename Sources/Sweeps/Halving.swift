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
///   lead: see `Bracket`.
public struct Halving: Sendable {
  /// Epochs to the first rung.
  let firstRung: Int
  let factor: Int
  /// A column of metrics.csv; nil for the one that decides which epoch is best.
  let monitor: String?
  let place: Place?
  let monitorPlace: Place?

  init(_ node: Node) throws {
    var options = Options(node)
    firstRung = options.int("first_rung", in: 1..., "epochs that every trial trains for")
    factor = options.int("factor", default: 3, in: 2...1000, "one in this many goes on")
    monitor = options.optionalString("monitor", "the figure that decides")
    place = node.place
    monitorPlace = options.place(of: "monitor")
    try options.finish()
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

/// The figure that tells which of two trials is better.
public struct Monitor: Sendable, Equatable {
  /// A column of metrics.csv.
  public let name: String
  public let isBetterHigher: Bool

  /// What halving names, or what decides which epoch of a trial is best.
  init<S: Scalar>(of session: Session<S>, _ halving: Halving?) throws {
    let trainer = session.trainer
    guard let wanted = halving?.monitor else {
      name = trainer.columns[trainer.monitor.column]
      isBetterHigher = trainer.monitor.isBetterHigher
      return
    }
    let known = session.figures
    guard known.contains(wanted) else {
      throw Diagnostic(
        "nothing measures '\(wanted)'\(suggestion(for: wanted, among: known))",
        at: halving?.monitorPlace,
        notes: [.init("the figures are: " + listed(known))])
    }
    name = wanted
    isBetterHigher = session.risingFigures.contains(wanted)
  }
}
