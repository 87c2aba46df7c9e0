import ExperimentFile
import NNExp
import TestSupport
import Testing

/// An experiment that changes another one.
@Suite struct BaseFileTests {
  private let scratch = Scratch()

  private func read(_ text: String) throws -> Experiment {
    scratch.put(
      """
      data: {inline: {inputs: [[0, 1], [1, 0]], targets: [1, 2]}}
      model: [{type: dense, units: 1}]
      loss: squared_error
      train: {epochs: 3, optimizer: {type: sgd, momentum: 0.5}}
      """, in: "base.yaml")
    scratch.put("base: base.yaml\n", in: "second.yaml")
    return try Experiment(
      Array(text.utf8), path: scratch.path + "/own.yaml", name: "own.yaml", registry: registry)
  }

  private func error(_ text: String) -> String {
    do {
      _ = try read(text)
      return ""
    } catch { return "\(error)".replacing(scratch.path + "/", with: "") }
  }

  @Test func `settings are merged, and a mapping of another type replaces`() throws {
    let read = try read("base: base.yaml\ntrain: {epochs: 5, optimizer: {momentum: 0.9}}")
    #expect(read.name == "own" && read.training.epochs == 5)
    #expect(read.resolvedText.contains("momentum: 0.9"))
    #expect(read.baseText == scratch.bytes("base.yaml"))
    #expect(!read.resolvedText.contains("base"))
    let other = try self.read("base: base.yaml\ntrain: {optimizer: {type: adam}}\nseed: 4")
    #expect(other.training.epochs == 3 && other.seed == 4)
    #expect(other.resolvedText.contains("type: adam") && !other.resolvedText.contains("momentum"))
  }

  @Test func `a wrong base is reported`() {
    #expect(
      error("base: 3") == """
        own.yaml:1:7: error: base must be the name of an experiment file, found the number 3
            base: 3
                  ^
        """)
    #expect(error("base: missing.yaml").contains("own.yaml:1:7: error: "))
    #expect(
      error("base: second.yaml").hasPrefix(
        "second.yaml:1:1: error: the base names another base; name that file"))
    #expect(
      error("base: base.yaml\ntrain: {epoch: 3}").contains("own.yaml:2:9: error: unknown key"))
  }
}
