import Datasets
import NNExp
import TestSupport
import Testing

@testable import Engine

/// The loss at growing learning rates.
@Suite struct LearningRateTestTests {
  private func test(
    _ optimizer: String, targets: [Double], rates: ClosedRange<Double>, steps: Int
  ) throws -> LearningRateTest {
    let declared = try Declared(
      """
      model: [{type: dense, units: 1, initial: {weight: zeros, bias: zeros}}]
      loss: squared_error
      metrics: []
      train: {optimizer: \(optimizer), epochs: 3, max_time: 1 second, early_stopping: {}}
      """)
    let data = RunDatasets<Double>(
      inputShape: [1], target: .values([1]),
      train: Dataset(inputs: [-1, 1], targets: targets, count: 2))
    let graph = try Graph(declared.model, inputShape: [1], registry: registry)
    let heads = try declared.heads(graph, data.target)
    let trainer = try Trainer(
      graph, heads: heads, training: declared.training, data: data, seed: 0)
    return try LearningRateTest(
      graph, heads: heads, training: declared.training, data: data, seed: 0,
      start: trainer.network, rates: rates, steps: steps)
  }

  /// For y = wx + b and targets x, L = (1 − w)² + b², so that a step of sgd multiplies 1 − w by
  /// 1 − 2η.
  @Test func `the losses are those of gradient descent`() throws {
    let test = try test("sgd", targets: [-1, 1], rates: 0.001...100, steps: 51)
    var (error, wanted) = (1.0, [Double]())
    for step in 0..<test.points.count {
      let rate = 0.001 * Double.pow(10, Double(step) / 10)
      #expect(abs(test.points[step].rate - rate) <= 1e-12 * rate)
      wanted.append(error * error)
      error *= 1 - 2 * rate
    }
    // Near η = 1/2, 1 − w becomes a rounding error.
    for (point, loss) in zip(test.points, wanted) where point.rate < 0.3 {
      #expect(abs(point.loss - loss) <= 1e-12 * loss)
    }
    // Beyond η = 1, each step makes the error larger.
    #expect(test.endedEarly)
    #expect(test.points.count < 51 && test.points.last?.rate ?? 0 > 1)
    let steepest = try #require(test.steepest)
    #expect(steepest > 0.01 && steepest < 0.5)
  }

  @Test func `a loss that cannot fall has no best rate`() throws {
    let test = try test("adam", targets: [0, 0], rates: 1e-6...1, steps: 20)
    #expect(test.points.count == 20)
    #expect(test.steepest == nil)
    #expect(!test.endedEarly)
  }

  @Test func `an optimizer that evaluates the loss several times is recorded once per step`() throws
  {
    let test = try test("lbfgs", targets: [-1, 1], rates: 0.01...1, steps: 10)
    #expect(test.points.map(\.step) == Array(1...test.points.count))
  }
}
