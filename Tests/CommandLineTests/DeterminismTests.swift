import Foundation
import TestSupport
import Testing

/// Faults 40 and 41: the files of a run depend only on the experiment file.
@Suite struct DeterminismTests {
  /// An experiment that divides its work in every possible way: shards of a batch, matrix
  /// products, convolutions, running means, sums over all samples.
  private static let divided = """
    name: divided
    seed: 5
    data:
      generated: {type: spirals, samples: 700}
      split: {validation: 0.3}
    model:
      - {type: dense, units: 144}
      - {type: reshape, shape: [1, 12, 12]}
      - {type: convolution, channels: 3, window: 3}
      - batch_normalization
      - relu
      - {type: lp_pooling, p: 3, window: 2}
      - {type: dense, units: 40}
      - {type: dropout, rate: 0.2}
      - {type: dense, units: 1}
    loss: binary_cross_entropy
    metrics: [accuracy]
    predictions: [validation]
    gradient_check: false
    train:
      optimizer: {type: adam, learning_rate: 0.01}
      epochs: 2
      batch_size: 300

    """

  @Test(arguments: ["float32", "float64"])
  func aRunGivesTheSameBytesOnAnyNumberOfThreads(dtype: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("dtype: \(dtype)\n" + DeterminismTests.divided, to: "divided.yaml")
    try tool.run("run", "divided.yaml", "-q", "--threads", "1", "--output", "whole")
    let expected = tool.facts(of: "whole")
    try #require(expected["predictions.csv"] != nil)
    for index in 0..<(isThorough ? 20 : 5) {
      let threads = [8, 2, 3, 16, 1][index % 5]
      let output = "run \(index)"
      let result = try tool.run(
        "run", "divided.yaml", "-q", "--threads", "\(threads)", "--output", output)
      #expect(result.code == 0, "\(result.errors)")
      #expect(differences(expected, tool.facts(of: output)) == [], "\(threads) threads")
    }
  }

  /// A first layer that trains on the entries of its inputs that are not 0: two categories of 600
  /// values each.
  @Test func sparseInputsGiveTheSameBytesOnAnyNumberOfThreads() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let rows = (0..<1500).map { "a\($0 * 7 % 600),b\($0 * $0 % 601 % 600),\(Double($0 % 11) / 10)" }
    try tool.write("a,b,y\n" + rows.joined(separator: "\n") + "\n", to: "shop.csv")
    try tool.write(
      """
      name: shop
      seed: 3
      data:
        csv:
          path: shop.csv
          targets: y
          columns: {a: {type: category}, b: {type: category}}
        split: {validation: 0.2}
      model: [{type: dense, units: 128}, tanh, {type: dense, units: 1}]
      loss: squared_error
      gradient_check: false
      train:
        optimizer: {type: sgd, learning_rate: 0.1}
        epochs: 2
        batch_size: 1100

      """, to: "shop.yaml")
    try tool.run("run", "shop.yaml", "-q", "--threads", "1", "--output", "whole")
    let expected = tool.facts(of: "whole")
    try #require(expected["metrics.csv"] != nil)
    for threads in [2, 3, 8] {
      let output = "threads \(threads)"
      let result = try tool.run(
        "run", "shop.yaml", "-q", "--threads", "\(threads)", "--output", output)
      #expect(result.code == 0, "\(result.errors)")
      #expect(differences(expected, tool.facts(of: output)) == [], "\(threads) threads")
    }
  }

  @Test(arguments: [
    "TZ=Pacific/Kiritimati", "TZ=:nonsense", "LC_ALL=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8", "LANG=C",
    "-u HOME", "HOME=/nonexistent", "-i", "NNEXP_CLOCK_JUMPS=86400", "NNEXP_CLOCK_SPEED=0",
    "NNEXP_CLOCK_SPEED=1000000", "TMPDIR=/nonexistent", "COLUMNS=1",
  ])
  func aRunGivesTheSameBytesInAnyEnvironment(setting: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(statefulExperiment, to: "eventful.yaml")
    try tool.run("run", "eventful.yaml", "-q", "--output", "whole")
    let clocks = try tool.build(library: "time_machine")
    let preloaded = setting.contains("CLOCK") ? "LD_PRELOAD=\(clocks) " : ""
    let result = try tool.shell(
      "umask 077; env \(setting) \(preloaded)nnexp run eventful.yaml -q --output there")
    #expect(result.code == 0, "\(result.errors)")
    #expect(differences(tool.facts(of: "whole"), tool.facts(of: "there")) == [])
    // No duration is negative, even if the clock was set back.
    let timing = try tool.read("there/timing.csv").split(separator: "\n").dropFirst()
    #expect(timing.count == 50)
    for row in timing { #expect(Double(row.split(separator: ",")[1])! >= 0) }
    let record = try tool.read("there/run.json")
    let seconds = try #require(record.firstMatch(of: /"seconds": (.*)\n/)?.1)
    #expect(Double(seconds)! >= 0)
  }
}
