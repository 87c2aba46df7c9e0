import NNExp

// Wrappers of a plugin's components. Each call first records the call site, which is reported
// if the call does not return. Runs without plugins do not use wrappers.
//
// They are not `Component`s, so that they inherit no defaults of components: a requirement that
// is not forwarded does not compile.

/// A component of a plugin behind a guard.
protocol Guarded: PluginMade {
  var site: CallSite { get }
}

extension Guarded {
  var subject: String { site.subject }
  var location: SourceLocation? { site.location }
}

struct GuardedLayer: Layer, Guarded {
  /// A single reference to a class that is not generic, because the cost of small passes
  /// matters.
  private final class Core: Sendable {
    let site: CallSite
    let base: any Layer

    init(_ base: any Layer, _ site: CallSite) { (self.base, self.site) = (base, site) }
  }

  private let core: Core
  var site: CallSite { core.site }

  init(_ base: any Layer, _ site: CallSite) { core = Core(base, site) }

  var inputCount: ClosedRange<Int> {
    site.run("its number of inputs", checked: .first(5)) { core.base.inputCount }
  }
  func takesIndices(at input: Int) -> Bool {
    site.run("its kinds of inputs") { core.base.takesIndices(at: input) }
  }
  var elementwise: ElementwiseFunction? { core.base.elementwise }

  func plan(for inputs: [Port]) throws -> Plan {
    let plan = try site.run("its plan") { try core.base.plan(for: inputs) }
    try plan.validate()
    return plan
  }

  func forward(_ pass: ForwardPass<Float>) {
    core.site.run("its forward pass", checked: .first(0)) { core.base.forward(pass) }
  }
  func forward(_ pass: ForwardPass<Double>) {
    core.site.run("its forward pass in float64", checked: .first(1)) { core.base.forward(pass) }
  }
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    core.site.run("its forward pass of one entry", checked: .first(4)) {
      core.base.forward(pass, changing: parameter, at: entry)
    }
  }
  func backward(_ pass: BackwardPass<Float>) {
    core.site.run("its backward pass", checked: .first(2)) { core.base.backward(pass) }
  }
  func backward(_ pass: BackwardPass<Double>) {
    core.site.run("its backward pass in float64", checked: .first(3)) { core.base.backward(pass) }
  }
  func equations(for inputs: [Port]) -> Equations {
    var equations = core.site.run("its equations") { core.base.equations(for: inputs) }
    if let work = equations.work {
      let site = core.site
      equations.work = { tensor, index, sample in
        site.run("its equations") { work(tensor, index, sample) }
      }
    }
    return equations
  }
  func export(
    _ node: ExportedNode, to graph: inout OperatorGraph
  ) -> [OperatorGraph.Value]? {
    core.site.run("its export") { core.base.export(node, to: &graph) }
  }
}

extension Plan {
  /// Throws a diagnostic that states the fact if the engine cannot use the plan.
  fileprivate func validate() throws {
    let names = parameters.map(\.name) + state.map(\.name)
    for output in outputs {
      if output.count == 0 { throw Diagnostic("its plan has an empty output, \(output)") }
      if output.kind != .values {
        throw Diagnostic("its plan has the output \(output); an output has values")
      }
      if outputs.count > 1, outputs.count(where: { $0.name == output.name }) > 1 {
        throw Diagnostic("its plan has two outputs named '\(output.name)'")
      }
    }
    if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw Diagnostic("its plan has two tensors named '\(name)'")
    }
    for (index, scratch) in scratch.enumerated() where scratch.count < 0 {
      throw Diagnostic("its plan has \(scratch.count) numbers of scratch \(index)")
    }
    for tensor in parameters where tensor.shape.count == 0 {
      throw Diagnostic("its plan has an empty parameter, '\(tensor.name)' \(tensor.shape)")
    }
  }
}

struct GuardedLoss: Loss, Guarded {
  let site: CallSite
  private let base: any Loss

  init(_ base: any Loss, _ site: CallSite) { (self.base, self.site) = (base, site) }

  var decisionThreshold: Double {
    site.run("its threshold", checked: .first(2)) { base.decisionThreshold }
  }
  var outputMeaning: OutputMeaning { site.run("its outputs") { base.outputMeaning } }
  var targetDemand: TargetDemand { site.run("its targets") { base.targetDemand } }
  var learnsClasses: Bool { site.run("its targets") { base.learnsClasses } }
  func fitted(to classes: () throws -> TargetClasses?) throws -> any Loss {
    GuardedLoss(try site.run("its classes") { try base.fitted(to: classes) }, site)
  }

  func plan(output: Shape, target: Target) throws {
    try site.run("its plan") { try base.plan(output: output, target: target) }
  }
  func evaluate(_ pass: LossPass<Float>) -> Double {
    site.run("its evaluation", checked: .first(0)) { base.evaluate(pass) }
  }
  func evaluate(_ pass: LossPass<Double>) -> Double {
    site.run("its evaluation in float64", checked: .first(1)) { base.evaluate(pass) }
  }
  func equations(output: Shape, target: Target) -> Equations {
    site.run("its equations") { base.equations(output: output, target: target) }
  }
}

struct GuardedMetric: Metric, Guarded {
  let site: CallSite
  private let base: any Metric

  init(_ base: any Metric, _ site: CallSite) { (self.base, self.site) = (base, site) }

  var isBetterHigher: Bool { site.run("its direction", checked: .first(3)) { base.isBetterHigher } }

  func plan(output: Shape, target: Target) throws -> Int {
    let count = try site.run("its plan") { try base.plan(output: output, target: target) }
    guard count >= 0 else { throw Diagnostic("its plan has a tally of \(count) numbers") }
    return count
  }
  var needsProbabilities: Bool { site.run("its needs") { base.needsProbabilities } }
  func numbersPerSample(output: Shape, target: Target) -> Int {
    max(0, site.run("its plan") { base.numbersPerSample(output: output, target: target) })
  }
  func add(_ pass: MetricPass<Float>) { site.run("its sum", checked: .first(0)) { base.add(pass) } }
  func add(_ pass: MetricPass<Double>) {
    site.run("its sum in float64", checked: .first(1)) { base.add(pass) }
  }
  func value(of tally: Tensor<Double>) -> Double {
    site.run("its value", checked: .first(2)) { base.value(of: tally) }
  }
}

struct GuardedOptimizer: Optimizer, Guarded {
  let site: CallSite
  private let base: any Optimizer

  init(_ base: any Optimizer, _ site: CallSite) throws {
    let memory = site.run("its memory") { base.memory }
    guard memory.vectors >= 0, memory.scalars >= 0 else {
      throw Diagnostic(
        "it asks for \(memory.vectors) vectors and \(memory.scalars) numbers")
    }
    (self.base, self.site) = (base, site)
  }

  var learningRate: Double {
    site.run("its learning rate", checked: .first(2)) { base.learningRate }
  }
  var memory: OptimizerMemory { site.run("its memory", checked: .first(3)) { base.memory } }
  func step(_ pass: OptimizerStep<Float>) {
    site.run("its step", checked: .first(0)) { base.step(pass) }
  }
  func step(_ pass: OptimizerStep<Double>) {
    site.run("its step in float64", checked: .first(1)) { base.step(pass) }
  }
}

struct GuardedSchedule: Schedule, Guarded {
  let site: CallSite
  private let base: any Schedule

  init(_ base: any Schedule, _ site: CallSite) throws {
    let memory = site.run("its memory") { base.memory }
    guard memory >= 0 else { throw Diagnostic("its memory has \(memory) numbers") }
    (self.base, self.site) = (base, site)
  }

  var memory: Int { site.run("its memory", checked: .first(1)) { base.memory } }
  var watchesLoss: Bool {
    site.run("its need of the loss", checked: .first(2)) { base.watchesLoss }
  }
  func factor(at progress: Progress, memory: Tensor<Double>) -> Double {
    site.run("its factor", checked: .first(0)) { base.factor(at: progress, memory: memory) }
  }
}

struct GuardedInitializer: Initializer, Guarded {
  let site: CallSite
  private let base: any Initializer

  init(_ base: any Initializer, _ site: CallSite) { (self.base, self.site) = (base, site) }

  func fill(_ values: Tensor<Double>, random: RandomStream) throws {
    try site.run("its values") { try base.fill(values, random: random) }
  }
}

struct GuardedGenerator: Generator, Guarded {
  let site: CallSite
  private let base: any Generator

  init(_ base: any Generator, _ site: CallSite) { (self.base, self.site) = (base, site) }

  var inputShape: Shape { site.run("its shape") { base.inputShape } }
  var target: Target { site.run("its target") { base.target } }
  var samples: Int { site.run("its number of samples") { base.samples } }
  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
    site.run("its samples") { base.generate(inputs: inputs, targets: targets, random: random) }
  }
}

struct GuardedSource: DataSource, Guarded {
  let site: CallSite
  private let base: any DataSource

  init(_ base: any DataSource, _ site: CallSite) { (self.base, self.site) = (base, site) }

  func read(_ request: DataRequest) throws -> SourceSamples {
    try site.run("its samples") { try base.read(request) }
  }
}

struct GuardedColumnType: ColumnType, Guarded {
  let site: CallSite
  private let base: any ColumnType

  init(_ base: any ColumnType, _ site: CallSite) { (self.base, self.site) = (base, site) }

  func read(_ cell: String) throws -> ColumnValue {
    try site.run("its reading of a cell", checked: .first(0)) { try base.read(cell) }
  }
}
