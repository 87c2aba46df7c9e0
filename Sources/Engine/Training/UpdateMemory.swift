import NNExp

/// What the optimizer and the schedule remember.
final class UpdateMemory<S: Scalar> {
  let vectors: Tensors<S>
  let scalars: Tensor<Double>
  let schedule: Tensor<Double>
  let needsFullBatch: Bool

  private let arena: Arena<S>
  private let table: UnsafeMutablePointer<Tensor<S>>
  private let numbers: UnsafeMutablePointer<Double>

  init(count: Int, _ memory: OptimizerMemory, scheduleMemory: Int) throws {
    needsFullBatch = memory.needsFullBatch
    arena = try Arena(count: memory.vectors * (Arena<S>.padded(count) + Arena<S>.line))
    table = .allocate(capacity: max(1, memory.vectors))
    for index in 0..<memory.vectors {
      (table + index).initialize(to: arena.cut(count, shape: [count]))
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
