import Engine
import ExperimentFile
import Foundation
import NNExp
import Running
import TestSupport
import Testing
import YAMLTree

/// Experiments that share a memo train as without it.
@Suite struct SharedDataTests {
  private static let text = Array(
    """
    name: shared
    seed: 3
    data:
      generated: {type: spirals, samples: 12}
      split: {validation: 0.25}
    model: [{type: dense, units: 3, name: hidden}, tanh, {type: dense, units: 1}]
    loss: binary_cross_entropy
    gradient_check: false
    train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 3}

    """.utf8)

  private static let overrides: [[String]] = [
    [], ["seed=9"], ["train.optimizer.learning_rate=0.2"], ["model.hidden.units=4"],
    ["+model.hidden.bias=false"], ["model.1=sigmoid"], ["+train.l2=0.1"], ["+train.l1=0.01"],
    ["data.generated.samples=16"], ["data.generated.samples=12"], ["data.split.validation=0.5"],
    ["data={inline: {inputs: [[0, 1, 1], [1, 0, 0]], targets: [[0], [1]]}}"],
    ["loss=squared_error"], ["+train.batch_size=4"],
  ]

  private static let root = try! parseYAML(text, name: "shared.yaml")

  private func prepared(
    _ overrides: [String], memo: Memo? = nil, readsSamples: Bool = true
  ) throws -> PreparedExperiment<Float> {
    try PreparedExperiment(
      Experiment(
        SharedDataTests.root, text: SharedDataTests.text, path: "shared.yaml",
        overrides: overrides, registry: registry, memo: memo), memo: memo,
      readsSamples: readsSamples, scratch: NSTemporaryDirectory())
  }

  /// Writes a table. Returns the override that declares it, with more lines of the section.
  private func table(_ rows: [String], in folder: Scratch, _ settings: String) throws -> String {
    let path = folder.path + "/a.csv"
    try Data(rows.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
    let lines =
      ["csv: {path: '\(path)', header: false, inputs: 0, targets: 1}"]
      + settings.split(separator: "\n").map(String.init)
    return "data={\(lines.joined(separator: ", "))}"
  }

  /// All parameters after the training, as bits.
  private func learned(_ prepared: PreparedExperiment<Float>) throws -> [UInt32] {
    _ = try prepared.trainer.run()
    let w = prepared.trainer.network.parameters
    return (0..<w.count).map { w[$0].bitPattern }
  }

  @Test(arguments: overrides)
  func sharedDataDoNotChangeTheTraining(overrides: [String]) throws {
    let alone = try learned(prepared(overrides))
    for others in SharedDataTests.overrides {
      let memo = Memo()
      _ = try prepared(others, memo: memo)
      #expect(try learned(prepared(overrides, memo: memo)) == alone, "\(overrides) after \(others)")
    }
  }

  /// Experiments with equal data share one copy in memory, which was read once. The seed matters
  /// only if the data depend on it.
  @Test(arguments: [
    ("", true), ("split: {column: 2}", true), ("split: {validation: 0.25}", false),
    ("limit: 3", false), ("split: {ordered: true, validation: 0.25}", true),
  ])
  func equalDataAreReadOnce(settings: String, isShared: Bool) throws {
    let folder = Scratch()
    let data = try table((0..<8).map { "\($0),\($0 % 2),train" }, in: folder, settings)
    let memo = Memo()
    let first = try prepared([data], memo: memo)
    guard isShared else {
      let other = try prepared([data, "seed=9"], memo: memo)
      #expect(other.data.train.inputs != first.data.train.inputs)
      return
    }
    // A second reading would fail.
    try FileManager.default.removeItem(atPath: folder.path + "/a.csv")
    for override in ["train.optimizer.learning_rate=0.2", "seed=9"] {
      let other = try prepared([data, override], memo: memo)
      let isSame = first.data.train.inputs.withUnsafeBufferPointer { a in
        other.data.train.inputs.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress }
      }
      #expect(isSame, "\(override)")
    }
  }

  /// Seeds and folds divide the rows of one reading as those of their own.
  @Test(arguments: [
    ("split: {validation: 0.25}", "seed=9"), ("limit: 5", "seed=9"),
    ("split: {folds: 3, fold: 1}\nscale: standardize", "data.split.fold=2"),
    ("split: {test: 0.25, group: 2}\nstream: true", "seed=9"),
  ])
  func otherPartsOfTheSameFilesAreReadOnce(settings: String, override: String) throws {
    let folder = Scratch()
    let data = try table((0..<12).map { "\($0),\($0 % 2),\($0 / 2)" }, in: folder, settings)
    let alone = try learned(prepared([data, override]))
    let memo = Memo()
    let first = try learned(prepared([data], memo: memo))
    // A second reading would fail.
    try FileManager.default.removeItem(atPath: folder.path + "/a.csv")
    let other = try learned(prepared([data, override], memo: memo))
    #expect(other == alone)
    #expect(other != first)
    #expect(try learned(prepared([data], memo: memo)) == first)
  }

  /// A plan has the samples of a run, but leaves them in the rows of the file unless they are in
  /// memory.
  @Test(arguments: [
    ("split: {validation: 0.25}", "seed=9"), ("limit: 5", "seed=9"),
    ("split: {folds: 3, fold: 1}\nscale: standardize", "data.split.fold=2"),
    ("split: {validation: 0.25}\nscale: {inputs: log}", "seed=9"),
  ])
  func plansLeaveSamplesInTheirRows(settings: String, override: String) throws {
    let folder = Scratch()
    let data = try table((1..<13).map { "\($0),\($0 % 2)" }, in: folder, settings)
    let alone = try prepared([data, override])
    let memo = Memo()
    let first = try prepared([data], memo: memo)
    #expect(try !prepared([data], memo: memo, readsSamples: false).data.train.inputs.isEmpty)
    let plan = try prepared([data, override], memo: memo, readsSamples: false)
    #expect(plan.data.train.inputs.isEmpty)
    let samples = try plan.data.train.held(0..<plan.data.train.count)
    #expect(samples.inputs == alone.data.train.inputs)
    #expect(samples.targets == alone.data.train.targets)
    #expect(samples.rows == (0..<samples.count).map(alone.data.train.row))
    let run = try prepared([data, override], memo: memo)
    #expect(run.data.train.inputs == alone.data.train.inputs)
    #expect(try learned(run) == learned(alone))
    #expect(try learned(first) == learned(prepared([data])))
  }

  /// A number that does not fit is an error of each plan whose samples contain it.
  @Test func plansFindNumbersThatDoNotFit() throws {
    let folder = Scratch()
    let data = try table(
      (1..<9).map { $0 == 5 ? "1e39,1" : "\($0),\($0 % 2)" }, in: folder, "limit: 2")
    func outcome(_ seed: Int, _ memo: Memo?, _ readsSamples: Bool) -> String {
      let overrides = [data, "seed=\(seed)"]
      do {
        let prepared = try prepared(overrides, memo: memo, readsSamples: readsSamples)
        return "rows \((0..<2).map(prepared.data.train.row))"
      } catch {
        return "\(error)"
      }
    }
    let memo = Memo()
    let alone = (0..<12).map { outcome($0, nil, true) }
    #expect(alone.indices.map { outcome($0, memo, false) } == alone)
    #expect(Set(alone.map { $0.prefix(4) == "rows" }) == [true, false])
  }
}
