import Conformance
import Foundation
import NNExp
import TestSupport
import Testing

/// Trains with an optimizer on a function, as the engine does.
final class Descent<S: Scalar> {
  typealias Function = ([S]) -> (value: Double, gradient: [S])

  let optimizer: any Optimizer
  let function: Function
  let w: GuardedBuffer<S>
  private let g: GuardedBuffer<S>
  private let memory: [GuardedBuffer<S>]
  private let vectors: UnsafeMutablePointer<Tensor<S>>
  private let scalars: GuardedBuffer<Double>
  private(set) var step = 0
  private(set) var evaluations = 0

  /// The value before the last step.
  private(set) var loss = Double.nan

  init(_ optimizer: any Optimizer, from start: [S], on function: @escaping Function) {
    self.optimizer = optimizer
    self.function = function
    let needs = optimizer.memory
    w = GuardedBuffer(start)
    g = GuardedBuffer(zeros: [start.count])
    memory = (0..<needs.vectors).map { _ in GuardedBuffer(zeros: [start.count]) }
    vectors = .allocate(capacity: max(1, needs.vectors))
    vectors.initialize(from: memory.map(\.tensor), count: needs.vectors)
    scalars = GuardedBuffer(zeros: [needs.scalars])
  }

  deinit { vectors.deallocate() }

  private func evaluate() -> Double {
    evaluations += 1
    let (value, gradient) = function(w.values)
    g.values = gradient
    return value
  }

  /// Takes `count` steps and returns w after each.
  @discardableResult
  func run(_ count: Int, factor: (Int) -> Double = { _ in 1 }) -> [[S]] {
    (0..<count).map { _ in
      step += 1
      loss = evaluate()
      let update = OptimizerStep(
        w: w.tensor, g: g.tensor, vectors: Tensors(start: vectors, count: memory.count),
        scalars: scalars.tensor, learningRate: optimizer.learningRate * factor(step),
        step: step, loss: loss,
        evaluate: optimizer.memory.needsFullBatch ? { self.evaluate() } : nil)
      update.run(optimizer)
      return w.values
    }
  }

  /// The names of the buffers that were overrun.
  var damaged: [String] {
    ([w, g] + memory).filter { !$0.isIntact }.map(\.name)
      + [scalars].filter { !$0.isIntact }.map(\.name)
  }

  /// The state that a checkpoint would contain.
  var state: (w: [S], vectors: [[S]], scalars: [Double]) {
    get { (w.values, memory.map(\.values), scalars.values) }
    set {
      w.values = newValue.w
      for (vector, values) in zip(memory, newValue.vectors) { vector.values = values }
      scalars.values = newValue.scalars
    }
  }

  func resume(_ state: (w: [S], vectors: [[S]], scalars: [Double]), at step: Int) {
    self.state = state
    self.step = step
  }
}

/// ½Σ aᵢ(wᵢ − cᵢ)², an elongated bowl.
private func bowl<S: Scalar>(_ w: [S]) -> (value: Double, gradient: [S]) {
  let a: [S] = [1, 10, 0.5]
  let c: [S] = [1, -2, 3]
  var value = 0.0
  for i in w.indices { value += Double(a[i] * (w[i] - c[i]) * (w[i] - c[i]) / 2) }
  return (value, w.indices.map { a[$0] * (w[$0] - c[$0]) })
}

/// A gradient that does not depend on w: 1, −2, 4 in every step.
private func slope(_ w: [Double]) -> (value: Double, gradient: [Double]) { (0, [1, -2, 4]) }

private func close(_ a: [Double], _ b: [Double], within bound: Double = 1e-14) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= bound * max(1, abs($1)) }
}

/// Every optimizer with no option at its default.
let everyOptimizer: [(name: String, entries: Rule.Entries)] = [
  ("sgd", ["learning_rate": 0.05]),
  ("sgd", ["learning_rate": 0.02, "momentum": 0.8]),
  ("sgd", ["learning_rate": 0.02, "momentum": 0.8, "dampening": 0.3]),
  ("sgd", ["learning_rate": 0.02, "momentum": 0.8, "nesterov": true]),
  ("adagrad", ["learning_rate": 0.7]),
  ("adagrad", ["learning_rate": 0.9, "initial_accumulator": 0.1, "learning_rate_decay": 1e-4]),
  ("rmsprop", ["learning_rate": 0.02]),
  ("rmsprop", ["learning_rate": 0.01, "momentum": 0.5]),
  ("rmsprop", ["learning_rate": 0.005, "centered": true]),
  ("rmsprop", ["learning_rate": 0.005, "centered": true, "momentum": 0.5, "alpha": 0.9]),
  ("adam", ["learning_rate": 0.1]),
  ("adam", ["learning_rate": 0.1, "amsgrad": true, "beta1": 0.8, "beta2": 0.99]),
  ("adamw", ["learning_rate": 0.1, "weight_decay": 0]),
  ("adamw", ["learning_rate": 0.1, "weight_decay": 0, "amsgrad": true]),
  ("rprop", ["learning_rate": 0.1]),
  ("lbfgs", ["learning_rate": 1, "max_iterations": 2]),
  ("lbfgs", ["learning_rate": 0.1, "max_iterations": 2, "line_search": "none"]),
]

@Test func optimizersFindTheMinimumOfABowl() throws {
  for (name, entries) in everyOptimizer {
    let optimizer = try Rule.optimizer(name, entries)
    let double = Descent<Double>(optimizer, from: [0, 0, 0], on: bowl)
    double.run(3000) { $0 < 1500 ? 1 : 0.02 }
    #expect(bowl(double.w.values).value < 1e-5, "\(name) \(entries)")
    let single = Descent<Float>(optimizer, from: [0, 0, 0], on: bowl)
    single.run(3000) { $0 < 1500 ? 1 : 0.02 }
    #expect(bowl(single.w.values).value < 1e-4, "\(name) \(entries)")
  }
}

@Test func optimizersInFloatFollowDouble() throws {
  for (name, entries) in everyOptimizer {
    let optimizer = try Rule.optimizer(name, entries)
    let double = Descent<Double>(optimizer, from: [0.5, 0.25, -1], on: bowl).run(5)
    let single = Descent<Float>(optimizer, from: [0.5, 0.25, -1], on: bowl).run(5)
    for (a, b) in zip(single, double) {
      #expect(close(a.map { Double($0) }, b, within: 1e-4), "\(name) \(entries)")
    }
  }
}

@Test func optimizersResumeFromTheirMemoryToTheBit() throws {
  for (name, entries) in everyOptimizer {
    let optimizer = try Rule.optimizer(name, entries)
    let whole = Descent<Double>(optimizer, from: [0.5, 0.25, -1], on: bowl).run(8)
    let first = Descent<Double>(optimizer, from: [0.5, 0.25, -1], on: bowl)
    first.run(3)
    let second = Descent<Double>(optimizer, from: [9, 9, 9], on: bowl)
    second.resume(first.state, at: 3)
    #expect(second.run(5) == Array(whole[3...]), "\(name) \(entries)")
  }
}

@Test func optimizersDoNothingWithoutALearningRateOrParameters() throws {
  for name in ["sgd", "adagrad", "rmsprop", "adam", "adamw"] {
    let optimizer = try Rule.optimizer(name, ["learning_rate": 0, "weight_decay": 0.5])
    #expect(Descent<Double>(optimizer, from: [1, 2, 3], on: slope).run(3)[2] == [1, 2, 3])
  }
  for (name, entries) in everyOptimizer {
    let none = Descent<Double>(try Rule.optimizer(name, entries), from: []) { _ in (0, []) }
    #expect(none.run(3) == [[], [], []])
  }
}

@Test func sgdTakesTheStepsCalculatedByHand() throws {
  let plain = try Rule.optimizer("sgd", ["learning_rate": 0.5, "weight_decay": 0.25])
  // w ← w − ½(g + ¼w)
  #expect(
    Descent<Double>(plain, from: [8, 8, 8], on: slope).run(2)
      == [[6.5, 8, 5], [5.1875, 8, 2.375]])

  let momentum = try Rule.optimizer("sgd", ["learning_rate": 1, "momentum": 0.5])
  // v = 1, 1.5, 1.75 times g.
  #expect(
    Descent<Double>(momentum, from: [0, 0, 0], on: slope).run(3)
      == [[-1, 2, -4], [-2.5, 5, -10], [-4.25, 8.5, -17]])

  let dampened = try Rule.optimizer(
    "sgd", ["learning_rate": 1, "momentum": 0.5, "dampening": 0.5])
  // The first gradient is not dampened: v = 1, 1, 1.
  #expect(
    Descent<Double>(dampened, from: [0, 0, 0], on: slope).run(3)
      == [[-1, 2, -4], [-2, 4, -8], [-3, 6, -12]])

  let nesterov = try Rule.optimizer(
    "sgd", ["learning_rate": 1, "momentum": 0.5, "nesterov": true])
  // g + v/2 = 1.5, 1.75, 1.875.
  #expect(
    Descent<Double>(nesterov, from: [0, 0, 0], on: slope).run(3)
      == [[-1.5, 3, -6], [-3.25, 6.5, -13], [-5.125, 10.25, -20.5]])
}

@Test func adagradTakesTheStepsCalculatedByHand() throws {
  let optimizer = try Rule.optimizer("adagrad", ["learning_rate": 1, "epsilon": 0])
  // g/√(n·g²): 1, 1/√2, 1/√3.
  let sums = [1, 1 + 1 / 2.0.squareRoot(), 1 + 1 / 2.0.squareRoot() + 1 / 3.0.squareRoot()]
  for (w, sum) in zip(Descent<Double>(optimizer, from: [0, 0, 0], on: slope).run(3), sums) {
    #expect(close(w, [-sum, sum, -sum]))
  }
  let decayed = try Rule.optimizer(
    "adagrad",
    ["learning_rate": 1, "epsilon": 0, "learning_rate_decay": 1, "initial_accumulator": 3])
  // η = 1, 1/2; s = 3 + g², 3 + 2g².
  func moved(_ g: Double) -> Double {
    let first: Double = g / (3 + g * g).squareRoot()
    let second: Double = g / (3 + 2 * g * g).squareRoot()
    return -first - second / 2
  }
  let end = Descent<Double>(decayed, from: [0, 0, 0], on: slope).run(2)[1]
  #expect(close(end, [moved(1), moved(-2), moved(4)]))
}

@Test func rmspropTakesTheStepsCalculatedByHand() throws {
  let optimizer = try Rule.optimizer(
    "rmsprop", ["learning_rate": 1, "alpha": 0.75, "epsilon": 1])
  // s = g²/4, then 7g²/16; w −= g/(√s + 1).
  let r = 7.0.squareRoot() / 4
  func moved(_ g: Double) -> Double {
    let first: Double = g / (abs(g) / 2 + 1)
    return -first - g / (r * abs(g) + 1)
  }
  let end = Descent<Double>(optimizer, from: [0, 0, 0], on: slope).run(2)[1]
  #expect(close(end, [moved(1), moved(-2), moved(4)]))

  let centered = try Rule.optimizer(
    "rmsprop",
    ["learning_rate": 1, "alpha": 0.5, "epsilon": 1, "centered": true, "momentum": 0.5])
  // s = g²/2, m = g/2: √(s − m²) = |g|/2; then s = 3g²/4, m = 3g/4: √3|g|/4.
  func step(_ g: Double) -> Double {
    let first = g / (abs(g) / 2 + 1)
    let second = g / (3.0.squareRoot() * abs(g) / 4 + 1)
    return -first - (0.5 * first + second)
  }
  #expect(
    close(
      Descent<Double>(centered, from: [0, 0, 0], on: slope).run(2)[1],
      [step(1), step(-2), step(4)]))
}

@Test func centeredRMSpropSurvivesRounding() throws {
  // A constant gradient: s − m² is 0 up to rounding after a while.
  let optimizer = try Rule.optimizer("rmsprop", ["centered": true, "alpha": 0.1])
  let descent = Descent<Float>(optimizer, from: [0]) { _ in (0, [0.1]) }
  #expect(descent.run(300).allSatisfy { $0[0].isFinite })
}

@Test func adamTakesTheStepsCalculatedByHand() throws {
  // With a constant gradient both bias corrections cancel: w −= η·sign(g).
  let adam = try Rule.optimizer("adam", ["learning_rate": 0.5, "epsilon": 0])
  for (i, w) in Descent<Double>(adam, from: [0, 0, 0], on: slope).run(4).enumerated() {
    let sum = 0.5 * Double(i + 1)
    #expect(close(w, [-sum, sum, -sum]))
  }
  // ε is added to the corrected root.
  let damped = try Rule.optimizer("adam", ["learning_rate": 1, "epsilon": 1])
  #expect(
    close(
      Descent<Double>(damped, from: [0, 0, 0], on: slope).run(1)[0], [-0.5, 2 / 3.0, -0.8]))
  // Coupled decay: g + λw = 1 + 3 and so on; its size cancels.
  let coupled = try Rule.optimizer(
    "adam", ["learning_rate": 0.5, "epsilon": 0, "weight_decay": 3])
  #expect(
    close(
      Descent<Double>(coupled, from: [1, 1, -1], on: slope).run(1)[0], [0.5, 0.5, -1.5]))
  // Decoupled decay: w(1 − ηλ) first.
  let decoupled = try Rule.optimizer(
    "adamw", ["learning_rate": 0.5, "epsilon": 0, "weight_decay": 0.5])
  #expect(
    close(
      Descent<Double>(decoupled, from: [1, 1, -1], on: slope).run(1)[0], [0.25, 1.25, -1.25]))
}

@Test func amsgradRemembersTheLargestSquare() throws {
  let optimizer = try Rule.optimizer(
    "adam", ["learning_rate": 1, "beta1": 0, "beta2": 0, "epsilon": 0, "amsgrad": true])
  var gradients = [4.0, 1, 2, 8].makeIterator()
  let descent = Descent<Double>(optimizer, from: [0]) { _ in (0, [gradients.next()!]) }
  // Steps 4/4, 1/4, 2/4, 8/8.
  #expect(descent.run(4) == [[-1], [-1.25], [-1.75], [-2.75]])
}

@Test func rpropTakesTheStepsCalculatedByHand() throws {
  let optimizer = try Rule.optimizer(
    "rprop",
    [
      "learning_rate": 1, "eta_minus": 0.5, "eta_plus": 2, "step_maximum": 3,
      "step_minimum": 0.25,
    ])
  var gradients = [1.0, 5, 1, -1, -1, -1, 0, 1e-300, 1e-300].makeIterator()
  let descent = Descent<Double>(optimizer, from: [0]) { _ in (0, [gradients.next()!]) }
  #expect(
    descent.run(9).map { $0[0] } == [
      -1,  // Δ = 1, as there is no gradient before
      -3,  // same sign: Δ = 2
      -6,  // Δ = 3, at its bound
      -6,  // other sign: Δ = 1.5, no move, and the gradient is forgotten
      -4.5,  // Δ stays
      -1.5,  // Δ = 3
      -1.5,  // no gradient
      -4.5,  // after none, Δ stays
      -7.5,  // tiny gradients have signs too: Δ = 3
    ])
  // A schedule has no effect after the first step.
  let other = Descent<Double>(optimizer, from: [0]) { _ in (0, [1]) }
  #expect(other.run(2) { $0 == 1 ? 1 : 0.001 } == [[-1], [-3]])
}

@Test func optimizersPropagateNaN() throws {
  for (name, entries) in everyOptimizer {
    let descent = Descent<Double>(try Rule.optimizer(name, entries), from: [1, 1]) { _ in
      (.nan, [.nan, 1])
    }
    #expect(descent.run(2)[1][0].isNaN, "\(name) \(entries)")
  }
}

@Test func optimizerOptionsAreChecked() {
  func errors(_ name: String, _ entries: Rule.Entries) -> String {
    errorText { try Rule.optimizer(name, entries) }
  }
  #expect(
    errors("sgd", ["learning_rate": -1])
      == "error: learning_rate must be a number ≥ 0, found the number -1")
  #expect(
    errors("sgd", ["momentum": 1])
      == "error: momentum must be a number from 0 to 1 (1 excluded), found the number 1")
  #expect(
    errors("sgd", ["nesterov": true])
      == "error: nesterov needs a momentum above 0 and no dampening")
  #expect(
    errors("sgd", ["nesterov": true, "momentum": 0.9, "dampening": 0.1])
      == "error: nesterov needs a momentum above 0 and no dampening")
  #expect(
    errors("adam", ["beta2": 1])
      == "error: beta2 must be a number from 0 to 1 (1 excluded), found the number 1")
  #expect(
    errors("adam", ["beta3": 1]) == "error: unknown key 'beta3'; did you mean 'beta1'?")
  #expect(
    errors("rprop", ["eta_minus": 0])
      == "error: eta_minus must be a number from 0 to 1 (both excluded), found the number 0")
  #expect(
    errors("rprop", ["step_minimum": 2, "step_maximum": 1])
      == "error: step_minimum 2 is above step_maximum 1")
  #expect(
    errors("lbfgs", ["line_search": "wolfe", "history_size": 0]) == """
      error: history_size must be an integer from 1 to 1000, found the number 0
      error: line_search must be one of: none, strong_wolfe, found the text 'wolfe'
      """)
}
