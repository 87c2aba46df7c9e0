/// A grid of dots drawn with braille characters, two dots wide and four high per cell.
struct BrailleCanvas {
  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  /// The color of the last dot in each cell; -1 for none.
  private var colors: [Int]

  init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    dots = Array(repeating: 0, count: columns * rows)
    colors = Array(repeating: -1, count: columns * rows)
  }

  var width: Int { 2 * columns }
  var height: Int { 4 * rows }

  /// Sets a dot; `y` counts from the top. Dots outside are ignored.
  mutating func set(_ x: Int, _ y: Int, color: Int) {
    guard (0..<width).contains(x), (0..<height).contains(y) else { return }
    // Unicode numbers the dots column by column, the fourth row last.
    let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    let cell = y / 4 * columns + x / 2
    dots[cell] |= bits[y % 4][x % 2]
    colors[cell] = color
  }

  /// Draws a straight line (Bresenham 1965); a dashed line has two of every four dots, and a
  /// dotted line one.
  mutating func line(
    from a: (x: Int, y: Int), to b: (x: Int, y: Int), color: Int, dash: Series.Dash = .solid
  ) {
    // The number of dots of every four.
    let drawn = dash == .solid ? 4 : dash == .dashed ? 2 : 1
    let (dx, dy) = (abs(b.x - a.x), -abs(b.y - a.y))
    var (x, y, error) = (a.x, a.y, dx + dy)
    while true {
      if (dx >= -dy ? x : y) & 3 < drawn { set(x, y, color: color) }
      if x == b.x, y == b.y { return }
      let twice = 2 * error
      if twice >= dy {
        error += dy
        x += a.x < b.x ? 1 : -1
      }
      if twice <= dx {
        error += dx
        y += a.y < b.y ? 1 : -1
      }
    }
  }

  /// The characters of a row, blanks at its end included.
  func text(ofRow row: Int, ink: TerminalInk) -> String {
    var text = ""
    for column in 0..<columns {
      let cell = row * columns + column
      guard dots[cell] != 0, let scalar = Unicode.Scalar(0x2800 + UInt32(dots[cell])) else {
        text += " "
        continue
      }
      text += ink.colored(String(scalar), colors[cell])
    }
    return text
  }
}

/// The colors of a chart in a terminal, or none.
struct TerminalInk {
  let isColored: Bool

  /// The xterm colors (of 256) nearest to the series' colors that are legible on black and
  /// on white.
  private static let palette = [32, 202, 35, 169, 136, 74, 98, 245]

  /// Text in the color of a series; plain text for -1.
  func colored(_ text: String, _ color: Int) -> String {
    guard isColored, color >= 0 else { return text }
    return "\u{1B}[38;5;\(Self.palette[color % Self.palette.count])m\(text)\u{1B}[0m"
  }

  func dimmed(_ text: String) -> String {
    isColored ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }

  func bold(_ text: String) -> String {
    isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }
}
