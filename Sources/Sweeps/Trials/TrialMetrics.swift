import NNExp
import Results

/// The part of a trial's metrics.csv that has been written.
struct TrialMetrics {
  private let table: CSVTable
  private let epochs: [Int]

  /// Nil if the bytes are not such a table.
  init?(_ bytes: [UInt8], path: String) {
    guard let table = try? CSVTable(bytes, path: path, isGrowing: true),
      let index = table.index(of: MetricColumn.epoch.name)
    else { return nil }
    self.table = table
    epochs = table.rows.map { row in row[index].flatMap { Int(exactly: $0) } ?? 0 }
  }

  /// The number of rungs after which the trial continued: those with a later row.
  func countPassed(_ rungs: [Int]) -> Int {
    guard let before = epochs.dropLast().last else { return 0 }
    return rungs.prefix { $0 <= before }.count
  }

  /// A column's value in the first row at or after an epoch; nil if there is no such row or no
  /// measurement.
  func value(_ column: MetricColumn, atEpoch epoch: Int) -> Double? {
    epochs.firstIndex { $0 >= epoch }.flatMap { value(column, inRow: $0) }
  }

  /// A column's value in the newest row.
  func lastValue(_ column: MetricColumn) -> Double? {
    epochs.indices.last.flatMap { value(column, inRow: $0) }
  }

  private func value(_ column: MetricColumn, inRow row: Int) -> Double? {
    table.index(of: column.name).flatMap { table.rows[row][$0] }
  }
}

extension SweepFolder {
  /// The measurements of a trial; nil if it has no table.
  func metrics(of hash: TrialHash) -> TrialMetrics? {
    let file = "trials/\(hash)/metrics.csv"
    return (try? read(file)).flatMap { $0 }.flatMap { TrialMetrics($0, path: "\(path)/\(file)") }
  }

  /// True if a trial ended by itself, so that its last value also holds for any later epoch.
  func isWhole(_ hash: TrialHash) throws -> Bool {
    guard case .found(let summary, _) = try state(of: hash) else { return false }
    return summary.status == .completed || summary.status == .fellShort
  }
}
