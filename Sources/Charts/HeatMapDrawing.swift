import NNExp

/// Draws a heat map into a frame, with square cells if they fit.
struct HeatMapDrawing {
  private let map: HeatMap
  private let frame: Frame
  private let area: Frame
  private let low: Double
  private let high: Double

  init(_ map: HeatMap, in frame: Frame) {
    (self.map, self.frame) = (map, frame)
    var area = frame
    if !map.xLabel.isEmpty { area.removeBottom(18) }
    if !map.columns.isEmpty { area.removeBottom(20) }
    if !map.yLabel.isEmpty { area.removeTop(20) }
    if !map.rows.isEmpty {
      let widest = map.rows.map { textWidth($0, size: 12) }.max() ?? 0
      area.removeLeft(min(widest, frame.width / 3) + 8)
    }
    let (rows, columns) = (max(1, map.values.count), max(1, map.values.first?.count ?? 1))
    let cell = min(area.width / Double(columns), area.height / Double(rows))
    area.width = cell * Double(columns)
    area.height = cell * Double(rows)
    self.area = area
    let values = map.values.joined().compactMap { $0 }.filter(\.isFinite)
    low = map.domain?.lowerBound ?? values.min() ?? 0
    high = map.domain?.upperBound ?? values.max() ?? 1
  }

  func draw(on svg: inout SVGText) {
    let rows = map.values.count
    let columns = map.values.first?.count ?? 0
    guard rows > 0, columns > 0 else { return }
    let cell = area.width / Double(columns)
    let gap: Double = cell > 12 && map.colors == .sequential ? 1 : 0
    for (i, row) in map.values.enumerated() {
      for (j, value) in row.enumerated() {
        guard let value, value.isFinite else { continue }
        let share = high > low ? min(max((value - low) / (high - low), 0), 1) : 0.5
        let (x, y) = (area.x + Double(j) * cell, area.y + Double(i) * cell)
        switch map.colors {
        case .sequential:
          let step = Int((share * Double(Theme.rampSteps - 1)).rounded())
          svg.rectangle(x, y, cell - gap, cell - gap, style: "q\(step)")
          // Counts are written in full.
          let count = Int(exactly: value).flatMap { abs($0) < 1_000_000_000 ? $0 : nil }
          let text = count.map { "\($0)" } ?? rounded(value, digits: 4)
          if map.showsValues, textWidth(text, size: 11) + 4 < cell, cell > 14 {
            // Each half of the scale is dark in one theme and light in the other.
            svg.label(
              text, x + (cell - gap) / 2, y + (cell - gap) / 2 + 4,
              style: share > 0.55 ? "bg" : "t", anchor: "middle", extra: " font-size=\"11\"")
          }
        case .gray:
          let level = Int((share * 255).rounded())
          svg.rectangle(
            x, y, cell, cell, style: "p", extra: " fill=\"rgb(\(level),\(level),\(level))\"")
        }
      }
    }
    drawLabels(cell: cell, on: &svg)
  }

  private func drawLabels(cell: Double, on svg: inout SVGText) {
    let rowStride = max(1, Int((16 / cell).rounded(.up)))
    for (i, name) in map.rows.enumerated() where i % rowStride == 0 {
      svg.label(
        fitted(name, width: frame.width / 3, size: 12), area.x - 6,
        area.y + (Double(i) + 0.5) * cell + 4, anchor: "end")
    }
    var taken = -Double.infinity
    for (j, name) in map.columns.enumerated() {
      let text = fitted(name, width: max(cell, 60), size: 12)
      let half = textWidth(text, size: 12) / 2
      let place = area.x + (Double(j) + 0.5) * cell
      guard place - half >= taken else { continue }
      taken = place + half + 4
      svg.label(text, place, area.bottom + 15, anchor: "middle")
    }
    if !map.yLabel.isEmpty { svg.label("↓ " + map.yLabel, frame.x, area.y - 8) }
    if !map.xLabel.isEmpty {
      svg.label(
        map.xLabel + " →", area.right, area.bottom + (map.columns.isEmpty ? 15 : 32), anchor: "end")
    }
  }
}
