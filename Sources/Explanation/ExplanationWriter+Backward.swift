import Engine
import NNExp

extension ExplanationWriter {
  mutating func backward() {
    add(.heading(2, ["Backward"], anchor: "backward"))
    for head in pass.heads.indices { backwardThroughLoss(head) }
    for k in nodes.indices.reversed() { backward(k) }
    let total = ports.filter { readers(of: $0) > 1 && !pass.graph.port(of: $0).isIndices }
    if !total.isEmpty {
      add(.heading(3, ["The data"], anchor: "backward-input"))
      for port in total { self.total(of: port) }
    }
    add(.heading(2, ["Result"], anchor: "end"))
    conclude()
  }

  private func readers(of edge: Graph.Edge) -> Int {
    nodes.reduce(0) { $0 + $1.inputs.count { $0 == edge } }
      + pass.graph.readingHeads(of: edge).count
  }

  private mutating func backwardThroughLoss(_ head: Int) {
    add(.heading(3, lossHeading(head), anchor: "backward-loss\(pass.heads[head].suffix)"))
    guard pass.hasTarget(head) else {
      return paragraph("The sample has no value of this target: the derivative is 0.")
    }
    let edge = Graph.Edge(node: pass.graph.heads[head])
    let output = output(of: head)
    let formulas = lossFormulas[head]
    let isOnlyReader = readers(of: edge) == 1
    var steps =
      isOnlyReader ? [Document.Derivation.Step(right: .derivative(Self.loss, output))] : []
    if let slope = formulas.equations.inputs.first?.derivative, !slope.isEmpty {
      let rendered = formulas.rendered(slope)
      if let entry = rendered.left {
        derive(entry, [.init(right: rendered.right)])
      } else {
        for formula in [rendered.right, rendered.numeric].compactMap({ $0 }) {
          steps.append(.init(right: scaled(formula, head)))
        }
      }
    }
    if !formulas.hasFormulas && !formulas.equations.prose.isEmpty {
      add(.verbatim(formulas.equations.prose))
    }
    if isOnlyReader {
      steps.append(compared(.value(edge)))
    } else if !steps.isEmpty {
      // Other nodes read the value too; the sum is shown with the value's own node.
      steps[0].relation = "+="
    }
    if !steps.isEmpty { derive(.delta(output), steps) }
  }

  /// ∂L/∂z from ∂ℓ/∂z: multiplied by the head's weight and the reduction's factor for one
  /// sample.
  private func scaled(_ slope: Formula, _ head: Int) -> Formula {
    var factors: [Formula] = []
    let weight = pass.heads[head].weight
    if weight != 1 { factors.append(.number(NumberText.of(weight))) }
    if pass.heads[head].reduction == .halfMean {
      factors.append(.fraction(.number("1"), .number("2")))
    }
    return factors.isEmpty ? slope : .row(factors + [.fenced("(", slope, ")")])
  }

  private mutating func backward(_ k: Int) {
    let node = nodes[k]
    add(.heading(3, heading(node), anchor: "backward-\(node.name)"))
    for index in node.plan.outputs.indices {
      let output = Graph.Edge(node: k, output: index)
      if readers(of: output) > 1 { total(of: output) }
    }
    if !formulas[k].hasFormulas && !formulas[k].equations.prose.isEmpty {
      add(.verbatim(formulas[k].equations.prose))
    }
    define(formulas[k]) { $0.contains(#"\delta"#) }
    for (tensor, p) in zip(node.plan.parameters, node.parameters) {
      parameter(p, named: tensor.name, of: k)
    }
    for position in node.inputs.indices where !node.inputPorts[position].isIndices {
      input(position, of: k)
    }
  }

  /// Writes δ of a value that several nodes or losses read, as the sum of their contributions.
  private mutating func total(of edge: Graph.Edge) {
    let readers: [Document.Inline] =
      nodes.filter { $0.inputs.contains(edge) }.map { .code($0.name) }
      + pass.graph.readingHeads(of: edge).map { _ in .text("the loss") }
    let value = notation.value(edge)
    add(
      .paragraph(
        [.math(.delta(value)), " is the sum of the contributions of "] + list(readers) + [":"]))
    derive(.delta(value), [compared(.value(edge))])
  }

  /// The items with commas and `and`: `a, b and c`.
  private func list(_ items: [Document.Inline]) -> [Document.Inline] {
    var words: [Document.Inline] = []
    for (index, item) in items.enumerated() {
      if index > 0 { words.append(index == items.count - 1 ? " and " : ", ") }
      words.append(item)
    }
    return words
  }

  // MARK: Parameters

  private mutating func parameter(_ p: Int, named name: String, of k: Int) {
    let parameter = pass.graph.parameters[p]
    let symbol = symbol(p)
    let left = Formula.derivative(Self.loss, symbol)
    var steps = chain(from: k, to: symbol).map { Document.Derivation.Step(right: $0) }
    let gradient = formulas[k].equations.parameters.first { $0.name == name }?.gradient
    if let gradient {
      let rendered = formulas[k].rendered(gradient)
      if let entry = rendered.left {
        derive(left, steps)
        derive(entry, [.init(right: rendered.right)])
        steps = []
      } else {
        steps += [rendered.right, rendered.numeric].compactMap { $0 }.map { .init(right: $0) }
      }
    }
    if parameter.isShared {
      let term = TensorText(pass.term(of: p, from: k), shape: parameter.shape)
      steps.append(.init(right: term.formula, note: term.note))
      steps[0].relation = "+="
      derive(left, steps)
      // The backward pass ends at the first node that uses the parameter.
      if parameter.users.min() == k { sum(of: p, left) }
      return
    }
    derive(left, steps + [compared(.parameter(p))])
    var remarks: [String] = []
    if parameter.isFrozen { remarks.append("It is frozen: training leaves it as it is.") }
    if parameter.l1 > 0 || parameter.l2 > 0 {
      remarks.append("Training also adds the derivative of its penalty, which is not shown here.")
    }
    if !remarks.isEmpty { paragraph(remarks.joined(separator: " ")) }
  }

  /// Writes ∂L/∂ of a shared parameter, as the sum of the terms of all nodes that use it.
  private mutating func sum(of p: Int, _ left: Formula) {
    let parameter = pass.graph.parameters[p]
    let users = parameter.users.sorted(by: >)
    add(
      .paragraph(
        [.math(symbol(p)), " is shared: its derivative is the sum of the terms of "]
          + list(users.map { .code(nodes[$0].name) }) + [":"]))
    var terms: [Formula] = []
    for k in users {
      if !terms.isEmpty { terms.append(.sign("+")) }
      terms.append(TensorText(pass.term(of: p, from: k), shape: parameter.shape).formula)
    }
    derive(left, [.init(right: .row(terms)), compared(.parameter(p))])
  }

  /// The chain of derivatives from L to a parameter of node k, and its short form with δ.
  private func chain(from k: Int, to parameter: Formula) -> [Formula] {
    let value = notation.value(ofNode: k)
    let end = Formula.derivative(value, parameter)
    let short = Formula.row([.delta(value), end])
    var factors = [end]
    var at = k
    while !pass.graph.heads.contains(at) || notation.readers[at] > 1 {
      guard notation.readers[at] == 1, nodes[at].plan.outputs.count == 1,
        let next = nodes.indices.first(where: { nodes[$0].inputs.contains(Graph.Edge(node: at)) })
      else { return [short] }
      factors.insert(.derivative(notation.value(ofNode: next), notation.value(ofNode: at)), at: 0)
      at = next
    }
    factors.insert(.derivative(Self.loss, notation.value(ofNode: at)), at: 0)
    // The middle of a long chain is omitted.
    if factors.count > 8 { factors.replaceSubrange(3..<(factors.count - 3), with: [.sign("⋯")]) }
    return [.row(factors), short]
  }

  // MARK: Inputs

  private mutating func input(_ position: Int, of k: Int) {
    let source = nodes[k].inputs[position]
    let x = notation.value(source)
    let isOnlyReader = readers(of: source) == 1
    let inputs = formulas[k].equations.inputs
    var steps: [Document.Derivation.Step] = []
    if inputs.indices.contains(position) {
      if !inputs[position].derivative.isEmpty {
        let derivative = formulas[k].rendered(inputs[position].derivative)
        derive(
          derivative.left ?? .derivative(notation.value(ofNode: k), x),
          [.init(right: derivative.right)])
      }
      let delta = formulas[k].rendered(inputs[position].delta)
      let formulas = [delta.right, delta.numeric].compactMap { $0 }
      if let entry = delta.left {
        derive(entry, [.init(relation: isOnlyReader ? "=" : "+=", right: delta.right)])
      } else if !inputs[position].delta.isEmpty {
        steps = formulas.map { .init(right: $0) }
        if !isOnlyReader { steps[0].relation = "+=" }
      }
    }
    if isOnlyReader { steps.append(compared(.value(source))) }
    if !steps.isEmpty { derive(.delta(x), steps) }
  }
}
