import Engine
import NNExp

/// The letters of a network, as Tanaka writes them: x the data, y′ a weighted
/// sum and y its activation, z the output, W⁽ᵏ⁾ the parameters of stage k.
///
/// A node that is read once, by a node without parameters that keeps its shape,
/// is that node's value with a prime: y = σ(y′). Every other node begins a
/// stage; the last is z, one before it y, several y⁽¹⁾, y⁽²⁾, …
struct Notation {
  /// One a node.
  let values: [Formula.Symbol]

  /// The number in a node's parameters' superscripts; nil where only one node
  /// has parameters.
  let indices: [Int?]

  /// How many nodes and losses read a node's value.
  let readers: [Int]

  static let data = Formula.Symbol("x")
  static let target = Formula.Symbol("t")

  /// More primes than this are hard to tell apart.
  private static let mostPrimes = 2

  init(_ graph: Graph) {
    let nodes = graph.nodes
    let last = nodes.count - 1
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      for input in node.inputs where input >= 0 { readers[input] += 1 }
    }
    readers[last] += 1
    self.readers = readers

    // How many primes each value has, and whose value it is then.
    var primes = [Int](repeating: 0, count: nodes.count)
    var stage = Array(nodes.indices)
    for (k, node) in nodes.enumerated().reversed() {
      guard node.inputs.count == 1, let input = node.inputs.first, input >= 0,
        node.parameters.isEmpty, readers[input] == 1,
        nodes[input].plan.output == node.plan.output, primes[k] < Notation.mostPrimes
      else { continue }
      primes[input] = primes[k] + 1
      stage[input] = stage[k]
    }

    let heads = nodes.indices.filter { stage[$0] == $0 }
    let numbers = Dictionary(uniqueKeysWithValues: zip(heads, 1...))
    values = nodes.indices.map { k in
      let number = numbers[stage[k]]!
      return number == heads.count
        ? .init("z", primes: primes[k])
        : .init("y", primes: primes[k], index: heads.count > 2 ? number : nil)
    }
    let learners = nodes.count { !$0.parameters.isEmpty }
    indices = nodes.indices.map { learners > 1 ? numbers[stage[$0]] : nil }
  }

  /// The letter of node k's value; −1 is the data's.
  func value(_ k: Int) -> Formula { .symbol(k < 0 ? Notation.data : values[k]) }
}
