import Engine
import NNExp

extension ExplanationWriter {
  mutating func backward() {
    add(.heading(2, ["Backward"], anchor: "backward"))
    backwardThroughLoss()
    for k in nodes.indices.reversed() { backward(k) }
    if readers(of: -1) > 1 {
      add(.heading(3, ["The data"], anchor: "backward-input"))
      total(of: -1)
    }
    add(.heading(2, ["In the end"], anchor: "end"))
    conclude()
  }

  private func readers(of k: Int) -> Int {
    k < 0 ? nodes.reduce(0) { $0 + $1.inputs.count { $0 < 0 } } : notation.readers[k]
  }

  private mutating func backwardThroughLoss() {
    let last = nodes.count - 1
    add(.heading(3, [.text("The loss: \(lossName)")], anchor: "backward-loss"))
    var steps = [Document.Derivation.Step(right: .derivative(Self.loss, output))]
    if let slope = lossFormulas.equations.inputs.first?.derivative, !slope.isEmpty {
      let rendered = lossFormulas.rendered(slope)
      if let entry = rendered.left {
        derive(entry, [.init(right: rendered.right)])
      } else {
        for formula in [rendered.right, rendered.numeric].compactMap({ $0 }) {
          steps.append(.init(right: scaled(formula)))
        }
      }
    }
    if !lossFormulas.hasFormulas && !lossFormulas.equations.prose.isEmpty {
      add(.verbatim(lossFormulas.equations.prose))
    }
    steps.append(compared(.value(last)))
    derive(.delta(output), steps)
  }

  /// ∂L/∂z from ∂ℓ/∂z: with the factor that the reduction brings for one sample.
  private func scaled(_ slope: Formula) -> Formula {
    pass.objective.reduction == .halfMean
      ? .row([.fraction(.number("1"), .number("2")), .fenced("(", slope, ")")]) : slope
  }

  private mutating func backward(_ k: Int) {
    let node = nodes[k]
    add(.heading(3, heading(node), anchor: "backward-\(node.name)"))
    if readers(of: k) > 1 { total(of: k) }
    if !formulas[k].hasFormulas && !formulas[k].equations.prose.isEmpty {
      add(.verbatim(formulas[k].equations.prose))
    }
    define(formulas[k]) { $0.contains(#"\delta"#) }
    for p in node.parameters { parameter(p, of: k) }
    for position in node.inputs.indices { input(position, of: k) }
  }

  /// δ of a value that several nodes read: what they added up to.
  private mutating func total(of k: Int) {
    let readers = nodes.filter { $0.inputs.contains(k) }
    var words: [Document.Inline] = [.math(.delta(notation.value(k))), " is the sum of what "]
    for (index, reader) in readers.enumerated() {
      if index > 0 { words.append(index == readers.count - 1 ? " and " : ", ") }
      words.append(.code(reader.name))
    }
    add(.paragraph(words + [" brought:"]))
    derive(.delta(notation.value(k)), [compared(.value(k))])
  }

  // MARK: Parameters

  private mutating func parameter(_ p: Int, of k: Int) {
    let parameter = pass.graph.parameters[p]
    let symbol = symbol(p, of: k)
    let left = Formula.derivative(Self.loss, symbol)
    var steps = chain(from: k, to: symbol).map { Document.Derivation.Step(right: $0) }
    let gradient = formulas[k].equations.parameters.first { $0.name == parameter.name }?.gradient
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
    derive(left, steps + [compared(.parameter(p))])
    var remarks: [String] = []
    if parameter.isFrozen { remarks.append("It is frozen: training leaves it as it is.") }
    if parameter.l1 > 0 || parameter.l2 > 0 {
      remarks.append("The penalty on it, which training adds, is left out here.")
    }
    if !remarks.isEmpty { paragraph(remarks.joined(separator: " ")) }
  }

  /// The chain of derivatives from L to a parameter of node k, and its short
  /// form with δ.
  private func chain(from k: Int, to parameter: Formula) -> [Formula] {
    let value = notation.value(k)
    let end = Formula.derivative(value, parameter)
    let short = Formula.row([.delta(value), end])
    var factors = [end]
    var at = k
    while at < nodes.count - 1 {
      guard notation.readers[at] == 1,
        let next = nodes.indices.first(where: { nodes[$0].inputs.contains(at) })
      else { return [short] }
      factors.insert(.derivative(notation.value(next), notation.value(at)), at: 0)
      at = next
    }
    factors.insert(.derivative(Self.loss, notation.value(at)), at: 0)
    // Longer chains lose their middle.
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
          derivative.left ?? .derivative(notation.value(k), x), [.init(right: derivative.right)])
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
