import Files
import Platform
import NNExp
import Reports
import Results
import Sweeps

/// A value that differs after a change of what a page shows.
public struct ChangeMark: Hashable, Sendable {
  private let parts: [FileMark?]
  private let number: Int
  /// True if more changes are expected.
  public let isOpen: Bool

  /// The mark of a list.
  init(version: Int) {
    parts = []
    number = version
    isOpen = true
  }

  /// The mark of runs, from the times of their files.
  init(runs paths: [String]) {
    parts = paths.flatMap { [$0, $0 + "/metrics.csv"].map(FileMark.init) }
    number = 0
    isOpen = paths.contains { (try? RunList.run($0).isOpen) ?? false }
  }

  /// The mark of a sweep, from the times of its trials' folders and tables.
  init(sweep path: String) {
    let trials = path + "/trials"
    parts =
      [path, trials].map(FileMark.init)
      + Path.names(in: trials).valid.flatMap { name in
        let trial = trials + "/" + name
        return [trial, trial + "/metrics.csv"].map(FileMark.init)
      }
    number = 0
    isOpen = (try? RunList.sweep(path)?.isOpen) ?? false
  }
}

/// The seconds of the monotonic clock.
func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
