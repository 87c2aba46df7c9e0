import Engine
import NNExp

/// The formulas of one node or loss, in the network's letters.
struct NodeFormulas {
  let equations: Equations

  /// The network's letters, by the layer's own letters.
  private let replacements: [String: Formula]

  /// The numbers, by the layer's own letters, if there are few of them.
  private let numbers: [String: [[String]]]

  /// Letters that are names of functions.
  private let functions: Set<Formula>

  /// An equation, and the same equation with numbers if that exists.
  struct Rendered {
    /// The left-hand side; nil for a formula of the whole value.
    var left: Formula?
    var right: Formula
    var numeric: Formula?
  }

  init(
    _ equations: Equations, replacements: [String: Formula], numbers: [String: [[String]]]
  ) {
    self.equations = equations
    self.replacements = replacements
    self.numbers = numbers
    var functions: Set<Formula> = []
    for definition in equations.definitions {
      guard let left = try? Formula(parsing: definition).sides?.left.parts, left.count == 2,
        case .fenced = left[1]
      else { continue }
      functions.insert(left[0])
    }
    if let function = try? Formula(parsing: equations.function) { functions.insert(function) }
    self.functions = functions
  }

  var hasFormulas: Bool { !equations.output.isEmpty }

  /// The layer as an operator; by default, the name of its type.
  func function(orElse name: String) -> Formula {
    equations.function.isEmpty ? .letter(name) : whole(equations.function)
  }

  /// A formula in the network's letters; unchanged if it cannot be parsed.
  func whole(_ source: String) -> Formula {
    guard let formula = try? Formula(parsing: source) else { return .text(source) }
    return formula.replacing(replacements)
  }

  /// A remark, whose letters between dollar signs are replaced.
  var remark: [Document.Inline] {
    let pieces = equations.remark.split(separator: "$", omittingEmptySubsequences: false)
    return pieces.enumerated().map { index, piece in
      index % 2 == 0 ? .text(String(piece)) : .math(whole(String(piece)))
    }
  }

  func rendered(_ source: String) -> Rendered {
    guard let formula = try? Formula(parsing: source) else {
      return Rendered(right: .text(source))
    }
    if let (left, right) = formula.sides {
      return Rendered(left: left.replacing(replacements), right: right.replacing(replacements))
    }
    return Rendered(
      right: formula.replacing(replacements),
      numeric: formula.isComputed && formula.hasNumbers(in: numbers)
        ? formula.numeric(numbers, functions: functions) : nil)
  }
}

extension Formula {
  /// False for a single letter, whose numbers are already the result.
  fileprivate var isComputed: Bool {
    switch self {
    case .letter: false
    case .scripts(_, sub: _, sup: let sup): sup != nil
    default: true
    }
  }

  /// True if a letter of the formula has numbers.
  fileprivate func hasNumbers(in numbers: [String: [[String]]]) -> Bool {
    numbers.keys.contains { key in
      let letter = key.hasPrefix("δ_") ? String(key.dropFirst(2)) : key
      return replacing([letter: .text("")]) != self
    }
  }
}

extension NodeFormulas {
  /// The formulas of node k.
  init(node k: Int, of pass: SamplePass, _ notation: Notation, loss: Formula) {
    let node = pass.graph.nodes[k]
    let equations = node.layer.equations(for: node.inputPorts)
    var replacements = ["y": notation.value(ofNode: k), "L": loss]
    if !notation.hasDelta { replacements[Formula.errorKey] = loss }
    var numbers: [String: [[String]]] = [:]
    func note(_ letter: String, _ values: [Double], _ shape: Shape, isParameter: Bool = false) {
      // A sample with several axes is a list of numbers here, not a matrix.
      guard isParameter || shape.rank <= 1 else { return }
      numbers[letter] = Substitution.rows(values, shape: shape)
    }
    for (position, input) in node.inputs.enumerated() {
      let letters = position == 0 ? ["x", "x1"] : ["x\(position + 1)"]
      for letter in letters {
        replacements[letter] = notation.value(input)
        if pass.graph.port(of: input).isIndices { continue }
        note(letter, pass.values(.value(input)), pass.shape(.value(input)))
      }
    }
    note("y", pass.values(.value(Graph.Edge(node: k))), pass.shape(.value(Graph.Edge(node: k))))
    note("δ_y", pass.gradient(.value(Graph.Edge(node: k))), pass.shape(.value(Graph.Edge(node: k))))
    for (tensor, p) in zip(node.plan.parameters, node.parameters) {
      let own = NodeFormulas.letter(of: tensor.name, in: equations)
      replacements[own] = .symbol(NodeFormulas.symbol(of: p, pass.graph, notation))
      note(own, pass.values(.parameter(p)), pass.shape(.parameter(p)), isParameter: true)
    }
    self.init(equations, replacements: replacements, numbers: numbers)
  }

  /// The formulas of a head's loss.
  init(lossOf head: Int, _ pass: SamplePass, _ notation: Notation) {
    let output = Graph.Edge(node: pass.graph.heads[head])
    let shape = pass.heads[head].outputShape
    var numbers: [String: [[String]]] = [:]
    if shape.rank <= 1 {
      numbers["z"] = Substitution.rows(pass.values(.value(output)), shape: shape)
      let target = pass.targetValues(head)
      if target.count == shape.count { numbers["t"] = Substitution.rows(target, shape: shape) }
    }
    self.init(
      pass.heads[head].loss.equations(output: shape, target: pass.heads[head].target),
      replacements: ["z": notation.value(output), "t": notation.target(of: head)],
      numbers: numbers)
  }

  /// The letter of a parameter in the network, which depends on the layer of its owner.
  static func symbol(of p: Int, _ graph: Graph, _ notation: Notation) -> Formula.Symbol {
    let parameter = graph.parameters[p]
    let owner = graph.nodes.firstIndex { $0.name == parameter.node } ?? 0
    let node = graph.nodes[owner]
    let letter = letter(
      of: parameter.name, in: node.layer.equations(for: node.inputPorts))
    return notation.parameter(p, letter: letter, owner: owner)
  }

  /// The letter of a parameter in its layer's equations; otherwise, its own name.
  static func letter(of name: String, in equations: Equations) -> String {
    guard let parameter = equations.parameters.first(where: { $0.name == name }),
      case .letter(let letter)? = try? Formula(parsing: parameter.symbol)
    else { return name }
    return letter
  }
}
