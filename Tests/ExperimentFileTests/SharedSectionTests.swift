import ExperimentFile
import NNExp
import TestSupport
import Testing
import YAMLTree

/// An experiment that takes sections over from another of its file is what it would
/// have been alone.
@Suite struct SharedSectionTests {
  private static let text = """
    name: siblings
    seed: 3
    dtype: float64
    data: {inline: {inputs: [[0, 1], [1, 0], [1, 1], [0, 0]], targets: [[1], [1], [0], [0]]}}
    model:
      - {type: dense, units: 3, name: hidden}
      - tanh
      - {type: dense, units: 1}
    loss: {type: huber, delta: 0.5}
    metrics: [mean_absolute_error]
    train:
      optimizer: {type: sgd, learning_rate: 0.1}
      epochs: 20
    gradient_check: {tolerance: 1e-6}
    expect: {train_loss: "< 1"}
    predictions: [train]
    """

  static let overrides: [[String]] = [
    [], ["seed=9"], ["dtype=float32"], ["name=other"], ["train.optimizer.learning_rate=0.2"],
    ["train.epochs=7", "loss.delta=1"], ["+train.l2=0.1"], ["model.hidden.units=5"],
    ["+model.dense.bias=false"], ["loss=squared_error"], ["metrics=[]"],
    ["gradient_check=false"], ["expect.train_loss=< 2"], ["expect=null"], ["predictions=[]"],
    ["data.inline.targets=[[0], [0], [1], [1]]"], ["+data.batch=3"], ["train.epochs=0"],
    ["model.hidden.units=none", "train.optimizer.learning_rate=-1"], ["+unknown=1"],
    ["model.1=sigmoid"], ["train.optimizer.type=adam"], ["+plugins=[a.swift]"],
  ]

  /// What an experiment says of itself, or what is wrong with it.
  private func described(_ overrides: [String], like sibling: Experiment? = nil) throws -> String {
    let bytes = Array(SharedSectionTests.text.utf8)
    do {
      let experiment = try Experiment(
        SharedSectionTests.root, text: bytes, path: "siblings.yaml", overrides: overrides,
        registry: registry, like: sibling)
      let model = experiment.model.nodes.map { "\($0.name) \($0.layer)" }
      return "\(experiment.configuration)\n\(experiment.resolvedText)\n\(model)"
        + "\n\(experiment.objective.loss) \(experiment.training.optimizer)"
        + "\n\(experiment.training.epochs) \(experiment.expectations.map(\.text))"
        + "\n\(experiment.seed) \(experiment.dtype) \(experiment.gradientCheck.tolerance)"
    } catch {
      return "\(error)"
    }
  }

  private static let root = try! parseYAML(Array(text.utf8), name: "siblings.yaml")

  @Test(arguments: overrides)
  func anExperimentIsTheSameWithSectionsOfAnother(overrides: [String]) throws {
    let alone = try described(overrides)
    for others in SharedSectionTests.overrides {
      let sibling = try? Experiment(
        SharedSectionTests.root, text: Array(SharedSectionTests.text.utf8), path: "siblings.yaml",
        overrides: others, registry: registry)
      #expect(try described(overrides, like: sibling) == alone, "\(overrides) like \(others)")
    }
  }

  /// Sections that no override touches are the same memory, not read anew.
  @Test func unchangedSectionsAreReadOnce() throws {
    var count = 0
    func read(_ root: Node, like earlier: Options.Reading<Int>? = nil) -> Options.Reading<Int> {
      var options = Options(root)
      return options.read(like: earlier) { options in
        count += 1
        return options.section("a", "") { $0.int("b", default: 1, in: 0...) } ?? 0
      }
    }
    let root = try parseYAML(Array("{a: {b: 2}, c: {d: 3}}".utf8), name: "t.yaml")
    let first = read(root)
    #expect(read(try apply(overrides: ["c.d=4"], to: root), like: first).value == 2)
    #expect(count == 1)
    #expect(read(try apply(overrides: ["a.b=5"], to: root), like: first).value == 5)
    #expect(count == 2)
  }
}
