import TestSupport
import Testing

@testable import NNExp

/// The kernels of pooling over any windows, compared with plain loops.
extension VectorMathTests {
  /// Windows that may overlap, be padded and be dilated, over a few planes.
  private struct Case<S: KernelScalar> {
    let geometry: WindowGeometry
    let planes: Int
    var x: [S]

    init(seed: Int, isHostile: Bool = false) {
      let random = RandomStream(seed: UInt64(seed), purpose: "windows of kernels")
      let pick = random.pick
      func axis(_ first: Int, _ length: Int) -> WindowGeometry.Axis {
        let dilation = pick(1...3, first)
        let size = pick(1...max(1, min(5, (length - 1) / dilation + 1)), first + 1)
        let extent = (size - 1) * dilation + 1
        // The first entry of the first window must not be the last padded one of a short axis.
        let padding = min(pick(0...2, first + 2), (size - 1) * dilation / 2)
        let stride = pick(1...4, first + 3)
        let after = min(pick(0...2, first + 5), (size - 1) * dilation / 2)
        let room = length + padding + after - extent
        // With a last window that begins in the padding or beyond.
        let isCeiling = pick(0...1, first + 4) == 1
        var positions = (isCeiling ? room + stride - 1 : room) / stride + 1
        if positions > 1, (positions - 1) * stride >= length + padding { positions -= 1 }
        return WindowGeometry.Axis(
          size: size, stride: stride, padding: padding, paddingAfter: after, dilation: dilation,
          positions: positions)
      }
      let (rows, columns) = (pick(1...9, 0), pick(1...70, 1))
      geometry = WindowGeometry(
        rows: rows, columns: columns, down: axis(10, rows), across: axis(20, columns))
      planes = pick(1...3, 2)
      let hostile: [S] = [0, -0.0, .leastNonzeroMagnitude, -.infinity, .infinity, .nan, 1, -1, 1]
      x = (0..<(planes * rows * columns)).map {
        isHostile && random.integer(below: 3, at: 100 + $0) == 0
          ? hostile[random.integer(below: hostile.count, at: 20_000 + $0)]
          : S(random.normal(at: 50_000 + $0))
      }
    }

    var windows: Int { planes * geometry.windows }
    var plane: Int { geometry.rows * geometry.columns }

    /// The positions of a window's entries, by columns, each from top to bottom.
    func columns(of window: Int) -> [[Int]] {
      let (plane, inside) = window.quotientAndRemainder(dividingBy: geometry.windows)
      let (r, c) = inside.quotientAndRemainder(dividingBy: geometry.across.positions)
      func entries(_ axis: WindowGeometry.Axis, _ position: Int, _ length: Int) -> [Int] {
        (0..<axis.size).map { position * axis.stride - axis.padding + $0 * axis.dilation }
          .filter { (0..<length).contains($0) }
      }
      return entries(geometry.across, c, geometry.columns).map { column in
        entries(geometry.down, r, geometry.rows).map {
          plane * self.plane + $0 * geometry.columns + column
        }
      }
    }

    func positions(of window: Int) -> [Int] { columns(of: window).joined().sorted() }
  }

  private func slopes(_ count: Int) -> [Double] { (0..<count).map { Double($0 % 7) - 2.5 } }

  @Test func `sums of any windows are those of plain loops`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<60) { seed in
        let c = Case<S>(seed: seed)
        let expected = (0..<c.windows).map { window in
          c.columns(of: window).map { column in
            column.dropFirst().reduce(c.x[column[0]]) { $0 + c.x[$1] }
          }.reduce(0, +)
        }
        let counts = (0..<c.geometry.windows).map { S(c.positions(of: $0).count) }
        let dy = slopes(c.windows).map { S($0) }
        var first: [S]?
        withEveryInstructionSet { isa in
          let what = "\(S.self), seed \(seed), \(c.geometry) on \(isa)"
          var row = [S](repeating: .nan, count: c.geometry.rowRoom) + [7]
          var y = [S](repeating: 7, count: c.windows + 1)
          S.windowSums(c.x, of: c.geometry, into: &y, planes: c.planes, row: &row)
          #expect(y.removeLast() == 7)
          // Both add a 0 for a padded column, which changes only the sign of 0.
          #expect(y == expected, "sums, \(what)")

          var found = [S](repeating: 7, count: c.geometry.windows + 1)
          S.windowCounts(of: c.geometry, withPadding: false, into: &found)
          #expect(found.removeLast() == 7)
          #expect(found == counts, "counts, \(what)")

          var dx = [S](repeating: 0.25, count: c.x.count) + [7]
          S.addWindowSpread(dy, of: c.geometry, to: &dx, planes: c.planes, row: &row)
          #expect(dx.removeLast() == 7 && row.last == 7)
          var sums = c.x.map { _ in 0.25 }
          for window in 0..<c.windows {
            for i in c.positions(of: window) { sums[i] += Double(dy[window]) }
          }
          // Sums of few multiples of ½ are exact.
          #expect(dx.map { Double($0) } == sums, "slopes, \(what)")
          #expect(first == nil || isSame(dx, first!), "slopes, \(what)")
          first = dx
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `the largest entries of any windows are those of plain loops`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<120) { seed in
        let isAbsolute = seed % 3 == 0
        var c = Case<S>(seed: seed, isHostile: true)
        // With equal entries, also with different signs.
        if seed % 2 == 0 { c.x = c.x.map { ($0 * 2).rounded() } }
        func size(_ x: S) -> S { isAbsolute ? abs(x) : x }
        let dy = slopes(c.windows).map { S($0) }
        let start = (0..<c.x.count).map { S($0 % 5) - 2 }
        var (largest, expected) = ([S](), start)
        for window in 0..<c.windows {
          let positions = c.positions(of: window)
          let nan = positions.first { c.x[$0].isNaN }
          let m = nan == nil ? positions.map { size(c.x[$0]) }.max()! : .nan
          largest.append(m)
          let x = c.x[nan ?? positions.first { size(c.x[$0]) == m }!]
          let top = nan ?? positions.first { size(c.x[$0]) == m }!
          expected[top] += dy[window] * (!isAbsolute ? 1 : x > 0 ? 1 : x < 0 ? -1 : x)
        }
        withEveryInstructionSet { isa in
          let what = "\(S.self), seed \(seed), \(c.geometry) on \(isa)"
          var row = [S](repeating: .nan, count: 2 * c.geometry.rowRoom) + [7]
          var y = [S](repeating: 7, count: c.windows + 1)
          var positions = y
          S.windowMaxima(
            c.x, isAbsolute: isAbsolute, of: c.geometry, into: &y, positions: &positions,
            planes: c.planes, row: &row)
          #expect(y.removeLast() == 7 && positions.last == 7 && row.last == 7)
          #expect(zip(y, largest).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(what)")
          var dx = start + [7]
          S.addWindowMaximaVJP(
            c.x, isAbsolute: isAbsolute, of: c.geometry, positions: positions, dy, to: &dx,
            planes: c.planes)
          #expect(dx.removeLast() == 7)
          #expect(isSame(dx, expected), "slopes, \(what)")
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  /// Against float64 of the C library, for norms of ordinary size; and the same bits everywhere.
  @Test(arguments: [0.5, 1, 1.7, 2, 2.5, 3, 4, 6.3, 40])
  func `Lp norms of any windows are those of plain loops`(p: Double) {
    func compare<S: KernelScalar>(_ type: S.Type, _ units: Double) {
      withEvery("seed", in: 0..<20) { seed in
        let c = Case<S>(seed: seed)
        let normalizes = seed % 2 == 1
        let norm = LpNorm(
          p: p, inverseLow: 1.0.addingProduct(-p, 1 / p) / p, least: 1e-6, most: 1e6,
          normalizes: normalizes)
        let dy = slopes(c.windows).map { S($0) }
        var expected = c.x.map { _ in 0.25 }
        var sizes = expected
        let norms = (0..<c.windows).map { window in
          let positions = c.positions(of: window)
          let n = normalizes ? Double(positions.count) : 1
          let y = Double.pow(
            positions.reduce(0) { $0 + Double.pow(abs(Double(c.x[$1])), p) } / n, 1 / p)
          for i in positions {
            let slope = Double(dy[window]) / n * Double.pow(abs(Double(c.x[i])) / y, p - 1)
            expected[i] += c.x[i] < 0 ? -slope : slope
            sizes[i] += abs(slope)
          }
          return y
        }
        var first: (y: [S], dx: [S], dp: Double)?
        withEveryInstructionSet { isa in
          let what = "\(S.self), p = \(p), seed \(seed), \(c.geometry) on \(isa)"
          var room = [Double](repeating: .nan, count: LpNorm.room(for: c.geometry)) + [7]
          var y = [S](repeating: 7, count: c.windows + 1)
          #expect(
            S.lpWindowPool(c.x, norm, of: c.geometry, into: &y, planes: c.planes, room: &room))
          #expect(y.removeLast() == 7 && room.last == 7)
          for (y, exact) in zip(y, norms) {
            #expect(abs(Double(y) - exact) <= units * Double(S(exact).ulp), "norm, \(what)")
          }
          var dx = [S](repeating: 0.25, count: c.x.count) + [7]
          var dp = 0.0
          #expect(
            S.addLpWindowVJP(
              c.x, norm, of: c.geometry, y, dy, to: &dx, dp: &dp, planes: c.planes, room: &room))
          #expect(dx.removeLast() == 7 && room.last == 7)
          for (i, slope) in dx.enumerated() {
            // A norm is rounded before its power.
            let bound = (4 + abs(p - 1)) * sizes[i] * Double(S.ulpOfOne)
            #expect(abs(Double(slope) - expected[i]) <= bound, "slope \(i), \(what)")
          }
          if let first {
            #expect(isSame(y, first.y) && isSame(dx, first.dx) && dp == first.dp, "\(what)")
          }
          first = (y, dx, dp)
        }
      }
    }
    compare(Float.self, 1)
    // The C library's own error, and that of 1/p.
    compare(Double.self, 12)
  }

  @Test func `norms beyond the bounds are left to the caller`() {
    let axis = WindowGeometry.Axis(
      size: 2, stride: 1, padding: 0, paddingAfter: 0, dilation: 1, positions: 3)
    let single = WindowGeometry.Axis(
      size: 1, stride: 1, padding: 0, paddingAfter: 0, dilation: 1, positions: 1)
    let geometry = WindowGeometry(rows: 1, columns: 4, down: single, across: axis)
    let norm = LpNorm(p: 2.5, inverseLow: 0, least: 1e-3, most: 1e3, normalizes: false)
    withEveryInstructionSet { isa in
      var room = [Double](repeating: 0, count: LpNorm.room(for: geometry))
      var y = [Float](repeating: 7, count: 3)
      let x: [Float] = [0, 0, 1e-5, 1]
      #expect(!Float.lpWindowPool(x, norm, of: geometry, into: &y, planes: 1, room: &room))
      #expect(y[0] == 0 && y[1].isNaN && y[2] == 1, "\(isa)")
      var dx = [Float](repeating: 0, count: 4)
      let norms: [Float] = [0, 1e-5, 1]
      #expect(
        !Float.addLpWindowVJP(
          x, norm, of: geometry, norms, [1, 1, 1], to: &dx, dp: nil, planes: 1, room: &room))
      #expect(dx[0] == 0 && dx[1] == 0 && abs(dx[2] - 3.1622776e-8) < 1e-14 && dx[3] == 1)
    }
  }
}
