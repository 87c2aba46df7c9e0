import Files

/// One chart, or several as panels of a grid, as an SVG image.
public struct SVGChart {
  /// The colors of an image.
  public enum Appearance: Sendable {
    case light, dark
    /// Light or dark, according to the setting of the reader's system.
    case automatic
    /// Without a style sheet or a background: the page around it has them (`pageStyle`).
    case page
  }

  /// The image, one line of XML with a line break at its end.
  public let text: String

  /// Draws charts.
  ///
  /// - Parameters:
  ///   - heading: a line above all charts.
  ///   - columns: the charts per row.
  ///   - width: the width of the whole image in pixels, at least 200.
  ///   - panelHeight: the height of each chart in pixels, at least 120.
  public init(
    _ charts: [Chart], heading: String = "", columns: Int = 1, width: Double = 720,
    panelHeight: Double = 320,
    appearance: Appearance = .automatic
  ) {
    let (width, panelHeight) = (max(200, width), max(120, panelHeight))
    let columns = max(1, min(columns, charts.count))
    let gap = 20.0
    let margin = 14.0
    let top = margin + (heading.isEmpty ? 0 : 28)
    let panelWidth = (width - 2 * margin - gap * Double(columns - 1)) / Double(columns)
    let rows = (charts.count + columns - 1) / columns
    let height = top + margin + Double(rows) * panelHeight + gap * Double(max(0, rows - 1))

    var svg = SVGText()
    let title = ([heading] + charts.map(\.title)).filter { !$0.isEmpty }.joined(separator: "; ")
    svg.append(
      raw: "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"\(tenths(width))\" "
        + "height=\"\(tenths(height))\" viewBox=\"0 0 \(tenths(width)) \(tenths(height))\" "
        + "role=\"img\" aria-label=\"\(Escaping.xmlAttribute(title))\" font-size=\"12\" "
        + "font-family=\"system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif\">")
    switch appearance {
    case .light: svg.append(raw: "<style>" + Self.shapes + Theme.light.styleSheet + "</style>")
    case .dark: svg.append(raw: "<style>" + Self.shapes + Theme.dark.styleSheet + "</style>")
    case .automatic: svg.append(raw: "<style>" + Self.pageStyle + "</style>")
    case .page: break
    }
    if case .page = appearance {
    } else {
      svg.rectangle(0, 0, width, height, style: "bg")
    }
    if !heading.isEmpty {
      svg.label(
        fitted(heading, width: width - 2 * margin, size: 15), margin, margin + 13, style: "t b")
    }
    for (index, chart) in charts.enumerated() {
      let frame = Frame(
        x: margin + Double(index % columns) * (panelWidth + gap),
        y: top + Double(index / columns) * (panelHeight + gap),
        width: panelWidth, height: panelHeight)
      Self.draw(chart, in: frame, on: &svg)
      if case .page = appearance, let data = Self.values(of: chart, in: frame) {
        let text = Escaping.xmlAttribute(data, isInSingleQuotes: true)
        svg.append(raw: "<g data-points='\(text)'></g>")
      }
    }
    svg.append(raw: "</svg>\n")
    text = svg.text
  }

  /// The style sheet for pages with images of the appearance `page`: dark if the reader's
  /// system requests it, otherwise light.
  public static var pageStyle: String {
    shapes + Theme.light.styleSheet + "@media (prefers-color-scheme:dark){"
      + Theme.dark.styleSheet + "}"
  }

  /// Widths and joins of lines, the same in both themes.
  private static let shapes =
    ".g,.a{stroke-width:1;shape-rendering:crispEdges}"
    + ".w{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
    + ".n{fill:none;stroke-width:1.2;stroke-linejoin:round}.b{font-weight:600;font-size:14px}"
    + ".k{fill-opacity:.16;stroke:none}.h{paint-order:stroke;stroke-width:3px}"

  /// The part of a frame below the chart's title.
  private static func body(of chart: Chart, in frame: Frame) -> Frame {
    var frame = frame
    if !chart.title.isEmpty { frame.removeTop(24) }
    return frame
  }

  /// The values that a page's script shows under the pointer, as JSON.
  private static func values(of chart: Chart, in frame: Frame) -> String? {
    let frame = body(of: chart, in: frame)
    return switch chart.content {
    case .plot(let plot): PlotDrawing(plot, in: frame).pointData
    case .heatMap(let map): HeatMapDrawing(map, in: frame).cellData
    case .parallel: nil
    }
  }

  private static func draw(_ chart: Chart, in frame: Frame, on svg: inout SVGText) {
    if !chart.title.isEmpty {
      svg.label(
        fitted(chart.title, width: frame.width, size: 15), frame.x, frame.y + 12, style: "t b")
    }
    let frame = body(of: chart, in: frame)
    switch chart.content {
    case .plot(let plot): PlotDrawing(plot, in: frame).draw(on: &svg)
    case .heatMap(let map): HeatMapDrawing(map, in: frame).draw(on: &svg)
    case .parallel(let parallel): ParallelDrawing(parallel, in: frame).draw(on: &svg)
    }
  }
}

/// A rectangle of an image, in pixels from the top left.
struct Frame {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }

  mutating func removeTop(_ amount: Double) {
    y += amount
    height = max(1, height - amount)
  }

  mutating func removeBottom(_ amount: Double) { height = max(1, height - amount) }

  mutating func removeLeft(_ amount: Double) {
    x += amount
    width = max(1, width - amount)
  }

  mutating func removeRight(_ amount: Double) { width = max(1, width - amount) }
}
