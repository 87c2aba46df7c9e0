/// Draws parallel coordinates into a frame: one vertical axis per quantity.
struct ParallelDrawing {
  private let chart: ParallelCoordinates
  private let frame: Frame
  private let area: Frame
  private let axes: [Projection]
  private let isStaggered: Bool

  init(_ chart: ParallelCoordinates, in frame: Frame) {
    (self.chart, self.frame) = (chart, frame)
    var area = frame
    // Labels that do not fit beside each other take two rows.
    let room = frame.width / Double(max(1, chart.axes.count - 1))
    isStaggered = chart.axes.contains { textWidth($0.label, size: 12) > room - 12 }
    area.removeTop(isStaggered ? 42 : 26)
    area.removeBottom(10)
    axes = chart.axes.enumerated().map { index, axis in
      Projection(
        axis, values: chart.lines.compactMap { $0[index] }, count: max(2, Int(area.height / 48)))
    }
    let first = axes.first?.ticks.map { textWidth($0.label, size: 12) }.max() ?? 0
    area.removeLeft(min(first, frame.width / 4) + 10)
    let last =
      axes.count > 1 ? axes[axes.count - 1].ticks.map { textWidth($0.label, size: 11) } : []
    area.removeRight(min(last.max() ?? 0, frame.width / 4) + 12)
    self.area = area
  }

  func draw(on svg: inout SVGText) {
    guard !axes.isEmpty else { return }
    let last = axes.count - 1
    let order = chart.lines.indices.sorted { a, b in
      let (first, second) = (chart.lines[a][last], chart.lines[b][last])
      guard let first, let second, first != second else {
        return (second != nil && first == nil) || (first == second && a < b)
          || (first == nil && second == nil && a < b)
      }
      return (first < second) == chart.isHigherOnTop
    }
    let opacity = chart.lines.count > 60 ? " stroke-opacity=\"0.6\"" : ""
    for index in order { draw(chart.lines[index], extra: opacity, on: &svg) }
    for (index, axis) in axes.enumerated() { draw(axis, at: index, on: &svg) }
  }

  private func place(_ index: Int) -> Double {
    area.x + (axes.count == 1 ? 0 : area.width * Double(index) / Double(axes.count - 1))
  }

  private func draw(_ line: [Double?], extra: String, on svg: inout SVGText) {
    let pixels = line.enumerated().map { index, value -> LinePath.Pixel? in
      guard let value, let up = axes[index].position(of: value) else { return nil }
      return (place(index), area.bottom - up * area.height)
    }
    var data = ""
    for run in LinePath.runs(pixels, columns: .infinity) where run.count > 1 {
      for (index, point) in run.enumerated() {
        data += (index == 0 ? "M" : "L") + tenths(point.x) + " " + tenths(point.y)
      }
    }
    guard !data.isEmpty else { return }
    var style = "n sx"
    if let value = line.last ?? nil, let share = axes[axes.count - 1].position(of: value) {
      // The palest colors would be invisible on the background.
      let lowest = 6.0
      let step = lowest + share * (Double(Theme.rampSteps - 1) - lowest)
      style = "n l\(Int(min(max(step, lowest), Double(Theme.rampSteps - 1)).rounded()))"
    }
    svg.path(data, style: style, extra: extra)
  }

  private func draw(_ axis: Projection, at index: Int, on svg: inout SVGText) {
    let x = place(index)
    svg.line(x, area.y, x, area.bottom, style: "a")
    let room = axes.count == 1 ? area.width : area.width / Double(axes.count - 1)
    let anchor = index == 0 ? "start" : index == axes.count - 1 ? "end" : "middle"
    let labelX = index == 0 ? frame.x : index == axes.count - 1 ? frame.right : x
    svg.label(
      fitted(chart.axes[index].label, width: (isStaggered ? 2 : 1) * room - 12, size: 12), labelX,
      frame.y + (isStaggered && index % 2 == 1 ? 28 : 12),
      style: "t", anchor: anchor)
    var taken = Double.infinity
    for tick in axis.ticks {
      guard let up = axis.position(of: tick.value), (-0.001...1.001).contains(up) else { continue }
      let y = area.bottom - up * area.height
      // If there are many categories, only the names that fit are shown.
      guard y <= taken else { continue }
      taken = y - 14
      let isLast = index == axes.count - 1 && index > 0
      svg.line(x, y, isLast ? x + 4 : x - 4, y, style: "a")
      svg.label(
        fitted(tick.label, width: index == 0 ? frame.width / 4 : room - 12, size: 11),
        isLast ? x + 7 : x - 7, y + 4, style: "h", anchor: isLast ? "start" : "end",
        extra: " font-size=\"11\"")
    }
  }
}
