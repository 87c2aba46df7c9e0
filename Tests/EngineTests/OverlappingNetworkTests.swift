import NNExp
import RandomNetworks
import TestSupport
import Testing

@testable import Engine

/// A network whose tensors share memory gives the bits of one whose tensors do not.
@Suite struct OverlappingNetworkTests {
  /// The gradients of some steps and the outputs of an evaluation, as bits.
  private func numbers<S: Scalar>(
    _ graph: Graph, _ heads: [Head], samples: Int, overlaps: Bool, _ type: S.Type
  ) throws -> [UInt64] {
    let network = try Network<S>(
      graph, heads: heads, capacity: samples + 1, seed: 3, use: .training, overlaps: overlaps)
    #expect(network.overlaps == overlaps)
    let random = RandomStream(seed: 9, purpose: "overlapping networks")
    func fill(_ network: Network<S>, _ step: Int) {
      let random = random.stream(step)
      for (port, description) in graph.ports.enumerated() {
        let x = network.activation(Graph.Edge(node: -1, output: port))
        if description.kind == .values {
          for i in x.indices { x[i] = S(random.stream(port).normal(at: i)) }
        } else {
          let indices = network.indices(ofPort: port, samples: samples)
          for i in 0..<indices.count {
            UnsafeMutablePointer(mutating: indices.start)[i] =
              Int32(random.stream(port).integer(below: 4, at: i))
          }
        }
      }
      let t = network.target(0)
      for i in t.indices {
        t[i] =
          if case .classes(let count) = heads[0].target {
            S(random.stream(20).integer(below: count, at: i))
          } else { S(random.stream(20).normal(at: i)) }
      }
    }
    var found = gradients(
      ofSteps: 3, of: network, samples: samples, rate: 0.01, random: random
    ) { fill(network, $0) }
    // An evaluation of the same network, and of one that only evaluates.
    let evaluated = try Network<S>(
      graph, heads: heads, capacity: samples, seed: 4, use: .evaluation)
    evaluated.parameters.update(from: network.parameters)
    evaluated.state.update(from: network.state)
    for network in [network, evaluated] {
      fill(network, 7)
      network.passes(samples, isTraining: false).forward()
      let outputs = network.output(samples)
      found += outputs.indices.map { outputs[$0] }
    }
    let count = samples * graph.outputShape.count
    #expect(
      zip(found.suffix(count), found.suffix(2 * count)).allSatisfy {
        $0 == $1 || $0.isNaN && $1.isNaN
      })
    return found.map { $0.isNaN ? 0 : Double($0).bitPattern }
  }

  private func compare(_ graph: Graph, _ heads: [Head], samples: Int, _ label: String) throws {
    func compare<S: Scalar>(_ type: S.Type) throws {
      let apart = try numbers(graph, heads, samples: samples, overlaps: false, type)
      let overlapping = try numbers(graph, heads, samples: samples, overlaps: true, type)
      #expect(apart == overlapping, "\(label), \(S.self)")
    }
    try compare(Float.self)
    try compare(Double.self)
  }

  @Test func `random networks`() throws {
    try withEvery("seed", in: 0..<(isThorough ? 300 : 5)) { seed in
      var author = NetworkAuthor(RandomStream(seed: UInt64(seed), purpose: "overlapping networks"))
      let declaration = author.network()
      let (graph, heads) = try declared(
        declaration.text, ports: declaration.ports, target: declaration.target,
        registry: standardRegistry)
      for samples in [1, 20] {
        try compare(graph, heads, samples: samples, "seed \(seed), \(samples) samples")
      }
    }
  }

  private static let models = [
    // Sharded convolutions, with an elementwise function, and dropout.
    """
    [{type: convolution, channels: 16, window: 3, padding: 1}, relu, {type: dropout, rate: 0.3},
    {type: convolution, channels: 16, window: 3, padding: 1, name: second}, tanh,
    {type: lp_pooling, p: 3, window: 2}, {type: dense, units: 20}, sigmoid, {type: dense, units: 3}]
    """,
    // Two readers of one output, an output that is added to itself, and normalization in one pass
    // with its rectifier.
    """
    [{type: convolution, channels: 16, window: 3, padding: 1, name: a}, batch_normalization,
    {type: relu, name: b}, {type: convolution, channels: 16, window: 3, padding: 1},
    batch_normalization, {type: add, inputs: [b, batch_normalization_2]}, {type: relu, name: c},
    {type: add, inputs: [c, c]}, {type: average_pooling, global: true}, {type: flatten, name: d},
    {type: max_pooling, window: 2, inputs: a}, {type: flatten, name: e},
    {type: concatenate, inputs: [d, e]},
    {type: dense, units: 3}]
    """,
    // A frozen part, and an output that nobody reads.
    """
    [{type: convolution, channels: 16, window: 3, frozen: true}, relu,
    {type: convolution, channels: 16, window: 3}, {type: split, sizes: [7, 9], axis: 0, name: parts},
    {type: relu, inputs: parts.part_1}, {type: dense, units: 3}]
    """,
  ]

  @Test(arguments: models.indices, [1, 40])
  func `shards, branches and frozen nodes`(model: Int, samples: Int) throws {
    let graph = try graph(
      "model: " + OverlappingNetworkTests.models[model], input: [2, 10, 10])
    try compare(
      graph, heads(of: graph, target: .values(graph.outputShape)), samples: samples, "\(model)")
  }
}
