import Charts
import Foundation
import FoundationXML
import TestSupport
import Testing

/// Images in SVG format.
@Suite struct SVGChartTests {
  /// Collects the elements of an XML document.
  private final class Elements: NSObject, XMLParserDelegate {
    var list: [(name: String, attributes: [String: String])] = []
    var text = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) { list.append((name, attributes)) }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    init?(_ svg: String) {
      super.init()
      let parser = XMLParser(data: Data(svg.utf8))
      parser.delegate = self
      guard parser.parse() else { return nil }
    }
  }

  /// Draws the samples as pictures for visual inspection: `NNEXP_PICTURES=folder swift test
  /// --filter SVGChartTests`.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["NNEXP_PICTURES"] != nil))
  func picturesAreWrittenForInspection() throws {
    let folder = ProcessInfo.processInfo.environment["NNEXP_PICTURES"] ?? "."
    for (name, chart) in ChartSamples.all {
      for width in [400.0, 1600] {
        let image = SVGChart([chart], width: width, panelHeight: width == 400 ? 260 : 700)
        try image.text.write(
          toFile: "\(folder)/\(name)-\(Int(width)).svg", atomically: true, encoding: .utf8)
      }
    }
  }

  @Test func everyImageIsXMLWithinItsFrame() throws {
    for (name, chart) in ChartSamples.all {
      for width in [200.0, 400, 1600] {
        let image = SVGChart([chart], width: width, panelHeight: 260)
        let elements = try #require(Elements(image.text), "\(name)")
        let height = try #require(Double(elements.list[0].attributes["height"] ?? ""))
        for (element, attributes) in elements.list {
          for (key, value) in attributes {
            guard let number = Double(value) else { continue }
            if ["x", "x1", "x2", "cx", "width"].contains(key) {
              #expect((0...width).contains(number), "\(name) \(width): \(element) \(key)=\(value)")
            }
            if ["y", "y1", "y2", "cy", "height"].contains(key) {
              #expect((0...height).contains(number), "\(name) \(width): \(element) \(key)=\(value)")
            }
          }
        }
      }
    }
  }

  @Test func theSameChartGivesTheSameBytes() {
    for (name, chart) in ChartSamples.all {
      #expect(SVGChart([chart]).text == SVGChart([chart]).text, "\(name)")
    }
  }

  /// A small image, whole.
  @Test func aLineIsAPathOverItsAxes() {
    let chart = Chart(
      "t",
      .plot(
        Plot(
          x: Axis("x", isInteger: true), y: Axis("y"),
          series: [Series("s", color: 0, [.init(0, 0), .init(1, 1), .init(2, nil), .init(3, 0)])])))
    let image = SVGChart([chart], width: 200, panelHeight: 160, appearance: .page)
    #expect(
      image.text == """
        <svg xmlns="http://www.w3.org/2000/svg" class="chart" width="200" height="188" \
        viewBox="0 0 200 188" role="img" aria-label="t" font-size="12" \
        font-family="system-ui,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif">\
        <text class="t b" x="14" y="26">t</text>\
        <line class="w s0" x1="14" y1="46" x2="32" y2="46"/>\
        <text class="t" x="38" y="50">s</text>\
        <line class="g" x1="42" y1="138" x2="180" y2="138"/>\
        <text class="m" x="35" y="142" text-anchor="end">0</text>\
        <line class="g" x1="42" y1="109" x2="180" y2="109"/>\
        <text class="m" x="35" y="113" text-anchor="end">0.5</text>\
        <line class="g" x1="42" y1="80" x2="180" y2="80"/>\
        <text class="m" x="35" y="84" text-anchor="end">1.0</text>\
        <line class="a" x1="42" y1="138" x2="180" y2="138"/>\
        <line class="a" x1="42" y1="138" x2="42" y2="142"/>\
        <text class="m" x="42" y="155" text-anchor="middle">0</text>\
        <line class="a" x1="134" y1="138" x2="134" y2="142"/>\
        <text class="m" x="134" y="155" text-anchor="middle">2</text>\
        <text class="m" x="14" y="71">↑ y</text>\
        <text class="m" x="180" y="171" text-anchor="end">x →</text>\
        <circle class="f0" cx="180" cy="138" r="2.2"/>\
        <path class="w s0" d="M42 138L88 80"/>\
        <g data-points='{"x":"x","y":"y","series":[["s",0,[[42,138,"0","0"],\
        [88,80,"1","1"],[180,138,"3","0"]]]]}'></g></svg>

        """)
  }

  /// The values that a page's script shows.
  private func values(_ content: Chart.Content) throws -> [String: Any] {
    let image = SVGChart([Chart("", content)], width: 200, panelHeight: 160, appearance: .page)
    let match = try #require(image.text.firstMatch(of: /data-points='([^']*)'/))
    let json = Data(match.output.1.utf8)
    return try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
  }

  @Test func pagesHaveTheValuesOfPointsAndBars() throws {
    let points = [Series.Point(0, 0.1 + 0.2, interval: 0...1), .init(1, nil), .init(1, 12_345.75)]
    let axis = Axis("kind", .categories(["a", "b"]))
    for (mark, kind) in [(Series.Mark.points, 1), (.bars, 0)] {
      let data = try values(
        .plot(Plot(x: axis, y: Axis("value"), series: [Series("", mark, color: 0, points)])))
      #expect(data["x"] as? String == "kind" && data["y"] as? String == "value")
      let series = try #require((data["series"] as? [[Any]])?.first)
      #expect(series[0] as? String == "" && series[1] as? Int == kind)
      let drawn = try #require(series[2] as? [[Any]])
      let texts: [[String]] = drawn.map { point in point.dropFirst(2).map { "\($0)" } }
      // The values of lines and bars have all digits.
      let first = kind == 1 ? "0.3" : "0.30000000000000004"
      #expect(texts == [["a", first, "0 to 1"], ["b", "12345.75"]])
    }
    // A line without a name is a guide.
    let guide = try values(
      .plot(Plot(x: axis, y: axis, series: [Series("", color: 0, [.init(0, 0), .init(1, 1)])])))
    #expect((guide["series"] as? [Any])?.isEmpty == true)
  }

  @Test func pagesHaveTheValuesOfCells() throws {
    let map = HeatMap(
      xLabel: "predicted", yLabel: "true", columns: ["a", "b"], rows: ["a", "b"],
      values: [[12, nil], [0.123456, 3]])
    let data = try values(.heatMap(map))
    #expect(data["values"] as? [[String]] == [["12", ""], ["0.1235", "3"]])
    #expect(data["columns"] as? [String] == ["a", "b"] && data["rows"] as? [String] == ["a", "b"])
    #expect((data["cells"] as? [Double])?.count == 3)
  }

  /// Equal neighbors of a map with many small cells are one rectangle.
  @Test func aMapOfManyClassesIsSmall() {
    let values = (0..<200).map { i in (0..<200).map { $0 == i ? 500.0 : 0 } }
    let names = (0..<200).map { "c\($0)" }
    let chart = Chart("", .heatMap(HeatMap(columns: names, rows: names, values: values)))
    let image = SVGChart([chart], width: 440, panelHeight: 340, appearance: .page)
    #expect(image.text.components(separatedBy: "<rect").count - 1 == 598)
    #expect(image.text.utf8.count < 250_000)
  }

  @Test func namesCannotEndTheirElements() throws {
    let hostile = "</text><script>alert(1)</script>\u{1}\u{202E}\"&"
    let plot = Plot(
      x: Axis(hostile, .categories([hostile])), y: Axis(hostile),
      series: [Series(hostile, color: 0, [.init(0, 1)])],
      rules: [Rule(.horizontal, at: 1, label: hostile)])
    let charts = [
      Chart(hostile, .plot(plot)),
      Chart(
        hostile,
        .heatMap(
          HeatMap(
            xLabel: hostile, yLabel: hostile, columns: [hostile], rows: [hostile], values: [[1]]))),
      Chart(
        hostile,
        .parallel(ParallelCoordinates(axes: [Axis(hostile)], lines: [[1]], isHigherOnTop: true))),
    ]
    let image = SVGChart(charts, heading: hostile, width: 900)
    let elements = try #require(Elements(image.text))
    #expect(!elements.list.contains { $0.name == "script" })
    #expect(!image.text.unicodeScalars.contains("\u{1}"))
  }

  /// A line of a million points, with its extremes, takes a few kilobytes.
  @Test func longLinesAreThinned() {
    let points = (0..<1_000_000).map {
      Series.Point(Double($0), $0 == 777_777 ? 9 : sin(Double($0) / 5e4))
    }
    let chart = Chart(
      "", .plot(Plot(x: Axis(""), y: Axis(""), series: [Series("", color: 0, points)])))
    let image = SVGChart([chart], width: 800)
    #expect(image.text.utf8.count < 60_000)
    // The one high value is still there, near the top.
    let heights = image.text.matches(of: /L[0-9.]+ ([0-9.]+)/).compactMap { Double($0.1) }
    #expect(heights.min().map { $0 < 40 } == true)
    #expect(heights.filter { $0 < 150 }.count == 1)
  }

  @Test func hostileNumbersAreDrawnOrLeftOut() {
    let hostile: [Double] = [
      0, -0.0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .leastNonzeroMagnitude, 1, -1,
    ]
    for scale in [Axis.Scale.linear, .logarithmic, .categories(["a"])] {
      for mark in [Series.Mark.line, .points, .bars] {
        for a in hostile {
          for b in hostile {
            let points = [Series.Point(a, b), .init(b, a, interval: min(0, 1)...1), .init(1, nil)]
            let plot = Plot(
              x: Axis("", scale), y: Axis(""), series: [Series("", mark, color: 0, points)])
            let image = SVGChart([Chart("", .plot(plot))], width: 300)
            #expect(!image.text.contains("nan") && !image.text.contains("inf"))
            _ = BrailleChart(Chart("", .plot(plot)), isColored: false)
          }
        }
      }
    }
  }
}
