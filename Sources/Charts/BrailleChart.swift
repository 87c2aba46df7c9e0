import Files
import NNExp

/// A chart as lines of text for a terminal.
public struct BrailleChart {
  /// The lines without line breaks, at most as wide as requested.
  public let lines: [String]

  /// Draws a chart.
  ///
  /// - Parameters:
  ///   - columns: the width in characters; charts narrower than 20 are drawn as 20.
  ///   - rows: the height of the drawing in lines, without title, legend and labels.
  ///   - isColored: whether series have colors; otherwise every second one is dashed.
  public init(_ chart: Chart, columns: Int = 80, rows: Int = 12, isColored: Bool) {
    let ink = TerminalInk(isColored: isColored)
    let (columns, rows) = (max(20, columns), max(3, rows))
    var lines: [String] = []
    if !chart.title.isEmpty { lines.append(ink.bold(cut(Escaping.line(chart.title), to: columns))) }
    switch chart.content {
    case .plot(let plot):
      lines += PlotText(plot, columns: columns, rows: rows, ink: ink).lines
    case .heatMap(let map):
      lines += HeatMapText(map, columns: columns).lines
    case .parallel(let parallel):
      lines += Self.parallel(parallel, columns: columns, rows: rows, ink: ink)
    }
    self.lines = lines
  }

  /// Parallel coordinates are one plot over the axes' positions, each axis scaled to 0…1.
  private static func parallel(
    _ chart: ParallelCoordinates, columns: Int, rows: Int, ink: TerminalInk
  ) -> [String] {
    let projections = chart.axes.enumerated().map { index, axis in
      Projection(axis, values: chart.lines.compactMap { $0[index] }, count: 3)
    }
    var canvas = BrailleCanvas(columns: columns, rows: rows)
    let last = max(1, chart.axes.count - 1)
    for index in chart.axes.indices {
      let x = index * (canvas.width - 1) / last
      for y in stride(from: 0, to: canvas.height, by: 2) { canvas.set(x, y, color: 7) }
    }
    for line in chart.lines {
      let share = (line.last ?? nil).flatMap { projections[last].position(of: $0) } ?? 0
      var before: (x: Int, y: Int)?
      for (index, value) in line.enumerated() {
        guard let value, let up = projections[index].position(of: value) else {
          before = nil
          continue
        }
        let dot = (
          x: index * (canvas.width - 1) / last,
          y: Int(((1 - up) * Double(canvas.height - 1)).rounded())
        )
        if let before {
          canvas.line(from: before, to: dot, color: share < 0.5 ? 0 : 1)
        }
        before = dot
      }
    }
    let drawing = (0..<rows).map { canvas.text(ofRow: $0, ink: ink) }
    let names = chart.axes.map { Escaping.line($0.label) }.joined(separator: " · ")
    return [ink.dimmed(cut(names, to: columns))] + drawing
  }
}

/// A plot as text: legend, axes, dots.
private struct PlotText {
  private(set) var lines: [String] = []

  init(_ plot: Plot, columns: Int, rows: Int, ink: TerminalInk) {
    let points = plot.series.flatMap(\.points)
    let rulesUp = plot.rules.filter { $0.direction == .horizontal }.map(\.value)
    let hasBars = plot.series.contains { $0.mark == .bars }
    let y = Projection(
      plot.y, values: points.compactMap(\.y) + rulesUp + (hasBars ? [0] : []),
      count: max(3, rows / 2))
    let gutter = min(y.ticks.map(\.label.count).max() ?? 0, columns / 3)
    let rulesAcross = plot.rules.filter { $0.direction == .vertical }.map(\.value)
    let x = Projection(
      plot.x, values: points.map(\.x) + rulesAcross, count: max(3, (columns - gutter) / 11),
      isWidened: false)

    appendLegend(plot, columns: columns, ink: ink)
    if !plot.y.label.isEmpty {
      lines.append(ink.dimmed(cut("↑ " + Escaping.line(plot.y.label), to: columns)))
    }
    var canvas = BrailleCanvas(columns: columns - gutter - 2, rows: rows)
    func dot(_ point: Series.Point) -> (x: Int, y: Int)? {
      guard let value = point.y, let across = x.position(of: point.x),
        let up = y.position(of: value), (0...1).contains(across), (-0.01...1.01).contains(up)
      else { return nil }
      return (
        Int((across * Double(canvas.width - 1)).rounded()),
        Int(((1 - up) * Double(canvas.height - 1)).rounded())
      )
    }
    for rule in plot.rules {
      if rule.direction == .vertical, let across = x.position(of: rule.value) {
        let place = Int((across * Double(canvas.width - 1)).rounded())
        for up in stride(from: 0, to: canvas.height, by: 2) { canvas.set(place, up, color: 7) }
      } else if rule.direction == .horizontal, let up = y.position(of: rule.value) {
        let height = Int(((1 - up) * Double(canvas.height - 1)).rounded())
        for across in stride(from: 0, to: canvas.width, by: 4) {
          canvas.set(across, height, color: 7)
        }
      }
    }
    let bars = BarGroups(plot)
    for series in plot.series {
      let color = series.color ?? 7
      let dash = Self.dash(series, ink)
      var before: (x: Int, y: Int)?
      for point in series.points {
        guard let here = dot(point) else {
          before = nil
          continue
        }
        switch series.mark {
        case .line:
          canvas.line(
            from: before ?? here, to: here, color: color, dash: before == nil ? .solid : dash)
        case .points: canvas.set(here.x, here.y, color: color)
        case .bars:
          let zero = y.position(of: 0) ?? 0
          let base = Int(((1 - zero) * Double(canvas.height - 1)).rounded())
          for x in bars.offset(of: series, width: canvas.width) {
            canvas.line(
              from: (here.x + x, base), to: (here.x + x, here.y), color: color)
          }
        }
        before = here
      }
    }
    appendDrawing(canvas, y: y, gutter: gutter, ink: ink)
    appendXAxis(plot, x: x, gutter: gutter, columns: columns, ink: ink)
  }

  private static func dash(_ series: Series, _ ink: TerminalInk) -> Series.Dash {
    let isOdd = !ink.isColored && (series.color ?? 0) % 2 == 1
    return isOdd && series.dash == .solid ? .dashed : series.dash
  }

  private static func key(of dash: Series.Dash) -> String {
    switch dash {
    case .solid: "⠒⠒⠒"
    case .dashed: "⠒ ⠒"
    case .dotted: "⠂⠂⠂"
    }
  }

  private mutating func appendLegend(_ plot: Plot, columns: Int, ink: TerminalInk) {
    var line = ""
    var used = 0
    for series in plot.series where !series.name.isEmpty {
      let name = cut(Escaping.line(series.name), to: columns - 4)
      if used > 0, used + name.count + 6 > columns {
        lines.append(line)
        (line, used) = ("", 0)
      }
      if used > 0 {
        line += "  "
        used += 2
      }
      let key = series.mark == .line ? Self.key(of: Self.dash(series, ink)) : " • "
      line += ink.colored(key, series.color ?? 7) + " " + name
      used += name.count + 4
    }
    if used > 0 { lines.append(line) }
  }

  private mutating func appendDrawing(
    _ canvas: BrailleCanvas, y: Projection, gutter: Int, ink: TerminalInk
  ) {
    var labels = [String?](repeating: nil, count: canvas.rows)
    for tick in y.ticks {
      guard let up = y.position(of: tick.value), (-0.001...1.001).contains(up) else { continue }
      let row = min(canvas.rows - 1, Int((1 - up) * Double(canvas.height - 1) / 4))
      if labels[row] == nil { labels[row] = cut(tick.label, to: gutter) }
    }
    for row in 0..<canvas.rows {
      let label = labels[row] ?? ""
      let axis = labels[row] == nil ? " │" : " ┤"
      lines.append(
        ink.dimmed(String(repeating: " ", count: gutter - label.count) + label + axis)
          + trimmed(canvas.text(ofRow: row, ink: ink)))
    }
  }

  private mutating func appendXAxis(
    _ plot: Plot, x: Projection, gutter: Int, columns: Int, ink: TerminalInk
  ) {
    let width = columns - gutter - 2
    var axis = Array(repeating: Character("─"), count: width)
    var labels = Array(repeating: Character(" "), count: columns)
    var taken = -1
    for tick in x.ticks {
      guard let across = x.position(of: tick.value), (-0.001...1.001).contains(across) else {
        continue
      }
      let place = Int((across * Double(width - 1)).rounded())
      let label = Array(cut(tick.label, to: 12))
      let start = min(max(0, gutter + 2 + place - label.count / 2), columns - label.count)
      guard start > taken else { continue }
      axis[min(max(0, place), width - 1)] = "┬"
      for (offset, character) in label.enumerated() { labels[start + offset] = character }
      taken = start + label.count
    }
    lines.append(ink.dimmed(String(repeating: " ", count: gutter + 1) + "└" + String(axis)))
    lines.append(ink.dimmed(trimmed(String(labels))))
    if !plot.x.label.isEmpty {
      let label = cut(Escaping.line(plot.x.label) + " →", to: columns)
      lines.append(ink.dimmed(String(repeating: " ", count: columns - label.count) + label))
    }
  }
}

/// The columns of dots that the bars of each series occupy around their position.
private struct BarGroups {
  private let series: [Series]
  private let positions: Int

  init(_ plot: Plot) {
    series = plot.series.filter { $0.mark == .bars }
    positions = Set(series.flatMap { $0.points.map(\.x) }).count
  }

  func offset(of one: Series, width: Int) -> Range<Int> {
    let each = max(1, width / max(1, positions) * 7 / 10 / max(1, series.count))
    let first = (series.firstIndex(of: one) ?? 0) * each - each * series.count / 2
    return first..<first + max(1, each - 1)
  }
}

/// A heat map as a table of numbers with the names of rows and columns.
private struct HeatMapText {
  private(set) var lines: [String] = []

  init(_ map: HeatMap, columns: Int) {
    let cells = map.values.map { $0.map { $0.map { rounded($0, digits: 4) } ?? "" } }
    let names = map.rows.map { cut(Escaping.line($0), to: columns / 4) }
    let gutter = names.map(\.count).max() ?? 0
    let count = map.values.first?.count ?? 0
    let widths = (0..<count).map { j in
      let heading = map.columns.indices.contains(j) ? min(map.columns[j].count, 10) : 0
      return max(heading, cells.map { $0[j].count }.max() ?? 0) + 2
    }
    // As many columns as fit.
    var (shown, used) = (0, gutter)
    while shown < count, used + widths[shown] <= columns - 2 {
      used += widths[shown]
      shown += 1
    }
    let more = shown < count ? " …" : ""
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    if !map.xLabel.isEmpty || !map.yLabel.isEmpty {
      lines.append(cut(Escaping.line("↓ \(map.yLabel), → \(map.xLabel)"), to: columns))
    }
    if !map.columns.isEmpty {
      let headings = (0..<shown).map {
        padded(cut(Escaping.line(map.columns[$0]), to: 10), widths[$0])
      }
      lines.append(padded("", gutter) + headings.joined() + more)
    }
    for (i, row) in cells.enumerated() {
      let name = names.indices.contains(i) ? names[i] : ""
      lines.append(
        padded(name, gutter) + (0..<shown).map { padded(row[$0], widths[$0]) }.joined() + more)
    }
  }
}

/// The first `count` characters of a text; if it is longer, the last one is an ellipsis.
private func cut(_ text: String, to count: Int) -> String {
  text.count <= count ? text : String(text.prefix(max(0, count - 1))) + "…"
}

/// The text without the blanks at its end.
private func trimmed(_ text: String) -> String {
  var text = Substring(text)
  while text.last == " " { text.removeLast() }
  return String(text)
}
