import Dispatch
import NNExp
import Synchronization
import TestSupport
import Testing
import YAMLTree

@testable import ExperimentFile

/// Experiments of one file that share a memo equal experiments without one.
@Suite struct MemoTests {
  private static let text = """
    name: shared
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

  /// A description of an experiment, or its errors.
  private func described(_ overrides: [String], memo: Memo? = nil) throws -> String {
    let bytes = Array(MemoTests.text.utf8)
    do {
      let experiment = try Experiment(
        MemoTests.root, text: bytes, path: "shared.yaml", overrides: overrides,
        registry: standardRegistry, memo: memo)
      let model = experiment.model.nodes.map { "\($0.name) \($0.layer)" }
      return "\(experiment.configuration)\n\(experiment.resolvedText)\n\(model)"
        + "\n\(experiment.objective.losses) \(experiment.training.optimizer)"
        + "\n\(experiment.training.epochs) \(experiment.expectations.map(\.text))"
        + "\n\(experiment.seed) \(experiment.dtype) \(experiment.gradientCheck.tolerance)"
    } catch {
      return "\(error)"
    }
  }

  private static let root = try! parseYAML(Array(text.utf8), name: "shared.yaml")

  @Test(arguments: overrides)
  func anExperimentIsTheSameWithTheSectionsOfAnother(overrides: [String]) throws {
    let alone = try described(overrides)
    for others in MemoTests.overrides {
      let memo = Memo()
      _ = try described(others, memo: memo)
      #expect(try described(overrides, memo: memo) == alone, "\(overrides) after \(others)")
      #expect(try described(overrides, memo: memo) == alone, "\(overrides) again after \(others)")
    }
  }

  /// Only sections that an override changes are read again, once for each text.
  @Test func unchangedSectionsAreReadOnce() throws {
    let memo = Memo()
    var reads: [String] = []
    func read(_ overrides: String...) throws -> [Double] {
      var options = Options(
        try apply(
          overrides: overrides,
          to: parseYAML(Array("{a: {b: 2}, c: {d: 0.5}}".utf8), name: "t.yaml"))
      )
      func section<Value: Sendable>(
        _ section: String, _ body: (inout Options) -> Value
      ) throws -> Value {
        let read = options.read([section], memo) { options -> Value? in
          reads.append("\(section) \(overrides.joined(separator: " "))")
          return options.section(section) { body(&$0) }
        }
        return try #require(read).value
      }
      let (a, c) = (
        try section("a") { $0.int("b", in: 0...) }, try section("c") { $0.double("d") }
      )
      #expect(options.resolved.flow == "{a: {b: \(a)}, c: {d: \(c)}}")
      return [Double(a), c]
    }
    #expect(try read() == [2, 0.5])
    #expect(try read("c.d=1.5") == [2, 1.5])
    #expect(try read("c.d=1.5") == [2, 1.5])
    #expect(try read("c.d=1.5", "a.b=5") == [5, 1.5])
    #expect(reads == ["a ", "c ", "c c.d=1.5", "a c.d=1.5 a.b=5"])
  }

  @Test func theNewestValueOfEachKindIsHeld() {
    let memo = Memo()
    var computed: [String] = []
    func number(_ key: Int) -> Int {
      memo.value(for: key) {
        computed.append("number \(key)")
        return 10 * key
      }
    }
    func text(_ key: Int) -> String {
      memo.value(for: key) {
        computed.append("text \(key)")
        return "\(key)"
      }
    }
    #expect([number(1), number(1), number(2), number(1)] == [10, 10, 20, 10])
    #expect([text(1), text(1)] == ["1", "1"])
    #expect(number(1) == 10)
    #expect(computed == ["number 1", "number 2", "number 1", "text 1"])
  }

  @Test func threadsWaitForTheValueOfAnEqualKey() {
    let memo = Memo()
    let computed = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let value = memo.value(for: 1) {
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + 0.01)
        return computed.withLock { count in
          count += 1
          return count
        }
      }
      #expect(value == 1)
    }
  }

  @Test func aFailedComputationLeavesTheMemoAsItIs() {
    let memo = Memo()
    #expect(memo.value(for: 1) { "one" } == "one")
    #expect(throws: CancellationError.self) {
      try memo.value(for: 2) { () throws -> String in throw CancellationError() }
    }
    #expect(memo.value(for: 1) { "another" } == "one")
  }

  @Test func withoutAMemoEveryValueIsComputed() {
    let memo: Memo? = nil
    #expect([memo.value(for: 1) { "one" }, memo.value(for: 1) { "two" }] == ["one", "two"])
  }

  /// Values that differ in a byte or in their location are different, because messages show
  /// both.
  @Test func valuesAreEqualIfTheyAreWrittenTheSameAtTheSameLocation() throws {
    func node(_ yaml: String, _ file: String = "t.yaml") throws -> ConfigValue {
      try parseYAML(Array(yaml.utf8), name: file)
    }
    let texts = [
      "{a: 1}", "{a: 1.0}", "{a:  1}", "{b: 1}", "{a: .nan}", "{a: -0.0}", "{a: 0.0}", "[a, 1]",
      "{a: \u{E9}}", "{a: e\u{301}}", "{a: 'true'}", "{a: true}", "{a: }", "{a: [1, 2]}",
    ]
    for (i, first) in texts.enumerated() {
      for (j, second) in texts.enumerated() {
        #expect((try node(first) == node(second)) == (i == j), "\(first) and \(second)")
      }
      #expect(try node(first) != node(first, "u.yaml"))
    }
  }
}
