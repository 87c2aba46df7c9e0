/// A rectangle of characters, and the line that is aligned with its neighbors.
struct TextBox {
  var lines: [String]
  var base: Int

  init(_ line: String) {
    lines = [line]
    base = 0
  }

  init(_ lines: [String], base: Int) {
    let width = lines.map(\.count).max() ?? 0
    self.lines = lines.map { $0 + String(repeating: " ", count: width - $0.count) }
    self.base = base
  }

  var width: Int { lines.first?.count ?? 0 }
  var isTall: Bool { lines.count > 1 }

  /// The lines without trailing spaces.
  var trimmedLines: [String] {
    lines.map { line in
      var line = line[...]
      while line.last == " " { line.removeLast() }
      return String(line)
    }
  }

  /// The two boxes next to each other, aligned.
  static func + (a: TextBox, b: TextBox) -> TextBox {
    let above = max(a.base, b.base)
    let below = max(a.lines.count - a.base, b.lines.count - b.base)
    let rows = (0..<(above + below)).map { row in
      a.line(row - above + a.base) + b.line(row - above + b.base)
    }
    return TextBox(rows, base: above)
  }

  static func + (a: TextBox, b: String) -> TextBox { a + TextBox(b) }
  static func + (a: String, b: TextBox) -> TextBox { TextBox(a) + b }

  private func line(_ row: Int) -> String {
    lines.indices.contains(row) ? lines[row] : String(repeating: " ", count: width)
  }

  /// The box in brackets of its height.
  func fenced(_ open: String, _ close: String) -> TextBox {
    guard isTall else { return open + self + close }
    func column(_ bracket: String) -> TextBox {
      let parts: (String, String, String) =
        switch bracket {
        case "(": ("⎛", "⎜", "⎝")
        case ")": ("⎞", "⎟", "⎠")
        case "[": ("⎡", "⎢", "⎣")
        case "]": ("⎤", "⎥", "⎦")
        default: (bracket, bracket, bracket)
        }
      let middle = Array(repeating: parts.1, count: lines.count - 2)
      return TextBox([parts.0] + middle + [parts.2], base: base)
    }
    return column(open) + self + column(close)
  }

  /// Rows of numbers, right-aligned, in square brackets.
  static func matrix(_ rows: [[String]]) -> TextBox {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).map { text, width in
        String(repeating: " ", count: width - text.count) + text
      }.joined(separator: "  ")
    }
    return TextBox(lines, base: (rows.count - 1) / 2).fenced("[", "]")
  }
}
