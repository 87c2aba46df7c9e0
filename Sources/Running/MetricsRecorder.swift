import Engine
import NNExp
import Plugins
import Results

/// Writes metrics.csv: one line for each recorded row.
final class MetricsRecorder: TrainingObserver {
  static let file = "metrics.csv"

  let csv: CSVWriter
  private let isCount: [Bool]
  private let checksProcess: Bool
  private var cells: [Cell] = []

  /// - Parameter checksProcess: true if plugins are loaded, which could have changed where the
  ///   file is written.
  init(_ csv: CSVWriter, columns: [MetricColumn], checksProcess: Bool) {
    self.csv = csv
    self.checksProcess = checksProcess
    isCount = columns.map { $0 == .epoch || $0 == .step }
  }

  func rowRecorded(_ row: MetricRow) throws {
    if checksProcess { Plugin.checkProcess() }
    cells.removeAll(keepingCapacity: true)
    for (value, isCount) in zip(row.values, isCount) {
      let count = isCount ? Int(exactly: value) : nil
      cells.append(value.isNaN ? .empty : count.map(Cell.int) ?? .number(value))
    }
    try csv.append(cells)
  }

  func heartbeat(_ progress: TrainingProgress) throws { try csv.flush() }
}
