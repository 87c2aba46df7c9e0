import NNExp

/// The memory that the optimizer and the schedule keep between steps.
final class OptimizerBuffers<S: Scalar> {
  let vectors: Tensors<S>
  let scalars: Tensor<Double>
  let schedule: Tensor<Double>
  let needsFullBatch: Bool

  private let arena: Arena<S>
  private let table: UnsafeMutablePointer<Tensor<S>>
  private let numbers: UnsafeMutablePointer<Double>

  init(count: Int, _ memory: OptimizerMemory, scheduleMemory: Int) throws {
    needsFullBatch = memory.needsFullBatch
    var layout = Layout(scalarSize: MemoryLayout<S>.stride)
    let regions = (0..<memory.vectors).map { _ in layout.add(count) }
    arena = try Arena(layout)
    table = .allocate(capacity: max(1, memory.vectors))
    for (index, region) in regions.enumerated() {
      (table + index).initialize(to: arena.tensor(region, [count]))
    }
    vectors = Tensors(start: table, count: memory.vectors)
    let total = memory.scalars + scheduleMemory
    numbers = .allocate(capacity: max(1, total))
    numbers.initialize(repeating: 0, count: total)
    scalars = Tensor(start: numbers, count: memory.scalars, shape: [memory.scalars])
    schedule = Tensor(
      start: numbers + memory.scalars, count: scheduleMemory, shape: [scheduleMemory])
  }

  deinit {
    table.deallocate()
    numbers.deallocate()
  }
}
