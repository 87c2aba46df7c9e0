import Conformance
import GradientCheck
import NNExp

/// A chain of layers with the loss L = Σ (y − t)² / n. As in the network of the engine, the
/// nodes after a perturbed one are computed again.
final class Chain: GradientSubject {
  let benches: [LayerBench<Double>]
  let names: [String]
  let samples: Int
  var targets: [Double]
  private(set) var tensors: [SubjectTensor] = []

  /// The bench and parameter of each tensor; the parameter is nil for the input.
  private var owners: [(node: Int, parameter: Int?)] = []

  /// The number of evaluations of the loss.
  private(set) var count = 0

  /// A number that is added to each loss, with which tests disturb it.
  var disturbance: () -> Double = { 0 }

  init(
    _ layers: [any Layer & Component], input: Shape, samples: Int = 4, seed: Int = 0,
    deviation: Double = 0.5,
    locations: [NNExp.SourceLocation?] = []
  ) throws {
    var shape = input
    var benches: [LayerBench<Double>] = []
    for layer in layers {
      let bench = try LayerBench<Double>(layer, inputs: [Port(shape)], samples: samples)
      shape = bench.plan.output
      benches.append(bench)
    }
    let random = RandomStream(seed: UInt64(seed), purpose: "chain")
    for (b, bench) in benches.enumerated() {
      for (p, buffer) in bench.parameters.enumerated() {
        buffer.values = buffer.values.indices.map {
          deviation * random.stream(b).stream(p).normal(at: $0)
        }
      }
    }
    let first = benches[0].inputs[0]
    first.values = first.values.indices.map { random.stream(-1).normal(at: $0) }
    self.benches = benches
    self.samples = samples
    names = layers.indices.map { "node_\($0)" }
    targets = (0..<samples * shape.count).map { random.stream(-2).normal(at: $0) }

    for (b, bench) in benches.enumerated() {
      let type = type(of: layers[b]).typeName
      let location = locations.indices.contains(b) ? locations[b] : nil
      tensors.append(
        SubjectTensor(
          node: names[b], type: type, name: "input", kind: .input,
          shape: bench.inputs[0].tensor.shape, samples: samples, location: location))
      owners.append((b, nil))
      for (p, parameter) in bench.plan.parameters.enumerated() {
        tensors.append(
          SubjectTensor(
            node: names[b], type: type, name: parameter.name, kind: .parameter,
            shape: parameter.shape, location: location))
        owners.append((b, p))
      }
    }
    _ = run(from: 0)
  }

  private func buffer(_ t: Int) -> GuardedBuffer<Double> {
    let (node, parameter) = owners[t]
    return parameter.map { benches[node].parameters[$0] } ?? benches[node].inputs[0]
  }

  func value(of tensor: Int, at index: Int) -> Double { buffer(tensor).tensor[index] }
  func setValue(_ x: Double, of tensor: Int, at index: Int) { buffer(tensor).tensor[index] = x }

  func loss(changing tensor: Int) -> Double { run(from: owners[tensor].node) }

  func readers(of tensor: Int) -> [any IsolatedLayer] {
    let (node, parameter) = owners[tensor]
    let bench = benches[node]
    return [
      BenchAlone(
        bench, tensors[tensor], gradient: parameter.map { bench.gradients[$0] } ?? bench.dInputs[0])
    ]
  }

  func activations(after tensor: Int) -> [Double] {
    benches[owners[tensor].node...].flatMap(\.y.values)
  }

  /// Computes all outputs again from the present values.
  @discardableResult
  func run(from node: Int) -> Double {
    count += 1
    for b in node..<benches.count {
      benches[b].forward()
      if b + 1 < benches.count {
        for i in benches[b].y.tensor.indices {
          benches[b + 1].inputs[0].tensor[i] = benches[b].y.tensor[i]
        }
      }
    }
    var sum = 0.0
    for (i, t) in targets.enumerated() {
      let error = benches.last!.y.tensor[i] - t
      sum += error * error
    }
    return sum / Double(samples) + disturbance()
  }

  func analyticGradients() -> [[Double]] {
    run(from: 0)
    for bench in benches {
      for sum in bench.sums { sum.fill(0) }
    }
    let last = benches.last!
    for (i, t) in targets.enumerated() {
      last.dy.tensor[i] = 2 * (last.y.tensor[i] - t) / Double(samples)
    }
    for b in benches.indices.reversed() {
      benches[b].backward()
      if b > 0 { benches[b - 1].dy.values = benches[b].dInputs[0].values }
    }
    return owners.map { node, parameter in
      (parameter.map { benches[node].gradients[$0] } ?? benches[node].dInputs[0]).values
    }
  }
}

/// A layer of a chain by itself.
private final class BenchAlone: IsolatedLayer {
  let node: String
  let type: String
  let location: NNExp.SourceLocation?
  let cotangents: [Double]
  var samples: Int { bench.samples }
  private let bench: LayerBench<Double>
  private let gradient: GuardedBuffer<Double>
  private let base: [Double]

  init(_ bench: LayerBench<Double>, _ tensor: SubjectTensor, gradient: GuardedBuffer<Double>) {
    self.bench = bench
    self.gradient = gradient
    node = tensor.node
    type = tensor.type
    location = tensor.location
    cotangents = bench.dy.values
    base = bench.y.values
  }

  func evaluate(into outputs: inout [Double]) {
    bench.forward()
    outputs = bench.y.values
    bench.y.values = base
  }

  func evaluateUntrained(into outputs: inout [Double]) -> Bool { false }

  func addGradient(of cotangents: [Double], to sum: inout [Double]) {
    bench.forward()
    bench.dy.values = cotangents
    for sum in bench.sums { sum.fill(0) }
    gradient.values = sum
    bench.backward()
    sum = gradient.values
    bench.dy.values = self.cotangents
  }

  func roundedOutputs(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      bench.forward()
      return bench.y.values
    }
  }

  func roundedGradient(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      var sum = [Double](repeating: 0, count: gradient.tensor.count)
      addGradient(of: step.moved(cotangents), to: &sum)
      return sum
    }
  }

  private func afterMove(_ step: RoundingStep, _ body: () -> [Double]) -> [Double] {
    let read = bench.inputs + bench.parameters
    let values = read.map(\.values)
    for (buffer, row) in zip(read, values) { buffer.values = step.moved(row) }
    let result = body()
    for (buffer, row) in zip(read, values) { buffer.values = row }
    bench.forward()
    return result
  }
}

/// A chain whose analytic gradients are changed by a test.
final class WrongGradients: GradientSubject {
  private let chain: Chain
  private let change: (inout [[Double]]) -> Void

  init(of chain: Chain, _ change: @escaping (inout [[Double]]) -> Void) {
    self.chain = chain
    self.change = change
  }

  var tensors: [SubjectTensor] { chain.tensors }
  func value(of tensor: Int, at index: Int) -> Double { chain.value(of: tensor, at: index) }
  func setValue(_ x: Double, of tensor: Int, at index: Int) {
    chain.setValue(x, of: tensor, at: index)
  }
  func loss(changing tensor: Int) -> Double { chain.loss(changing: tensor) }
  func analyticGradients() -> [[Double]] {
    var gradients = chain.analyticGradients()
    change(&gradients)
    return gradients
  }
}

extension GradientCheckSettings {
  /// Every entry.
  static var complete: GradientCheckSettings {
    var settings = GradientCheckSettings.standard
    settings.entries = .all
    return settings
  }

  /// A few entries, and directions.
  static var sampled: GradientCheckSettings {
    var settings = GradientCheckSettings.standard
    settings.entries = .count(4)
    return settings
  }
}

/// A check with a fixed choice of samples and directions.
func check(
  _ subject: some GradientSubject, _ settings: GradientCheckSettings = .complete
) -> GradientReport {
  GradientChecker(settings, random: RandomStream(seed: 1, purpose: "check")).check(
    subject, at: "start")
}
