import Engine
import NNExp

/// The letters of an explanation: those of one of the sources in experiments/seeds/README.md,
/// or the names of the experiment file.
public enum NotationName: String, CaseIterable, Sendable {
  /// S2: y = σ(y′), y′ = W x, the output z, the error δ.
  case tanaka
  /// S0: ŷ = σ(z), z = W x + b.
  case tang
  /// S1: h⁽ᵏ⁾ = g(z⁽ᵏ⁾), z⁽ᵏ⁾ = W⁽ᵏ⁾ h⁽ᵏ⁻¹⁾.
  case chao
  /// S3: Aˡ = gˡ(Zˡ), Zˡ = Wˡ Aˡ⁻¹ + bˡ, the error function E.
  case blog
  /// S4: aˡ = f(uˡ), uˡ = Wˡ aˡ⁻¹ + bˡ, the cost C.
  case jhunjunwala
  /// The names of nodes and tensors.
  case names
}

/// The letters of a network's values, parameters and losses.
///
/// If a node's value is read only by a node without parameters that keeps its shape, both are
/// one stage: a weighted sum and its activation. Every other node begins a stage.
struct Notation {
  let name: NotationName

  /// The symbol of each node's first output.
  private let values: [Formula.Symbol]

  /// The number in the superscripts of a node's parameters; nil if they have none.
  let indices: [Int?]

  /// The number of nodes and losses that read each node's first output.
  let readers: [Int]

  private let graph: Graph

  init(_ graph: Graph, _ name: NotationName = .tanaka) {
    (self.graph, self.name) = (graph, name)
    let stages = Stages(graph)
    readers = stages.readers
    let learners = graph.nodes.count { !$0.parameters.isEmpty }
    let areNumbered = [.chao, .blog, .jhunjunwala].contains(name) || learners > 1
    indices = graph.nodes.indices.map { areNumbered ? stages.number(of: $0) : nil }
    values = graph.nodes.indices.map { Notation.value($0, in: graph, stages, name) }
  }

  private static func value(
    _ k: Int, in graph: Graph, _ stages: Stages, _ name: NotationName
  ) -> Formula.Symbol {
    let primes = stages.primes[k]
    let head = graph.heads.firstIndex(of: stages.first[k])
    let headNumber = graph.heads.count > 1 ? head.map { $0 + 1 } : nil
    /// A weighted sum is followed by an activation, or is a stage by itself.
    let isOnlyOne =
      primes == 0 && !stages.first.indices.contains { $0 != k && stages.first[$0] == k }
    let isSum = primes > 0 || isOnlyOne && !graph.nodes[k].parameters.isEmpty
    switch name {
    case .tanaka:
      let number = stages.hiddenCount > 1 ? stages.number(of: k) : nil
      return .init(
        head == nil ? "y" : "z", primes: primes, index: head == nil ? number : headNumber)
    case .tang:
      let number = stages.count > 1 ? stages.number(of: k) : nil
      if head != nil, primes == 0 {
        var symbol = Formula.Symbol("y", index: headNumber)
        symbol.accent = .hat
        return symbol
      }
      return .init(isSum ? "z" : "a", primes: max(0, primes - 1), index: number)
    case .chao:
      if head != nil {
        return .init(isSum ? "z" : "g(z)", primes: max(0, primes - 1), index: headNumber)
      }
      return .init(isSum ? "z" : "h", primes: max(0, primes - 1), index: stages.number(of: k))
    case .blog, .jhunjunwala:
      let letters = name == .blog ? ("Z", "A") : ("u", "a")
      var symbol = Formula.Symbol(
        primes > 0 ? letters.0 : letters.1, primes: max(0, primes - 1), index: stages.number(of: k))
      symbol.hasBrackets = false
      return symbol
    case .names: return .named(graph.nodes[k].name)
    }
  }

  // MARK: Values and parameters

  /// The letter of the value that an edge carries.
  func symbol(_ edge: Graph.Edge) -> Formula.Symbol {
    if edge.isData { return data(edge) }
    guard edge.output > 0 else { return values[edge.node] }
    if name == .names { return .named(graph.name(of: edge)) }
    return Formula.Symbol(
      graph.nodes[edge.node].plan.outputs[edge.output].name, index: values[edge.node].index)
  }

  private func data(_ edge: Graph.Edge) -> Formula.Symbol {
    let isOnly = graph.ports.count == 1
    switch name {
    case .names: return .named(graph.name(of: edge))
    case .blog where isOnly, .jhunjunwala where isOnly:
      var symbol = Formula.Symbol(name == .blog ? "A" : "a", index: 0)
      symbol.hasBrackets = false
      return symbol
    default: return Formula.Symbol("x", index: isOnly ? nil : edge.output + 1)
    }
  }

  func value(_ edge: Graph.Edge) -> Formula { .symbol(symbol(edge)) }

  /// The letter of node k's first output.
  func value(ofNode k: Int) -> Formula { value(Graph.Edge(node: k)) }

  /// The letter of a parameter, from the letter in its owner's formulas.
  func parameter(_ p: Int, letter: String, owner: Int) -> Formula.Symbol {
    let parameter = graph.parameters[p]
    if name == .names { return .named("\(parameter.node).\(parameter.name)") }
    var symbol = Formula.Symbol(letter, index: indices[owner])
    symbol.hasBrackets = hasBrackets
    return symbol
  }

  private var hasBrackets: Bool { name != .blog && name != .jhunjunwala }

  // MARK: Losses

  /// The letter of the target, with the head's number if there are several.
  func target(of head: Int) -> Formula {
    switch name {
    case .tanaka: numbered("t", head)
    case .tang, .chao, .jhunjunwala: numbered("y", head)
    case .blog: numbered("Y", head)
    case .names: graph.heads.count > 1 ? numbered("target", head) : .text("target")
    }
  }

  /// The loss of the whole batch.
  var total: Formula {
    switch name {
    case .tanaka, .tang: .letter("L")
    case .chao: .letter("J")
    case .blog: .letter("E")
    case .jhunjunwala: .letter("C")
    case .names: .text("loss")
    }
  }

  /// The loss whose derivatives are written for a batch of one sample.
  var differentiated: Formula { name == .chao ? .letter("Loss") : total }

  /// A head's loss over the batch, with the head's number if there are several.
  func loss(of head: Int) -> Formula {
    guard graph.heads.count > 1 else { return total }
    if case .letter(let letter) = total { return numbered(letter, head) }
    return numbered("loss", head)
  }

  /// The letter of the loss of one sample, without its index.
  private var sampleLetter: String {
    switch name {
    case .tanaka, .names: "ℓ"
    case .tang: "L"
    case .chao: "Loss"
    case .blog: "E"
    case .jhunjunwala: "C"
    }
  }

  /// The letter that counts samples in a sum.
  var sampleIndex: Formula {
    switch name {
    case .tang, .chao: .letter("i")
    case .blog: .letter("c")
    case .tanaka, .jhunjunwala, .names: .letter("k")
    }
  }

  /// The loss of one sample: of a batch of one, or with an index.
  func sampleLoss(of head: Int, index: Formula? = nil) -> Formula {
    let letter =
      graph.heads.count > 1 ? numbered(sampleLetter, head) : Formula.letter(sampleLetter)
    let needsIndex = name != .tanaka && name != .names && name != .chao
    guard let index = index ?? (needsIndex ? sampleIndex : nil) else { return letter }
    return .scripts(letter, sub: index, sup: nil)
  }

  private func numbered(_ letter: String, _ head: Int) -> Formula {
    .symbol(.init(letter, index: graph.heads.count > 1 ? head + 1 : nil))
  }

  // MARK: Derivatives of the loss

  /// Whether ∂L/∂v has the letter δ with the subscript v.
  var hasDelta: Bool { name == .tanaka || name == .names }

  /// ∂`loss`/∂`value`.
  func delta(_ value: Formula, of loss: Formula) -> Formula {
    hasDelta ? .delta(value) : .derivative(loss, value)
  }

  /// The part of ∂`loss`/∂`value` that comes from one of the value's readers.
  func delta(_ value: Formula, of loss: Formula, from reader: Formula) -> Formula {
    hasDelta
      ? .delta(.row([value, .sign("→"), reader]))
      : .scripts(
        .fenced("(", .derivative(loss, value), ")"), sub: .row([.sign("→"), reader]), sup: nil)
  }
}

/// The stages of a network: a node, and the nodes before it that belong to the same letter.
private struct Stages {
  /// The number of primes of each value.
  var primes: [Int]
  /// The node whose letter each value has.
  var first: [Int]
  let readers: [Int]
  private let numbers: [Int: Int]
  let count: Int
  /// The number of stages that no loss reads.
  let hiddenCount: Int

  /// More primes are hard to distinguish.
  private static let mostPrimes = 2

  init(_ graph: Graph) {
    let nodes = graph.nodes
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      for input in node.inputs where !input.isData && input.output == 0 {
        readers[input.node] += 1
      }
    }
    for head in graph.heads { readers[head] += 1 }
    self.readers = readers
    primes = [Int](repeating: 0, count: nodes.count)
    first = Array(nodes.indices)
    for (k, node) in nodes.enumerated().reversed() {
      guard node.inputs.count == 1, let input = node.inputs.first, !input.isData,
        input.output == 0, node.parameters.isEmpty, readers[input.node] == 1,
        nodes[input.node].plan.output == node.plan.output, primes[k] < Stages.mostPrimes,
        !graph.heads.contains(input.node)
      else { continue }
      primes[input.node] = primes[k] + 1
      first[input.node] = first[k]
    }
    let stages = nodes.indices.filter { [first] in first[$0] == $0 }
    numbers = Dictionary(uniqueKeysWithValues: zip(stages, 1...))
    count = stages.count
    hiddenCount = stages.count { !graph.heads.contains($0) }
  }

  /// The number of a node's stage, from 1.
  func number(of k: Int) -> Int? { numbers[first[k]] }
}
