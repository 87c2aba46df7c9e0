import Charts
import Foundation
import TestSupport

/// Charts of every kind, for tests and for looking at.
enum ChartSamples {
  static let all: [(name: String, chart: Chart)] = [
    ("curves", curves), ("logarithmic", logarithmic), ("scatter", scatter), ("bars", bars),
    ("confusion", confusion), ("image", image), ("parallel", parallel),
  ]

  private static var curves: Chart {
    func curve(_ name: String, color: Int, floor: Double, rate: Double) -> Series {
      Series(
        name, color: color,
        (1...60).map { epoch in
          let y = floor + 2.3 * exp(-Double(epoch) / rate) + 0.02 * sin(Double(epoch) * 1.7)
          return .init(Double(epoch), y, interval: y - 0.05...y + 0.08)
        })
    }
    return Chart(
      "loss",
      .plot(
        Plot(
          x: Axis("epoch", isInteger: true), y: Axis("loss"),
          series: [
            curve("train", color: 0, floor: 0.05, rate: 9),
            curve("validation", color: 1, floor: 0.16, rate: 8),
          ],
          rules: [
            Rule(.vertical, at: 42, label: "best: epoch 42"),
            Rule(.horizontal, at: 0.2, label: "expected < 0.2"),
          ])))
  }

  private static var logarithmic: Chart {
    let series = (0..<4).map { k in
      Series(
        "seed=\(k)", color: k,
        (0..<200).map {
          .init(pow(10, Double($0) / 50), pow(10, -Double($0) / 40 - Double(k) / 3))
        })
    }
    return Chart(
      "loss by step",
      .plot(Plot(x: Axis("step", .logarithmic), y: Axis("loss", .logarithmic), series: series)))
  }

  private static var scatter: Chart {
    var random = SeededGenerator(seed: 3)
    let points = (0..<400).map { _ in
      let x = Double.random(in: 0...45_000, using: &random)
      return Series.Point(x, x + Double.random(in: -6_000...6_000, using: &random))
    }
    return Chart(
      "predicted and true price",
      .plot(
        Plot(
          x: Axis("price"), y: Axis("predicted price"),
          series: [
            Series("", color: nil, [.init(0, 0), .init(45_000, 45_000)]),
            Series("test", .points, color: 0, points),
          ])))
  }

  private static var bars: Chart {
    func bars(_ name: String, _ color: Int, _ values: [Double]) -> Series {
      Series(
        name, .bars, color: color,
        values.enumerated().map {
          .init(Double($0.offset), $0.element, interval: $0.element - 0.02...$0.element + 0.02)
        })
    }
    return Chart(
      "accuracy by optimizer",
      .plot(
        Plot(
          x: Axis("", .categories(["sgd", "adam", "adam_w", "rms_prop"])), y: Axis("accuracy"),
          series: [
            bars("validation", 0, [0.91, 0.95, 0.97, 0.93]),
            bars("test", 1, [0.90, 0.93, 0.955, 0.94]),
          ])))
  }

  private static var confusion: Chart {
    let names = ["Adelie", "Chinstrap", "Gentoo"]
    return Chart(
      "confusion, test",
      .heatMap(
        HeatMap(
          xLabel: "predicted", yLabel: "true", columns: names, rows: names,
          values: [[43, 1, 0], [2, 18, 0], [0, 0, 37]], showsValues: true)))
  }

  private static var image: Chart {
    var values = (0..<8).map { i in (0..<8).map { j in Optional(Double(i * j)) } }
    values[3][4] = nil
    return Chart("", .heatMap(HeatMap(values: values, colors: .gray)))
  }

  private static var parallel: Chart {
    var random = SeededGenerator(seed: 5)
    let lines = (0..<50).map { _ -> [Double?] in
      let rate = Double.random(in: -4 ... -1, using: &random)
      let p = Double.random(in: 1...8, using: &random)
      let optimizer = Double(Int.random(in: 0..<3, using: &random))
      let loss: Double = abs(rate + 2) / 10 + abs(p - 2) / 80
      return [pow(10, rate), p, optimizer, 0.99 - loss]
    }
    return Chart(
      "50 trials",
      .parallel(
        ParallelCoordinates(
          axes: [
            Axis("learning_rate", .logarithmic), Axis("pool.p"),
            Axis("optimizer", .categories(["sgd", "adam", "lion"])), Axis("validation_accuracy"),
          ], lines: lines, isHigherOnTop: true)))
  }
}
