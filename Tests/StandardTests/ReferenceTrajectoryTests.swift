import NNExp
import Testing

/// Optimizers and schedules against PyTorch, step by step:
/// `Tests/References/pytorch_training.py` says how.
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

  static let file: File = {
    do {
      return try readReference("pytorch_training.json")
    } catch {
      fatalError("pytorch_training.json: \(error)")
    }
  }()

  /// Rounding feeds back into every later step: errors are larger than those of
  /// one pass.
  static let float64 = Tolerance(relative: 0, ofLargest: 1e-10)
  static let float32 = Tolerance(relative: 0, ofLargest: 1e-4)

  /// A line search magnifies them further.
  static let lineSearch = Tolerance(relative: 0, ofLargest: 1e-9)

  @Test(arguments: file.optimizers)
  func stepsAsPyTorch(_ reference: Trajectory) throws {
    try follow(
      reference, in: Double.self,
      within: reference.type == "lbfgs" ? Self.lineSearch : Self.float64)
  }

  @Test(arguments: file.optimizers.filter { $0.type != "lbfgs" })
  func stepsInFloat32(_ reference: Trajectory) throws {
    try follow(reference, in: Float.self, within: Self.float32)
  }

  @Test(arguments: file.schedules)
  func schedulesAsPyTorch(_ reference: Scheduled) throws {
    var options = Options(ReferenceOption.map(reference.options))
    let schedule = try #require(ruleTypes.schedules[reference.type]).make(&options)
    try options.finish()
    let sgd = try makeOptimizer(
      "sgd", Node.map([("learning_rate", Node(.double(reference.rate)))]))
    let parts = [0, 3].map { first in
      ReferenceTraining<Double>(Self.file, samples: first..<(first + 3))
    }
    let memory = OptimizerBench<Double>(sgd, count: parts[0].w.count)
    let scheduleMemory = Buffer<Double>(shape: [schedule.memory])

    let epochs = reference.losses.count
    var progress = Progress(
      epoch: 0, step: 0, epochs: epochs, stepsPerEpoch: parts.count, isEpochStart: true,
      loss: .nan)
    var rates: [Double] = []
    for epoch in 0..<epochs {
      var total = 0.0
      for (k, part) in parts.enumerated() {
        progress.epoch = epoch
        progress.isEpochStart = k == 0
        let factor = schedule.factor(at: progress, memory: scheduleMemory.tensor)
        rates.append(sgd.learningRate * factor)
        // Both batches train one set of weights.
        if progress.step > 0 { part.w.values = parts[1 - k].w.values }
        total += memory.step(part, learningRate: sgd.learningRate * factor)
        progress.step += 1
      }
      progress.loss = total / Double(parts.count)
      let what = "after epoch \(epoch), "
      expectAgreement(
        [progress.loss], [reference.losses[epoch]], within: Self.float64, what + "loss")
      expectAgreement(
        parts[1].w.values, reference.parameters[epoch], within: Self.float64, what + "w")
    }
    expectAgreement(
      rates, reference.rates, within: Tolerance(relative: 1e-13, ofLargest: 0),
      "learning rate")
  }

  @Test func coversEveryRule() {
    #expect(Set(Self.file.optimizers.map(\.type)) == Set(ruleTypes.optimizers.names))
    #expect(Set(Self.file.schedules.map(\.type)) == Set(ruleTypes.schedules.names))
  }

  private func follow<S: Scalar>(
    _ reference: Trajectory, in type: S.Type, within tolerance: Tolerance
  ) throws {
    let optimizer = try makeOptimizer(reference.type, ReferenceOption.map(reference.options))
    let training = ReferenceTraining<S>(Self.file, samples: 0..<6)
    let memory = OptimizerBench<S>(optimizer, count: training.w.count)
    for (k, expected) in reference.parameters.enumerated() {
      let loss = memory.step(training, learningRate: optimizer.learningRate)
      let what = "step \(k + 1), "
      expectAgreement([loss], [reference.losses[k]], within: tolerance, what + "loss before")
      expectAgreement(training.w.values, expected, within: tolerance, what + "w after")
    }
    #expect(memory.isIntact && training.w.isIntact)
  }

  private func makeOptimizer(_ type: String, _ node: Node) throws -> any Optimizer {
    var options = Options(node)
    let optimizer = try #require(ruleTypes.optimizers[type]).make(&options)
    try options.finish()
    return optimizer
  }
}

/// The network of the trajectories on some of its samples: dense, tanh, dense,
/// and the mean squared error. Its parameters w are one vector, as for training.
final class ReferenceTraining<S: Scalar> {
  let w: Buffer<S>
  let g: Buffer<S>
  private let layers: [LayerBench<S>]
  private let loss: any Loss
  private let targets: Buffer<S>
  private let samples: Int

  init(_ file: ReferenceTrajectoryTests.File, samples range: Range<Int>) {
    samples = range.count
    func bench(_ type: String, units: Int?, inputs: Shape) -> LayerBench<S> {
      do {
        let layer = try makeLayer(type, units.map { [("units", Node(.int($0)))] } ?? [])
        return try LayerBench(layer, inputs: [inputs], samples: range.count)
      } catch {
        fatalError("\(error)")
      }
    }
    layers = [
      bench("dense", units: 4, inputs: [3]), bench("tanh", units: nil, inputs: [4]),
      bench("dense", units: 2, inputs: [4]),
    ]
    var options = Options()
    guard let squaredError = try? ruleTypes.losses["squared_error"]?.make(&options) else {
      fatalError("no squared_error")
    }
    loss = squaredError
    layers[0].x.values = file.inputs[(3 * range.lowerBound)..<(3 * range.upperBound)].map { S($0) }
    targets = Buffer(shape: [2], copies: samples)
    targets.values = file.targets[(2 * range.lowerBound)..<(2 * range.upperBound)].map { S($0) }

    let initial = file.initial.flatMap(\.values).map { S($0) }
    w = Buffer(shape: [initial.count])
    g = Buffer(shape: [initial.count])
    w.values = initial
  }

  /// The loss at w; its gradient goes to g.
  func evaluate() -> Double {
    var rest = w.values[...]
    for parameter in layers.flatMap(\.parameters) {
      parameter.values = Array(rest.prefix(parameter.count))
      rest = rest.dropFirst(parameter.count)
    }
    for (k, layer) in layers.enumerated() {
      if k > 0 { layer.x.values = layers[k - 1].y.values }
      layer.forward()
    }
    let last = layers[layers.count - 1]
    last.dy.tensor.fill(0)
    let scale = 1 / Double(samples)
    let value = loss.sum(
      LossPass(
        samples: samples, z: last.y.tensor, t: targets.tensor, hasClasses: false,
        dz: last.dy.tensor, scale: S(scale)))
    for (k, layer) in layers.enumerated().reversed() {
      if k + 1 < layers.count { layer.dy.values = layers[k + 1].dx.values }
      layer.backward()
    }
    g.values = layers.flatMap(\.gradients).flatMap(\.values)
    return value * scale
  }
}

/// An optimizer with memory of its own.
final class OptimizerBench<S: Scalar> {
  private let optimizer: any Optimizer
  private let vectors: [Buffer<S>]
  private let scalars: Buffer<Double>
  private var steps = 0

  init(_ optimizer: any Optimizer, count: Int) {
    self.optimizer = optimizer
    vectors = (0..<optimizer.memory.vectors).map { _ in Buffer(shape: [count]) }
    scalars = Buffer(shape: [optimizer.memory.scalars])
  }

  /// One step from the loss and gradient at the present w; returns that loss.
  func step(_ training: ReferenceTraining<S>, learningRate: Double) -> Double {
    let loss = training.evaluate()
    steps += 1
    let views = vectors.map(\.tensor)
    views.withUnsafeBufferPointer { views in
      // A row of no views still needs an address.
      let start = views.baseAddress ?? UnsafePointer(bitPattern: 64)!
      let pass = Update(
        w: training.w.tensor, g: training.g.tensor,
        vectors: Tensors(start: start, count: views.count), scalars: scalars.tensor,
        learningRate: learningRate, step: steps, loss: loss,
        evaluate: optimizer.memory.needsFullBatch ? training.evaluate : nil)
      switch pass {
      case let pass as Update<Float>: optimizer.step(pass)
      case let pass as Update<Double>: optimizer.step(pass)
      default: fatalError("no such precision")
      }
    }
    return loss
  }

  var isIntact: Bool { scalars.isIntact && vectors.allSatisfy(\.isIntact) }
}
