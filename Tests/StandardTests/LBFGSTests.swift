import Foundation
import NNExp
import Testing

/// Rosenbrock's valley in three dimensions.
@Sendable private func valley(_ w: [Double]) -> (value: Double, gradient: [Double]) {
  var value = 0.0
  var gradient = [0.0, 0, 0]
  for i in 0..<2 {
    let a = w[i + 1] - w[i] * w[i]
    let b = 1 - w[i]
    value += 100 * a * a + b * b
    gradient[i] += -400 * a * w[i] - 2 * b
    gradient[i + 1] += 200 * a
  }
  return (value, gradient)
}

/// Σ sin 3wᵢ + wᵢ²/10, and ½(w₁w₂)²: not convex.
@Sendable private func waves(_ w: [Double]) -> (value: Double, gradient: [Double]) {
  var value = 0.0
  for x in w { value += sin(3 * x) + 0.1 * x * x }
  value += 0.5 * pow(w[0] * w[1], 2)
  var gradient = w.map { 3 * cos(3 * $0) + 0.2 * $0 }
  gradient[0] += w[0] * w[1] * w[1]
  gradient[1] += w[0] * w[0] * w[1]
  return (value, gradient)
}

/// A configuration, and the points of PyTorch 2.15 after 1, 3 and 8 steps from (−1.2, 1, 0.8),
/// with the number of evaluations.
private struct Course: Sendable {
  var function: @Sendable ([Double]) -> (value: Double, gradient: [Double])
  var search: String
  var learningRate: Double
  var iterations: Int
  var history: Int
  var evaluations: Int?
  var ends: [[Double]]
  var total: Int
}

private let courses = [
  Course(
    function: valley, search: "strong_wolfe", learningRate: 1, iterations: 3, history: 10,
    ends: [
      [-0.9815934500002151, 1.0081041391465597, 0.8405206957327988],
      [-0.9604380223991226, 0.9329038762151635, 0.8757945963708182],
      [-0.7048838639810133, 0.5089046402451648, 0.2386822670961207],
    ], total: 25),
  Course(
    function: valley, search: "strong_wolfe", learningRate: 0.1, iterations: 20, history: 2,
    ends: [
      [-0.6308749879905186, 0.3896691018736786, 0.11817760806798634],
      [0.8747623877224457, 0.7569089811216234, 0.5623932961236865],
      [0.9999998761883867, 0.99999975267596, 0.9999994975167152],
    ], total: 151),
  Course(
    function: valley, search: "strong_wolfe", learningRate: 1, iterations: 4, history: 3,
    evaluations: 6,
    ends: [
      [-0.9620213317770484, 0.9347676133664053, 0.8777387514727474],
      [-0.7466880928378123, 0.5692819447560415, 0.30833974629532734],
      [0.7487281557332742, 0.5571862348404018, 0.296660960168667],
    ], total: 50),
  Course(
    function: valley, search: "none", learningRate: 0.002, iterations: 5, history: 4,
    ends: [
      [-1.196940182449732, 0.9997060550459488, 0.8008723953008339],
      [-1.193484556555167, 0.9990563881379677, 0.8030261594964385],
      [-1.185658581138564, 0.9992453353379623, 0.812259217742433],
    ], total: 40),
  Course(
    function: valley, search: "none", learningRate: 0.001, iterations: 1, history: 100,
    ends: [
      [-1.1991820940819422, 1.000030349013657, 0.8001517450682853],
      [-1.198825392696624, 0.9999447653017459, 0.8002798355184089],
      [-1.197935971293678, 0.9997330752593124, 0.8007108387844857],
    ], total: 8),
  Course(
    function: waves, search: "strong_wolfe", learningRate: 1, iterations: 3, history: 10,
    ends: [
      [0.07926751930719199, 1.6442945907561182, 1.729721438346384],
      [-0.4088274912509845, 1.5088661050305292, 1.5365634743006469],
      [-0.40883705185079267, 1.5088872950950414, 1.5365905027333149],
    ], total: 16),
  Course(
    function: waves, search: "strong_wolfe", learningRate: 0.1, iterations: 20, history: 2,
    ends: [
      [-0.40456617738680134, 1.4871020169745186, 1.5070160185536403],
      [-0.40877346116681584, 1.5085680538179054, 1.536155897259451],
      [-0.4088335871538133, 1.50887514791482, 1.5365733241197213],
    ], total: 100),
  Course(
    function: waves, search: "none", learningRate: 0.5, iterations: 1, history: 100,
    ends: [
      [-0.9251040533605044, 1.0885184156083691, 0.9365856377521353],
      [0.8210447400635983, 1.600339590931711, 1.9646883474649133],
      [0.011370772315963562, 1.627201912151938, 1.0593491567950213],
    ], total: 8),
]

@Test func lbfgsFollowsPyTorch() throws {
  for (number, course) in courses.enumerated() {
    let optimizer = try Rule.optimizer(
      "lbfgs",
      [
        "learning_rate": ConfigValue(.double(course.learningRate)),
        "max_iterations": ConfigValue(.int(course.iterations)),
        "max_evaluations": course.evaluations.map { ConfigValue(.int($0)) } ?? ConfigValue(.null),
        "history_size": ConfigValue(.int(course.history)),
        "line_search": ConfigValue(.string(course.search)),
      ])
    let descent = Descent<Double>(optimizer, from: [-1.2, 1, 0.8], on: course.function)
    let steps = descent.run(8)
    // Rounding errors grow: they are 1e-8 after the longest course, of 130 moves.
    for (step, end) in zip([0, 2, 7], course.ends) {
      for (a, b) in zip(steps[step], end) {
        #expect(abs(a - b) < 1e-7 * max(1, abs(b)), "course \(number), step \(step)")
      }
    }
    #expect(descent.evaluations == course.total, "course \(number)")
  }
}

@Test func lbfgsEndsAtTheMinimum() throws {
  let descent = Descent<Double>(
    try Rule.optimizer("lbfgs", ["tolerance_change": 0]), from: [-1.2, 1, 0.8], on: valley)
  descent.run(30)
  #expect(descent.w.values.allSatisfy { abs($0 - 1) < 1e-6 })
  // At the minimum, a step is one evaluation and no move.
  let end = descent.w.values
  let evaluations = descent.evaluations
  descent.run(3)
  #expect(descent.evaluations == evaluations + 3)
  #expect(descent.w.values == end)
}

@Test func lbfgsBacktracksIfTheLossIsNotANumber() throws {
  // −ln w + w, infinite or NaN for w ≤ 0, where the first full step ends.
  for start in [30.0, 1000] {
    let descent = Descent<Double>(
      try Rule.optimizer("lbfgs", ["learning_rate": 100]), from: [start]
    ) { w in (-log(w[0]) + w[0], [1 - 1 / w[0]]) }
    descent.run(20)
    #expect(abs(descent.w.values[0] - 1) < 1e-5, "from \(start)")
  }
}

@Test func lbfgsDeclaresItsMemory() throws {
  let memory = try Rule.optimizer("lbfgs", ["history_size": 3]).memory
  #expect(memory.vectors == 2 * 3 + 5)
  #expect(memory.scalars == 4 + 2 * 3)
  #expect(memory.needsFullBatch)
}
