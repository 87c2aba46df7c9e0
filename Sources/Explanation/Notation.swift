import Engine
import NNExp

/// The letters of a network in Tanaka's notation: x are the data, y′ a weighted sum and y its
/// activation, z the output, W⁽ᵏ⁾ the parameters of stage k.
///
/// If a node's value is read only by a node without parameters that keeps its shape, it has
/// that node's letter with a prime: y = σ(y′). Every other node begins a stage. The value that
/// the loss reads is z, a single one before it y, several y⁽¹⁾, y⁽²⁾, …. Several ports of the
/// data are x⁽¹⁾, x⁽²⁾, …, several losses L⁽¹⁾, L⁽²⁾, … of z⁽¹⁾, z⁽²⁾, ….
struct Notation {
  /// The symbol of each node's first output.
  private let values: [Formula.Symbol]

  /// The number in the superscripts of a node's parameters; nil if only one node has
  /// parameters.
  let indices: [Int?]

  /// The number of nodes and losses that read each node's first output.
  let readers: [Int]

  private let graph: Graph

  /// More primes are hard to distinguish.
  private static let mostPrimes = 2

  init(_ graph: Graph) {
    self.graph = graph
    let nodes = graph.nodes
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      for input in node.inputs where !input.isData && input.output == 0 {
        readers[input.node] += 1
      }
    }
    for head in graph.heads { readers[head] += 1 }
    self.readers = readers

    // The number of primes of each value, and the node whose letter it has.
    var primes = [Int](repeating: 0, count: nodes.count)
    var stage = Array(nodes.indices)
    for (k, node) in nodes.enumerated().reversed() {
      guard node.inputs.count == 1, let input = node.inputs.first, !input.isData,
        input.output == 0, node.parameters.isEmpty, readers[input.node] == 1,
        nodes[input.node].plan.output == node.plan.output, primes[k] < Notation.mostPrimes,
        !graph.heads.contains(input.node)
      else { continue }
      primes[input.node] = primes[k] + 1
      stage[input.node] = stage[k]
    }

    let stages = nodes.indices.filter { stage[$0] == $0 }
    let numbers = Dictionary(uniqueKeysWithValues: zip(stages, 1...))
    let others = stages.filter { !graph.heads.contains($0) }
    values = nodes.indices.map { k in
      if let head = graph.heads.firstIndex(of: stage[k]) {
        return .init("z", primes: primes[k], index: graph.heads.count > 1 ? head + 1 : nil)
      }
      return .init("y", primes: primes[k], index: others.count > 1 ? numbers[stage[k]] : nil)
    }
    let learners = nodes.count { !$0.parameters.isEmpty }
    indices = nodes.indices.map { learners > 1 ? numbers[stage[$0]] : nil }
  }

  /// The letter of the value that an edge carries.
  func symbol(_ edge: Graph.Edge) -> Formula.Symbol {
    if edge.isData {
      return Formula.Symbol("x", index: graph.ports.count > 1 ? edge.output + 1 : nil)
    }
    guard edge.output > 0 else { return values[edge.node] }
    return Formula.Symbol(
      graph.nodes[edge.node].plan.outputs[edge.output].name, index: values[edge.node].index)
  }

  func value(_ edge: Graph.Edge) -> Formula { .symbol(symbol(edge)) }

  /// The letter of node k's first output.
  func value(ofNode k: Int) -> Formula { value(Graph.Edge(node: k)) }

  /// The letter t, with the head's number if there are several.
  func target(of head: Int) -> Formula { .symbol(numbered("t", head)) }

  /// The letters L and ℓ, with the head's number if there are several.
  func loss(of head: Int) -> Formula { letter("L", head) }
  func sampleLoss(of head: Int) -> Formula { letter("ℓ", head) }

  private func letter(_ letter: String, _ head: Int) -> Formula {
    graph.heads.count > 1 ? .symbol(numbered(letter, head)) : .letter(letter)
  }

  private func numbered(_ letter: String, _ head: Int) -> Formula.Symbol {
    .init(letter, index: graph.heads.count > 1 ? head + 1 : nil)
  }
}
