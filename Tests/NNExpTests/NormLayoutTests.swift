import TestSupport
import Testing

@testable import NNExp

/// The kernels of normalization and dropout, compared with plain loops.
extension VectorMathTests {
  @Test func `normalized channels are those of plain loops`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<40) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "normalization")
        let layout = NormLayout(
          samples: random.pick(1...5, 0), channels: random.pick(1...40, 1),
          positions: seed % 3 == 0 ? 1 : random.pick(1...90, 2))
        let (channels, positions) = (layout.channels, layout.positions)
        let count = layout.samples * channels * positions
        func draw(_ count: Int, _ first: Int) -> [S] {
          (0..<count).map { S(random.normal(at: first + $0)) }
        }
        let (x, dy) = (draw(count, 1_000), draw(count, 100_000))
        let (a, b, w) = (draw(channels, 3), draw(channels, 200_000), draw(channels, 300_000))
        func members(_ c: Int) -> [Int] {
          (0..<layout.samples).flatMap { s in
            (0..<positions).map { (s * channels + c) * positions + $0 }
          }
        }
        let n = Double(layout.samples * positions)
        var first: [[S]]?
        withEveryInstructionSet { isa in
          let what = "\(S.self), seed \(seed), \(layout) on \(isa)"
          var mean = [S](repeating: 7, count: channels + 1)
          var variance = mean
          S.normMoments(x, of: layout, mean: &mean, variance: &variance)
          #expect(mean.removeLast() == 7 && variance.removeLast() == 7)
          let inverse = variance.map { 1 / ($0 + 1e-5).squareRoot() }
          var y = [S](repeating: 7, count: count + 1)
          S.normApply(x, of: layout, mean: mean, scale: w, shift: b, into: &y, rectified: false)
          var (sum, product) = (mean + [7], mean + [7])
          S.normSums(
            x, rectified: nil, dy, of: layout, mean: mean, inverse: inverse, weight: w,
            sum: &sum, product: &product)
          var dx = [S](repeating: 0.25, count: count) + [7]
          S.addNormVJP(
            x, rectified: nil, dy, of: layout, mean: mean, inverse: inverse, weight: w, a: a, b: b,
            to: &dx, adds: true)
          #expect(y.removeLast() == 7 && sum.removeLast() == 7 && product.removeLast() == 7)
          #expect(dx.removeLast() == 7)
          for c in 0..<channels {
            let members = members(c)
            let exact = members.reduce(0) { $0 + Double(x[$1]) } / n
            let square = members.reduce(0) {
              $0 + (Double(x[$1]) - exact) * (Double(x[$1]) - exact)
            }
            let unit = Double(S.ulpOfOne)
            #expect(abs(Double(mean[c]) - exact) <= 30 * unit, "mean, \(what)")
            #expect(abs(Double(variance[c]) - square / n) <= 60 * unit, "variance, \(what)")
            var (sums, products) = (0.0, 0.0)
            for i in members {
              let normalized = (x[i] - mean[c]) * inverse[c]
              #expect(y[i] == (x[i] - mean[c]) * w[c] + b[c], "y, \(what)")
              #expect(
                dx[i] == 0.25 + w[c] * (dy[i] - a[c] - normalized * b[c]), "dx, \(what)")
              sums += Double(dy[i])
              products += Double(dy[i]) * Double(normalized)
            }
            let bound = 100 * unit * n * max(1, Double(inverse[c]))
            #expect(abs(Double(sum[c]) - sums) <= bound, "sum, \(what)")
            #expect(abs(Double(product[c]) - products) <= bound, "product, \(what)")
          }
          let found = [mean, variance, sum, product]
          if let first { #expect(zip(found, first).allSatisfy { isSame($0, $1) }, "\(what)") }
          first = found
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `a block of channels has the bits of all channels`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      for (samples, channels, positions) in [(3, 40, 1), (2, 5, 70), (64, 33, 40), (70, 999, 1)] {
        let layout = NormLayout(samples: samples, channels: channels, positions: positions)
        let random = RandomStream(seed: 4, purpose: "blocks")
        let x = (0..<samples * channels * positions).map { S(random.normal(at: $0)) }
        var mean = [S](repeating: 7, count: channels)
        var variance = mean
        S.normMoments(x, of: layout, mean: &mean, variance: &variance)
        var (found, spread) = (mean.map { _ in S(7) }, mean.map { _ in S(7) })
        var end = 0
        for block in 0..<layout.blocks {
          let part = layout.block(block)
          #expect(part.lowerBound == end)
          end = part.upperBound
          x.withUnsafeBufferPointer { x in
            found.withUnsafeMutableBufferPointer { found in
              spread.withUnsafeMutableBufferPointer { spread in
                S.normMoments(
                  x.baseAddress! + part.lowerBound * positions, of: layout.part(part),
                  mean: found.baseAddress! + part.lowerBound,
                  variance: spread.baseAddress! + part.lowerBound)
              }
            }
          }
        }
        #expect(end == channels && found == mean && spread == variance, "\(layout)")
        #expect((layout.blocks > 1) == (samples * channels * positions >= 1 << 16))
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `dropped entries are those of the random stream`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      let random = RandomStream(seed: 5, purpose: "dropout")
      for (rate, first, count) in [
        (0.5, 0, 50), (0.2, 4_294_967_290, 37), (1e-3, 7, 2_000), (0.999, 1 << 40, 3),
      ] {
        let x = (0..<count).map { S($0) + 1 }
        withEveryInstructionSet { isa in
          var (y, mask) = ([S](repeating: 7, count: count + 1), [S](repeating: 7, count: count + 1))
          S.dropout(
            x, rate: rate, kept: 2, random: random, from: first, into: &y, mask: &mask,
            count: count)
          #expect(y.removeLast() == 7 && mask.removeLast() == 7)
          let expected = (0..<count).map { random.uniform(at: first + $0) < rate ? 0 : S(2) }
          #expect(mask == expected && y == zip(x, expected).map(*), "\(S.self) on \(isa)")
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `noise is that of the random stream`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      let random = RandomStream(seed: 6, purpose: "noise")
      for (deviation, first, count) in [
        (1, 0, 50), (0.2, 4_294_967_290, 37), (1e-3, 7, 2_000), (3, 1 << 40, 3),
      ] {
        var bits: [S]?
        withEveryInstructionSet { isa in
          var y = [S](repeating: 0.5, count: count + 1)
          S.addNoise(deviation: deviation, random: random, from: first, to: &y, count: count)
          #expect(y.removeLast() == 0.5)
          for (i, y) in y.enumerated() {
            let expected = 0.5 + deviation * random.normal(at: first + i)
            #expect(
              abs(Double(y) - expected) <= Double(S.ulpOfOne) * max(1, abs(expected)),
              "\(S.self) on \(isa) at \(first + i)")
          }
          #expect(bits == nil || bits == y, "\(S.self) on \(isa)")
          bits = y
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `transposing exchanges rows and columns`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<60) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "transposing")
        let (rows, columns) = (random.pick(1...40, 0), random.pick(1...40, 1))
        let (xStep, yStep) = (columns + random.pick(0...3, 2), rows + random.pick(0...3, 3))
        let x = (0..<rows * xStep).map { S(random.normal(at: 10 + $0)) }
        let before = (0..<columns * yStep).map { S(random.normal(at: 5_000 + $0)) }
        for adds in [false, true] {
          var expected = before
          for i in 0..<rows {
            for j in 0..<columns {
              let place = j * yStep + i
              expected[place] = (adds ? before[place] : -0.0) + x[i * xStep + j]
            }
          }
          withEveryInstructionSet { isa in
            var y = before
            S.transpose(
              x, rows: rows, columns: columns, xStep: xStep, into: &y, yStep: yStep, adds: adds)
            #expect(y == expected, "\(S.self) \(rows) × \(columns) on \(isa)")
          }
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }
}
