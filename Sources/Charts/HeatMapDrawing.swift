import Files
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
      var j = 0
      while j < row.count {
        guard let value = row[j], value.isFinite else {
          j += 1
          continue
        }
        let (x, y) = (area.x + Double(j) * cell, area.y + Double(i) * cell)
        switch map.colors {
        case .sequential:
          // Equal neighbors without a gap are one rectangle: maps of many classes stay small.
          let color = step(value)
          var count = 1
          while gap == 0, j + count < row.count, let next = row[j + count], next.isFinite,
            step(next) == color
          {
            count += 1
          }
          svg.rectangle(
            x, y, cell * Double(count) - gap, cell - gap, style: "q\(color)")
          let text = Self.text(value)
          if map.showsValues, textWidth(text, size: 11) + 4 < cell, cell > 14 {
            // Each half of the scale is dark in one theme and light in the other.
            svg.label(
              text, x + (cell - gap) / 2, y + (cell - gap) / 2 + 4,
              style: share(value) > 0.55 ? "bg" : "t", anchor: "middle",
              extra: " font-size=\"11\"")
          }
          j += count
        case .gray:
          let level = Int((share(value) * 255).rounded())
          svg.rectangle(
            x, y, cell, cell, style: "p", extra: " fill=\"rgb(\(level),\(level),\(level))\"")
          j += 1
        }
      }
    }
    drawLabels(cell: cell, on: &svg)
  }

  /// The position of a value between the ends of the color scale, from 0 to 1.
  private func share(_ value: Double) -> Double {
    high > low ? min(max((value - low) / (high - low), 0), 1) : 0.5
  }

  /// The step of the color scale for a value.
  private func step(_ value: Double) -> Int {
    Int((share(value) * Double(Theme.rampSteps - 1)).rounded())
  }

  /// The maximum number of cells whose values a page shows; smaller ones cannot be pointed at.
  private static let mostValues = 50_000

  /// The cells for the script of a page, which shows the one under the pointer:
  ///
  ///     {"cells":[x,y,size],"x":"predicted","y":"true","columns":[…],"rows":[…],"values":[["12"]]}
  ///
  /// Nil for a map of many cells.
  var cellData: String? {
    if map.values.count * (map.values.first?.count ?? 0) > Self.mostValues { return nil }
    func texts(_ texts: [String]) -> String {
      "[" + texts.map { JSON.string($0).description }.joined(separator: ",") + "]"
    }
    let cell = area.width / Double(max(1, map.values.first?.count ?? 1))
    let values = map.values.map { row in texts(row.map { $0.map(Self.text) ?? "" }) }
    return "{\"cells\":[\(tenths(area.x)),\(tenths(area.y)),\(shortest(cell))],"
      + "\"x\":\(JSON.string(map.xLabel).description),\"y\":\(JSON.string(map.yLabel).description),"
      + "\"columns\":\(texts(map.columns)),\"rows\":\(texts(map.rows)),"
      + "\"values\":[\(values.joined(separator: ","))]}"
  }

  /// A cell's value: counts in full, other numbers with four digits.
  private static func text(_ value: Double) -> String {
    let count = Int(exactly: value).flatMap { abs($0) < 1_000_000_000 ? $0 : nil }
    return count.map { "\($0)" } ?? rounded(value, digits: 4)
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
