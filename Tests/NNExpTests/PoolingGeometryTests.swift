import TestSupport
import Testing

@testable import NNExp

/// The kernels of Lp pooling over windows that do not overlap give exactly the results of plain
/// loops in the same order.
extension VectorMathTests {
  /// Pooling windows and plain loops over them.
  private struct Case<S: KernelScalar> {
    let tiles: PoolingGeometry
    let rows: Int
    let n: S
    var x: [S]

    /// Sizes that fill no register, one, and several. At the far edges, fewer entries than a
    /// window are left over.
    init(seed: Int) {
      let random = RandomStream(seed: UInt64(seed), purpose: "tiles of kernels")
      let pick = random.pick
      let height = pick(1...4, 0)
      let width = seed % 2 == 0 ? 2 : pick(1...5, 1)
      let (windows, windowRows) = (pick(1...40, 2), pick(1...3, 3))
      let columns = windows * width + pick(0...(width - 1), 4)
      let plane = (windowRows * height + pick(0...(height - 1), 5)) * columns
      tiles = PoolingGeometry(
        height: height, width: width, columns: columns, plane: plane, windows: windows,
        windowRows: windowRows)
      rows = 2 * windowRows
      n = seed % 3 == 0 ? S(height * width) : 1
      let hostile: [S] = [
        0, -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude,
        -.infinity, .nan,
      ]
      x = (0..<(2 * plane)).map {
        seed % 5 == 0 && random.integer(below: 20, at: 100 + $0) == 0
          ? hostile[random.integer(below: hostile.count, at: 20_000 + $0)]
          : S(random.normal(at: 50_000 + $0))
      }
    }

    /// The positions of the numbers of a window, row by row.
    func positions(_ row: Int, _ window: Int) -> [[Int]] {
      let start =
        row / tiles.windowRows * tiles.plane
        + row % tiles.windowRows * tiles.height * tiles.columns
      return (0..<tiles.height).map { u in
        (0..<tiles.width).map { start + u * tiles.columns + window * tiles.width + $0 }
      }
    }

    var windows: Int { rows * tiles.windows }
  }

  private func power<S: KernelScalar>(_ x: S, _ p: Int) -> S {
    switch p {
    case 1: abs(x)
    case 2: x * x
    case 3: abs(x) * x * x
    default: (x * x) * (x * x)
    }
  }

  /// Sums over the rows of a window, then over its columns.
  private func sums<S: KernelScalar>(_ c: Case<S>, _ p: Int) -> [S] {
    (0..<c.windows).map { window in
      let positions = c.positions(window / c.tiles.windows, window % c.tiles.windows)
      let columns = (0..<c.tiles.width).map { v in
        positions.dropFirst().reduce(power(c.x[positions[0][v]], p)) { $0 + power(c.x[$1[v]], p) }
      }
      let sum = columns.dropFirst().reduce(columns[0], +)
      return c.n == 1 ? sum : sum / c.n
    }
  }

  private func slope<S: KernelScalar>(_ x: S, _ y: S, _ p: Int) -> S {
    if p == 1 { return x > 0 ? 1 : x < 0 ? -1 : x }
    let t = x * (y == 0 ? 0 : 1 / y)
    return p == 2 ? t : p == 3 ? t * abs(t) : t * t * t
  }

  private func isEven<S: KernelScalar>(_ y: S, _ p: Int) -> Bool {
    p == 1 || y == 0
      || y >= S.leastNormalMagnitude / S.ulpOfOne && y <= 1 / S.leastNormalMagnitude
  }

  @Test func `sums, roots and gradients of windows are those of plain loops`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<20) { seed in
        let c = Case<S>(seed: seed)
        for p in 1...4 {
          let sums = sums(c, p)
          let dy = (0..<c.windows).map { S($0 % 7) - 2.5 }
          withEveryInstructionSet { isa in
            let what = "\(S.self), p = \(p), seed \(seed), \(c.tiles) on \(isa)"
            var room = [S](repeating: 7, count: 2 * c.tiles.columns + 1)
            var s = [S](repeating: 7, count: c.windows + 1)
            S.lpPoolSums(
              c.x, p, over: c.n, of: c.tiles, into: &s, rows: c.rows, room: &room)
            #expect(s.removeLast() == 7)
            #expect(isSame(s, sums), "sums, \(what)")

            var y = [S](repeating: 7, count: c.windows + 1)
            let isSafe = S.lpPoolRoots(s, p, into: &y, count: c.windows)
            #expect(y.removeLast() == 7)
            #expect(
              isSafe
                == s.allSatisfy {
                  $0 >= S.leastNormalMagnitude / S.ulpOfOne && $0 <= S.greatestFiniteMagnitude / 2
                }, "safety, \(what)")
            for (s, y) in zip(s, y) where s.isNormal && s < .greatestFiniteMagnitude / 16 {
              let bound = S(2 * p) * y.ulp
              #expect(abs(y - S.pow(s, 1 / S(p))) <= bound, "root of \(s), \(what)")
            }

            // Row by row, until the kernel stops at one.
            var dx = [S](repeating: 0.25, count: c.x.count) + [7]
            var expected = dx
            let refused = (0..<c.rows).first { row in
              !(0..<c.tiles.windows).allSatisfy { isEven(y[row * c.tiles.windows + $0], p) }
            }
            for window in 0..<((refused ?? c.rows) * c.tiles.windows) {
              let share = c.n == 1 ? dy[window] : dy[window] / c.n
              for i in c.positions(window / c.tiles.windows, window % c.tiles.windows).joined() {
                expected[i] += share * slope(c.x[i], y[window], p)
              }
            }
            let end = S.addLpPoolVJP(
              c.x, p, over: c.n, of: c.tiles, y, dy, to: &dx, rows: 0..<c.rows, room: &room)
            #expect(end == refused ?? c.rows, "the end, \(what)")
            #expect(isSame(dx, expected), "slopes, \(what)")
            #expect(room.last == 7)
          }
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }
}
