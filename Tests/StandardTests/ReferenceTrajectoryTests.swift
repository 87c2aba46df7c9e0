import Conformance
import NNExp
import TestSupport
import Testing

/// Optimizers and schedules compared with PyTorch, step by step; see
/// `Tests/References/pytorch_training.py`.
struct ReferenceTrajectoryTests {
  struct File: Decodable {
    let inputs: [Double]
    let targets: [Double]
    let initial: [ReferenceTensor]
    let optimizers: [Trajectory]
    let schedules: [Scheduled]
  }

  struct Trajectory: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let type: String
    let options: [String: ReferenceOption]
    let losses: [Double]
    let parameters: [[Double]]

    var testDescription: String { name }
  }

  struct Scheduled: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let type: String
    let options: [String: ReferenceOption]
    let rate: Double
    let rates: [Double]
    let losses: [Double]
    let parameters: [[Double]]

    var testDescription: String { name }
  }

  static let file: File = try! Repository.reference("pytorch_training.json")

  /// Rounding errors affect every later step and are larger than those of one pass.
  static let float64 = Tolerance(relative: 0, ofLargest: 1e-10)
  static let float32 = Tolerance(relative: 0, ofLargest: 1e-4)

  /// A line search amplifies them further.
  static let lineSearch = Tolerance(relative: 0, ofLargest: 1e-9)

  @Test(arguments: file.optimizers)
  func optimizersStepAsPyTorch(_ reference: Trajectory) throws {
    try follow(
      reference, in: Double.self,
      within: reference.type == "lbfgs" ? Self.lineSearch : Self.float64)
  }

  @Test(arguments: file.optimizers.filter { $0.type != "lbfgs" })
  func optimizersStepAsPyTorchInFloat32(_ reference: Trajectory) throws {
    try follow(reference, in: Float.self, within: Self.float32)
  }

  @Test(arguments: file.schedules)
  func schedulesFollowPyTorch(_ reference: Scheduled) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let schedule = try #require(standardRegistry.schedules[reference.type]).make(&options)
    try options.finish()
    let sgd = try makeOptimizer(
      "sgd", ConfigValue.map([("learning_rate", ConfigValue(.double(reference.rate)))]))
    let parts = try [0, 3].map { first in
      try ReferenceTraining<Double>(Self.file, samples: first..<(first + 3))
    }
    // Both batches train the same weights.
    var current = 0
    let descent = Descent(sgd, from: parts[0].initial) { parts[current].evaluate($0) }
    let memory = GuardedBuffer<Double>(zeros: [schedule.memory])

    let epochs = reference.losses.count
    var progress = Progress(
      epoch: 0, step: 0, epochs: epochs, stepsPerEpoch: parts.count, isEpochStart: true,
      loss: .nan)
    var rates: [Double] = []
    for epoch in 0..<epochs {
      var total = 0.0
      for k in parts.indices {
        progress.epoch = epoch
        progress.isEpochStart = k == 0
        let factor = schedule.factor(at: progress, memory: memory.tensor)
        rates.append(sgd.learningRate * factor)
        current = k
        descent.run(1) { _ in factor }
        total += descent.loss
        progress.step += 1
      }
      progress.loss = total / Double(parts.count)
      let what = "after epoch \(epoch), "
      expectAgreement(
        [progress.loss], [reference.losses[epoch]], within: Self.float64, what + "loss")
      expectAgreement(
        descent.w.values, reference.parameters[epoch], within: Self.float64, what + "w")
    }
    expectAgreement(
      rates, reference.rates, within: Tolerance(relative: 1e-13, ofLargest: 0),
      "learning rate")
  }

  @Test func everyOptimizerAndScheduleIsCompared() {
    #expect(Set(Self.file.optimizers.map(\.type)) == Set(standardRegistry.optimizers.names))
    #expect(Set(Self.file.schedules.map(\.type)) == Set(standardRegistry.schedules.names))
  }

  private func follow<S: Scalar>(
    _ reference: Trajectory, in type: S.Type, within tolerance: Tolerance
  ) throws {
    let optimizer = try makeOptimizer(reference.type, ReferenceOption.map(reference.options))
    let training = try ReferenceTraining<S>(Self.file, samples: 0..<6)
    let descent = Descent(optimizer, from: training.initial, on: training.evaluate)
    for (k, expected) in reference.parameters.enumerated() {
      let w = descent.run(1)[0]
      let what = "step \(k + 1), "
      expectAgreement(
        [descent.loss], [reference.losses[k]], within: tolerance, what + "loss before")
      expectAgreement(w, expected, within: tolerance, what + "w after")
    }
    #expect(descent.damaged == [])
  }

  private func makeOptimizer(_ type: String, _ node: ConfigValue) throws -> any Optimizer {
    var options = Options(node)
    let optimizer = try #require(standardRegistry.optimizers[type]).make(&options)
    try options.finish()
    return optimizer
  }
}

/// The network of the trajectories on some of its samples: dense, tanh, dense, and the mean
/// squared error. Its parameters are one vector w, as in training.
struct ReferenceTraining<S: Scalar> {
  let initial: [S]
  private let layers: [LayerBench<S>]
  private let loss: any Loss
  private let targets: GuardedBuffer<S>
  private let samples: Int

  init(_ file: ReferenceTrajectoryTests.File, samples range: Range<Int>) throws {
    samples = range.count
    func bench(_ type: String, units: Int?, inputs: Shape) throws -> LayerBench<S> {
      try LayerBench(
        makeLayer(type, units.map { [("units", ConfigValue(.int($0)))] } ?? []),
        inputs: [Port(inputs)],
        samples: range.count)
    }
    layers = [
      try bench("dense", units: 4, inputs: [3]), try bench("tanh", units: nil, inputs: [4]),
      try bench("dense", units: 2, inputs: [4]),
    ]
    loss = try Rule.loss("squared_error")
    layers[0].x.values = file.inputs[(3 * range.lowerBound)..<(3 * range.upperBound)].map { S($0) }
    targets = GuardedBuffer(zeros: [2], copies: samples)
    targets.values = file.targets[(2 * range.lowerBound)..<(2 * range.upperBound)].map { S($0) }
    initial = file.initial.flatMap(\.values).map { S($0) }
  }

  /// The loss at w and its gradient.
  func evaluate(_ w: [S]) -> (value: Double, gradient: [S]) {
    var rest = w[...]
    for parameter in layers.flatMap(\.parameters) {
      parameter.values = Array(rest.prefix(parameter.count))
      rest = rest.dropFirst(parameter.count)
    }
    for (k, layer) in layers.enumerated() {
      if k > 0 { layer.x.values = layers[k - 1].y.values }
      layer.runForward()
    }
    let last = layers[layers.count - 1]
    last.dy.fill(0)
    let scale = 1 / Double(samples)
    let value = LossPass(
      samples: samples, z: last.y.tensor, t: targets.tensor, hasClasses: false,
      dz: last.dy.tensor, scale: S(scale)
    ).run(loss)
    for (k, layer) in layers.enumerated().reversed() {
      if k + 1 < layers.count { layer.dy.values = layers[k + 1].dx.values }
      layer.runBackward()
    }
    return (value * scale, layers.flatMap(\.gradients).flatMap(\.values))
  }
}
