import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// Networks that train on the entries of their inputs that are not 0, compared with the plain path.
@Suite struct SparseInputTests {
  /// A network with wide inputs. Two instances with the same seed have the same data.
  private struct Wide {
    var units = 32
    var width = 2100
    var samples = 40
    var batch = 7
    var entries = 12
    var first = ""
    var train = ""
    var optimizer = "{type: sgd, learning_rate: 0.02}"
    var rest = "- {type: dense, units: 3}"
    var seed: UInt64 = 1

    func data<S: Scalar>(_ type: S.Type = S.self) -> RunDatasets<S> {
      let random = RandomStream(seed: seed, purpose: "sparse samples")
      func samples(_ count: Int, _ stream: Int) -> Dataset<S> {
        var inputs = [S](repeating: 0, count: count * width)
        for s in 0..<count {
          let random = random.stream(stream).stream(s)
          // Some samples have no entries, and some columns are in many samples.
          for e in 0..<random.integer(below: entries + 1, at: 0) {
            let column = random.integer(below: e % 3 == 0 ? 20 : width, at: e + 1)
            inputs[s * width + column] = e % 2 == 0 ? 1 : S(random.stream(1).normal(at: e))
          }
        }
        let targets = (0..<3 * count).map { S(random.stream(stream + 1).normal(at: $0)) }
        return Dataset(inputs: inputs, targets: targets, count: count)
      }
      return RunDatasets(
        inputShape: [width], target: .values([3]), train: samples(self.samples, 0),
        validation: samples(9, 2))
    }

    func trainer<S: Scalar>(plain: Bool = false, _ type: S.Type = S.self) throws -> Trainer<S> {
      let declared = try Declared(
        """
        model:
          - {type: dense, name: wide, units: \(units)\(first)}
          - tanh
          \(rest)
        loss: squared_error
        metrics: []
        train:
          optimizer: \(optimizer)
          epochs: 3
          batch_size: \(batch)
          deliver: last
          checkpoint: {every: 1 epoch}
          \(train)
          \(plain ? "record: weight_norm" : "")
        """)
      let data = data(type)
      let graph = try Graph(
        declared.model, inputShape: data.inputShape, l1: declared.training.l1,
        l2: declared.training.l2, registry: registry)
      return try Trainer(
        graph, heads: declared.heads(graph, data.target), training: declared.training, data: data,
        seed: seed)
    }
  }

  /// Stores the losses of every row and the gradients of every step, which it may scale.
  private final class Course: TrainingObserver {
    var losses: [[Double]] = []
    var gradients: [[Double]] = []
    let observesGradients: Bool
    let factor: Double

    init(gradients: Bool = false, factor: Double = 1) {
      observesGradients = gradients
      self.factor = factor
    }

    func rowRecorded(_ row: MetricRow) { losses.append(Array(row.values[3...4])) }

    func gradientsReady<S: Scalar>(_ gradients: BatchGradients<S>) {
      let g = gradients.values
      self.gradients.append(g.indices.map { Double(g[$0]) })
      for i in g.indices { g[i] *= S(factor) }
    }
  }

  private func weights<S>(_ trainer: Trainer<S>) -> [Double] {
    let w = trainer.network.parameters
    return w.indices.map { Double(w[$0]) }
  }

  private func expectClose(
    _ found: [Double], _ wanted: [Double], _ tolerance: Double, _ what: String
  ) {
    #expect(found.count == wanted.count, "\(what)")
    let size = wanted.reduce(0) { max($0, abs($1)) }
    let difference = zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= tolerance * size, "\(what)")
  }

  @Test func `results are those of the plain path`() throws {
    let settings = [
      "", "clip: {norm: 0.05}", "clip: {value: 0.002}", "sampling: random",
      "groups: [{nodes: wide, learning_rate: 0.05}]",
      "schedule: {type: step, every: 1, factor: 0.5}",
    ]
    func compare<S: Scalar>(_ type: S.Type, _ tolerance: Double, _ wide: Wide) throws {
      let (found, plain) = (
        try wide.trainer(type), try wide.trainer(plain: true, type)
      )
      #expect(found.network.sparseInput != nil)
      #expect(plain.network.sparseInput == nil)
      let courses = (Course(), Course())
      _ = try found.run([courses.0])
      _ = try plain.run([courses.1])
      expectClose(weights(found), weights(plain), tolerance, "weights, \(wide)")
      expectClose(
        courses.0.losses.flatMap { $0 }, courses.1.losses.flatMap { $0 }, tolerance,
        "losses, \(wide)")
    }
    try withEvery("seed", in: 0..<(isThorough ? 60 : 12)) { seed in
      let pick = RandomStream(seed: UInt64(seed), purpose: "wide").pick
      var wide = Wide(seed: UInt64(seed))
      wide.units = pick(17...70, 0)
      wide.width = 65_536 / wide.units + pick(1...400, 1)
      wide.samples = pick(1...60, 2)
      wide.batch = pick(1...70, 3)
      wide.entries = pick(0...(wide.width / 16), 4)
      wide.first = ["", ", bias: false", ", frozen: [bias]"][seed % 3]
      wide.train = settings[seed % settings.count]
      try compare(Float.self, 1e-4, wide)
      try compare(Double.self, 1e-12, wide)
    }
  }

  /// Networks in which a step needs all weights, or that have no such input.
  @Test func `other networks use the plain path`() throws {
    func isSparse(_ change: (inout Wide) -> Void) throws -> Bool {
      var wide = Wide()
      change(&wide)
      return try wide.trainer(Float.self).network.sparseInput != nil
    }
    #expect(try isSparse { _ in })
    let optimizers = [
      "{type: sgd, learning_rate: 0.1, momentum: 0.9}",
      "{type: sgd, learning_rate: 0.1, weight_decay: 0.1}", "adam", "adagrad",
    ]
    for optimizer in optimizers {
      #expect(
        try !isSparse { $0.optimizer = optimizer }, "\(optimizer)")
    }
    for train in ["l2: 0.1", "l1: 0.1", "accumulate: 2", "average: {decay: 0.9}"] {
      #expect(try !isSparse { $0.train = train }, "\(train)")
    }
    for first in [", frozen: true", ", max_norm: 1", ", l2: 0.1"] {
      #expect(try !isSparse { $0.first = first }, "\(first)")
    }
    #expect(try !isSparse { $0.entries = 2100 }, "many entries")
    #expect(try !isSparse { $0.units = 16 }, "few weights")
    #expect(
      try !isSparse {
        $0.rest =
          "- {type: dense, name: small, units: 3}\n  - {type: concatenate, inputs: [input, small]}\n  - {type: dense, units: 3}"
      }, "two readers")
    #expect(
      try !isSparse {
        $0.rest = """
          - {type: dense, units: 2100, name: decoded}
            - {type: dense, units: 32, parameters: {weight: wide.weight}}
            - {type: dense, units: 3}
          """
      }, "a shared weight")
  }

  /// Observers read all gradients, and change those that the step uses.
  @Test func `observers see the gradients of the plain path`() throws {
    let wide = Wide()
    let (found, plain) = (
      try wide.trainer(Double.self), try wide.trainer(plain: true, Double.self)
    )
    let courses = (
      Course(gradients: true, factor: 0.5), Course(gradients: true, factor: 0.5)
    )
    _ = try found.run([courses.0])
    _ = try plain.run([courses.1])
    #expect(courses.0.gradients.count == 18)
    for (a, b) in zip(courses.0.gradients, courses.1.gradients) {
      expectClose(a, b, 1e-12, "gradients")
    }
    expectClose(weights(found), weights(plain), 1e-12, "weights")
  }

  /// Weights of columns without entries keep their bits.
  @Test func `a step changes only the columns of its batch`() throws {
    var wide = Wide()
    wide.train = "max_steps: 1"
    wide.batch = 40
    let trainer = try wide.trainer(Float.self)
    let before = weights(trainer)
    let inputs = trainer.data.train.inputs
    _ = try trainer.run()
    let after = weights(trainer)
    for column in 0..<wide.width {
      let isUsed = (0..<wide.samples).contains { inputs[$0 * wide.width + column] != 0 }
      let isChanged = (0..<wide.units).contains {
        before[$0 * wide.width + column] != after[$0 * wide.width + column]
      }
      #expect(isUsed == isChanged, "column \(column)")
    }
  }

  /// Interrupts a training after every step and resumes it in a new trainer.
  @Test func `a resumed training has the same bits`() throws {
    let wide = Wide()
    let whole = try wide.trainer(Float.self)
    let course = Course()
    _ = try whole.run([course])
    var losses: [[Double]] = []
    var state: TrainingState<Float>?
    var learned: [[Float]] = []
    for step in 1...18 {
      let part = try wide.trainer(Float.self)
      if let state {
        for (tensor, values) in zip(part.network.learned, learned) {
          for i in tensor.tensor.indices { tensor.tensor[i] = values[i] }
        }
        try part.restore(from: state)
      }
      let own = Course()
      _ = try part.run(
        [own],
        cancellation: CancellationToken {
          part.step >= step && step < 18 ? 15 : nil
        })
      losses += own.losses
      state = part.state()
      learned = part.network.learned.map { named in named.tensor.indices.map { named.tensor[$0] } }
    }
    #expect(losses == course.losses)
    let all = whole.network.learned.map { named in named.tensor.indices.map { named.tensor[$0] } }
    #expect(learned == all)
  }
}
