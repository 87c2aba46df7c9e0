import Files
import NNExp

extension Summary {
  /// The summary of a run as it is now.
  ///
  /// The file of a run that trains is that of its start; the newest row of metrics.csv has the
  /// values so far.
  public static func current(of run: RunDirectory) throws -> Summary {
    var summary = try Summary(of: run)
    guard summary.status == .running else { return summary }
    if let table = try newestRow(of: run), let row = table.rows.last {
      func value(_ column: MetricColumn) -> Double? {
        table.index(of: column.name).flatMap { row[$0] }
      }
      summary.epochs = value(.epoch).flatMap { Int(exactly: $0) } ?? summary.epochs
      summary.steps = value(.step).flatMap { Int(exactly: $0) } ?? summary.steps
      summary.final = summary.final.map { Final($0.column, value($0.column)) }
    }
    return summary
  }

  /// The status as text: `killed` if the run's process ended without a result.
  public func statusText(of run: RunDirectory) -> String {
    status == .running && !run.isInProgress ? "killed" : status.rawValue
  }

  /// The bytes at each end of metrics.csv that hold the header and the last row.
  private static let reach = 1 << 14

  /// The last complete row of metrics.csv, read without the rows before it; nil if there is
  /// none, or if it is longer than `reach`.
  private static func newestRow(of run: RunDirectory) throws -> CSVTable? {
    let name = "metrics.csv"
    guard let file = try run.folder.openIfThere(name) else { return nil }
    let size = Int(try file.status().st_size)
    let head = try file.read(0..<min(size, reach))
    let tail = try file.read(max(0, size - reach)..<size)
    let newline = UInt8(ascii: "\n")
    guard let header = head.firstIndex(of: newline), let end = tail.lastIndex(of: newline),
      let start = tail[..<end].lastIndex(of: newline)
    else { return nil }
    return try CSVTable(
      Array(head[...header] + tail[(start + 1)...end]), path: run.folder.path(of: name))
  }
}
