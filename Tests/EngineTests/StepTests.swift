import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// Averages of weights, accumulated gradients, learning rates of nodes and largest norms, compared
/// with PyTorch in float64. `Tests/References/pytorch_steps.py` wrote the reference values.
@Suite struct StepTests {
  struct Reference: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
      let name: String
      let train: String
      let hidden: String
      let measured: [Double]
      let parameters: [[Double]]
      let delivered: [Double]
      var testDescription: String { name }
    }
    let inputs: [Double]
    let targets: [Double]
    let initial: [[Double]]
    let cases: [Case]
  }

  static let reference: Reference = try! Repository.reference("pytorch_steps.json")

  private final class Course: TrainingObserver {
    weak var trainer: Trainer<Double>?
    var rows: [[Double]] = []
    var parameters: [[Double]] = []

    func rowRecorded(_ row: MetricRow) {
      rows.append(row.values)
      if let w = trainer?.network.parameters { parameters.append(w.indices.map { w[$0] }) }
    }
  }

  private func trainer(
    _ train: String, hidden: String = "", batch: Int = 3
  ) throws -> Trainer<Double> {
    let reference = StepTests.reference
    func list(_ index: Int) -> String {
      "[" + reference.initial[index].map { shortest($0) }.joined(separator: ", ") + "]"
    }
    let declared = try Declared(
      """
      model:
        - type: dense
          name: hidden
          units: 4
          initial: {weight: {values: \(list(0))}, bias: {values: \(list(1))}}
          \(hidden)
        - tanh
        - type: dense
          name: output
          units: 2
          initial: {weight: {values: \(list(2))}, bias: {values: \(list(3))}}
      loss: squared_error
      metrics: []
      train: {batch_size: \(batch), sampling: sequential, epochs: 4, deliver: last, \(train)}
      """)
    let samples = Dataset<Double>(inputs: reference.inputs, targets: reference.targets, count: 7)
    let data = RunDatasets<Double>(
      inputShape: [3], target: .values([2]), train: samples, validation: samples)
    let graph = try Graph(declared.model, inputShape: [3], registry: registry)
    return try Trainer(
      graph, heads: declared.heads(graph, data.target), training: declared.training, data: data,
      seed: 0)
  }

  private func expectClose(_ found: [Double], _ wanted: [Double], _ what: String) {
    #expect(found.count == wanted.count, "\(what)")
    for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-13 * max(1, abs(b)), "\(what)") }
  }

  @Test(arguments: reference.cases)
  func `steps agree with PyTorch`(wanted: Reference.Case) throws {
    let trainer = try trainer(wanted.train, hidden: wanted.hidden)
    let course = Course()
    course.trainer = trainer
    _ = try trainer.run([course])
    expectClose(course.rows.map { $0[4] }, wanted.measured, "validation loss")
    for (found, wanted) in zip(course.parameters, wanted.parameters) {
      expectClose(found, wanted, "parameters")
    }
    trainer.restore(.last)
    let w = trainer.network.parameters
    expectClose(w.indices.map { w[$0] }, wanted.delivered, "delivered weights")
  }

  /// Pauses after each epoch and resumes in a new trainer.
  @Test(arguments: reference.cases)
  func `a resumed training has the same bits`(wanted: Reference.Case) throws {
    let whole = try trainer(wanted.train, hidden: wanted.hidden)
    let course = Course()
    _ = try whole.run([course])
    var rows: [[Double]] = []
    var state: TrainingState<Double>?
    var learned: [[Double]] = []
    for epoch in 1...4 {
      let part = try trainer(wanted.train, hidden: wanted.hidden)
      if let state {
        for (tensor, values) in zip(part.network.learned, learned) {
          for i in tensor.tensor.indices { tensor.tensor[i] = values[i] }
        }
        try part.restore(from: state)
      }
      let own = Course()
      _ = try part.run([own], pausingAfter: epoch)
      rows += own.rows
      state = part.state()
      learned = part.network.learned.map { named in named.tensor.indices.map { named.tensor[$0] } }
    }
    #expect(rows == course.rows)
  }

  /// Training on two batches per step is training on the larger batch.
  @Test func `accumulated gradients are those of the larger batch`() throws {
    let (parts, whole) = (Course(), Course())
    let sgd = "optimizer: {type: sgd, learning_rate: 0.05}"
    _ = try trainer("\(sgd), accumulate: 2").run([parts])
    _ = try trainer(sgd, batch: 6).run([whole])
    for (a, b) in zip(parts.rows, whole.rows) { expectClose(a, b, "row") }
  }

  @Test(arguments: [
    ("accumulate: 0", "accumulate must be an integer ≥ 1, found the number 0"),
    ("average: {}", "average must have either decay or from_epoch"),
    ("average: {decay: 0.9, from_epoch: 2}", "average must have either decay or from_epoch"),
    (
      "average: {decay: 1}",
      "decay must be a number from 0 to 1 (1 excluded), found the number 1"
    ),
    ("average: {from_epoch: 0}", "from_epoch must be an integer ≥ 1, found the number 0"),
    ("groups: 3", "groups must be a list of groups, found the number 3"),
    ("groups: [{nodes: [], learning_rate: 1}]", "a group needs the name of a node"),
    (
      "groups: [3]",
      "a group must be a mapping such as {nodes: encoder*, learning_rate: 1e-4}, found the number 3"
    ),
    (
      "groups: [{nodes: hiden, learning_rate: 1}]",
      "no node is named 'hiden'; did you mean 'hidden'?"
    ),
    (
      "groups: [{nodes: tanh, learning_rate: 1}]",
      "'tanh' has no parameter that training changes"
    ),
    (
      "groups: [{nodes: hid*, learning_rate: 1}, {nodes: hidden, learning_rate: 2}]",
      "'hidden' is in two groups; its learning rate is not clear"
    ),
  ])
  func `a wrong setting is an error`(train: String, message: String) {
    let text = errorText { try trainer("optimizer: sgd, \(train)") }
    #expect(messages(in: text) == [message])
  }

  @Test func `groups need an optimizer that updates each parameter by itself`() {
    let group = "groups: [{nodes: hidden, learning_rate: 1}]"
    let text = errorText { try trainer("optimizer: {type: lbfgs}, \(group)", batch: 7) }
    #expect(
      messages(in: text).contains(
        "the optimizer 'lbfgs' updates all parameters together, so that groups cannot have their "
          + "own learning rates"))
  }

  /// The messages of errors, without their places.
  private func messages(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      line.firstRange(of: "error: ").map { String(line[$0.upperBound...]) }
    }
  }
}
