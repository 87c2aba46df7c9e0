import Datasets
import Engine
import GradientCheck
import NNExp
import TestSupport
import YAMLTree

/// A random sound network with its data. It contains all shipped layers and losses, sizes
/// from 1e-8 to 1e8, zeros, ties, dead and saturated units, frozen parameters and penalties.
package struct RandomNetwork {
  package let seed: Int

  /// The sections `model` and `loss`.
  package let text: String
  private let ports: [Port]
  private let target: Target
  private let samples: Int
  private let random: RandomStream
  private let dataSize: Double
  private let weightSize: Double
  private let kind: Kind

  /// The numbers of data and parameters.
  private enum Kind: CaseIterable { case normal, integers, mostlyZero, halves }

  package init(seed: Int) {
    let random = RandomStream(seed: UInt64(seed), purpose: "random networks")
    self.seed = seed
    self.random = random
    var author = NetworkAuthor(random.stream(0))
    let network = author.network()
    text = network.text
    ports = network.ports
    target = network.target
    samples = author.pick([1, 2, 3, 4, 4, 5, 8])
    kind = author.pick([.normal, .normal, .normal, .normal] + Kind.allCases)
    // Two of three networks have parameters of ordinary size.
    let isExtreme = author.pick([true, false, false])
    let range = isExtreme ? 16.0 : 2
    dataSize = Double.pow(10, range * (random.uniform(at: 1) - 0.5))
    weightSize = Double.pow(10, range * (random.uniform(at: 2) - 0.5))
  }

  private func number(_ stream: Int, _ index: Int, size: Double) -> Double {
    let x = random.stream(stream).normal(at: index)
    switch kind {
    case .normal: return size * x
    case .integers: return size * x.rounded()
    case .mostlyZero: return abs(x) > 1 ? size * x : 0
    case .halves: return size * (2 * x).rounded() / 2
    }
  }

  /// The network, ready to be checked.
  package func subject() throws -> NetworkSubject {
    let (graph, heads) = try declared(
      text, ports: ports, target: target, registry: standardRegistry)
    let network = try Network<Double>(graph, heads: heads, capacity: samples, seed: UInt64(seed))
    // Biases are often 0, as they are initially.
    let hasBias = random.integer(below: 3, at: 3) == 0
    for parameter in graph.parameters {
      let tensor = network.parameters.slice(from: parameter.offset, shape: parameter.shape)
      if parameter.name == "rho" || parameter.shape.rank < 2 && !hasBias { continue }
      let fan = Double(max(1, parameter.shape.count / max(1, parameter.shape[0])))
      let size = weightSize / (parameter.shape.rank < 2 ? 1 : fan.squareRoot())
      for i in tensor.indices { tensor[i] = number(10, parameter.offset + i, size: size) }
    }
    let width = ports.filter { !$0.isIndices }.reduce(0) { $0 + $1.count }
    let indexed = ports.filter(\.isIndices)
    var indices: [Int32] = []
    for sample in 0..<samples * indexed.reduce(0, { $0 + $1.count }) {
      indices.append(Int32(random.stream(12).integer(below: 4, at: sample)))
    }
    let targets = (0..<samples * target.shape.count).map { i -> Double in
      if case .classes(let count) = target {
        return Double(random.stream(13).integer(below: count, at: i))
      }
      return number(13, i, size: dataSize)
    }
    return try NetworkSubject(
      of: network,
      samples: Dataset(
        inputs: (0..<samples * width).map { number(11, $0, size: dataSize) }, indices: indices,
        targets: targets, count: samples),
      seed: UInt64(seed))
  }

  /// True if the root mean square of every tensor is between 1e-3 and 1e3, and no probability
  /// that a loss reads is within 1e-6 of 0 or 1.
  package func isOrdinary(_ subject: NetworkSubject) -> Bool {
    for (t, tensor) in subject.tensors.enumerated() where tensor.count > 0 {
      let values = (0..<tensor.count).map { subject.value(of: t, at: $0) }
      guard values.allSatisfy(\.isFinite) else { return false }
      let size = (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      // Biases can be 0, but not all values of a layer.
      let isBias = size == 0 && tensor.kind == .parameter
      if !isBias, size < 1e-3 || size > 1e3 { return false }
      if tensor.node.hasPrefix("loss"), text.contains("probabilities"),
        values.contains(where: { $0 < 1e-6 || $0 > 1 - 1e-6 })
      {
        return false
      }
    }
    return true
  }
}

/// The graph and the heads of the sections `model` and `loss`.
package func declared(
  _ text: String, ports: [Port], target: Target, registry: Registry
) throws -> (Graph, [Head]) {
  var options = Options(try parseYAML(Array(text.utf8), name: "model.yaml"))
  let model = ModelDeclaration(from: &options, registry: registry)
  let objective = Objective(from: &options, registry: registry)
  try options.finish()
  guard let objective else { throw Diagnostic("the text has no loss") }
  let graph = try Graph(model, ports: ports, heads: objective.heads, registry: registry)
  let heads = try objective.bound(
    to: graph, targets: [TargetPort(target: target)], registry: registry)
  return (graph, heads)
}
