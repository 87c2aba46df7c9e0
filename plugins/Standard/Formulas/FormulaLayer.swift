import NNExp

/// A layer that is an equation in the experiment file.
///
///     - {type: formula, y: "x · σ(β·x)", parameters: {β: 1}}
///
/// Without `sum`, `mean`, `max`, `min` or `prod` of one argument, the equation holds for every
/// number. These combine the numbers of a window if the file gives one, otherwise all numbers of
/// a sample. The derivative follows from the equation:
///
///     ∂xₖ += Σ ∂y · ∂y/∂xₖ
///
/// - Shape: without a window, the shape of the inputs, or `[1]` if all numbers are combined; an
///   input is repeated along axes that it lacks at the front, and along those of extent 1. With a
///   window, as in ``Pooling``.
/// - Errors: at the character of the equation where it goes wrong.
struct FormulaLayer: Layer, Component {
  static let typeName = "formula"
  static let foreignNames = ["lambda", "expression", "function", "custom"]
  let inputCount: ClosedRange<Int>
  static let documentation = Documentation(
    "an equation that is written in the experiment file",
    equation: "y = the equation;  ∂x += ∂y · ∂y/∂x, which is derived from it",
    shapes: "without a window: the inputs' shape, or [1] if sum, mean, max, min or prod combine "
      + "all numbers of a sample;  with a window: as lp_pooling",
    example: #"- {type: formula, y: "x · σ(β·x)", parameters: {β: 1}}"#,
    source: "the equation in the experiment file")

  static let examples = [
    Example(["y": "x · σ(β·x)", "parameters": .map([("β", 1)])], inputs: [5]),
    Example(
      ["y": "(Σᵢ |xᵢ|^p)^(1/p)", "window": 2, "constants": .map([("p", 2.5)])], inputs: [2, 4, 4]),
    Example(["y": "exp(xᵢ) / Σⱼ exp(xⱼ)"], inputs: [6]),
    Example(
      [
        "y": "a · max(x, 0) + b",
        "parameters": .map([
          ("a", .map([("initial", 1), ("shape", "channels")])),
          ("b", .map([("initial", 0.1), ("range", [0, 1])])),
        ]),
      ], inputs: [3, 2, 2]),
  ]

  let formula: Formula
  let pooling: Pooling?

  init(from options: inout Options) throws {
    let text = options.string("y", "the equation, such as \"x · σ(β·x)\"")
    let parameters = FormulaOptions.parameters(from: &options)
    let constants = FormulaOptions.constants(from: &options)
    let names = options.inputNames()
    let hasWindows =
      options.isDescribing || options.contains("window") || options.contains("global")
    pooling = hasWindows ? Pooling(from: &options, isRequired: false) : nil
    inputCount = names.map { $0.count...$0.count } ?? 1...1
    let inputs = names ?? ["x"]
    FormulaOptions.checkNames(
      inputs: inputs, parameters.map { $0.name }, constants.map { $0.name }, &options)
    if pooling != nil, inputs.count > 1 {
      options.reject("inputs", "a formula with windows has one input, found \(inputs.count)")
    }
    let combinesWindows = pooling != nil
    let isMasked = pooling?.mayExtendBeyondEdges ?? false
    formula = try FormulaOptions.formula("y", text, options) { text throws(FormulaError) in
      try Formula(
        text, inputs: inputs, parameters: parameters, constants: constants,
        hasWindows: combinesWindows, isMasked: isMasked, saves: true)
    }
  }

  /// A layer with a fixed equation.
  init(
    _ text: String, _ inputs: [String] = ["x"], parameters: [Formula.Parameter] = [],
    constants: [(name: String, value: Double)] = []
  ) throws {
    do {
      formula = try Formula(
        text, inputs: inputs, parameters: parameters, constants: constants, saves: true)
    } catch { throw Diagnostic("\(error.message), in \"\(text)\"") }
    pooling = nil
    inputCount = inputs.count...inputs.count
  }

  func plan(for inputs: [Port]) throws -> Plan {
    var plan: Plan
    let entries: Int
    var sample: Shape
    if let pooling, formula.grouping == .window {
      let input = inputs[0].shape
      plan = try pooling.plan(for: input)
      if input.rank == 4, input.count / input[0] > Int(Int32.max) {
        throw Diagnostic("the input \(input) has more than \(Int32.max) numbers in a channel")
      }
      entries = pooling.mostEntries(over: inputs[0].shape)
      sample = plan.output
    } else {
      sample = try commonShape(of: inputs)
      entries = formula.grouping == .none ? 1 : sample.count
      plan = Plan(output: formula.hasEntries ? sample : [1])
    }
    var parameters: [Plan.Parameter] = []
    for parameter in formula.parameters {
      let shape = try shape(of: parameter, on: sample)
      parameters.append(
        .init(parameter.tensor, shape, initial: .constant(parameter.initialTensor)))
    }
    plan.parameters = parameters
    let strip = strip(of: sample)
    let (rows, width) = strip ?? (entries, formula.width(entries: entries))
    var table = 0
    if let pooling, formula.grouping == .window {
      table = WindowTable<Double>.room(pooling, from: inputs[0].shape, to: plan.output)
    } else if inputs.contains(where: { $0.shape != sample }) {
      table = inputs.count.times(sample.count)
    }
    let room = formula.room(
      entries: rows, width: width, isSample: strip != nil, expanded: sample.count, table: table)
    plan.scratch = [
      .fixed(room),
      .perSample(
        formula.savedNumbers(
          groups: groups(of: sample, isStrip: strip != nil), entries: rows,
          isSample: strip != nil)),
    ]
    plan.acceptsEmptyInputs = true
    plan.work = Shape([plan.output.count, formula.expression.nodes.count]).count
    return plan
  }

  func equations(for inputs: [Port]) -> Equations {
    let letters = inputs.count == 1 ? ["x"] : (1...inputs.count).map { "x\($0)" }
    let indexed = formula.grouping == .none ? letters : letters.map { $0 + "_i" }
    guard var steps = FormulaSteps(formula, letters: indexed) else {
      return Equations(prose: formula.text)
    }
    let rules =
      steps.steps().map { "$\($0.equation)$ (\($0.rule))" }.joined(separator: "; ") + "."
    let common = formula.grouping == .none ? try? BroadcastAxes.shape(of: inputs) : inputs[0].shape
    let remark = BroadcastAxes.remark(on: letters, inputs.map(\.shape), over: common)
    return Equations(
      "f", output: (formula.hasEntries && formula.grouping == .none ? "" : "y = ") + steps.output,
      where: steps.definitions,
      inputs: zip(letters, inputs).map { letter, input in
        .init(
          derivative: "",
          delta: formula.grouping == .none
            ? BroadcastAxes.delta(
              #"\delta_y \otimes \frac{\partial y}{\partial \#(letter)}"#, of: input.shape,
              over: common)
            : #"\delta_{\#(letter)_i} = \delta_y \frac{\partial y}{\partial \#(letter)_i}"#)
      },
      parameters: formula.parameters.map { parameter in
        let symbol = FormulaSteps.latex(name: parameter.name)
        return .init(
          parameter.tensor, symbol: symbol,
          gradient: #"\sum \delta_y \frac{\partial y}{\partial \#(symbol)}"#)
      },
      remark: remark.isEmpty ? rules : rules + " " + remark,
      work: work(for: inputs.map(\.shape)))
  }

  /// The rows and columns of strips that are one sample each; nil if strips are several groups.
  private func strip(of sample: Shape) -> (rows: Int, columns: Int)? {
    formula.grouping == .sample ? formula.strip(ofSample: sample.count) : nil
  }

  /// The groups of a sample with this shape; its numbers if it is one strip.
  private func groups(of sample: Shape, isStrip: Bool) -> Int {
    formula.grouping == .sample && !isStrip ? 1 : sample.count
  }

  /// The shape to which all inputs are repeated.
  private func commonShape(of inputs: [Port]) throws -> Shape {
    let common = try BroadcastAxes.shape(of: inputs)
    for input in inputs where input.shape != common {
      if formula.grouping == .sample {
        throw Diagnostic(
          "the inputs of a formula with sum, mean, max, min or prod must have one shape, found "
            + "\(common) and \(input.shape)")
      }
      guard common.count <= Int(Int32.max) else {
        throw Diagnostic("the output \(common) has more than \(Int32.max) numbers")
      }
    }
    let isElementwise =
      formula.grouping == .none && formula.hasEntries && formula.parameters.isEmpty
      && inputs.allSatisfy { $0.shape == common }
    guard common.count > 0 || isElementwise else {
      throw Diagnostic("the input \(common) has no numbers")
    }
    return common
  }

  private func shape(of parameter: Formula.Parameter, on sample: Shape) throws -> Shape {
    switch parameter.extent {
    case .scalar: return [1]
    case .features:
      if formula.grouping == .window {
        throw Diagnostic(
          "the parameter '\(parameter.name)' cannot have a number per feature: the windows share "
            + "it; write shape: channels or scalar")
      }
      return sample
    case .channels:
      guard sample.rank > 0 else { return [1] }
      return [sample[0]]
    }
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let tensors = PassTensors(pass)
    let sample = tensors.sample(of: self)
    if sample.count == 0 { return }
    let strip = strip(of: sample)
    let program = formula.forward(S.self, isSample: strip != nil)
    StripRun<S>.with(
      program, entries: strip?.rows ?? tensors.entries(of: self), width: strip?.columns,
      memory: pass.scratch[0].start
    ) { run in
      setParameters(&run, pass.parameters, sample: sample)
      run.setSaved(
        pass.scratch[1].start, groups: pass.samples * groups(of: sample, isStrip: strip != nil))
      loop(&run, tensors, samples: pass.samples, isStrip: strip != nil)
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let tensors = PassTensors(pass)
    let sample = tensors.sample(of: self)
    let strip = strip(of: sample)
    let program = formula.backward(S.self, isSample: strip != nil)
    guard !program.steps.isEmpty, sample.count > 0 else { return }
    StripRun<S>.with(
      program, entries: strip?.rows ?? tensors.entries(of: self), width: strip?.columns,
      memory: pass.scratch[0].start
    ) { run in
      setParameters(&run, pass.parameters, sample: sample)
      run.setSaved(
        pass.scratch[1].start, groups: pass.samples * groups(of: sample, isStrip: strip != nil))
      withUnsafeTemporaryAllocation(
        of: UnsafeMutablePointer<S>?.self, capacity: max(1, formula.parameters.count)
      ) { sums in
        for k in formula.parameters.indices {
          sums[k] = run.startGradient(
            of: k, isScalar: formula.parameters[k].extent == .scalar, of: sample.count)
        }
        loop(&run, tensors, samples: pass.samples, isStrip: strip != nil)
        for k in formula.parameters.indices {
          guard let sums = sums[k] else { continue }
          run.finishGradient(
            of: k, sums, to: pass.gradients[k],
            isScalar: formula.parameters[k].extent == .scalar, plane: plane(of: k, on: sample),
            of: sample.count)
        }
      }
    }
  }

  /// The entries of a sample that share a number of the parameter.
  func plane(of k: Int, on sample: Shape) -> Int {
    switch formula.parameters[k].extent {
    case .scalar: sample.count
    case .features: 1
    case .channels: sample.rank > 0 ? sample.count / sample[0] : 1
    }
  }

  private func setParameters<S>(
    _ run: inout StripRun<S>, _ parameters: Tensors<S>, sample: Shape
  ) {
    for k in formula.parameters.indices {
      run.setParameter(k, to: parameters[k], plane: plane(of: k, on: sample), of: sample.count)
    }
    run.begin()
  }

  /// - Parameter isStrip: whether each sample is a strip.
  private func loop<S>(
    _ run: inout StripRun<S>, _ tensors: PassTensors<S>, samples: Int, isStrip: Bool
  ) {
    switch formula.grouping {
    case .none: loopOverEntries(&run, tensors, samples: samples)
    case .sample where isStrip: loopInPlace(&run, tensors, samples: samples)
    case .sample: loopOverSamples(&run, tensors, samples: samples)
    case .window: loopOverWindows(&run, tensors, samples: samples)
    }
  }
}

extension Formula.Parameter {
  /// The number that the formula reads for an entry of the learned tensor.
  func number(of learned: Double) -> Double {
    guard let range else { return learned }
    switch (range.lower.isFinite, range.upper.isFinite) {
    case (true, true):
      return range.lower + (range.upper - range.lower) * Sigmoid.of(learned)
    case (true, false): return range.lower + Softplus.of(learned)
    case (false, true): return range.upper - Softplus.of(learned)
    case (false, false): return learned
    }
  }

  /// The initial value of the learned tensor.
  var initialTensor: Double {
    guard let range else { return initial }
    switch (range.lower.isFinite, range.upper.isFinite) {
    case (true, true):
      return Double.log((initial - range.lower) / (range.upper - initial))
    case (true, false): return Softplus.inverse(initial - range.lower)
    case (false, true): return Softplus.inverse(range.upper - initial)
    case (false, false): return initial
    }
  }
}
