import NNExp
import TestSupport
import Testing

@testable import Engine

/// An optimizer's step in blocks changes each parameter exactly as a step over all at once, on
/// any number of threads.
@Suite struct BlockedOptimizerStepTests {
  @Test(arguments: [
    "sgd", "adam", "adamw", "nadam", "radam", "rmsprop", "rprop", "adagrad", "adadelta", "lion",
  ])
  func aBlockedStepGivesTheSameBits(name: String) throws {
    try check(name, Float.self)
    try check(name, Double.self)
  }

  private func check<S: Scalar>(_ name: String, _ scalar: S.Type) throws {
    let type = try #require(registry.optimizers[name])
    let optimizer = try type.value()
    let count = 100_003
    let seed = testSeed
    let random = RandomStream(seed: seed, purpose: "sliced update")

    func parameters(after steps: Int, isBlocked: Bool) throws -> [S] {
      let memory = try OptimizerBuffers<S>(count: count, optimizer.memory, scheduleMemory: 0)
      var layout = Layout(scalarSize: MemoryLayout<S>.stride)
      let regions = (layout.add(count), layout.add(count))
      let arena = try Arena<S>(layout)
      let (w, g) = (arena.tensor(regions.0, [count]), arena.tensor(regions.1, [count]))
      for i in w.indices { w[i] = S(random.normal(at: i)) }
      func update(_ step: Int) -> OptimizerStep<S> {
        OptimizerStep(
          w: w, g: g, vectors: memory.vectors, scalars: memory.scalars, learningRate: 0.1,
          step: step, loss: 1, evaluate: nil)
      }
      let blocked = try #require(
        BlockedOptimizerStep(
          optimizer, update(0), parts: [(0..<count, 1)]))
      for step in 1...steps {
        for i in g.indices { g[i] = S(random.stream(step).normal(at: i)) }
        if isBlocked {
          blocked.perform(learningRate: 0.1, step: step, loss: 1)
        } else {
          update(step).run(optimizer)
        }
      }
      return w.indices.map { w[$0] }
    }
    let whole = try parameters(after: 3, isBlocked: false)
    let blocked = try parameters(after: 3, isBlocked: true)
    let first = whole.indices.first { whole[$0] != blocked[$0] }
    #expect(first == nil, "\(name), seed \(seed): w[\(first ?? 0)] differs")
  }
}
