import NNExp
import Testing

@testable import Plugins

/// A guard answers every call as the value that it wraps.
///
/// A guard is not a component, so that a requirement that it does not forward has no default
/// and does not compile.
@Suite struct GuardTests {
  private let site = CallSite("'bent' (unusual, of a test)")

  @Test func `a guarded layer behaves as its layer`() throws {
    let layer = GuardedLayer(Unusual(), site)
    #expect(layer.inputCount == 2...3)
    #expect(layer.elementwise == .tanh)
    #expect(layer.equations(for: [[1], [1]]).prose == "unusual")
    let plan = try layer.plan(for: [[4], [4]])
    #expect(plan.output == [4])
    #expect(plan.parameters.map(\.name) == ["w"])

    let numbers = UnsafeMutablePointer<Double>.allocate(capacity: 8)
    numbers.initialize(repeating: 0, count: 8)
    defer { numbers.deallocate() }
    let x = UnsafeMutablePointer<Tensor<Double>>.allocate(capacity: 1)
    x.initialize(to: Tensor(start: numbers, count: 4, shape: [4]))
    defer { x.deallocate() }
    let none = Tensors(start: x, count: 0)
    let y = UnsafeMutablePointer<Tensor<Double>>.allocate(capacity: 1)
    y.initialize(to: Tensor(start: numbers + 4, count: 4, shape: [4]))
    defer { y.deallocate() }
    let pass = ForwardPass(
      samples: 1, inputs: Tensors(start: x, count: 1), outputs: Tensors(start: y, count: 1),
      parameters: none, state: none,
      scratch: none, isTraining: true, random: RandomStream(key: 1), firstSample: 0)
    #expect(layer.forward(pass, changing: 5, at: 3))
    #expect(pass.y[3] == 5)
    #expect(!layer.forward(pass, changing: 6, at: 3))
    layer.forward(pass)
    #expect((0..<4).map { pass.y[$0] } == [1, 1, 1, 1])
  }

  @Test func `a guarded loss, schedule and optimizer keep their properties`() throws {
    let loss = GuardedLoss(UnusualLoss(), site)
    #expect(loss.decisionThreshold == 0.25)
    #expect(loss.equations(output: [1], target: .classes(2)).prose == "unusual")
    #expect(try GuardedSchedule(UnusualSchedule(), site).memory == 7)
    let optimizer = try GuardedOptimizer(UnusualOptimizer(), site)
    #expect(optimizer.learningRate == 3)
    #expect(optimizer.memory.isElementwise && optimizer.memory.vectors == 2)
  }
}

private struct Unusual: Layer, Component {
  static let typeName = "unusual"
  init() {}
  init(from options: inout Options) {}
  var inputCount: ClosedRange<Int> { 2...3 }
  var elementwise: ElementwiseFunction? { .tanh }
  func plan(for inputs: [Port]) -> Plan {
    Plan(output: inputs[0].shape, parameters: [.init("w", [1], initial: .zeros)])
  }
  func forward<S: Scalar>(_ pass: ForwardPass<S>) { for i in pass.y.indices { pass.y[i] = 1 } }
  func forward(_ pass: ForwardPass<Double>, changing parameter: Int, at entry: Int) -> Bool {
    pass.y[entry] = Double(parameter)
    return parameter == 5
  }
  func backward<S: Scalar>(_ pass: BackwardPass<S>) {}
  func equations(for inputs: [Port]) -> Equations { Equations(prose: "unusual") }
}

private struct UnusualLoss: Loss, Component {
  static let typeName = "unusual"
  init() {}
  init(from options: inout Options) {}
  var decisionThreshold: Double { 0.25 }
  func plan(output: Shape, target: Target) {}
  func evaluate<S: Scalar>(_ pass: LossPass<S>) -> Double { 0 }
  func equations(output: Shape, target: Target) -> Equations { Equations(prose: "unusual") }
}

private struct UnusualSchedule: Schedule, Component {
  static let typeName = "unusual"
  init() {}
  init(from options: inout Options) {}
  var memory: Int { 7 }
  func factor(at progress: Progress, memory: Tensor<Double>) -> Double { 1 }
}

private struct UnusualOptimizer: Optimizer, Component {
  static let typeName = "unusual"
  init() {}
  init(from options: inout Options) {}
  var learningRate: Double { 3 }
  var memory: OptimizerMemory { OptimizerMemory(vectors: 2, isElementwise: true) }
  func step<S: Scalar>(_ pass: OptimizerStep<S>) {}
}
