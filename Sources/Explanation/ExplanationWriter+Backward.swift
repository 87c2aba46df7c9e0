import Engine
import NNExp

extension ExplanationWriter {
  mutating func backward() {
    add(.heading(level, ["Backward"], anchor: "backward" + suffix))
    for head in pass.heads.indices { backwardThroughLoss(head) }
    for k in nodes.indices.reversed() { backward(k) }
    let total = ports.filter { readers(of: $0) > 1 && !pass.graph.port(of: $0).isIndices }
    if !total.isEmpty {
      add(.heading(level + 1, ["The data"], anchor: "backward-input" + suffix))
      for port in total { self.total(of: port) }
    }
  }

  private func readers(of edge: Graph.Edge) -> Int { pass.graph.readerCount(of: edge) }

  private func delta(_ value: Formula) -> Formula { notation.delta(value, of: loss) }

  private mutating func backwardThroughLoss(_ head: Int) {
    add(
      .heading(
        level + 1, lossHeading(head), anchor: "backward-loss\(pass.heads[head].suffix)\(suffix)"))
    guard pass.hasTarget(head) else {
      return paragraph("The sample has no value of this target: the derivative is 0.")
    }
    let edge = Graph.Edge(node: pass.graph.heads[head])
    let output = output(of: head)
    let formulas = lossFormulas[head]
    let isOnlyReader = readers(of: edge) == 1
    let left =
      isOnlyReader
      ? delta(output)
      : notation.delta(output, of: loss, from: notation.loss(of: head))
    var steps: [Document.Derivation.Step] = []
    if isOnlyReader, notation.hasDelta { steps.append(.init(right: .derivative(loss, output))) }
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
    steps.append(isOnlyReader ? compared(.value(edge)) : part(of: edge, from: -1))
    derive(left, steps)
  }

  /// The part of a value's δ that one of its readers adds.
  private func part(of edge: Graph.Edge, from reader: Int) -> Document.Derivation.Step {
    shown(
      pass.part(of: edge, from: reader), shape: pass.shape(.value(edge)),
      isFull: full.contains(.value(edge)))
  }

  /// ∂L/∂z from ∂ℓ/∂z: multiplied by the head's weight and the reduction's factor for one
  /// sample.
  private func scaled(_ slope: Formula, _ head: Int) -> Formula {
    var factors: [Formula] = []
    let weight = pass.heads[head].weight
    if weight != 1 { factors.append(.number(NumberText.of(weight))) }
    let divisor = 1 / pass.heads[head].reduction.scale(samples.batch)
    if divisor != 1 {
      factors.append(.fraction(.number("1"), .number(NumberText.of(divisor))))
    }
    return factors.isEmpty ? slope : .row(factors + [.fenced("(", slope, ")")])
  }

  private mutating func backward(_ k: Int) {
    let node = nodes[k]
    add(.heading(level + 1, heading(node), anchor: "backward-\(node.name)\(suffix)"))
    for index in node.plan.outputs.indices {
      let output = Graph.Edge(node: k, output: index)
      if readers(of: output) > 1 { total(of: output) }
    }
    if !formulas[k].hasFormulas && !formulas[k].equations.prose.isEmpty {
      add(.verbatim(formulas[k].equations.prose))
    }
    define(formulas[k]) { $0.contains(#"\delta"#) }
    for (position, tensor) in node.plan.parameters.enumerated() {
      parameter(node.parameters[position], at: position, named: tensor.name, of: k)
    }
    for position in node.inputs.indices where !node.inputPorts[position].isIndices {
      input(position, of: k)
    }
  }

  /// Writes δ of a value that several nodes or losses read, as the sum of their parts.
  private mutating func total(of edge: Graph.Edge) {
    let value = notation.value(edge)
    let nodesReading = nodes.indices.filter { nodes[$0].inputs.contains(edge) }
    let readers: [Document.Inline] =
      nodesReading.map { .code(nodes[$0].name) }
      + pass.graph.readingHeads(of: edge).map { _ in .text("the loss") }
    add(
      .paragraph(
        [.math(delta(value)), " is the sum of the contributions of "] + list(readers) + [":"]))
    var letters: [Formula] = []
    var numbers: [Formula] = []
    func append(_ reader: Int, _ letter: Formula) {
      if !letters.isEmpty {
        letters.append(.sign("+"))
        numbers.append(.sign("+"))
      }
      letters.append(notation.delta(value, of: loss, from: letter))
      numbers.append(part(of: edge, from: reader).right)
    }
    for k in nodesReading { append(k, notation.value(ofNode: k)) }
    for head in pass.graph.readingHeads(of: edge) { append(-1, notation.loss(of: head)) }
    derive(
      delta(value),
      (letters.count > 1 ? [.init(right: .row(letters)), .init(right: .row(numbers))] : [])
        + [compared(.value(edge))])
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

  private mutating func parameter(_ p: Int, at position: Int, named name: String, of k: Int) {
    let parameter = pass.graph.parameters[p]
    let symbol = symbol(p)
    let left = Formula.derivative(loss, symbol)
    var steps = chain(from: k, to: symbol).map { Document.Derivation.Step(right: $0) }
    let gradient = formulas[k].equations.parameters.first { $0.name == name }?.gradient
    defer {
      entries(
        .parameterGradient(position), of: k, gradient,
        parameter.isShared ? pass.term(of: p, from: k) : pass.gradient(.parameter(p)),
        .parameter(p))
    }
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
    if parameter.maxNorm != nil {
      remarks.append("After each step, training shortens its rows that are longer than max_norm.")
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
    let short = Formula.row([delta(value), end])
    var factors = [end]
    var at = k
    while !pass.graph.heads.contains(at) || notation.readers[at] > 1 {
      guard notation.readers[at] == 1, nodes[at].plan.outputs.count == 1,
        let next = nodes.indices.first(where: { nodes[$0].inputs.contains(Graph.Edge(node: at)) })
      else { return [short] }
      factors.insert(.derivative(notation.value(ofNode: next), notation.value(ofNode: at)), at: 0)
      at = next
    }
    factors.insert(.derivative(loss, notation.value(ofNode: at)), at: 0)
    // The middle of a long chain is omitted.
    if factors.count > 8 { factors.replaceSubrange(3..<(factors.count - 3), with: [.sign("⋯")]) }
    return factors.count == 2 && !notation.hasDelta ? [short] : [.row(factors), short]
  }

  // MARK: Inputs

  private mutating func input(_ position: Int, of k: Int) {
    let source = nodes[k].inputs[position]
    let x = notation.value(source)
    let isOnlyReader = readers(of: source) == 1
    let inputs = formulas[k].equations.inputs
    let left =
      isOnlyReader
      ? delta(x) : notation.delta(x, of: loss, from: notation.value(ofNode: k))
    var steps: [Document.Derivation.Step] = []
    if inputs.indices.contains(position) {
      if !inputs[position].derivative.isEmpty {
        let derivative = formulas[k].rendered(inputs[position].derivative)
        derive(
          derivative.left ?? .derivative(notation.value(ofNode: k), x),
          [.init(right: derivative.right)])
      }
      let rendered = formulas[k].rendered(inputs[position].delta)
      if let entry = rendered.left {
        derive(entry, [.init(relation: isOnlyReader ? "=" : "+=", right: rendered.right)])
      } else if !inputs[position].delta.isEmpty {
        steps = [rendered.right, rendered.numeric].compactMap { $0 }.map { .init(right: $0) }
      }
    }
    // A node that reads the value at several positions adds one part.
    let isRepeated = nodes[k].inputs.count { $0 == source } > 1
    if isOnlyReader {
      steps.append(compared(.value(source)))
    } else if !isRepeated {
      steps.append(part(of: source, from: k))
    } else if !steps.isEmpty {
      steps[0].relation = "+="
    }
    if !steps.isEmpty { derive(left, steps) }
    entries(
      .inputGradient(position), of: k,
      inputs.indices.contains(position) ? inputs[position].delta : nil,
      isOnlyReader
        ? pass.gradient(.value(source)) : isRepeated ? [] : pass.part(of: source, from: k),
      .value(source))
  }
}
