import Charts
import Foundation
import TestSupport
import Testing

/// Charts as text.
@Suite struct BrailleChartTests {
  /// The characters of a line that a terminal shows.
  private func visible(_ line: String) -> String {
    line.replacing(/\u{1B}\[[0-9;]*m/, with: "")
  }

  @Test func noLineIsWiderThanTheTerminal() {
    for (name, chart) in ChartSamples.all {
      for columns in 20...200 {
        for isColored in [false, true] {
          let lines = BrailleChart(chart, columns: columns, rows: 7, isColored: isColored).lines
          for line in lines {
            #expect(visible(line).count <= columns, "\(name) \(columns): \(line)")
          }
        }
      }
    }
  }

  @Test func colorsChangeNoCharacterOfALine() {
    for (name, chart) in ChartSamples.all where name == "scatter" || name == "confusion" {
      let plain = BrailleChart(chart, isColored: false).lines
      let colored = BrailleChart(chart, isColored: true).lines
      #expect(plain.map { $0 } == colored.map(visible), "\(name)")
    }
  }

  @Test func aChartIsItsTitleLegendAxesAndDots() {
    let points = (0...8).map { Series.Point(Double($0), Double($0 * $0)) }
    let chart = Chart(
      "squares",
      .plot(
        Plot(
          x: Axis("x", isInteger: true), y: Axis("x²"), series: [Series("exact", color: 0, points)])
      ))
    #expect(
      BrailleChart(chart, columns: 40, rows: 6, isColored: false).lines.joined(separator: "\n")
        == """
        squares
        ⠒⠒⠒ exact
        ↑ x²
           │                                 ⢀⡠⠔
        50 ┤                             ⢀⡠⠔⠊⠁
           │                         ⣀⠤⠔⠊⠁
           │                    ⣀⡠⠤⠒⠉
           │              ⢀⣀⠤⠔⠒⠉
         0 ┤⣀⣀⣀⣀⣀⣀⣀⠤⠤⠤⠔⠒⠊⠉⠁
           └┬─────────────────────┬─────────────
            0                     5
                                             x →
        """)
  }

  @Test func aHeatMapIsATable() {
    let confusion = ChartSamples.all.first { $0.name == "confusion" }
    #expect(
      BrailleChart(confusion!.chart, columns: 60, isColored: false).lines.joined(separator: "\n")
        == """
        confusion, test
        ↓ true, → predicted
                   Adelie  Chinstrap  Gentoo
           Adelie      43          1       0
        Chinstrap       2         18       0
           Gentoo       0          0      37
        """)
  }

  @Test func namesCannotActOnATerminal() {
    let hostile = "a\u{1B}[2J\nb"
    let chart = Chart(
      hostile,
      .plot(
        Plot(
          x: Axis(hostile), y: Axis(hostile), series: [Series(hostile, color: 0, [.init(0, 1)])])))
    let lines = BrailleChart(chart, isColored: false).lines
    #expect(!lines.joined().unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\n" })
  }
}
