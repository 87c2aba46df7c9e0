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

  /// - Parameter checksProcess: whether plugins are loaded, which could have changed where
  ///   the file is written.
  init(_ csv: CSVWriter, columns: [MetricColumn], checksProcess: Bool) {
    self.csv = csv
    self.checksProcess = checksProcess
    isCount = columns.map { $0 == .epoch || $0 == .step }
  }

  func rowRecorded(_ row: MetricRow) throws {
    if checksProcess { Plugin.checkProcess() }
    cells.removeAll(keepingCapacity: true)
    for (value, isCount) in zip(row.values, isCount) {
      cells.append(value.isNaN ? .empty : isCount ? .int(Int(value)) : .number(value))
    }
    try csv.append(cells)
  }

  func heartbeat(_ progress: TrainingProgress) throws { try csv.flush() }
}

/// Writes timing.csv: the seconds from one recorded row to the next.
final class TimingRecorder: TrainingObserver {
  let writer: TimingWriter
  private let samplesPerEpoch: Int
  private var epoch: Int
  private var stopwatch = Stopwatch()

  /// - Parameter epoch: the one that the training resumes in.
  init(_ writer: TimingWriter, samplesPerEpoch: Int, epoch: Int) {
    self.writer = writer
    self.samplesPerEpoch = samplesPerEpoch
    self.epoch = epoch
  }

  /// Starts the time of the next row.
  func start() { stopwatch = Stopwatch() }

  func rowRecorded(_ row: MetricRow) throws {
    try writer.append(
      epoch: row.epoch, seconds: stopwatch.seconds, samples: samplesPerEpoch * (row.epoch - epoch))
    epoch = row.epoch
    start()
  }

  func heartbeat(_ progress: TrainingProgress) throws { try writer.flush() }
}
