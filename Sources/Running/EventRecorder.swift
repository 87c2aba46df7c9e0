import Engine
import Files
import NNExp
import Results
import Tracking

/// Writes the event file of TensorBoard while the run trains: the values of each recorded row and
/// the histograms of the weights at its end; see `train.tensorboard`.
final class EventRecorder<S: Scalar>: TrainingObserver {
  private let prepared: PreparedExperiment<S>
  private let directory: RunDirectory
  private let file: File
  private var waiting: [UInt8] = []

  /// Creates the file, or continues it after the epoch of the newest row of metrics.csv: it then
  /// removes later events, and adds those of rows that the file lacks.
  init(_ prepared: PreparedExperiment<S>, in directory: RunDirectory, continues: Bool) throws {
    self.prepared = prepared
    self.directory = directory
    let rows = continues ? try RunEvents(directory).rows() : []
    var epochs: Set<Int> = []
    if let file = try directory.folder.openForUpdating(EventFile.name) {
      let bytes = try file.readAll(limit: 1 << 32)
      let kept = EventFile.kept(bytes, through: rows.last?.epoch ?? -1)
      epochs = kept.epochs
      try file.truncate(to: kept.length)
      self.file = file
      if kept.length == 0 { waiting = Event.version(time: secondsSince1970()) }
    } else {
      file = try directory.folder.create(EventFile.name)
      waiting = Event.version(time: secondsSince1970())
    }
    for row in rows where !epochs.contains(row.epoch) { waiting += row.record }
    try flush()
  }

  func rowRecorded(_ row: MetricRow) throws {
    var event = Event(epoch: row.epoch, time: secondsSince1970())
    for (column, value) in zip(row.columns, row.values) {
      if column == .epoch || column == .step || value.isNaN { continue }
      event.add(column.name, value)
    }
    // Training has changed the weights since a late row.
    if !row.isLate {
      for tensor in prepared.trainer.network.learned {
        event.add(
          "\(tensor.node).\(tensor.name)",
          histogramOf: tensor.tensor.indices.map { Double(tensor.tensor[$0]) })
      }
    }
    waiting += event.record
    if waiting.count >= 1 << 16 { try flush() }
  }

  func heartbeat(_ progress: TrainingProgress) throws { try flush() }

  /// Writes the confusion matrices, after the run's other outputs.
  func finish() throws {
    if let event = try RunEvents(directory).images(epoch: prepared.trainer.epoch) {
      waiting += event.record
    }
    try flush()
  }

  func flush() throws {
    if waiting.isEmpty { return }
    try file.write(waiting)
    waiting.removeAll(keepingCapacity: true)
  }

  /// Calls `flush()`, and returns when the events are on the disk.
  func synchronize() throws {
    try flush()
    try file.synchronize()
  }
}
