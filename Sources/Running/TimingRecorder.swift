import Files
import Engine
import Results

/// Writes timing.csv: the seconds from one recorded row to the next. Late rows are left out.
final class TimingRecorder: TrainingObserver {
  let writer: TimingWriter
  private let samplesPerEpoch: Int
  private var epoch: Int
  private var stopwatch = Stopwatch()

  /// - Parameter epoch: the epoch in which the training starts or resumes.
  init(_ writer: TimingWriter, samplesPerEpoch: Int, epoch: Int) {
    self.writer = writer
    self.samplesPerEpoch = samplesPerEpoch
    self.epoch = epoch
  }

  /// Starts the time of the next row.
  func start() { stopwatch = Stopwatch() }

  func rowRecorded(_ row: MetricRow) throws {
    if row.isLate { return }
    try writer.append(
      epoch: row.epoch, seconds: stopwatch.seconds, samples: samplesPerEpoch * (row.epoch - epoch))
    epoch = row.epoch
    start()
  }

  func heartbeat(_ progress: TrainingProgress) throws { try writer.flush() }
}
