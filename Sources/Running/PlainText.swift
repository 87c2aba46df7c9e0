import Files
import NNExp

/// A table with aligned columns: texts to the left, numbers to the right. Each cell is written
/// on one line.
///
/// - Parameters:
///   - best: the columns of each row whose cells are the best of the table.
///   - emphasis: formats these cells for a terminal.
public func table(
  _ rows: [[String]], rightAligned: Set<Int> = [], best: [Int: Set<Int>] = [:],
  emphasis: (String) -> String = { $0 }
) -> String {
  let rows = rows.map { $0.map(Escaping.line) }
  guard let width = rows.map(\.count).max() else { return "" }
  let widths = (0..<width).map { column in
    rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.enumerated().map { index, row in
    var line = ""
    for (column, text) in row.enumerated() {
      let padding = String(repeating: " ", count: widths[column] - text.count)
      let cell = best[index]?.contains(column) == true ? emphasis(text) : text
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

/// Parts of a line that fits a width.
///
/// - Parameters:
///   - parts: in the order of the line, each with its rank and its texts, the longest first. The
///     parts with the lowest ranks are added first, with the longest text that fits. If none
///     fits, the first one is cut.
public func fitted(
  _ parts: [(rank: Int, texts: [String])], width: Int, separator: String
) -> String {
  var shown: [Int: String] = [:]
  var used = -separator.count
  for index in parts.indices.sorted(by: { (parts[$0].rank, $0) < (parts[$1].rank, $1) }) {
    guard
      let text = parts[index].texts.first(where: {
        !$0.isEmpty && used + separator.count + $0.count <= width
      })
    else { continue }
    shown[index] = text
    used += separator.count + text.count
  }
  if shown.isEmpty, let first = parts.min(by: { $0.rank < $1.rank })?.texts.last {
    return String(first.prefix(max(0, width)))
  }
  return parts.indices.compactMap { shown[$0] }.joined(separator: separator)
}
