import Foundation
import TestSupport
import Testing

/// Faults 42 to 44: plugin errors, their messages, and that no files are left.
@Suite struct PluginFaultTests {
  private let place = "x.yaml:10:12: error: 'bent' (square, of the plugin 'Square.swift')"

  /// The message of an experiment with this layer, after the exit code.
  private func message(_ write: (Tool) throws -> Void, plugins: String = "[Square.swift]") throws
    -> String
  {
    let tool = try Tool()
    defer { tool.remove() }
    try write(tool)
    try tool.writeExperiment(plugins: plugins)
    let result = try tool.runPlugin("run", "x.yaml", "--quiet")
    #expect(!tool.exists("results") || result.errors.contains("hangs"))
    return "\(result.code): "
      + result.errors.split(separator: "\n").filter { !$0.hasPrefix("    ") }
      .joined(separator: "\n")
  }

  @Test func aPassThatCrashesIsNamed() throws {
    for (body, reason) in [
      ("_ = [1][pass.samples]", "a failed check, such as an index out of range"),
      (
        "UnsafeMutablePointer<Int>(bitPattern: 8)!.pointee = 1",
        "an access to memory that is not its own (SIGSEGV)"
      ),
      ("abort()", "it aborted (SIGABRT)"),
    ] {
      let report = try message { try $0.writeSquare(forward: body) }
      #expect(report.hasPrefix("2: "))
      #expect(report.hasSuffix("\(place) crashed in its forward pass: \(reason)"), "\(report)")
    }
  }

  @Test func aPassThatExitsIsNamed() throws {
    for end in ["exit(0)", "_exit(0)", "quick_exit(0)"] {
      #expect(
        try message { try $0.writeSquare(backward: end) }
          == "2: \(place) ended the process in its backward pass")
    }
  }

  @Test func aCrashDuringTrainingLeavesWholeRows() throws {
    let tool = try Tool()
    defer { tool.remove() }
    // Before training, the layer is tried on two samples, also in float64.
    try tool.writeSquare(
      forward: """
        if S.self == Float.self && pass.samples == 4 && pass.isTraining { usleep(1000); steps += 1 }
        if steps == 400 { abort() }
        for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }
        """)
    let source = try tool.read("Square.swift")
    try tool.write(
      source.replacingOccurrences(
        of: "struct Square", with: "nonisolated(unsafe) var steps = 0\n\nstruct Square"),
      to: "Square.swift")
    try tool.writeExperiment()
    let result = try tool.runPlugin("run", "x.yaml", "--quiet", "train.epochs=5000")
    #expect(result.code == 2)
    #expect(result.errors == place + " crashed in its forward pass: it aborted (SIGABRT)\n")
    let rows = try tool.read("results/x/run-0001/metrics.csv").split(separator: "\n")
    #expect(rows.count > 10 && rows.count <= 401)
    let commas = rows.map { row in row.count { $0 == "," } }
    #expect(Set(commas).count == 1, "each row is whole")
  }

  @Test func aPlanThatCrashesIsNamed() throws {
    let report = try message { try $0.writeSquare(plan: "Plan(output: [inputs[1].count])") }
    #expect(
      report == "2: \(place) crashed in its plan: a failed check, such as an index out of range")
  }

  @Test func aRegistrationThatCrashesIsNamed() throws {
    let report = try message { try $0.writeSquare(register: "abort()") }
    #expect(
      report
        == "2: error: the plugin 'Square.swift' crashed in its registration: it aborted (SIGABRT)")
  }

  @Test func aPassThatHangsIsEnded() throws {
    let report = try message(
      { try $0.writeSquare(forward: "while pass.samples > 0 { usleep(1000) }") },
      plugins: "[{path: Square.swift, time_limit: 1}]")
    #expect(report == "2: \(place) hangs in its forward pass: no return after 1 s")
  }

  @Test func writesOutsideTheBuffersAreReported() throws {
    let square = "for i in pass.y.indices { pass.y[i] = pass.x[i] * pass.x[i] }; "
    // The subscript of a tensor is checked, but pointers are not.
    for (forward, fact) in [
      (
        "for (int64_t i = 0; i < pass->y.count + 3; i++) y[i] = 1;",
        "its forward pass wrote 3 numbers beyond the end of y, which holds 4"
      ),
      ("y[-1] = 0;", "its forward pass wrote 1 number before the start of y, which holds 4"),
    ] {
      let report = try message({ try $0.writeCSquare(forward: forward) }, plugins: "[Square.c]")
      #expect(
        report == "2: \(place.replacing("Square.swift", with: "Square.c")): \(fact)", "\(forward)")
    }
    for (forward, fact) in [
      (
        "for i in 1..<pass.y.count { pass.y[i] = 1 }",
        "its forward pass does not write y[0]; its plan declares [2] per sample, and must overwrite "
          + "all of y"
      ),
      (
        square + "pass.x[1] = 4",
        "its forward pass wrote to x[1], which it must not change: 0.53175515 became 4"
      ),
    ] {
      #expect(try message { try $0.writeSquare(forward: forward) } == "2: \(place): \(fact)")
    }
  }

  @Test func aPlanWithImpossibleSizesIsRefused() throws {
    let report = try message {
      try $0.writeSquare(plan: "Plan(output: inputs[0].shape, scratch: [.perSample(-3)])")
    }
    #expect(report.contains("'bent' (square): its plan has -3 numbers of scratch 0"))
  }

  @Test func aPluginThatDoesNotLoadIsReported() throws {
    func refusal(_ plugins: String, _ write: (Tool) throws -> Void = { _ in }) throws -> String {
      try message(write, plugins: plugins)
    }
    let at = "2: x.yaml:3:11: error: "
    #expect(
      try refusal("[Squar.swift]") { try $0.writeSquare() }
        == at + "no such plugin: 'Squar.swift'; did you mean 'Square.swift'?")
    #expect(
      try refusal("[a.so]") { try $0.write("text", to: "a.so") }
        == at + "cannot load the plugin 'a.so': it is not a shared object")
    #expect(
      try refusal("[notes]") { try $0.write("text", to: "notes/a.txt") }
        == at + "the plugin 'notes' has no Swift or C file")
    #expect(
      try refusal("[a.txt]") { try $0.write("text", to: "a.txt") }
        == at
        + "'a.txt' is not a plugin, which is a folder with Swift or C files, one such file, or a built .so"
    )
    let library = try refusal("[z.so]") { tool in
      try FileManager.default.copyItem(
        at: #require(zlib), to: tool.folder.appendingPathComponent("z.so"))
    }
    #expect(
      library
        == at
        + "cannot load the plugin 'z.so': it has no stamp that states which nnexp it was built for\n"
        + "note: 'nnexp plugin build' makes plugins with one")
    let broken = try refusal("[Square.swift]") { try $0.writeSquare(forward: "nonsense") }
    #expect(broken.contains("error: cannot find 'nonsense' in scope"))
    #expect(
      broken.hasSuffix(
        "the plugin 'Square.swift' does not compile; the compiler's messages are above"))
  }

  @Test func aPluginOfAnotherCompilerIsRefusedBeforeItRuns() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare(register: "abort()")
    #expect(try tool.runPlugin("plugin", "build", "Square.swift", "--output", "a.so").code == 0)
    let url = tool.folder.appendingPathComponent("a.so")
    var bytes = try Data(contentsOf: url)
    let stamp = try #require(bytes.range(of: Data("nnexp plugin, swift, Swift version 6".utf8)))
    bytes[stamp.upperBound - 1] = UInt8(ascii: "5")
    try bytes.write(to: url)
    try tool.writeExperiment(plugins: "[a.so]")
    let result = try tool.runPlugin("run", "x.yaml")
    #expect(result.code == 2)
    #expect(
      result.errors.contains("cannot load the plugin 'a.so': it was built for Swift version 5"))
    #expect(result.errors.contains(", and this nnexp is Swift version 6"))
    #expect(!tool.exists("results"))
  }

  @Test func overridesCannotNamePlugins() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.writeSquare()
    try tool.writeExperiment()
    for override in ["plugins.0=/tmp/other.so", "plugins=[/tmp/other.so]"] {
      let result = try tool.runPlugin("run", "x.yaml", override)
      #expect(result.code == 2)
      #expect(
        result.errors.contains("plugins are loaded only from paths that the file itself names"))
    }
  }
}
