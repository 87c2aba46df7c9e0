import Files
import NNExp

/// Draws a plot into a frame: legend, axes with their grid, reference lines, series.
struct PlotDrawing {
  private let plot: Plot
  private let frame: Frame
  private let area: Frame
  private let x: Projection
  private let y: Projection
  private let legend: [LegendRow]
  /// The distance in pixels of the outermost points from the ends of the axis.
  private let inset: Double

  private struct LegendEntry {
    let series: Series
    let name: String
    let x: Double
  }

  private typealias LegendRow = [LegendEntry]

  init(_ plot: Plot, in frame: Frame) {
    (self.plot, self.frame) = (plot, frame)
    legend = Self.legend(of: plot, width: frame.width)
    var area = frame
    area.removeTop(18 * Double(legend.count) + (legend.isEmpty ? 0 : 4))
    area.removeTop(plot.y.label.isEmpty ? 6 : 20)
    area.removeBottom(plot.x.label.isEmpty ? 20 : 36)

    let points = plot.series.flatMap(\.points)
    var heights = points.compactMap(\.y)
    heights += points.compactMap(\.interval).flatMap { [$0.lowerBound, $0.upperBound] }
    heights += plot.rules.filter { $0.direction == .horizontal }.map(\.value)
    let hasBars = plot.series.contains { $0.mark == .bars }
    if hasBars { heights.append(0) }
    y = Projection(plot.y, values: heights, count: max(3, Int(area.height / 38)))
    let widest = y.ticks.map { textWidth($0.label, size: 12) }.max() ?? 0
    area.removeLeft(min(widest, frame.width / 3) + 10)

    var positions = points.map(\.x)
    positions += plot.rules.filter { $0.direction == .vertical }.map(\.value)
    if hasBars, case .linear = plot.x.scale, let gap = Self.barGap(plot), let low = positions.min(),
      let high = positions.max()
    {
      positions += [low - gap / 2, high + gap / 2]
    }
    x = Projection(
      plot.x, values: positions, count: max(3, Int(area.width / 50)), isWidened: false)
    let last = x.ticks.last.map { textWidth($0.label, size: 12) } ?? 0
    area.removeRight(max(6, last / 2))
    self.area = area
    let hasPoints = plot.series.contains { $0.mark == .points }
    inset = hasPoints && !hasBars && plot.x.domain == nil ? 8 : 0
  }

  private static func legend(of plot: Plot, width: Double) -> [LegendRow] {
    var rows: [LegendRow] = []
    var right = Double.infinity
    for series in plot.series where !series.name.isEmpty {
      let name = fitted(series.name, width: width - 28, size: 12)
      let size = textWidth(name, size: 12) + 40
      if right + size - 12 > width {
        rows.append([])
        right = 0
      }
      rows[rows.count - 1].append(LegendEntry(series: series, name: name, x: right))
      right += size
    }
    return rows
  }

  /// The least distance between bars.
  private static func barGap(_ plot: Plot) -> Double? {
    let positions = plot.series.filter { $0.mark == .bars }.flatMap { $0.points.map(\.x) }.sorted()
    let gaps = zip(positions.dropFirst(), positions).map { $0 - $1 }
      .filter { $0 > 0 && $0.isFinite }
    return positions.isEmpty ? nil : gaps.min() ?? 1
  }

  func draw(on svg: inout SVGText) {
    drawLegend(on: &svg)
    drawAxes(on: &svg)
    // Bands are drawn before all lines, so that they do not cover any.
    for series in plot.series where series.mark == .line { drawBand(of: series, on: &svg) }
    for series in plot.series { draw(series, on: &svg) }
    for rule in plot.rules { draw(rule, on: &svg) }
  }

  /// The drawn values for the script of a page, which shows those under the pointer:
  ///
  ///     {"x":"epoch","y":"","series":[["train",0,[[px,py,"1","0.5"],[px,py,"2","0.4"]]]]}
  ///
  /// The number after a name is 0 for a line or bars, whose values at the nearest x are shown,
  /// and 1 for points, of which the nearest one is shown. A third text is the interval. Lines
  /// without a name are guides.
  var pointData: String {
    let shown = plot.series.filter { !$0.name.isEmpty || $0.mark != .line }.prefix(12)
    let series = shown.map { series -> String in
      let isPoints = series.mark == .points
      // Every point that a reader can point at has its values.
      let most = isPoints ? Int.max : Self.mostValues
      let step = max(1, (series.points.count - 1) / most + 1)
      let points = series.points.indices.filter {
        $0 % step == 0 || $0 == series.points.count - 1
      }.compactMap { index -> String? in
        let point = series.points[index]
        guard let place = pixel(point, of: series), let y = point.y else { return nil }
        let texts =
          isPoints
          ? [text(of: point.x), text(y)] + interval(point)
          : [text(of: point.x), shortest(y)] + interval(point)
        return "[\(tenths(place.x)),\(tenths(place.y)),"
          + texts.map { JSON.string($0).description }.joined(separator: ",") + "]"
      }
      return "[\(JSON.string(series.name).description),\(isPoints ? 1 : 0),"
        + "[\(points.joined(separator: ","))]]"
    }
    return "{\"x\":\(JSON.string(plot.x.label).description),"
      + "\"y\":\(JSON.string(plot.y.label).description),"
      + "\"series\":[\(series.joined(separator: ","))]}"
  }

  /// The maximum number of points of a line whose values a page shows.
  private static let mostValues = 240

  /// The value of a point along x, or the name of its category.
  private func text(of x: Double) -> String {
    guard case .categories(let names) = plot.x.scale, let index = Int(exactly: x),
      names.indices.contains(index)
    else { return text(x) }
    return names[index]
  }

  /// A value with nine digits if it has more than a float32 needs, so that many points are
  /// short.
  private func text(_ value: Double) -> String {
    let exact = shortest(value)
    return exact.utf8.count > 12 ? rounded(value, digits: 9) : exact
  }

  private func interval(_ point: Series.Point) -> [String] {
    point.interval.map { [text($0.lowerBound) + " to " + text($0.upperBound)] } ?? []
  }

  /// The center of a point, or the middle of a bar's end.
  private func pixel(_ point: Series.Point, of series: Series) -> (x: Double, y: Double)? {
    guard let place = pixel(point), series.mark == .bars else { return pixel(point) }
    let bar = bar(of: series, at: place.x)
    return (bar.left + bar.width / 2, place.y)
  }

  private func drawLegend(on svg: inout SVGText) {
    for (index, row) in legend.enumerated() {
      let middle = frame.y + 18 * Double(index) + 8
      for entry in row {
        let left = frame.x + entry.x
        switch entry.series.mark {
        case .line:
          svg.line(
            left, middle, left + 18, middle, style: "w " + stroke(entry.series),
            extra: Self.dashes(entry.series))
        case .points:
          svg.circle(left + 9, middle, radius: 4, style: fill(entry.series))
        case .bars:
          svg.rectangle(left + 3, middle - 6, 12, 12, style: fill(entry.series))
        }
        svg.label(entry.name, left + 24, middle + 4, style: "t")
      }
    }
  }

  private static let dashes = " stroke-dasharray=\"5 4\""

  private static func dashes(_ series: Series) -> String {
    switch series.dash {
    case .solid: ""
    case .dashed: dashes
    case .dotted: " stroke-dasharray=\"0.1 4\""
    }
  }

  private func drawAxes(on svg: inout SVGText) {
    for tick in y.ticks {
      guard let position = y.position(of: tick.value), (-0.001...1.001).contains(position) else {
        continue
      }
      let height = area.bottom - position * area.height
      svg.line(area.x, height, area.right, height, style: "g")
      svg.label(
        fitted(tick.label, width: frame.width / 3, size: 12), area.x - 7, height + 4, anchor: "end")
    }
    svg.line(area.x, area.bottom, area.right, area.bottom, style: "a")
    // A long label of a category covers the room of several labels.
    var taken = -Double.infinity
    for tick in x.ticks {
      guard let position = x.position(of: tick.value), (-0.001...1.001).contains(position) else {
        continue
      }
      let place = column(position)
      let label = fitted(tick.label, width: 120, size: 12)
      let half = textWidth(label, size: 12) / 2
      guard place - half >= taken else { continue }
      taken = place + half + 8
      svg.line(place, area.bottom, place, area.bottom + 4, style: "a")
      svg.label(label, place, area.bottom + 17, anchor: "middle")
    }
    if !plot.y.label.isEmpty {
      svg.label(
        fitted("↑ " + plot.y.label, width: frame.width, size: 12), frame.x, area.y - 9)
    }
    if !plot.x.label.isEmpty {
      svg.label(
        fitted(plot.x.label + " →", width: frame.width, size: 12), area.right, area.bottom + 33,
        anchor: "end")
    }
  }

  private func draw(_ rule: Rule, on svg: inout SVGText) {
    switch rule.direction {
    case .vertical:
      guard let position = x.position(of: rule.value), (0...1).contains(position) else { return }
      let place = column(position)
      svg.line(place, area.y, place, area.bottom, style: "n sx", extra: Self.dashes)
      let isRight = position > 0.6
      let end = place + (isRight ? -1 : 1) * textWidth(rule.label, size: 12)
      svg.label(
        rule.label, place + (isRight ? -5 : 5),
        freeHeight(from: min(place, end), to: max(place, end)), style: "h",
        anchor: isRight ? "end" : "start")
    case .horizontal:
      guard let position = y.position(of: rule.value), (0...1).contains(position) else { return }
      let height = area.bottom - position * area.height
      svg.line(area.x, height, area.right, height, style: "n sx", extra: Self.dashes)
      svg.label(
        rule.label, area.right - 2, height + (position > 0.9 ? 13 : -5), style: "h",
        anchor: "end")
    }
  }

  /// The height for a label beside a vertical line: among several heights, the one near the
  /// fewest points of the series.
  private func freeHeight(from left: Double, to right: Double) -> Double {
    let pixels = plot.series.flatMap(\.points).compactMap(pixel).filter {
      (left...right).contains($0.x)
    }
    let heights = [0.04, 0.5, 0.25, 0.75, 0.93].map { area.y + $0 * area.height }
    func crowd(_ height: Double) -> Int { pixels.count { abs($0.y - height) < 16 } }
    return (heights.min { crowd($0) < crowd($1) } ?? area.y) + 4
  }

  /// The place of a position along x, in pixels.
  private func column(_ position: Double) -> Double {
    area.x + inset + position * (area.width - 2 * inset)
  }

  private func pixel(_ point: Series.Point) -> (x: Double, y: Double)? {
    guard let value = point.y, let across = x.position(of: point.x),
      let up = y.position(of: value), (-0.0001...1.0001).contains(across)
    else { return nil }
    return (column(across), height(up))
  }

  /// A position along y in pixels, limited to the plot and its surroundings; the clip
  /// path cuts off the rest.
  private func height(_ position: Double) -> Double {
    area.bottom - min(max(position, -0.02), 1.02) * area.height
  }

  private func draw(_ series: Series, on svg: inout SVGText) {
    switch series.mark {
    case .line: drawLine(series, on: &svg)
    case .points: drawPoints(series, on: &svg)
    case .bars: drawBars(series, on: &svg)
    }
  }

  private func drawLine(_ series: Series, on svg: inout SVGText) {
    var data = ""
    for run in LinePath.runs(series.points.map(pixel), columns: area.width) {
      if run.count == 1 {
        svg.circle(run[0].x, run[0].y, radius: 2.2, style: fill(series))
        continue
      }
      for (index, point) in run.enumerated() {
        data += (index == 0 ? "M" : "L") + tenths(point.x) + " " + tenths(point.y)
      }
    }
    if !data.isEmpty {
      svg.path(data, style: "w " + stroke(series), extra: Self.dashes(series))
    }
  }

  private func drawBand(of series: Series, on svg: inout SVGText) {
    let edges = series.points.compactMap { point -> (x: Double, low: Double, high: Double)? in
      guard let interval = point.interval, let across = x.position(of: point.x),
        let low = y.position(of: interval.lowerBound) ?? (y.isLogarithmic ? -0.02 : nil),
        let high = y.position(of: interval.upperBound)
      else { return nil }
      return (column(across), height(low), height(high))
    }
    guard edges.count > 1 else { return }
    var data = ""
    for (index, edge) in edges.enumerated() {
      data += (index == 0 ? "M" : "L") + tenths(edge.x) + " " + tenths(edge.high)
    }
    for edge in edges.reversed() { data += "L" + tenths(edge.x) + " " + tenths(edge.low) }
    svg.path(data + "Z", style: "k " + fill(series))
  }

  private func drawPoints(_ series: Series, on svg: inout SVGText) {
    let isMany = series.points.count > 200
    let opacity = isMany ? " fill-opacity=\"0.55\"" : ""
    for point in series.points {
      guard let place = pixel(point) else { continue }
      if let interval = point.interval, let low = y.position(of: interval.lowerBound),
        let high = y.position(of: interval.upperBound)
      {
        svg.line(place.x, height(low), place.x, height(high), style: "w " + stroke(series))
      }
      svg.circle(
        place.x, place.y, radius: isMany ? 2.2 : 3.4, style: fill(series), extra: opacity)
    }
  }

  private func drawBars(_ series: Series, on svg: inout SVGText) {
    for point in series.points {
      guard let place = pixel(point), let zero = y.position(of: 0) else { continue }
      let base = height(zero)
      let bar = bar(of: series, at: place.x)
      svg.rectangle(
        bar.left, min(base, place.y), max(1, bar.width - 1), abs(place.y - base),
        style: fill(series))
      if let interval = point.interval, let low = y.position(of: interval.lowerBound),
        let high = y.position(of: interval.upperBound)
      {
        let middle = bar.left + bar.width / 2
        svg.line(middle, height(low), middle, height(high), style: "w sx")
      }
    }
  }

  /// The left edge and the width of a series' bar in the group of bars around `middle`.
  private func bar(of series: Series, at middle: Double) -> (left: Double, width: Double) {
    let all = plot.series.filter { $0.mark == .bars }
    let index = all.firstIndex(of: series) ?? 0
    let scale = area.width / 2 / (x.high / 2 - x.low / 2)
    let group = (Self.barGap(plot) ?? 1) * scale * 0.8
    let width = group / Double(all.count)
    return (middle - group / 2 + Double(index) * width, width)
  }

  private func stroke(_ series: Series) -> String {
    series.color.map { "s\($0 % Theme.light.series.count)" } ?? "sx"
  }

  private func fill(_ series: Series) -> String {
    series.color.map { "f\($0 % Theme.light.series.count)" } ?? "fx"
  }
}

extension Projection {
  var isLogarithmic: Bool {
    if case .logarithmic = scale { return true }
    return false
  }
}
