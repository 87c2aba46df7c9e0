import Engine
import GradientCheck
import NNExp

/// Puts an explanation together, section by section.
struct ExplanationWriter {
  let pass: SamplePass
  let notation: Notation
  let formulas: [NodeFormulas]
  let lossFormulas: NodeFormulas
  private(set) var document: Document

  /// Functions that have been defined on the way.
  private var definedFunctions: Set<Formula> = []

  /// How the derivatives that are shown compare.
  private var tally = Tally()

  init(_ pass: SamplePass, title: String) {
    self.pass = pass
    let notation = Notation(pass.graph)
    self.notation = notation
    formulas = pass.graph.nodes.indices.map { NodeFormulas(node: $0, of: pass, notation) }
    lossFormulas = NodeFormulas(lossOf: pass, notation)
    document = Document(title: title)
  }

  var nodes: [Graph.Node] { pass.graph.nodes }
  var output: Formula { notation.value(nodes.count - 1) }
  var lossName: String { pass.objective.lossName }
  static let loss = Formula.letter("L")
  static let sampleLoss = Formula.letter("ℓ")

  // MARK: The start

  mutating func introduce(sample: Int, of count: Int, weights: String) {
    add(.heading(1, [.text(document.title)], anchor: "top"))
    paragraph(
      "Everything in float64, at \(weights). Training sample \(sample) (of "
        + "\(count), counted from 0) is a batch of its own.")
    if !pass.isTraining {
      let coupling = nodes.first { $0.plan.couplesSamples }!
      add(
        .paragraph([
          .code(coupling.name),
          .text(
            " couples the samples of a batch, and one sample is none: "
              + "the pass is that of an evaluation."),
        ]))
    }
    add(.graph(GraphDrawing(pass.graph, notation, loss: lossName)))
    var rows: [[[Document.Inline]]] = [
      [[.math(notation.value(-1))], ["the data"], [], [], [.text("\(pass.graph.inputShape)")]]
    ]
    for (k, node) in nodes.enumerated() {
      var reads: [Document.Inline] = []
      for input in node.inputs {
        if !reads.isEmpty { reads.append(", ") }
        reads.append(.math(notation.value(input)))
      }
      rows.append([
        [.math(notation.value(k))], [.code(node.name)], [.text(node.typeName)], reads,
        [.text("\(node.plan.output)")],
      ])
    }
    rows.append([
      [.math(ExplanationWriter.loss)], ["the loss"], [.text(lossName)],
      [.math(output), ", ", .math(.symbol(Notation.target))], [],
    ])
    add(.table(header: [["value"], ["of"], ["type"], ["reads"], ["shape"]], rows: rows))
    if let composition { derive(output, [.init(right: composition)]) }
    add(
      .paragraph([
        .math(.row([.delta(.letter("v")), .sign("="), .derivative(Self.loss, .letter("v"))])),
        " is the error of a value ", .math(.letter("v")), ", of the same shape; ",
        .math(.sign("⊗")), " multiplies entry by entry; ", .math(.sign("≈")),
        " stands before what differences of ", .math(Self.loss), " give.",
      ]))
  }

  /// z = σ ∘ ρ[W] ∘ x, where the nodes are a chain that fits a line.
  private var composition: Formula? {
    guard nodes.count <= 8, nodes.indices.allSatisfy({ nodes[$0].inputs == [$0 - 1] }) else {
      return nil
    }
    var parts: [Formula] = []
    for k in nodes.indices.reversed() {
      parts += [formulas[k].function(orElse: nodes[k].typeName), .sign("∘")]
    }
    return .row(parts + [notation.value(-1)])
  }

  // MARK: Forward

  mutating func forward(inputNames: [String], classNames: [String]) {
    add(.heading(2, ["Forward"], anchor: "forward"))
    show(notation.value(-1), .value(-1))
    let isNamed = inputNames.first != "input_0" && inputNames.count <= TensorText.longestVector
    if isNamed && !inputNames.isEmpty {
      paragraph("In order: " + inputNames.joined(separator: ", ") + ".")
    }
    for k in nodes.indices { forward(k) }

    add(.heading(3, [.text("The loss: \(lossName)")], anchor: "forward-loss"))
    let t = TensorText(pass.targetValues, shape: targetShape)
    var step = Document.Derivation.Step(right: t.formula, note: t.note)
    if let index = pass.targetClass {
      step.note = "class \(index)"
      if classNames.indices.contains(index) { step.note += ", '\(classNames[index])'" }
    }
    derive(.symbol(Notation.target), [step])
    equation(of: Self.sampleLoss, lossFormulas, [pass.sampleLoss], shape: [])
    let (reduced, simple) = reduction
    derive(
      Self.loss,
      [
        .init(right: reduced), .init(right: simple, note: reduced == simple ? "" : "n = 1"),
        .init(right: .number(NumberText.of(pass.loss))),
      ].filter { $0.right != reduced || $0.note.isEmpty })
  }

  private var targetShape: Shape {
    pass.targetValues.count == pass.graph.outputShape.count
      ? pass.graph.outputShape : [pass.targetValues.count]
  }

  /// L of many samples, and of one.
  private var reduction: (of: Formula, one: Formula) {
    let sum: [Formula] = [
      .scripts(.large("∑"), sub: .letter("k"), sup: nil),
      .scripts(Self.sampleLoss, sub: .letter("k"), sup: nil),
    ]
    let n = Formula.letter("n")
    return switch pass.objective.reduction {
    case .mean: (.row([.fraction(.number("1"), n)] + sum), Self.sampleLoss)
    case .sum: (.row(sum), Self.sampleLoss)
    case .halfMean:
      (
        .row([.fraction(.number("1"), .row([.number("2"), n]))] + sum),
        .row([.fraction(.number("1"), .number("2")), Self.sampleLoss])
      )
    }
  }

  private mutating func forward(_ k: Int) {
    let node = nodes[k]
    add(.heading(3, heading(node), anchor: "forward-\(node.name)"))
    for p in node.parameters { show(symbol(p, of: k), .parameter(p)) }
    equation(
      of: notation.value(k), formulas[k], pass.values(.value(k)), shape: node.plan.output)
  }

  /// What something is and what that comes to.
  private mutating func equation(
    of left: Formula, _ formulas: NodeFormulas, _ values: [Double], shape: Shape
  ) {
    let result = shown(values, shape: shape)
    guard formulas.hasFormulas else {
      if !formulas.equations.prose.isEmpty { add(.verbatim(formulas.equations.prose)) }
      derive(left, [result])
      return
    }
    let output = formulas.rendered(formulas.equations.output)
    var steps: [Document.Derivation.Step] = []
    if let entry = output.left {
      derive(entry, [.init(right: output.right)])
    } else {
      steps.append(.init(right: output.right))
      if let numeric = output.numeric { steps.append(.init(right: numeric)) }
    }
    define(formulas) { !$0.contains(#"\delta"#) }
    if !formulas.equations.remark.isEmpty { paragraph(formulas.equations.remark) }
    derive(left, steps + [result])
  }

  /// The definitions that belong here: those with δ are of the way back. A
  /// function such as σ(u) is defined once.
  mutating func define(_ formulas: NodeFormulas, where belongs: (String) -> Bool) {
    for definition in formulas.equations.definitions where belongs(definition) {
      let rendered = formulas.rendered(definition)
      guard let name = rendered.left else { continue }
      let whole = Formula.row([name, rendered.right])
      if case .fenced? = name.parts.last, !definedFunctions.insert(whole).inserted { continue }
      derive(name, [.init(right: rendered.right)])
    }
  }

  private mutating func show(_ left: Formula, _ place: SamplePass.Place) {
    derive(left, [shown(pass.values(place), shape: pass.shape(place))])
  }

  private func shown(_ values: [Double], shape: Shape) -> Document.Derivation.Step {
    if shape.rank == 0, values.count == 1 {
      return .init(right: .number(NumberText.of(values[0])))
    }
    let text = TensorText(values, shape: shape)
    return .init(right: text.formula, note: text.note)
  }
}

extension ExplanationWriter {
  // MARK: Pieces

  mutating func add(_ block: Document.Block) { document.blocks.append(block) }

  mutating func paragraph(_ text: String) { add(.paragraph([.text(text)])) }

  mutating func derive(_ left: Formula, _ steps: [Document.Derivation.Step]) {
    add(.derivation(.init(left: left, steps: steps)))
  }

  func heading(_ node: Graph.Node) -> [Document.Inline] {
    node.name == node.typeName
      ? [.code(node.name)] : [.code(node.name), .text(": \(node.typeName)")]
  }

  /// A parameter's letter in the network.
  func symbol(_ p: Int, of k: Int) -> Formula {
    .symbol(
      NodeFormulas.symbol(
        of: pass.graph.parameters[p].name, in: formulas[k].equations, index: notation.indices[k]))
  }

  /// A gradient with the numeric one beside it, and how far they are apart.
  mutating func compared(_ place: SamplePass.Place) -> Document.Derivation.Step {
    let analytic = pass.gradient(place)
    let text = TensorText(analytic, shape: pass.shape(place))
    let numeric = pass.numericGradient(place, of: text.shown)
    let comparison = Comparison(analytic, numeric, of: text.shown)
    tally.add(comparison)
    return .init(
      right: text.formula, beside: text.formula(of: numeric.map(\.value)),
      note: [text.note, comparison.note].filter { !$0.isEmpty }.joined(separator: "; "))
  }

  /// The last words: how many derivatives were shown and how they compare.
  mutating func conclude() { paragraph(tally.sentence) }
}
