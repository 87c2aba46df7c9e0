import Engine
import NNExp

/// A node of a network by itself, as a function of one tensor that it reads.
final class IsolatedNode: IsolatedLayer {
  let node: String
  let type: String
  let location: SourceLocation?
  let cotangents: [Double]
  let samples: Int

  private let subject: NetworkSubject
  private let index: Int
  private let gradient: Tensor<Double>

  /// The values and ∂L/∂y of each output.
  private let outputs: [(y: Tensor<Double>, delta: Tensor<Double>)]

  /// The outputs of the complete pass.
  private let base: [[Double]]

  /// All other tensors to which the backward pass adds.
  private let sums: [Tensor<Double>]

  init(
    _ index: Int, of subject: NetworkSubject, samples: Int, gradient: Tensor<Double>
  ) {
    let network = subject.network
    let graph = network.graph
    let declaration = graph.nodes[index]
    self.subject = subject
    self.index = index
    self.gradient = gradient
    self.samples = samples
    node = declaration.name
    type = declaration.typeName
    location = declaration.location
    outputs = subject.outputEdges(index).map { (network.activation($0), network.delta($0)) }
    base = outputs.map { y, _ in y.indices.map { y[$0] } }
    cotangents = subject.deltas.isEmpty ? [] : subject.deltas[index].flatMap { $0 }
    sums =
      zip(declaration.inputs, declaration.inputPorts).filter { $1.kind == .values }.map {
        network.delta($0.0)
      }
      + graph.parameters(of: declaration).map {
        network.gradients.slice(from: $0.offset, shape: $0.shape)
      }
  }

  func evaluate(into values: inout [Double]) {
    forward()
    read(into: &values)
    // Other layers that read the tensor can also read these outputs.
    for ((y, _), row) in zip(outputs, base) { for (i, value) in row.enumerated() { y[i] = value } }
  }

  func evaluateUntrained(into values: inout [Double]) -> Bool {
    let plan = subject.network.graph.nodes[index].plan
    guard !plan.isRandom, plan.state.isEmpty else { return false }
    subject.network.passes(samples, isTraining: false).forward(node: index)
    read(into: &values)
    forward()
    return true
  }

  private func forward() {
    subject.restoreState()
    subject.passes.forward(node: index)
  }

  private func read(into values: inout [Double]) {
    values.removeAll(keepingCapacity: true)
    for (y, _) in outputs { for i in y.indices { values.append(y[i]) } }
  }

  func addGradient(of cotangents: [Double], to sum: inout [Double]) {
    forward()
    setCotangents(cotangents)
    for tensor in sums { tensor.fill(0) }
    for i in gradient.indices { gradient[i] = sum[i] }
    subject.passes.backward(node: index)
    for i in gradient.indices { sum[i] = gradient[i] }
  }

  private func setCotangents(_ cotangents: [Double]) {
    var position = 0
    for (_, delta) in outputs {
      for i in delta.indices { delta[i] = cotangents[position + i] }
      position += delta.count
    }
  }

  func roundedOutputs(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      forward()
      var values: [Double] = []
      read(into: &values)
      return values
    }
  }

  func roundedGradient(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      forward()
      setCotangents(step.moved(cotangents))
      for tensor in sums { tensor.fill(0) }
      gradient.fill(0)
      subject.passes.backward(node: index)
      return gradient.indices.map { gradient[$0] }
    }
  }

  /// The values and parameters that the layer reads.
  private var tensorsRead: [Tensor<Double>] {
    let network = subject.network
    let node = network.graph.nodes[index]
    return zip(node.inputs, node.inputPorts).filter { $1.kind == .values }.map {
      network.activation($0.0)
    }
      + network.graph.parameters(of: node).map {
        network.parameters.slice(from: $0.offset, shape: $0.shape)
      }
  }

  /// A result of the layer after perturbing everything that it reads; restores all values.
  private func afterMove(_ step: RoundingStep, _ body: () -> [Double]) -> [Double] {
    let read = tensorsRead
    let values = read.map { tensor in tensor.indices.map { tensor[$0] } }
    // A tensor that is read twice is perturbed twice, by at most two units.
    for tensor in read { step.move(tensor) }
    let result = body()
    for (tensor, row) in zip(read, values) {
      for (i, x) in row.enumerated() { tensor[i] = x }
    }
    forward()
    return result
  }
}

/// The loss of one head by itself, as a function of the output that it reads.
final class IsolatedLoss: IsolatedLayer {
  let node: String
  let type: String
  var location: SourceLocation? { nil }
  let cotangents = [1.0]
  let samples = 1

  private let subject: NetworkSubject
  private let head: Int
  private let weight: Double
  private let gradient: Tensor<Double>

  init(_ head: Int, of subject: NetworkSubject, gradient: Tensor<Double>) {
    let declaration = subject.network.heads[head]
    self.subject = subject
    self.head = head
    self.gradient = gradient
    weight = declaration.weight
    node = declaration.reportName
    type = declaration.lossName
  }

  func evaluate(into values: inout [Double]) {
    _ = subject.value.evaluate()
    values.removeAll(keepingCapacity: true)
    values.append(weight * subject.value.value(of: head))
  }

  func evaluateUntrained(into values: inout [Double]) -> Bool { false }

  /// Every loss adds to the gradient of the output that it reads; this computes the
  /// contribution of a single loss.
  func addGradient(of cotangents: [Double], to sum: inout [Double]) {
    gradient.fill(0)
    subject.gradient.evaluate()
    for i in gradient.indices { sum[i] += cotangents[0] * gradient[i] }
  }

  func roundedOutputs(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      var values: [Double] = []
      evaluate(into: &values)
      return values
    }
  }

  func roundedGradient(_ step: RoundingStep) -> [Double] {
    afterMove(step) {
      gradient.fill(0)
      subject.gradient.evaluate()
      return step.moved(gradient.indices.map { gradient[$0] })
    }
  }

  private func afterMove(_ step: RoundingStep, _ body: () -> [Double]) -> [Double] {
    let z = subject.network.output(subject.passes.samples, of: head)
    let values = z.indices.map { z[$0] }
    step.move(z)
    let result = body()
    for (i, x) in values.enumerated() { z[i] = x }
    return result
  }
}
