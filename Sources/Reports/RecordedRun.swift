import Charts
import Files
import Platform
import NNExp
import Results
import Sweeps

/// The recorded values of one run, or of one trial of a sweep.
struct RecordedRun {
  /// The run's folder.
  let path: String
  let summary: Summary
  /// The columns of metrics.csv that hold measured values.
  let columns: [MetricColumn]
  private let table: CSVTable
  private let epochs: [Double]

  /// Reads a run's folder. A run that is in progress, failed or was interrupted has the
  /// rows that it wrote.
  ///
  /// - Parameter known: columns that the summary does not have yet.
  init(_ directory: RunDirectory, known more: [MetricColumn] = []) throws {
    path = directory.path
    summary = try Summary.current(of: directory)
    let file = "metrics.csv"
    // A run that ended before its training has no file, or an empty one.
    let bytes = try directory.readIfThere(file) ?? []
    table = try CSVTable(
      bytes.isEmpty ? Array("epoch\n".utf8) : bytes, path: directory.folder.path(of: file),
      isGrowing: true)
    guard let epoch = table.index(of: MetricColumn.epoch.name) else {
      throw Diagnostic(
        "'\(directory.folder.path(of: file))' has no column 'epoch'", failure: .environment)
    }
    epochs = table.rows.map { $0[epoch] ?? .nan }
    let known = summary.final.map(\.column) + more
    let table = table
    columns = table.columns.indices.compactMap { index in
      let name = table.columns[index]
      guard table.rows.contains(where: { $0[index] != nil }) else { return nil }
      return known.named(name) ?? MetricColumn(nil, quantity: name)
    }
    .filter { $0 != .epoch && $0 != .step }
  }

  /// A column's values by epoch, each the mean of the `window` rows around it.
  func points(_ column: MetricColumn, smoothing window: Int) -> [Series.Point] {
    guard let index = table.index(of: column.name) else { return [] }
    let values = table.rows.map { $0[index] }
    let half = window / 2
    return values.indices.map { row in
      // An even window has one row more before than after.
      let range = max(0, row - half)..<min(values.count, row - half + window)
      let near = values[range].compactMap { $0 }
      let mean = near.reduce(0) { $0 + $1 / Double(near.count) }
      return Series.Point(epochs[row], values[row] == nil ? nil : mean)
    }
  }

  /// The epoch of the newest row; nil before the first.
  var newestEpoch: Int? { epochs.last.flatMap { Int(exactly: $0) } }

  /// A column's value in the newest row.
  func newestValue(_ column: MetricColumn) -> Double? {
    table.index(of: column.name).flatMap { table.rows.last?[$0] }
  }

  /// The epoch of the delivered weights; of a run of version 0.1.0, the best epoch.
  var deliveredEpoch: Int? { summary.delivered?.epoch ?? summary.best.first?.epoch }
}
