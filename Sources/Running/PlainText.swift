import Files
import NNExp

/// A table with aligned columns: texts to the left, numbers to the right. Each cell is written
/// on one line.
public func table(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
  let rows = rows.map { $0.map(Escaping.line) }
  guard let width = rows.map(\.count).max() else { return "" }
  let widths = (0..<width).map { column in
    rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    var line = ""
    for (column, cell) in row.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - cell.count)
      line += column == 0 ? "" : "  "
      line += rightAligned.contains(column) ? padding + cell : cell + padding
    }
    while line.last == " " { line.removeLast() }
    return line
  }.joined(separator: "\n")
}

/// A duration in words: `0.4 s`, `3 min 20 s`, `2 h 5 min`.
public func durationText(_ seconds: Double) -> String {
  if seconds < 10 { return "\((seconds * 100).rounded() / 100) s" }
  if seconds < 60 { return "\(Int(seconds)) s" }
  if seconds < 3600 { return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s" }
  guard seconds.isFinite else { return "-" }
  return "\(Int(min(seconds, 1e12)) / 3600) h \(Int(min(seconds, 1e12)) % 3600 / 60) min"
}

/// A number for readers: six significant digits.
public func brief(_ value: Double) -> String {
  value.isNaN ? "-" : rounded(value, digits: 6)
}
