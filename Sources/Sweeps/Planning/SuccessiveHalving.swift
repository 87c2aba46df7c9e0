/// Who goes on from which rung of successive halving.
///
/// A trial goes on as soon as it is certain to be among the best of its rung,
/// whatever the trials bring that have yet to come there. So decisions follow
/// from values alone, never from who came first, and workers do not idle while
/// the last trials of a rung are trained.
struct SuccessiveHalving {
  /// What a trial brought to a rung.
  private struct Entry {
    /// Less is better.
    let score: Double
    let trial: Int

    func isBetter(than other: Entry) -> Bool {
      (score, trial) < (other.score, other.trial)
    }
  }

  private struct Rung {
    /// How many come to it: at most, until the rung below is decided.
    var size: Int
    /// How many at most go on from it.
    let promotions: Int
    /// The values so far, the best first.
    var entries: [Entry] = []
    var failures = 0
    /// How many have gone on: the first of the entries.
    var promoted = 0

    var missing: Int { size - entries.count - failures }

    /// Puts an entry in its place, and tells which.
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

  /// How many trials come to each rung and, last, to the end; without failures.
  var sizes: [Int] { rungs.map(\.size) + [rungs.last?.promotions ?? 0] }

  /// Notes a trial's value at a rung that it was to come to; nil or NaN if it
  /// failed. Returns the trials that now go on, each with the rung it leaves.
  mutating func note(
    _ value: Double?, of trial: Int, at rung: Int
  ) -> [(trial: Int, rung: Int)] {
    var promotions: [(trial: Int, rung: Int)] = []
    if let value, !value.isNaN {
      let entry = Entry(score: largerIsBetter ? -value : value, trial: trial)
      // Better than one that was certain, it is certain itself.
      if rungs[rung].insert(entry) < rungs[rung].promoted {
        rungs[rung].promoted += 1
        promotions.append((trial, rung))
      }
    } else {
      rungs[rung].failures += 1
    }
    // What is decided here may settle what is above.
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
