import Foundation
import Testing

/// What `validate` says of a run's memory is what the run takes, within 10%.
@Suite struct MemoryTests {

  /// A model, and how many samples of how many numbers it learns from.
  private static let cases: [(model: String, rest: String, samples: Int, width: Int)] = [
    ("[sigmoid, {type: dense, units: 1}]", "", 4, 2),
    ("[{type: dense, units: 16}, sigmoid, {type: dense, units: 1}]", "", 20_000, 60),
    ("[{type: dense, units: 16}, sigmoid, {type: dense, units: 1}]", "dtype: float64", 20_000, 60),
    ("[{type: dense, units: 60000}, sigmoid, {type: dense, units: 1}]", "", 500, 100),
    (
      "[{type: reshape, shape: [1, 60, 60]}, {type: convolution, channels: 64, window: 5}, "
        + "sigmoid, {type: lp_pooling, p: 2, window: 2}, {type: dense, units: 1}]", "", 200, 3600
    ),
  ]

  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"), arguments: cases)
  func theForecastHolds(model: String, rest: String, samples: Int, width: Int) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let library = try tool.build(library: "peak_memory")

    var table = (0...width).map { "c\($0)" }.joined(separator: ",") + "\n"
    var value = 1
    for _ in 0..<samples {
      let row = (0...width).map { _ in
        value = value &* 1_103_515_245 &+ 12345
        return "0.\(abs(value >> 16) % 90000 + 10000)"
      }
      table += row.joined(separator: ",") + "\n"
    }
    try tool.write(table, to: "data.csv")
    try tool.write(
      """
      name: memory
      data: {csv: {path: data.csv, targets: c\(width)}}
      model: \(model)
      loss: squared_error
      metrics: []
      train: {optimizer: adam, epochs: 1, batch_size: 64}
      gradient_check: false
      \(rest)
      """, to: "memory.yaml")

    let environment = ProcessInfo.processInfo.environment
    let valid = try Tool.run(
      Tool.release.path, ["validate", "memory.yaml"], in: tool.folder, environment: environment)
    let forecast = try #require(
      valid.output.firstMatch(of: /([\d.]+) ([kMG]?)B of memory/), "\(valid.errors)")
    let units: [Substring: Double] = ["k": 1e3, "M": 1e6, "G": 1e9]
    let said = try #require(Double(forecast.output.1)) * (units[forecast.output.2] ?? 1)

    let run = try Tool.run(
      Tool.release.path, ["run", "memory.yaml", "-q"], in: tool.folder,
      environment: environment.merging(["LD_PRELOAD": library]) { $1 })
    let taken = try #require(Double(run.errors), "\(run.errors)") * 1024
    #expect(abs(said / taken - 1) < 0.1, "said \(said) bytes, taken \(taken)")
  }
}
