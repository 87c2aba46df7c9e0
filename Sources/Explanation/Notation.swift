import Engine
import NNExp

/// The letters of a network, as Tanaka writes them: x the data, y′ a weighted
/// sum and y its activation, z the output, W⁽ᵏ⁾ the parameters of stage k.
///
/// A node that is read once, by a node without parameters that keeps its shape,
/// is that node's value with a prime: y = σ(y′). Every other node begins a
/// stage; the one that the loss reads is z, one before it y, several y⁽¹⁾, y⁽²⁾, … Several
/// ports of the data are x⁽¹⁾, x⁽²⁾, …, several losses L⁽¹⁾, L⁽²⁾, … of z⁽¹⁾, z⁽²⁾, …
struct Notation {
  /// One per node, of its first output.
  private let values: [Formula.Symbol]

  /// The number in a node's parameters' superscripts; nil where only one node
  /// has parameters.
  let indices: [Int?]

  /// How many nodes and losses read a node's first output.
  let readers: [Int]

  private let graph: Graph

  /// More primes than this are hard to tell apart.
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

    // How many primes each value has, and whose value it is then.
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

  /// The letter of what an edge carries.
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

  /// t, with the head's number where there are several.
  func target(of head: Int) -> Formula { .symbol(numbered("t", head)) }

  /// L and ℓ, with the head's number where there are several.
  func loss(of head: Int) -> Formula { letter("L", head) }
  func sampleLoss(of head: Int) -> Formula { letter("ℓ", head) }

  private func letter(_ letter: String, _ head: Int) -> Formula {
    graph.heads.count > 1 ? .symbol(numbered(letter, head)) : .letter(letter)
  }

  private func numbered(_ letter: String, _ head: Int) -> Formula.Symbol {
    .init(letter, index: graph.heads.count > 1 ? head + 1 : nil)
  }
}
