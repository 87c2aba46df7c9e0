import NNExp

/// A loss that is an equation in the experiment file.
///
///     loss: {type: formula, value: "Σⱼ w·(zⱼ−tⱼ)² + (1−w)·|zⱼ−tⱼ|", constants: {w: 0.3}}
///
/// z is the network's output and t the target; a class is its one-hot row, or 0 or 1 if there is a
/// single output. Without `sum` or the like, the equation holds for every output, and ℓ is the sum
/// over the outputs.
///
///     ∂zⱼ += ∂ℓ/∂zⱼ, which is derived from the equation
struct FormulaLoss: Loss, Component {
  static let typeName = "formula"
  static let foreignNames = ["lambda", "expression", "function", "custom"]
  static let documentation = Documentation(
    "an equation that is written in the experiment file",
    equation: "ℓ = the equation, summed over the outputs;  ∂zⱼ += ∂ℓ/∂zⱼ, derived from it",
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example: #"loss: {type: formula, value: "|z − t|^1.5"}"#,
    source: "the equation in the experiment file")

  static let examples = [
    Example(
      ["value": "Σⱼ w·(zⱼ−tⱼ)² + (1−w)·|zⱼ−tⱼ|", "constants": .map([("w", 0.3)])],
      output: [3], target: .values([3])),
    Example(["value": "softplus(z) − t·z"], output: [1], target: .classes(2)),
  ]

  private let formula: Formula
  private let memory = StripMemory()

  init(from options: inout Options) throws {
    let text = options.string("value", "the equation in z and t, such as \"|z − t|^1.5\"")
    let constants = FormulaOptions.constants(from: &options)
    FormulaOptions.checkNames(inputs: ["z", "t"], [], constants.map { $0.name }, &options)
    formula = try FormulaOptions.formula("value", text, options) { text throws(FormulaError) in
      try Formula(text, inputs: ["z", "t"], optional: ["t"], constants: constants, adds: true)
    }
  }

  /// A loss with a fixed equation in z and t.
  init(_ text: String, constants: [(name: String, value: Double)] = []) throws {
    do {
      formula = try Formula(
        text, inputs: ["z", "t"], optional: ["t"], constants: constants, adds: true)
    } catch { throw Diagnostic("\(error.message), in \"\(text)\"") }
  }

  func plan(output: Shape, target: Target) throws { try target.checkFit(output) }

  func evaluate<S: KernelScalar>(_ pass: LossPass<S>) -> Double {
    let outputs = pass.z.shape.count
    let entries = formula.grouping == .none ? 1 : outputs
    let width = formula.width(entries: entries)
    let room = formula.room(entries: entries, width: width, expanded: 0)
    let program = pass.dz == nil ? formula.forward(S.self) : formula.backward(S.self)
    return memory.with(room, of: S.self) { memory in
      StripRun<S>.with(program, entries: entries, memory: memory) { run in
        if let place = program.place(of: .cotangent) { run.fill(place, with: pass.scale) }
        run.begin()
        return formula.grouping == .none ? sumOfEntries(&run, pass) : sumOfSamples(&run, pass)
      }
    }
  }

  private func sumOfEntries<S>(_ run: inout StripRun<S>, _ pass: LossPass<S>) -> Double {
    let outputs = pass.z.shape.count
    let width = run.width
    let values = run.take(width)
    let classes = pass.hasClasses && outputs > 1 ? run.take(width) : nil
    run.set(.input(0), to: pass.z.start)
    if let classes {
      run.set(.input(1), to: classes, period: 1)
    } else {
      run.set(.input(1), to: pass.t.start)
    }
    run.set(.output, to: values, period: 1)
    if let dz = pass.dz { run.set(.inputGradient(0), to: dz.start) }
    var sum = 0.0
    for first in stride(from: 0, to: pass.z.count, by: width) {
      let columns = min(width, pass.z.count - first)
      if let classes {
        for c in 0..<columns {
          let (sample, output) = (first + c).quotientAndRemainder(dividingBy: outputs)
          classes[c] = pass.t[sample] == S(output) ? 1 : 0
        }
      }
      run.runStrip(from: first, columns: columns)
      for c in 0..<columns { sum += Double(values[c]) }
    }
    return sum
  }

  private func sumOfSamples<S>(_ run: inout StripRun<S>, _ pass: LossPass<S>) -> Double {
    let (width, outputs) = (run.width, run.entries)
    if let place = run.place(of: .entryCount) {
      place.update(repeating: S(outputs), count: width)
    }
    let values = run.take(width)
    run.set(.output, to: values, period: 1)
    var sum = 0.0
    for first in stride(from: 0, to: pass.samples, by: width) {
      let columns = min(width, pass.samples - first)
      run.gather(.input(0), from: pass.z, first: first, columns: columns)
      if let targets = run.place(of: .input(1)) {
        for c in 0..<columns {
          for j in 0..<outputs {
            targets[j &* width &+ c] = ValueTargets.target(
              in: pass.t, hasClasses: pass.hasClasses, sample: first + c, output: j,
              outputs: outputs)
          }
        }
      }
      run.runStrip(from: first, columns: columns)
      if let dz = pass.dz {
        run.scatter(.inputGradient(0), to: dz, first: first, columns: columns, adds: true)
      }
      if let entries = run.place(of: .output) {
        for c in 0..<columns {
          for j in 0..<outputs { sum += Double(entries[j &* width &+ c]) }
        }
      } else {
        for c in 0..<columns { sum += Double(values[c]) }
      }
    }
    return sum
  }
}
