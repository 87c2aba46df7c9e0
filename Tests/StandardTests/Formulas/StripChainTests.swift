import NNExp
import TestSupport
import Testing

/// Chains of operations, whose results stay in registers of the processor.
@Suite struct StripChainTests {
  @Test func `a chain has the bits of its steps`() {
    withEvery("seed", in: 0..<50) { seed in
      compare(Float.self, seed: seed) { $0.bitPattern == $1.bitPattern }
      compare(Double.self, seed: seed) { $0.bitPattern == $1.bitPattern }
    }
  }

  /// Runs random operations one by one and as a chain. The numbers are positive, so that no
  /// result is NaN, whose bits may differ.
  private func compare<S: KernelScalar>(
    _ type: S.Type, seed: Int, _ isSame: (S, S) -> Bool
  ) {
    var random = SeededGenerator(seed: UInt64(seed))
    let width = 256
    let columns = Int.random(in: 1...width, using: &random)
    let constants = 4
    let operations: [StripOperation] = [
      .add, .multiply, .divide, .min, .max, .less, .lessOrEqual, .equal, .select, .multiplyAdd,
      .multiplyMultiply, .addMultiply, .addAdd, .selectAdd, .abs, .sign, .square, .sqrt, .share,
      .floor,
    ]
    let rows = constants * 2 + 2
    func register(_ row: Int) -> StripOperand {
      .register(groups: row, entries: 0, hasRows: false, isConstant: row < constants)
    }
    let (single, chained) = (register(rows - 2), register(rows - 1))
    var numbers: [S] = []
    for row in 0..<rows * width {
      let isConstant = row / width < constants
      numbers.append(
        isConstant && row % width > 0
          ? numbers[row - 1] : S(Double.random(in: 0.5..<1.5, using: &random)))
    }
    var (steps, chain): ([StripStep], [StripStep]) = ([], [])
    let length = Int.random(in: 2...StripStep.longestChain, using: &random)
    for k in 0..<length {
      let operation = operations.randomElement(using: &random) ?? .add
      let others = (0..<2).map { _ in register(Int.random(in: 0..<rows - 2, using: &random)) }
      steps.append(
        StripStep(operation, [k == 0 ? others[0] : single] + others, into: single))
      chain.append(
        StripStep(
          operation, [k == 0 ? others[0] : chained] + others, into: chained, continues: k > 0))
    }
    numbers.withUnsafeMutableBufferPointer { numbers in
      guard let start = numbers.baseAddress else { return }
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<S>?.self, capacity: 1) { external in
        external[0] = start
        guard let external = external.baseAddress else { return }
        for program in [steps, chain] {
          program.withUnsafeBufferPointer {
            S.run(
              $0, registers: start, external: external, entries: 1, width: width,
              columns: columns)
          }
        }
      }
      for column in 0..<columns {
        let (a, b) = (start[(rows - 2) * width + column], start[(rows - 1) * width + column])
        #expect(isSame(a, b), "column \(column) of \(columns): \(a), \(b)")
      }
    }
  }
}
