import NNExp
import Results

/// The part of a trial's metrics.csv that has been written.
struct TrialMetrics {
  private let table: CSVTable
  /// The rows that `record_every` requests, and the last. Others are late rows of a best epoch,
  /// whose presence depends on the following epochs.
  private let rows: [(epoch: Int, position: Int)]

  /// Nil if the bytes are not such a table.
  init?(_ bytes: [UInt8], path: String, recordEvery: Int = 1) {
    guard let table = try? CSVTable(bytes, path: path, isGrowing: true),
      let index = table.index(of: MetricColumn.epoch.name)
    else { return nil }
    self.table = table
    let epochs = table.rows.map { row in row[index].flatMap { Int(exactly: $0) } ?? 0 }
    rows = epochs.enumerated().filter {
      $1 % recordEvery == 0 || $0 == epochs.count - 1
    }.map { ($1, $0) }
  }

  /// The number of rungs after which the trial continued: those with a later row.
  func countPassed(_ rungs: [Int]) -> Int {
    guard let before = rows.dropLast().last?.epoch else { return 0 }
    return rungs.prefix { $0 <= before }.count
  }

  /// A column's value in the first row at or after an epoch; nil if there is no such row or no
  /// measurement.
  func value(_ column: MetricColumn, atEpoch epoch: Int) -> Double? {
    rows.first { $0.epoch >= epoch }.flatMap { value(column, inRow: $0.position) }
  }

  /// A column's value in the newest row.
  func lastValue(_ column: MetricColumn) -> Double? {
    rows.last.flatMap { value(column, inRow: $0.position) }
  }

  private func value(_ column: MetricColumn, inRow row: Int) -> Double? {
    table.index(of: column.name).flatMap { table.rows[row][$0] }
  }
}

extension SweepFolder {
  /// The measurements of a trial; nil if it has no table of them.
  func metrics(of trial: PlannedTrial) -> TrialMetrics? {
    let file = "trials/\(trial.hash)/metrics.csv"
    return (try? read(file)).flatMap { $0 }.flatMap {
      TrialMetrics($0, path: "\(path)/\(file)", recordEvery: trial.recordEvery)
    }
  }

  /// True if a trial ended by itself, so that its last value also holds for any later epoch.
  func isWhole(_ hash: TrialHash) throws -> Bool {
    guard case .found(let summary, _) = try state(of: hash) else { return false }
    return summary.status == .completed || summary.status == .fellShort
  }
}
