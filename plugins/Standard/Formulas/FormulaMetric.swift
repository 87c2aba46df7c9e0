import NNExp

/// A metric that is an equation in the experiment file.
///
///     metrics: [{type: formula, name: within_two, value: "|z−t| < 2", larger_is_better: true}]
///
/// z is the prediction and t the target, in the target's units; a class is its one-hot row, and z
/// the probabilities if the loss has them. Without `sum` or the like, the equation holds for every
/// output. The metric is the mean over the samples, and over the outputs if the equation has a
/// number for each. A comparison is 1 if it is true, otherwise 0.
struct FormulaMetric: Metric, Component {
  static let typeName = "formula"
  static let documentation = Documentation(
    "the mean of an equation that is written in the experiment file",
    equation: "the mean of the equation over the samples, and over the outputs if it has a number "
      + "for each",
    shapes:
      "output and targets of one shape; or one output per class; or one output for two classes",
    example:
      #"metrics: [{type: formula, name: within_two, value: "|z−t| < 2", larger_is_better: true}]"#)

  static let examples = [
    Example(
      ["value": "|z−t| < 2", "larger_is_better": true], output: [2], target: .values([2])),
    Example(["value": "maxⱼ |zⱼ−tⱼ|"], output: [3], target: .values([3])),
  ]

  let isBetterHigher: Bool
  private let formula: Formula
  private let memory = StripMemory()

  init(from options: inout Options) throws {
    let text = options.string("value", "the equation in z and t, such as \"|z − t| < 2\"")
    isBetterHigher = options.bool(
      "larger_is_better", default: false, "true if larger values are better")
    let constants = FormulaOptions.constants(from: &options)
    FormulaOptions.checkNames(inputs: ["z", "t"], [], constants.map { $0.name }, &options)
    formula = try FormulaOptions.formula("value", text, options) { text throws(FormulaError) in
      try Formula(text, inputs: ["z", "t"], optional: ["z", "t"], constants: constants)
    }
  }

  /// The tally is [Σ, count].
  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func value(of tally: Tensor<Double>) -> Double { tally[0] / tally[1] }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let outputs = pass.z.shape.count
    let isElementwise = formula.grouping == .none
    let entries = isElementwise ? 1 : outputs
    let width = formula.width(entries: entries)
    let room = formula.room(entries: entries, width: width, expanded: 0)
    memory.with(room, of: Double.self) { memory in
      StripRun<Double>.with(formula.forward(Double.self), entries: entries, memory: memory) { run in
        run.begin()
        let strips = run.take(3 * width)
        for k in 0..<2 where isElementwise { run.set(.input(k), to: strips + k * width, period: 1) }
        run.set(.output, to: strips + 2 * width, period: 1)
        run.place(of: .entryCount)?.update(repeating: Double(outputs), count: width)
        let groups = isElementwise ? pass.samples * outputs : pass.samples
        for first in stride(from: 0, to: groups, by: width) {
          let columns = min(width, groups - first)
          for k in 0..<2 {
            let block = run.place(of: .input(k)) ?? strips + k * width
            for c in 0..<columns {
              for entry in 0..<entries {
                let (sample, output) =
                  isElementwise
                  ? (first + c).quotientAndRemainder(dividingBy: outputs) : (first + c, entry)
                block[entry &* width &+ c] =
                  k == 0 ? pass.prediction(sample, output) : pass.target(sample, output)
              }
            }
          }
          run.runStrip(from: first, columns: columns)
          let hasRows = run.place(of: .output) != nil
          let values = run.place(of: .output) ?? strips + 2 * width
          for entry in 0..<(hasRows ? entries : 1) {
            for c in 0..<columns { pass.tally[0] += values[entry &* width &+ c] }
          }
          pass.tally[1] += Double(hasRows ? entries * columns : columns)
        }
      }
    }
  }
}
