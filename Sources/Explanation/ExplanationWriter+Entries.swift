import Engine
import NNExp

extension ExplanationWriter {
  /// The number of entries of a large tensor that are computed term by term: those of the
  /// largest magnitude.
  private static let mostEntries = 2
  /// A tensor with at most this many entries is computed entry by entry.
  private static let smallTensor = 4
  /// The number of terms of a long sum that are written: those of the largest magnitude.
  private static let mostTerms = 4

  /// Writes entries of a tensor term by term, if the layer computes them and its equation is not
  /// written with all numbers.
  ///
  /// - Parameters:
  ///   - equation: the layer's equation of the tensor.
  ///   - values: the tensor that the engine computed.
  mutating func entries(
    _ tensor: WorkedEntry.Tensor, of k: Int, _ equation: String?, _ values: [Double],
    _ variable: SamplePass.Variable
  ) {
    guard let work = formulas[k].equations.work, !values.isEmpty else { return }
    if let equation, !equation.isEmpty, formulas[k].rendered(equation).numeric != nil { return }
    let isFull = full.contains(variable) || values.count <= Self.smallTensor
    let chosen =
      isFull ? Array(values.indices) : Self.largest(values.map(abs), Self.mostEntries)
    let sample = pass.entrySample(k)
    let worked = chosen.compactMap { index in
      work(tensor, index, sample).map { (index, $0) }
    }
    guard !worked.isEmpty else { return }
    if !isFull {
      paragraph(
        "Term by term, the \(worked.count) largest of \(values.count) entries:")
    }
    for (index, entry) in worked { write(entry, engine: values[index], of: k) }
  }

  /// The positions of the largest numbers, in ascending order.
  private static func largest(_ values: [Double], _ count: Int) -> [Int] {
    let order = values.indices.sorted {
      let (a, b) = (values[$0].isNaN ? -1 : values[$0], values[$1].isNaN ? -1 : values[$1])
      return a > b || (a == b && $0 < $1)
    }
    return order.prefix(count).sorted()
  }

  /// Writes an entry after the intermediate values that it uses.
  private mutating func write(_ entry: WorkedEntry, engine: Double, of k: Int) {
    let isShort = entry.terms.count <= Self.mostTerms + 2
    let shown =
      isShort
      ? Array(entry.terms.indices) : Self.largest(entry.terms.map { abs($0.value) }, Self.mostTerms)
    for use in shown.flatMap({ entry.terms[$0].uses })
    where intermediates.insert("\(k) \(use.entry)").inserted {
      write(use, engine: use.value, of: k)
    }
    let omitted = entry.terms.indices.filter { !shown.contains($0) }
    let rest = omitted.reduce(0) { $0 + entry.terms[$1].value }
    var steps: [Document.Derivation.Step] = []
    var sums = 0
    for step in entry.steps {
      switch step {
      case .formula(let formula): steps.append(.init(right: formulas[k].whole(formula)))
      case .sum(let open, let close):
        let texts = shown.map { entry.terms[$0].formulas[sums] }
        var text = texts.isEmpty ? "0" : texts.joined(separator: " + ")
        if !omitted.isEmpty {
          let sum = sums > 0 ? ", in sum \(NumberText.of(rest))" : ""
          text += #" + \text{… \#(omitted.count) more\#(sum)}"#
        }
        steps.append(.init(right: formulas[k].whole(open + text + close)))
        sums += 1
      }
    }
    var note = ""
    let error = abs(entry.value - engine)
    if error > 1e-9 * max(abs(engine), entry.terms.reduce(0) { max($0, abs($1.value)) }) {
      note = "the terms give \(NumberText.of(entry.value)), NOT the engine’s value"
    }
    steps.append(.init(right: .number(NumberText.of(engine)), note: note))
    derive(formulas[k].whole(entry.entry), steps)
  }

  // MARK: Several samples

  /// Writes the loss and the gradients of several samples as sums.
  mutating func sums() {
    add(.heading(2, ["The sums over the samples"], anchor: "sums"))
    losses()
    for p in pass.graph.parameters.indices.reversed() {
      let symbol = symbol(p)
      var steps = [Document.Derivation.Step(right: factored(letters(of: p, symbol)))]
      let terms = passes.map {
        TensorText($0.gradient(.parameter(p)), shape: pass.shape(.parameter(p))).formula
      }
      steps.append(.init(right: factored(joined(terms))))
      steps.append(compared(.parameter(p), in: passes, factor: samples.factor))
      derive(.derivative(notation.differentiated, symbol), steps)
    }
  }

  private mutating func losses() {
    if pass.heads.count == 1 {
      let (reduced, _) = reduction(of: 0)
      let head = pass.heads[0]
      let values = joined(passes.map { .number(NumberText.of($0.headLosses[0].sample)) })
      let divisor = 1 / head.reduction.scale(samples.indices.count)
      let isOne = divisor == 1
      let total = samples.factor * passes.reduce(0) { $0 + $1.loss }
      derive(
        notation.total,
        [
          .init(
            right: samples.areScaled
              ? reduced : factored(sum(of: lossOfSample(notation.sampleIndex))),
            note: "n = \(samples.indices.count)"),
          .init(
            right: isOne
              ? .row(values)
              : .row([
                .fraction(.number("1"), .number(NumberText.of(divisor))),
                .fenced("(", .row(values), ")"),
              ])),
          .init(right: .number(NumberText.of(total))),
        ])
      return
    }
    let total = samples.factor * passes.reduce(0) { $0 + $1.loss }
    derive(
      notation.total,
      [
        .init(right: factored(joined(passes.map { .number(NumberText.of($0.loss)) }))),
        .init(right: .number(NumberText.of(total))),
      ])
  }

  /// Σₖ of a parameter's gradients: as the product of δ and what the node read if δ contains
  /// the factor of the batch, otherwise as derivatives of the samples' losses.
  private func letters(of p: Int, _ symbol: Formula) -> [Formula] {
    let k = pass.graph.parameters[p].users.min() ?? 0
    let name = pass.graph.parameters[p].name
    let gradient = formulas[k].equations.parameters.first { $0.name == name }?.gradient
    if samples.areScaled, !pass.graph.parameters[p].isShared, let gradient {
      let rendered = formulas[k].rendered(gradient)
      if rendered.left == nil {
        let values = Set(
          nodes[k].inputs.map(notation.symbol) + [notation.symbol(Graph.Edge(node: k))])
        return sum(of: rendered.right.indexed(values, by: notation.sampleIndex))
      }
    }
    return sum(of: .derivative(lossOfSample(notation.sampleIndex), symbol))
  }

  /// The formula with the factor 1/n of the batch, if the samples' losses lack it.
  private func factored(_ parts: [Formula]) -> Formula {
    if samples.factor == 1 { return .row(parts) }
    if case .scripts(.large, _, _)? = parts.first {
      return .row([.fraction(.number("1"), .letter("n"))] + parts)
    }
    let n = Formula.number("\(samples.indices.count)")
    return .row([.fraction(.number("1"), n), .fenced("(", .row(parts), ")")])
  }

  /// The terms with `+` between them; the middle of a long sum is omitted.
  private func joined(_ terms: [Formula]) -> [Formula] {
    let most = 6
    let shown = terms.count <= most ? terms[...] : terms.prefix(most - 1)
    var parts: [Formula] = []
    for (index, term) in shown.enumerated() {
      if index > 0 { parts.append(.sign("+")) }
      parts.append(term)
    }
    if shown.count < terms.count {
      parts += [.sign("+"), .text("… \(terms.count - shown.count) more")]
    }
    return parts
  }
}

extension Formula {
  /// The formula with an index on each of these symbols: the sample that it belongs to.
  fileprivate func indexed(_ symbols: Set<Symbol>, by index: Formula) -> Formula {
    func with(_ formula: Formula) -> Formula { formula.indexed(symbols, by: index) }
    switch self {
    case .symbol(let symbol):
      return symbols.contains(symbol) ? .scripts(self, sub: index, sup: nil) : self
    case .scripts(.symbol(let symbol), sub: nil, let sup) where symbols.contains(symbol):
      return .scripts(.symbol(symbol), sub: index, sup: sup)
    case .row(let parts): return .row(parts.map { with($0) })
    case .fenced(let open, let inside, let close): return .fenced(open, with(inside), close)
    case .fraction(let a, let b): return .fraction(with(a), with(b))
    case .scripts(let base, let sub, let sup):
      return .scripts(with(base), sub: sub.map { with($0) }, sup: sup)
    default: return self
    }
  }
}
