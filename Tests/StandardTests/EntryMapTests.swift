import TestSupport
import Testing

@testable import NNExp
@testable import Standard

/// A dense layer on the entries of its input that are not 0, compared with the plain product.
@Suite struct EntryMapTests {
  private final class Memory<S: Scalar> {
    private var blocks: [UnsafeMutablePointer<S>] = []

    func tensor(_ values: [S], _ shape: Shape) -> Tensor<S> {
      let start = UnsafeMutablePointer<S>.allocate(capacity: max(1, values.count))
      start.initialize(from: values, count: values.count)
      blocks.append(start)
      return Tensor(start: start, count: values.count, shape: shape)
    }

    deinit { blocks.forEach { $0.deallocate() } }
  }

  /// Sizes that one core computes and that cores share.
  @Test func `values and gradients are those of the plain product`() throws {
    func compare<S: KernelScalar>(_ type: S.Type, _ tolerance: S) {
      withEvery("seed", in: 0..<20) { seed in
        let random = RandomStream(seed: UInt64(seed), purpose: "entries")
        let isLarge = seed % 5 == 4
        let samples = isLarge ? 90 : random.pick(1...9, 0)
        let units = isLarge ? random.pick(120...140, 1) : random.pick(1...40, 1)
        let (entries, inputs) = (isLarge ? 50 : random.pick(1...6, 2), random.pick(6...90, 3))
        func numbers(_ count: Int, _ stream: Int) -> [S] {
          (0..<count).map { S(random.stream(stream).normal(at: $0)) }
        }
        let (w, b, dy) = (
          numbers(inputs * units, 1), numbers(units, 2), numbers(samples * units, 3)
        )
        var values = numbers(samples * entries, 4)
        for e in values.indices where e % 7 == 0 { values[e] = 0 }
        // A column may have several entries of a sample. Rows are numbered as they first occur.
        var places: [Int: Int32] = [:]
        let rows = values.indices.map { e in
          let column = random.stream(5).integer(below: inputs, at: e)
          let place = places[column] ?? Int32(places.count)
          places[column] = place
          return place
        }
        // Other rows keep what they had.
        let unused = places.count * units..<w.count
        var (y, dw, db) = (
          (0..<samples).flatMap { _ in b }, [S](repeating: 0, count: w.count),
          [S](repeating: 0, count: units)
        )
        for s in 0..<samples {
          for i in 0..<units {
            db[i] += dy[s * units + i]
            for e in s * entries..<(s + 1) * entries {
              y[s * units + i] += values[e] * w[Int(rows[e]) * units + i]
              dw[Int(rows[e]) * units + i] += values[e] * dy[s * units + i]
            }
          }
        }

        dw.replaceSubrange(unused, with: unused.map { _ in 7 })

        let memory = Memory<S>()
        let found = (
          y: memory.tensor(y.map { _ in 3 }, [units]),
          dw: memory.tensor(dw.map { _ in 7 }, [units]),
          db: memory.tensor(db.map { _ in 7 }, [units])
        )
        rows.withUnsafeBufferPointer { rows in
          let map = EntryMap(
            memory.tensor(values, [entries]),
            Indices(start: rows.baseAddress!, count: rows.count, shape: [entries]), units: units,
            samples: samples)
          map.forward(memory.tensor(w, [units]), bias: memory.tensor(b, [units]), into: found.y)
          map.backward(memory.tensor(dy, [units]), to: found.dw, bias: found.db)
        }
        for (tensor, wanted) in [(found.y, y), (found.dw, dw), (found.db, db)] {
          #expect(wanted.indices.allSatisfy { abs(tensor[$0] - wanted[$0]) <= tolerance })
        }
      }
    }
    compare(Float.self, 0)
    compare(Double.self, 0)
  }
}
