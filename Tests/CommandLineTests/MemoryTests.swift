import Foundation
import TestSupport
import Testing

/// The memory that `validate` forecasts is within 10% of the memory that a run uses.
@Suite struct MemoryTests {

  /// A model, with the number of its samples and of the numbers in one.
  private static let cases: [(model: String, rest: String, samples: Int, width: Int)] = [
    ("[sigmoid, {type: dense, units: 1}]", "", 4, 2),
    ("[{type: dense, units: 16}, sigmoid, {type: dense, units: 1}]", "", 20_000, 60),
    ("[{type: dense, units: 16}, sigmoid, {type: dense, units: 1}]", "dtype: float64", 20_000, 60),
    ("[{type: dense, units: 60000}, sigmoid, {type: dense, units: 1}]", "", 500, 100),
    (
      "[{type: reshape, shape: [1, 60, 60]}, {type: convolution, channels: 64, window: 5}, "
        + "sigmoid, {type: lp_pooling, p: 2, window: 2}, {type: dense, units: 1}]", "", 200, 3600
    ),
    // The images between two axes and the matrices of weights are temporary memory.
    (
      "[{type: reshape, shape: [4, 30, 30]}, {type: resize, size: [300, 180], mode: cubic}, tanh, "
        + "{type: resize, factor: 0.7, mode: linear, antialias: true}, {type: dense, units: 1}]",
      "",
      200, 3600
    ),
    (
      "[{type: reshape, shape: [1, 60, 60]}, {type: upsample, factor: [4, 5]}, "
        + "{type: dense, units: 1}]", "dtype: float64", 200, 3600
    ),
  ]

  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"), arguments: cases)
  func theMemoryForecastIsWithin10PercentOfTheUse(
    model: String, rest: String, samples: Int, width: Int
  ) throws {
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

    try compare("memory.yaml", library, in: tool)
  }

  /// The vectors of an embedding with their gradients and the optimizer's state, and the memory of
  /// indices.
  @Test(
    .enabled(if: Tool.hasRelease, "needs a release build: make build"),
    arguments: [(300_000, 8, 1), (200, 64, 400)])
  func theMemoryForecastOfAnEmbeddingIsWithin10Percent(
    indices: Int, size: Int, width: Int
  ) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let library = try tool.build(library: "peak_memory")
    var table = (0...width).map { "c\($0)" }.joined(separator: ",") + "\n"
    for row in 0..<500 {
      table +=
        (0...width).map { "\(($0 * 71 + row * 311) % indices)" }.joined(separator: ",") + "\n"
    }
    try tool.write(table, to: "data.csv")
    let columns = (0..<width).map { "c\($0)" }.joined(separator: ", ")
    try tool.write(
      """
      name: memory
      data:
        csv: {path: data.csv, inputs: {words: [\(columns)]}, targets: c\(width)}
        indices: {words: \(indices)}
      model: [{type: embedding, size: \(size), inputs: words}, flatten, {type: dense, units: 1}]
      loss: squared_error
      metrics: []
      train: {optimizer: adam, epochs: 1, batch_size: 64}
      gradient_check: false
      """, to: "memory.yaml")
    try compare("memory.yaml", library, in: tool)
  }

  /// The weight of a layer that reads sparse inputs is also kept by column.
  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"))
  func theMemoryForecastOfSparseInputsIsWithin10Percent() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let library = try tool.build(library: "peak_memory")
    try sparse("x.idx", [256, 50, 100], in: tool)
    try sparse("t.idx", [256], in: tool)
    try tool.write(
      """
      name: memory
      data: {idx: {inputs: x.idx, targets: t.idx}, classes: 2}
      model: [{type: dense, units: 2048}, relu, {type: dense, units: 2}]
      loss: cross_entropy
      metrics: []
      train: {optimizer: sgd, epochs: 1, batch_size: 64}
      gradient_check: false
      """, to: "memory.yaml")
    try compare("memory.yaml", library, in: tool)
  }

  /// Expects that a run takes the memory that `validate` forecasts.
  private func compare(_ file: String, _ library: String, in tool: Tool) throws {
    let forecast = try forecast(of: file, in: tool)
    let run = try runCommand(
      Tool.release.path, ["run", file, "-q"], in: tool.folder,
      environment: .inherited(changing: ["LD_PRELOAD": library]))
    let taken = try #require(Double(run.errors), "\(run.errors)") * 1024
    #expect(abs(forecast / taken - 1) < 0.1, "forecast \(forecast) bytes, taken \(taken)")
  }

  /// The number of bytes that `validate` reports.
  private func forecast(of file: String, in tool: Tool) throws -> Double {
    let valid = try runCommand(
      Tool.release.path, ["validate", file], in: tool.folder)
    let forecast = try #require(
      valid.output.firstMatch(of: /([\d.]+) ([kMG]?)B of memory/), "\(valid.errors)")
    let units: [Substring: Double] = ["k": 1e3, "M": 1e6, "G": 1e9]
    return try #require(Double(forecast.output.1)) * (units[forecast.output.2] ?? 1)
  }

  /// For files of 200 and 400 MB, of which `stream: true` reads only what it needs, the memory
  /// is the same and equals the forecast, under a limit that the file exceeds.
  @Test(.enabled(if: Tool.hasRelease, "needs a release build: make build"))
  func streamedDataCanExceedTheMemory() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let library = try tool.build(library: "peak_memory")
    var taken: [Double] = []
    for count in [20_000, 40_000] {
      try sparse("x.idx", [UInt32(count), 100, 100], in: tool)
      try sparse("t.idx", [UInt32(count)], in: tool)
      try tool.write(
        """
        name: large
        data: {idx: {inputs: x.idx, targets: t.idx}, classes: 2, stream: true}
        model: [{type: dense, units: 2}]
        loss: cross_entropy
        metrics: []
        train: {epochs: 1, batch_size: 64}
        gradient_check: false
        """, to: "large.yaml")
      let forecast = try forecast(of: "large.yaml", in: tool)
      let run = try runCommand(
        "/bin/sh",
        ["-c", "ulimit -v 350000; LD_PRELOAD=\(library) \(Tool.release.path) run large.yaml -q"],
        in: tool.folder)
      #expect(run.code == 0)
      taken.append(try #require(Double(run.errors), "\(run.errors)") * 1024)
      #expect(
        abs(forecast / taken.last! - 1) < 0.1, "forecast \(forecast) bytes, taken \(taken.last!)")
    }
    // Two integers per sample.
    #expect(taken[1] - taken[0] < 2e6, "\(taken)")
  }

  /// An IDX file of zeros, which uses no space on most disks.
  private func sparse(_ name: String, _ extents: [UInt32], in tool: Tool) throws {
    var header: [UInt8] = [0, 0, 8, UInt8(extents.count)]
    for extent in extents {
      header += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) }
    }
    let url = tool.folder.appendingPathComponent(name)
    try Data(header).write(to: url)
    let file = try FileHandle(forUpdating: url)
    try file.truncate(atOffset: UInt64(header.count) + extents.reduce(1) { $0 * UInt64($1) })
    try file.close()
  }
}
