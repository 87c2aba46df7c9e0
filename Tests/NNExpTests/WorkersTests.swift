import NNExp
import Synchronization
import Testing

/// Loops that threads share. Serialized, so that threads are available.
@Suite(.serialized) struct WorkersTests {
  private final class Counts: Sendable {
    let counts: [Counter]
    init(_ parts: Int) { counts = (0..<parts).map { _ in Counter() } }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  private func count(_ parts: Int, inner: Int = 0) -> [Int] {
    let counts = Counts(parts)
    Workers.perform(parts, Unmanaged.passUnretained(counts).toOpaque()) { context, part in
      let counts = Unmanaged<Counts>.fromOpaque(context).takeUnretainedValue()
      counts.counts[part].value.add(1, ordering: .relaxed)
    }
    return counts.counts.map { $0.value.load(ordering: .relaxed) }
  }

  @Test func everyPartIsPerformedOnce() {
    for round in 0..<20_000 {
      let parts = round % 17
      #expect(count(parts).allSatisfy { $0 == 1 }, "round \(round), \(parts) parts")
    }
  }

  @Test func aLoopWithinALoopPerformsEveryPart() {
    let total = Counter()
    Workers.perform(64, Unmanaged.passUnretained(total).toOpaque()) { context, _ in
      Workers.perform(100, context) { context, part in
        Unmanaged<Counter>.fromOpaque(context).takeUnretainedValue().value.add(
          part, ordering: .relaxed)
      }
    }
    #expect(total.value.load(ordering: .relaxed) == 64 * 4950)
  }

  private struct Failure: Error, Equatable { let start: Int }

  @Test func anArrayIsWrittenByParts() throws {
    for count in [0, 1, 7, 8, 1000] {
      var ends = [0]
      let values: [Int32] = try Workers.array(of: count, inPartsOf: 7) { range, span in
        #expect(span.count == range.count)
        for i in range { span[i - range.lowerBound] = Int32(i) }
      } groupEnded: {
        ends.append($0)
      }
      #expect(values == (0..<Int32(count)).map { $0 })
      #expect(ends == ends.sorted() && ends.last == count, "\(ends)")
    }
  }

  @Test func theErrorOfTheFirstPartIsThrown() {
    #expect(throws: Failure(start: 35)) {
      let _: [Float] = try Workers.array(of: 100, inPartsOf: 7) { range, span in
        for i in span.indices { span[i] = 0 }
        if range.lowerBound >= 35 { throw Failure(start: range.lowerBound) }
      }
    }
  }

  /// Products in blocks, from several tasks at the same time, compared with sums of products.
  @Test func concurrentLargeProductsAreCorrect() async {
    await withTaskGroup(of: Void.self) { group in
      for seed in 0..<4 {
        group.addTask { product(seed: UInt64(seed)) }
      }
    }
  }

  private func product(seed: UInt64) {
    let random = RandomStream(seed: seed, purpose: "products")
    for round in 0..<6 {
      let extents = (0..<3).map { 150 + random.integer(below: 250, at: 3 * round + $0) }
      let (m, k, n) = (extents[0], extents[1], extents[2])
      let a = UnsafeMutablePointer<Double>.allocate(capacity: m * k)
      let b = UnsafeMutablePointer<Double>.allocate(capacity: k * n)
      let c = UnsafeMutablePointer<Double>.allocate(capacity: m * n)
      defer {
        a.deallocate()
        b.deallocate()
        c.deallocate()
      }
      for i in 0..<m * k { a[i] = random.stream(1).normal(at: i) }
      for i in 0..<k * n { b[i] = random.stream(2).normal(at: i) }
      for i in 0..<m * n { c[i] = 7 }
      let transposes = (round & 1 == 1, round & 2 == 2)
      multiply(
        transposes.0
          ? Matrix(start: a, rows: k, columns: m).transposed
          : Matrix(start: a, rows: m, columns: k),
        transposes.1
          ? Matrix(start: b, rows: n, columns: k).transposed
          : Matrix(start: b, rows: k, columns: n),
        into: Matrix(start: c, rows: m, columns: n), accumulating: true)
      var worst = 0.0
      for i in 0..<m {
        for j in 0..<n {
          var sum = 7.0
          for l in 0..<k {
            sum +=
              (transposes.0 ? a[l * m + i] : a[i * k + l])
              * (transposes.1 ? b[j * k + l] : b[l * n + j])
          }
          worst = max(worst, abs(sum - c[i * n + j]))
        }
      }
      #expect(worst < 1e-11, "seed \(seed), round \(round): \(m)×\(k)×\(n), \(transposes)")
    }
  }
}
