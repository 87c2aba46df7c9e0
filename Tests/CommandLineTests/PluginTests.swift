import Foundation
import TestSupport
import Testing

/// `nnexp plugin`, and experiments that name plugins.
@Suite struct PluginTests {
  @Test(arguments: ["layer", "loss", "optimizer"])
  func aNewPluginPassesItsTest(_ kind: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    let new = try tool.runPlugin("plugin", "new", "MyThing", "--kind", kind)
    #expect(new.code == 0)
    #expect(new.output.hasPrefix("MyThing/MyThing.swift\nMyThing/MyThing.yaml\n"))
    let test = try tool.runPlugin("plugin", "test", "MyThing")
    #expect(test.code == 0, "\(test.output)\(test.errors)")
    #expect(test.output.contains("\(kind) my_thing"))
    #expect(!test.output.contains("fails"))
    let run = try tool.runPlugin("run", "MyThing/MyThing.yaml", "--quiet")
    #expect(run.code == 0, "\(run.errors)")
    #expect(try tool.read("results/my_thing/latest/run.json").contains("MyThing/MyThing.swift"))
    // A second call must not overwrite the author's work.
    #expect(try tool.runPlugin("plugin", "new", "MyThing").code == 2)
  }

  @Test func aWrongLayerFailsItsTest() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(
      backward: "for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * pass.x[i] }")
    let result = try tool.runPlugin("plugin", "test", "Square.swift")
    #expect(result.code == 1)
    #expect(result.output.contains("gradient of x                  fails"))
    #expect(result.output.contains("0 of 1 examples proven"))
    #expect(
      result.errors
        == "error: the plugin 'Square.swift' does not satisfy the engine's requirements\n")
  }

  @Test func aTestThatCrashesNamesTheShapes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(plan: "Plan(output: inputs[0].shape, work: inputs[0].count * 20)")
    let result = try tool.runPlugin("plugin", "test", "Square.swift")
    #expect(result.code == 2)
    #expect(result.errors.contains("crashed in its plan"))
    #expect(result.errors.hasSuffix("note: square on [2147483648, 2147483648, 4]\n"))
  }

  @Test func aChangedPluginIsBuiltAgain() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare()
    try tool.writeExperiment()
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 0)
    let first = try tool.read("results/x/run-0001/metrics.csv")
    try tool.writeSquare(
      forward: "for i in pass.y.indices { pass.y[i] = 3 * pass.x[i] * pass.x[i] }",
      backward: "for i in pass.dx.indices { pass.dx[i] += pass.dy[i] * 6 * pass.x[i] }")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 0)
    #expect(try tool.read("results/x/run-0002/metrics.csv") != first)
    // The weights of a finished run are evaluated with its plugin.
    #expect(try tool.runPlugin("evaluate", "results/x/latest").code == 0)
  }

  @Test func aPrebuiltPluginGivesTheSameBytes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare()
    try tool.writeExperiment()
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 0)
    #expect(try tool.runPlugin("plugin", "build", "Square.swift", "--output", "a.so").code == 0)
    try tool.writeExperiment(plugins: "a.so")
    #expect(try tool.runPlugin("run", "x.yaml", "--quiet").code == 0)
    #expect(
      try tool.read("results/x/run-0001/metrics.csv")
        == tool.read("results/x/run-0002/metrics.csv"))
  }

  @Test func severalProcessesCanBuildOnePluginAtOnce() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(
      forward: "let seed = \(Int.random(in: 0..<1 << 60)); "
        + "for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] + S(seed &- seed) }")
    try tool.writeExperiment()
    try await withThrowingTaskGroup(of: Int32.self) { group in
      for index in 0..<4 {
        group.addTask {
          try tool.runPlugin("run", "x.yaml", "--quiet", "--output", "r\(index)").code
        }
      }
      for try await code in group { #expect(code == 0) }
    }
  }

  @Test func aTypeNameThatIsTakenIsRefused() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(to: "a/Square.swift")
    try tool.writeSquare(to: "b/Square.swift")
    try tool.writeExperiment(plugins: "[a, b]")
    let result = try tool.runPlugin("validate", "x.yaml")
    #expect(result.code == 2)
    #expect(
      result.errors.contains(
        "error: the plugin 'b' has the layer type 'square', and there is one already"))
  }
}
