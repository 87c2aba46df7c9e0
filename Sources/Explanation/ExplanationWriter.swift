import Datasets
import Engine
import GradientCheck
import NNExp

/// Writes an explanation section by section.
struct ExplanationWriter {
  let samples: SampleList
  let passes: [SamplePass]
  let notation: Notation
  let full: FullTensors
  private(set) var document: Document

  /// The sample whose passes are being written.
  private(set) var pass: SamplePass
  private(set) var formulas: [NodeFormulas] = []
  private(set) var lossFormulas: [NodeFormulas] = []
  /// The loss whose derivatives are being written.
  private(set) var loss: Formula
  /// The index of the sample in the letter of its loss; nil if there is one sample.
  private var sampleIndex: Formula?
  /// The end of the anchors of the sample's headings, and the level of these.
  private(set) var suffix = ""
  private(set) var level = 2

  /// The functions whose definitions have been written.
  private var definedFunctions: Set<Formula> = []
  /// The intermediate values of the sample that have been written, with their nodes.
  var intermediates: Set<String> = []

  /// The comparisons of the derivatives so far.
  private var tally = Tally()

  init(
    _ passes: [SamplePass], _ samples: SampleList, _ notation: Notation, _ full: FullTensors,
    title: String
  ) {
    (self.passes, self.samples) = (passes, samples)
    (self.notation, self.full) = (notation, full)
    pass = passes[0]
    loss = notation.differentiated
    document = Document(title: title)
    select(0)
  }

  /// Continues with one of the samples.
  private mutating func select(_ position: Int) {
    pass = passes[position]
    intermediates = []
    if samples.areSeveral {
      level = 3
      let number = samples.indices[position]
      suffix = position == 0 ? "" : "-sample-\(number)"
      sampleIndex = .number("\(number)")
      loss = lossOfSample(.number("\(number)"))
    }
    formulas = pass.graph.nodes.indices.map {
      NodeFormulas(node: $0, of: pass, notation, loss: loss)
    }
    lossFormulas = pass.heads.indices.map { NodeFormulas(lossOf: $0, pass, notation) }
  }

  /// The loss of one of several samples whose derivatives are written.
  func lossOfSample(_ index: Formula) -> Formula {
    samples.areScaled
      ? notation.differentiated : .scripts(notation.differentiated, sub: index, sup: nil)
  }

  /// The ports of the data.
  var ports: [Graph.Edge] {
    pass.graph.ports.indices.map { Graph.Edge(node: -1, output: $0) }
  }
  var nodes: [Graph.Node] { pass.graph.nodes }

  /// The letter of the value that a head's loss reads.
  func output(of head: Int) -> Formula { notation.value(ofNode: pass.graph.heads[head]) }

  /// The heading of a loss: `The loss: squared_error`, `The loss of 'price': squared_error`.
  func lossHeading(_ head: Int) -> [Document.Inline] {
    let name = pass.heads[head].lossName
    guard let node = pass.heads[head].name else { return [.text("The loss: \(name)")] }
    return [.text("The loss of "), .code(node), .text(": \(name)")]
  }

  // MARK: The introduction

  mutating func introduce(of count: Int, weights: String) {
    add(.heading(1, [.text(document.title)], anchor: "top"))
    paragraph(
      "All numbers are float64, at \(weights). "
        + (samples.areSeveral
          ? "Each sample (of \(count), counted from 0) is a batch of its own; the sums over the "
            + "samples are at the end."
          : "The batch is \(samples.words) (of \(count), counted from 0)."))
    if pass.heads.contains(where: \.isWeighted) {
      paragraph("The weights of the samples are not used here: each sample has the weight 1.")
    }
    if !pass.isTraining {
      let coupling = nodes.first { $0.plan.couplesSamples }!
      add(
        .paragraph([
          .code(coupling.name),
          .text(
            " couples the samples of a batch, so that this single sample is computed as in an "
              + "evaluation."),
        ]))
    }
    add(.graph(GraphDrawing(pass.graph, notation, pass.heads)))
    var rows: [[[Document.Inline]]] = ports.map { port in
      [
        [.math(notation.value(port))],
        ports.count == 1 ? ["the data"] : [.code(pass.graph.name(of: port))], [], [],
        [.text("\(pass.graph.port(of: port))")],
      ]
    }
    for (k, node) in nodes.enumerated() {
      var reads: [Document.Inline] = []
      for input in node.inputs {
        if !reads.isEmpty { reads.append(", ") }
        reads.append(.math(notation.value(input)))
      }
      rows.append([
        [.math(notation.value(ofNode: k))], [.code(node.name)], [.text(node.typeName)], reads,
        [.text("\(node.plan.output)")],
      ])
    }
    for (index, head) in pass.heads.enumerated() {
      rows.append([
        [.math(notation.loss(of: index))],
        head.name.map { ["the loss of ", .code($0)] } ?? ["the loss"], [.text(head.lossName)],
        [.math(output(of: index)), ", ", .math(notation.target(of: index))], [],
      ])
    }
    add(.table(header: [["value"], ["of"], ["type"], ["reads"], ["shape"]], rows: rows))
    if let composition { derive(output(of: 0), [.init(right: composition)]) }
    let (v, l) = (Formula.letter("v"), notation.differentiated)
    let error: Formula =
      notation.hasDelta
      ? .row([.delta(v), .sign("="), .derivative(l, v)]) : .derivative(l, v)
    add(
      .paragraph([
        .math(error), " is the error of a value ", .math(v), ", of the same shape; ",
        .math(.sign("⊗")), " multiplies entry by entry; ", .math(.sign("≈")),
        " precedes the numeric value from differences of ", .math(l), ".",
      ]))
  }

  /// z = σ ∘ ρ[W] ∘ x, if the nodes form a chain that fits on a line; otherwise nil.
  private var composition: Formula? {
    guard nodes.count <= 8, pass.heads.count == 1, ports.count == 1,
      nodes.indices.allSatisfy({ nodes[$0].inputs == [Graph.Edge(node: $0 - 1)] })
    else { return nil }
    var parts: [Formula] = []
    for k in nodes.indices.reversed() {
      parts += [formulas[k].function(orElse: nodes[k].typeName), .sign("∘")]
    }
    return .row(parts + [notation.value(ports[0])])
  }

  // MARK: Forward

  /// Writes the passes of every sample, and the sums over several.
  mutating func passes(_ data: [Port], inputNames: [String], targets: [TargetPort]) {
    for position in passes.indices {
      select(position)
      if samples.areSeveral {
        add(
          .heading(
            2, [.text("Training sample \(samples.indices[position])")],
            anchor: "sample-\(samples.indices[position])"))
      }
      forward(data, inputNames: inputNames, targets: targets)
      backward()
    }
    if samples.areSeveral { sums() }
    add(.heading(2, ["Result"], anchor: "end"))
    paragraph(tally.sentence)
  }

  private mutating func forward(_ data: [Port], inputNames: [String], targets: [TargetPort]) {
    add(.heading(level, ["Forward"], anchor: "forward" + suffix))
    var names = inputNames[...]
    for (port, edge) in zip(data, ports) {
      show(notation.value(edge), .value(edge))
      if port.isIndices { continue }
      let own = names.prefix(port.count)
      names = names.dropFirst(port.count)
      let isNamed = own.first != "input_0" && own.count <= TensorText.longestVector
      if isNamed && !own.isEmpty {
        paragraph("In order: " + own.joined(separator: ", ") + ".")
      }
    }
    for k in nodes.indices { forward(k) }
    for head in pass.heads.indices {
      forwardLoss(head, classNames: targets[pass.heads[head].targetIndex].classNames)
    }
    if pass.heads.count > 1 { totalLoss() }
  }

  private mutating func forwardLoss(_ head: Int, classNames: [String]) {
    add(
      .heading(
        level + 1, lossHeading(head), anchor: "forward-loss\(pass.heads[head].suffix)\(suffix)"))
    guard pass.hasTarget(head) else {
      return paragraph("The sample has no value of this target and adds nothing to the loss.")
    }
    let values = pass.targetValues(head)
    let shape = pass.heads[head].outputShape
    let t = TensorText(values, shape: values.count == shape.count ? shape : [values.count])
    var step = Document.Derivation.Step(right: t.formula, note: t.note)
    if let index = pass.targetClass(head) {
      step.note = "class \(index)"
      if classNames.indices.contains(index) { step.note += ", '\(classNames[index])'" }
    }
    derive(notation.target(of: head), [step])
    let losses = pass.headLosses[head]
    equation(
      of: sampleLoss(of: head), lossFormulas[head], [losses.sample], shape: [])
    if samples.areSeveral { return }
    let (reduced, simple) = reduction(of: head)
    derive(
      notation.loss(of: head),
      [
        .init(right: reduced), .init(right: simple, note: reduced == simple ? "" : "n = 1"),
        .init(right: .number(NumberText.of(losses.reduced))),
      ].filter { $0.right != reduced || $0.note.isEmpty })
  }

  /// The letter of a head's loss of the sample, before the reduction.
  private func sampleLoss(of head: Int) -> Formula {
    samples.areSeveral && !samples.areScaled && pass.heads.count == 1
      ? loss : notation.sampleLoss(of: head, index: sampleIndex)
  }

  /// Writes L = w₁ L⁽¹⁾ + w₂ L⁽²⁾ + ….
  private mutating func totalLoss() {
    add(.heading(level + 1, ["The loss"], anchor: "forward-loss" + suffix))
    var terms: [Formula] = []
    for (index, head) in pass.heads.enumerated() {
      if index > 0 { terms.append(.sign("+")) }
      let scale = samples.areScaled ? head.reduction.scale(samples.batch) : 1
      if head.weight != 1 || scale != 1 {
        terms.append(.number(NumberText.of(head.weight * scale)))
      }
      terms.append(samples.areSeveral ? sampleLoss(of: index) : notation.loss(of: index))
    }
    let left =
      samples.areScaled ? Formula.scripts(notation.total, sub: sampleIndex, sup: nil) : loss
    derive(
      samples.areSeveral ? left : notation.total,
      [.init(right: .row(terms)), .init(right: .number(NumberText.of(pass.loss)))])
  }

  /// The formula Σₖ v.
  func sum(of formula: Formula) -> [Formula] {
    [.scripts(.large("∑"), sub: notation.sampleIndex, sup: nil), formula]
  }

  /// L over many samples, and over one.
  func reduction(of head: Int) -> (of: Formula, one: Formula) {
    let loss = notation.sampleLoss(of: head)
    let sum = self.sum(of: notation.sampleLoss(of: head, index: notation.sampleIndex))
    let n = Formula.letter("n")
    return switch pass.heads[head].reduction {
    case .mean: (.row([.fraction(.number("1"), n)] + sum), loss)
    case .sum: (.row(sum), loss)
    case .halfMean:
      (
        .row([.fraction(.number("1"), .row([.number("2"), n]))] + sum),
        .row([.fraction(.number("1"), .number("2")), loss])
      )
    }
  }

  private mutating func forward(_ k: Int) {
    let node = nodes[k]
    add(.heading(level + 1, heading(node), anchor: "forward-\(node.name)\(suffix)"))
    for p in node.parameters {
      if pass.graph.parameters[p].node == node.name {
        show(symbol(p), .parameter(p))
      } else {
        add(
          .paragraph([
            .math(symbol(p)), " is that of ", .code(pass.graph.parameters[p].node), ".",
          ]))
      }
    }
    let output = Graph.Edge(node: k)
    if !formulas[k].hasFormulas && !formulas[k].equations.prose.isEmpty { letters(of: k) }
    equation(
      of: notation.value(ofNode: k), formulas[k], pass.values(.value(output)),
      shape: node.plan.output, isFull: full.contains(.value(output)))
    entries(
      .output, of: k, formulas[k].equations.output, pass.values(.value(output)), .value(output))
    for (index, output) in node.plan.outputs.enumerated().dropFirst() {
      let edge = Graph.Edge(node: k, output: index)
      derive(
        notation.value(edge),
        [
          shown(
            pass.values(.value(edge)), shape: output.shape, isFull: full.contains(.value(edge)))
        ])
    }
  }

  /// Writes which letters of a layer's own text are which values of the network.
  private mutating func letters(of k: Int) {
    let inputs = nodes[k].inputs
    var pairs = inputs.enumerated().map { position, input in
      (Formula.letter(inputs.count == 1 ? "x" : "x\(position + 1)"), notation.value(input))
    }
    pairs.append((.letter("y"), notation.value(ofNode: k)))
    pairs.removeAll { $0.0.text == $0.1.text }
    guard !pairs.isEmpty else { return }
    var words: [Document.Inline] = ["In the layer’s own letters, "]
    for (index, pair) in pairs.enumerated() {
      if index > 0 { words.append(index == pairs.count - 1 ? " and " : ", ") }
      words += [.math(pair.0), " is ", .math(pair.1)]
    }
    add(.paragraph(words + [":"]))
  }

  /// Writes an equation and the same equation with numbers.
  private mutating func equation(
    of left: Formula, _ formulas: NodeFormulas, _ values: [Double], shape: Shape,
    isFull: Bool = false
  ) {
    let result = shown(values, shape: shape, isFull: isFull)
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
    if !formulas.equations.remark.isEmpty { add(.paragraph(formulas.remark)) }
    derive(left, steps + [result])
  }

  /// Writes the definitions of symbols for which `belongs` is true; those with δ belong to the
  /// backward part. A function such as σ(u) is defined only once.
  mutating func define(_ formulas: NodeFormulas, where belongs: (String) -> Bool) {
    for definition in formulas.equations.definitions where belongs(definition) {
      let rendered = formulas.rendered(definition)
      guard let name = rendered.left else { continue }
      let whole = Formula.row([name, rendered.right])
      if case .fenced? = name.parts.last, !definedFunctions.insert(whole).inserted { continue }
      derive(name, [.init(right: rendered.right)])
    }
  }

  private mutating func show(_ left: Formula, _ variable: SamplePass.Variable) {
    derive(
      left,
      [
        shown(
          pass.values(variable), shape: pass.shape(variable), isFull: full.contains(variable))
      ])
  }

  func shown(
    _ values: [Double], shape: Shape, isFull: Bool = false
  ) -> Document.Derivation.Step {
    if shape.rank == 0, values.count == 1 {
      return .init(right: .number(NumberText.of(values[0])))
    }
    let text = TensorText(values, shape: shape, isFull: isFull)
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

  /// A parameter's letter in the network's notation.
  func symbol(_ p: Int) -> Formula {
    .symbol(NodeFormulas.symbol(of: p, pass.graph, notation))
  }

  /// A step with a gradient, the numeric gradient next to it, and their difference.
  mutating func compared(_ variable: SamplePass.Variable) -> Document.Derivation.Step {
    compared(variable, in: [pass], factor: 1)
  }

  /// The same for `factor` · Σ of the gradients of several passes.
  mutating func compared(
    _ variable: SamplePass.Variable, in passes: [SamplePass], factor: Double
  ) -> Document.Derivation.Step {
    let analytic = SamplePass.gradient(variable, in: passes, factor: factor)
    let text = TensorText(
      analytic, shape: pass.shape(variable), isFull: full.contains(variable))
    let numeric = SamplePass.numericGradient(
      variable, of: text.shown, in: passes, factor: factor)
    let comparison = Comparison(analytic, numeric, of: text.shown)
    tally.add(comparison)
    return .init(
      right: text.formula, beside: text.formula(of: numeric.map(\.value)),
      note: [text.note, comparison.note].filter { !$0.isEmpty }.joined(separator: "; "))
  }
}
