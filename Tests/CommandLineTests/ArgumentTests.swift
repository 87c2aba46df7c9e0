import Foundation
import TestSupport
import Testing

/// Fault 57: arguments of the command on every system.
@Suite struct ArgumentTests {
  @Test func argumentsAreReadWithoutProc() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(exclusiveOr, to: "xor.yaml")
    let environment = ["LD_PRELOAD": try tool.build(library: "no_proc")]
    let missing = try tool.run("validate", "/does/not/exist", environment: environment)
    #expect(missing.code == 2)
    #expect(missing.errors == "error: no such file: '/does/not/exist'\n")
    let run = try tool.run("run", "xor.yaml", "--output", "out", environment: environment)
    #expect(run.code == 0, "\(run.errors)")
    #expect(try tool.run("run", "xor.yaml", "--output", "whole").code == 0)
    #expect(differences(tool.facts(of: "whole"), tool.facts(of: "out")) == [])
    let sweep = try tool.run("sweep", "xor.yaml", "seed=1,2", environment: environment)
    #expect(sweep.code == 0, "\(sweep.errors)")
  }
}
