/// Decides which trials continue after which rung of successive halving.
///
/// A trial continues as soon as it is certain to be among the best of its rung, whatever the
/// results of the missing trials. Decisions therefore depend only on the values, never on the
/// order in which trials arrive, and workers are not idle while the last trials of a rung are
/// trained.
struct SuccessiveHalving {
  /// The result of a trial at a rung.
  private struct Entry {
    /// Smaller is better.
    let score: Double
    let trial: Int

    func isBetter(than other: Entry) -> Bool {
      (score, trial) < (other.score, other.trial)
    }
  }

  private struct Rung {
    /// The number of trials that reach it; an upper limit until the rung below is decided.
    var size: Int
    /// The maximum number of trials that continue after it.
    let promotions: Int
    /// The values so far, the best first.
    var entries: [Entry] = []
    var failures = 0
    /// The number of trials that have continued: the first of the entries.
    var promoted = 0

    var missing: Int { size - entries.count - failures }

    /// Inserts an entry in order and returns its index.
    mutating func insert(_ entry: Entry) -> Int {
      var (low, high) = (0, entries.count)
      while low < high {
        let middle = (low + high) / 2
        if entries[middle].isBetter(than: entry) { low = middle + 1 } else { high = middle }
      }
      entries.insert(entry, at: low)
      return low
    }
  }

  private var rungs: [Rung] = []
  private let largerIsBetter: Bool

  init(trials: Int, rungs count: Int, factor: Int, largerIsBetter: Bool) {
    self.largerIsBetter = largerIsBetter
    var size = trials
    for _ in 0..<count {
      let promotions = max(1, size / factor)
      rungs.append(Rung(size: size, promotions: promotions))
      size = promotions
    }
  }

  /// The number of trials that reach each rung and, last, the end, if none fails.
  var sizes: [Int] { rungs.map(\.size) + [rungs.last?.promotions ?? 0] }

  /// Records a trial's value at its rung; nil or NaN if it failed. Returns the trials that can
  /// now continue, each with the rung that it leaves.
  mutating func note(
    _ value: Double?, of trial: Int, at rung: Int
  ) -> [(trial: Int, rung: Int)] {
    var promotions: [(trial: Int, rung: Int)] = []
    if let value, !value.isNaN {
      let entry = Entry(score: largerIsBetter ? -value : value, trial: trial)
      // It is better than an entry that was certain, so it is certain too.
      if rungs[rung].insert(entry) < rungs[rung].promoted {
        rungs[rung].promoted += 1
        promotions.append((trial, rung))
      }
    } else {
      rungs[rung].failures += 1
    }
    // A decision at this rung may allow decisions at the rungs above.
    for level in rung..<rungs.count {
      let certain = min(rungs[level].promotions - rungs[level].missing, rungs[level].entries.count)
      while rungs[level].promoted < certain {
        promotions.append((rungs[level].entries[rungs[level].promoted].trial, level))
        rungs[level].promoted += 1
      }
      guard rungs[level].missing == 0, level + 1 < rungs.count else { break }
      rungs[level + 1].size = rungs[level].promoted
    }
    return promotions
  }
}
