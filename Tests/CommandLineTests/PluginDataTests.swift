import Foundation
import TestSupport
import Testing

/// Data sources and column types of plugins.
@Suite struct PluginDataTests {
  private func writeWalk(_ tool: Tool, targets: String = "t") throws {
    try tool.write(
      """
      import NNExp

      /// A random walk: each place is predicted from the two before.
      struct Walk: DataSource, Component {
        static let typeName = "walk"
        static let examples = [Example(["steps": 30])]
        let steps: Int
        init(from options: inout Options) { steps = options.int("steps", in: 4...1_000_000) }
        func read(_ request: DataRequest) throws -> SourceSamples {
          var (x, t): ([Double], [Double]) = ([], [])
          var (a, b) = (0.0, 0.0)
          for i in 0..<steps {
            let next = 0.9 * b + 0.1 * request.random.normal(at: i)
            x += [a, b]
            t.append(next)
            (a, b) = (b, next)
          }
          return try SourceSamples(inputs: x, of: [2], targets: \(targets), of: .values([1]))
        }
      }

      /// The day of a week as its number, and whether it is free.
      struct Weekday: ColumnType, Component {
        static let typeName = "weekday"
        let isFree: Bool
        init(from options: inout Options) { isFree = options.bool("free", default: false) }
        func read(_ cell: String) throws -> ColumnValue {
          let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
          guard let day = days.firstIndex(of: cell) else {
            throw Diagnostic("'\\(cell)' is no day of a week")
          }
          return isFree ? .category(day > 4 ? "free" : "work") : .number(Double(day))
        }
      }

      func register(in registry: inout Registry) {
        registry.register(Walk.self)
        registry.register(Weekday.self)
      }

      """, to: "Walk.swift")
  }

  private func writeExperiment(_ tool: Tool, data: String) throws {
    try tool.write(
      """
      name: x
      plugins: [Walk.swift]
      data: \(data)
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {epochs: 3}
      predictions: [train]

      """, to: "x.yaml")
  }

  @Test func `a plugin's source and column type are proven, listed and used`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try writeWalk(tool)
    let test = try tool.runPlugin("plugin", "test", "Walk.swift")
    #expect(test.code == 0, "\(test.output)\(test.errors)")
    #expect(test.output.contains("data source walk {steps: 30}: all 3 claims hold"))
    #expect(test.output.contains("column weekday: all 4 claims hold"))
    let page = try tool.runPlugin("layers", "walk", "--plugin", "Walk.swift").output
    #expect(page.hasPrefix("walk (data source): "))

    try writeExperiment(tool, data: "{walk: {steps: 40}, split: {validation: 0.25}}")
    for _ in 0..<2 {
      let result = try tool.runPlugin("run", "x.yaml", "--quiet")
      #expect(result.code == 0, "\(result.errors)")
    }
    #expect(
      try tool.read("results/x/run-0001/metrics.csv")
        == tool.read("results/x/run-0002/metrics.csv"))
    #expect(try tool.read("results/x/latest/predictions.csv").split(separator: "\n").count == 31)
  }

  @Test func `wrong samples of a source are reported at its key`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try writeWalk(tool, targets: "[1]")
    try writeExperiment(tool, data: "{walk: {steps: 40}}")
    let result = try tool.runPlugin("run", "x.yaml", "--quiet")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        x.yaml:3:14: error: walk: 80 inputs and 1 targets are no samples of [2] and [1]
            data: {walk: {steps: 40}}
                         ^

        """)
  }

  @Test func `a column type reads the same from held and streamed data`() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try writeWalk(tool)
    let days = ["mon", "tue", "sun", "sat", "fri", "wed"]
    try tool.write(
      "day,other,y\n" + days.indices.map { "\(days[$0]),\(days[$0]),\($0)\n" }.joined(),
      to: "d.csv")
    let csv = "csv: {path: d.csv, columns: {day: weekday, other: {type: weekday, free: true}}}"
    var tables: [String] = []
    for stream in [false, true] {
      try writeExperiment(tool, data: "{\(csv), stream: \(stream)}")
      let result = try tool.runPlugin("run", "x.yaml", "--quiet")
      #expect(result.code == 0, "\(result.errors)")
      tables.append(try tool.read("results/x/latest/metrics.csv"))
    }
    #expect(tables[0] == tables[1])
    let shown = try tool.runPlugin("validate", "x.yaml").output
    // A number, two entries of a one-hot column, and the bias.
    #expect(shown.contains("\n4 parameters;"), "\(shown)")

    try tool.write("day,other,y\nmon,mon,1\ntue,never,2\n", to: "d.csv")
    let result = try tool.runPlugin("run", "x.yaml", "--quiet")
    #expect(result.code == 2)
    #expect(
      result.errors == """
        d.csv:3:5: error: column 'other': 'never' is no day of a week
            tue,never,2
                ^

        """)
  }
}
