import NNExp

/// A trial's metrics.csv, as far as it has been written.
struct TrialMetrics {
  private let columns: [Substring]
  private let rows: [Substring]

  init(_ text: String) {
    var lines = text.split(separator: "\n")
    columns = lines.isEmpty ? [] : lines.removeFirst().split(separator: ",")
    rows = lines
  }

  /// The epoch of the newest row; 0 before there is one.
  var lastEpoch: Int { rows.last.flatMap(epoch) ?? 0 }

  /// A figure of the first row from an epoch on; nil where there is no such row
  /// or it was not measured.
  func figure(_ column: String, atEpoch epoch: Int) -> Double? {
    rows.first { (self.epoch($0) ?? 0) >= epoch }.flatMap { cell(column, $0) }
  }

  /// A figure of the newest row.
  func lastFigure(_ column: String) -> Double? { rows.last.flatMap { cell(column, $0) } }

  private func epoch(_ row: Substring) -> Int? { Int(row.prefix { $0 != "," }) }

  private func cell(_ column: String, _ row: Substring) -> Double? {
    guard let index = columns.firstIndex(where: { $0 == column }) else { return nil }
    let cells = row.split(separator: ",", omittingEmptySubsequences: false)
    return index < cells.count ? Double(cells[index]) : nil
  }
}

extension SweepFolder {
  /// What a trial has measured; nil where there is no table of it.
  func metrics(of hash: String) -> TrialMetrics? {
    (try? read("trials/\(hash)/metrics.csv")).flatMap { $0 }
      .map { TrialMetrics(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether a trial came to its own end, so that its last figure is what it
  /// would have at any later epoch.
  func isWhole(_ hash: String) -> Bool {
    guard case .found(let summary, _) = state(of: hash) else { return false }
    return summary.status == .completed || summary.status == .fellShort
  }
}
