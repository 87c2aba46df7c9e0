import NNExp

/// A trial's metrics.csv, as far as it has been written.
struct TrialMetrics {
  private let columns: [Substring]
  private let rows: [Substring]

  init(_ text: String) {
    var lines = text.split(atByte: "\n")
    columns = lines.isEmpty ? [] : lines.removeFirst().split(atByte: ",")
    rows = lines
  }

  /// How many of the rungs a trial went on from: there is a row after theirs.
  func countPassed(_ rungs: [Int]) -> Int {
    guard let before = rows.dropLast().last.flatMap(epoch) else { return 0 }
    return rungs.prefix { $0 <= before }.count
  }

  /// A figure of the first row from an epoch on; nil where there is no such row
  /// or it was not measured.
  func figure(_ column: String, atEpoch epoch: Int) -> Double? {
    rows.first { (self.epoch($0) ?? 0) >= epoch }.flatMap { cell(column, $0) }
  }

  /// A figure of the newest row.
  func lastFigure(_ column: String) -> Double? { rows.last.flatMap { cell(column, $0) } }

  private func epoch(_ row: Substring) -> Int? {
    Int(Substring(row.utf8.prefix { $0 != UInt8(ascii: ",") }))
  }

  private func cell(_ column: String, _ row: Substring) -> Double? {
    guard let index = columns.firstIndex(where: { $0.hasSameBytes(as: column) }) else { return nil }
    let cells = row.split(atByte: ",", omittingEmptySubsequences: false)
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
