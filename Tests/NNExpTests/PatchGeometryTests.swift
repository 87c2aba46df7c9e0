import TestSupport
import Testing

@testable import NNExp

/// The kernels of convolution give exactly the results of loops that follow the definition.
extension VectorMathTests {
  /// The position in the input of each number of the matrix of patches, in order.
  private func positions(_ w: PatchGeometry) -> [Int] {
    var positions: [Int] = []
    for i in 0..<w.channels {
      for u in 0..<w.window.rows {
        for v in 0..<w.window.columns {
          for r in 0..<w.positions.rows {
            let row = (i * w.rows + r * w.stride.rows + u * w.dilation.rows) * w.columns
            for c in 0..<w.positions.columns {
              positions.append(row + c * w.stride.columns + v * w.dilation.columns)
            }
          }
        }
      }
    }
    return positions
  }

  @Test func `im2col and col2im follow their definition`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<60) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "windows of kernels")
        let pick = random.pick
        let (window, dilation) = (
          (pick(1...4, 0), pick(1...7, 1)), (pick(1...2, 2), pick(1...3, 3))
        )
        let stride = seed % 2 == 0 ? (1, 1) : (pick(1...3, 7), pick(1...3, 8))
        let windows = PatchGeometry(
          channels: pick(1...3, 4), rows: (window.0 - 1) * dilation.0 + pick(1...5, 5),
          columns: (window.1 - 1) * dilation.1 + pick(1...40, 6),
          window: window, dilation: dilation, stride: stride)
        let count = windows.channels * windows.rows * windows.columns
        let hostile: [S] = [
          -0.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, .infinity, .nan,
        ]
        let x = (0..<count).map {
          random.integer(below: 30, at: 100 + $0) == 0
            ? hostile[random.integer(below: hostile.count, at: 20_000 + $0)]
            : S(random.normal(at: 50_000 + $0))
        }
        let positions = positions(windows)
        let gathered = positions.map { x[$0] }
        let start = (0..<count).map { S($0 % 5) - 2 }
        var scattered = start
        for (place, number) in zip(positions, gathered) { scattered[place] += number }

        withEveryInstructionSet { isa in
          var patches = [S](repeating: 7, count: positions.count + 1)
          S.im2col(windows, x, into: &patches)
          #expect(patches.removeLast() == 7)
          #expect(
            isSame(patches, gathered), "gathered: \(S.self), seed \(seed), \(windows), \(isa)")
          var dx = start + [7]
          S.col2im(windows, patches, to: &dx)
          #expect(dx.removeLast() == 7)
          #expect(isSame(dx, scattered), "scattered: \(S.self), seed \(seed), \(windows), \(isa)")
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }
}
