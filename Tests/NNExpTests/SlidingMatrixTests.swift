import Platform
import TestSupport
import Testing

@testable import NNExp

/// The kernels of convolutions without a matrix of windows compared with sums in float64, on
/// numbers that begin or end at a page boundary: an access outside is a fault.
extension VectorMathTests {
  /// Numbers between two inaccessible pages, adjacent to one of them.
  private final class Fenced<S: KernelScalar> {
    let start: UnsafeMutablePointer<S>
    let count: Int
    private let pages: UnsafeMutableRawPointer
    private let length: Int

    init(_ values: [S], atEnd: Bool) {
      count = values.count
      let page = Int(getpagesize())
      let bytes = count * MemoryLayout<S>.stride
      let inner = (bytes + page - 1) / page * page
      length = inner + 2 * page
      pages = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      precondition(
        pages != MAP_FAILED && mprotect(pages + page, inner, PROT_READ | PROT_WRITE) == 0)
      start = (pages + page + (atEnd ? inner - bytes : 0)).assumingMemoryBound(to: S.self)
      start.initialize(from: values, count: count)
    }

    deinit { munmap(pages, length) }

    var values: [S] { Array(UnsafeBufferPointer(start: start, count: count)) }
  }

  /// The sizes of a product, and the starts of the rows of B.
  private struct Case {
    let overlap: SlidingMatrix
    let height: Int
    let samples: Int
    let isWithSpan: Bool
    let isAtEnd: Bool
    /// The extent of b from its lowest position, the origin of positions, and the numbers that
    /// are 0 because they are outside a span.
    let length: Int
    let origin: Int
    let planes: [Range<Int>]
    let random: RandomStream

    init(seed: Int) {
      let random = RandomStream(seed: UInt64(seed), purpose: "overlaps of kernels")
      let pick = random.pick
      self.random = random
      isWithSpan = seed % 3 == 2
      isAtEnd = seed % 2 == 0
      height = pick(1...20, 0)
      samples = pick(1...3, 1)
      let (groups, rows, columns) = (pick(1...4, 2), pick(1...5, 3), pick(1...5, 4))
      if isWithSpan {
        // The form of ∂y with zeros before and after it.
        let (step, span) = (pick(1...20, 5), pick(1...60, 6))
        let zeros = (rows - 1) * step
        overlap = SlidingMatrix(
          groups: (groups, span + zeros), rows: (rows, -step), columns: (1, 0),
          count: span + zeros, span: (span, step))
        (length, origin) = (zeros + groups * (span + zeros), zeros)
        planes = (0..<groups).map { zeros + $0 * (span + zeros) }.map { $0..<$0 + span }
      } else {
        let steps = (pick(0...90, 5), pick(0...30, 6), pick(0...9, 7))
        let count = pick(1...(seed % 5 == 0 ? 200 : 50), 8)
        overlap = SlidingMatrix(
          groups: (groups, steps.0), rows: (rows, steps.1), columns: (columns, steps.2),
          count: count)
        length = (groups - 1) * steps.0 + (rows - 1) * steps.1 + (columns - 1) * steps.2 + count
        origin = 0
        planes = [0..<length]
      }
    }

    /// The start of row k of B.
    var places: [Int] {
      (0..<overlap.groups.count).flatMap { g in
        (0..<overlap.rows.count).flatMap { u in
          (0..<overlap.columns.count).map { v in
            origin + g * overlap.groups.step + u * overlap.rows.step + v * overlap.columns.step
          }
        }
      }
    }

    func numbers<S: KernelScalar>(_ count: Int, _ stream: Int) -> [S] {
      (0..<count).map { S(random.stream(stream).normal(at: $0)) }
    }

    func b<S: KernelScalar>() -> [S] {
      var numbers: [S] = numbers(samples * length, 1)
      for i in numbers.indices where !planes.contains(where: { $0.contains(i % length) }) {
        numbers[i] = 0
      }
      return numbers
    }

    var description: String { "\(overlap), \(height) rows, \(samples) samples" }
  }

  /// Fails if a sum of `terms` products differs by more than the rounding errors of its
  /// products and additions, here and in the reference.
  private func expectSum<S: KernelScalar>(
    _ found: S, _ terms: [(Double, Double)], _ what: @autoclosure () -> String
  ) {
    let expected = terms.reduce(0) { $0 + $1.0 * $1.1 }
    let sizes = terms.reduce(0) { $0 + abs($1.0 * $1.1) }
    let bound = Double(terms.count + 2) * Double(S.ulpOfOne) * sizes
    if !(abs(Double(found) - expected) <= bound) {
      Issue.record("\(what()) is \(found), not \(expected) ± \(bound)")
    }
  }

  @Test func `products with overlapping rows are their sums`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<45) { seed in
        let c = Case(seed: seed)
        let (places, depth, count) = (c.places, c.places.count, c.overlap.count)
        let b: [S] = c.b()
        let a: [S] = c.numbers(c.height * depth, 2)
        let offsets: [S]? = seed % 4 == 0 ? nil : c.numbers(c.height, 3)
        let factors = StridedMatrix(
          rows: ((c.height, depth), (1, 0)), columns: ((1, 0), (depth, 1)))
        withEveryInstructionSet { isa in
          let what = "\(S.self), seed \(seed), \(c.description) on \(isa)"
          let from = Fenced(b, atEnd: c.isAtEnd)
          let factor = Fenced(a, atEnd: c.isAtEnd)
          let packed = Fenced([S](repeating: .nan, count: a.count), atEnd: c.isAtEnd)
          S.pack(factors, factor.start, into: packed.start)
          #expect(packed.values.sorted() == a.sorted(), "packed: \(what)")
          let offset = offsets.map { Fenced($0, atEnd: c.isAtEnd) }
          let y = Fenced([S](repeating: .nan, count: c.height * count), atEnd: c.isAtEnd)
          S.convolutionForward(
            packed.start, rows: c.height, from.start + c.origin, as: c.overlap,
            from: offset.map { UnsafePointer($0.start) }, into: y.start)
          for (i, y) in y.values.enumerated() {
            let (m, n) = i.quotientAndRemainder(dividingBy: count)
            let terms = places.indices.map {
              (Double(a[m * depth + $0]), Double(b[places[$0] + n]))
            }
            expectSum(
              y, [(1, Double(offsets?[m] ?? 0))] + terms, "y[\(m), \(n)], \(what)")
          }
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  @Test func `weight gradients are added over samples`() {
    func compare<S: KernelScalar>(_ type: S.Type) {
      withEvery("seed", in: 0..<45) { seed in
        let c = Case(seed: seed)
        let (places, depth, count) = (c.places, c.places.count, c.overlap.count)
        let b: [S] = c.b()
        // Rows of other groups are between those of two samples.
        let step = c.height * count + seed % 3
        let d: [S] = c.numbers(c.samples * step - seed % 3, 2)
        withEveryInstructionSet { isa in
          let what = "\(S.self), seed \(seed), \(c.description) on \(isa)"
          let from = Fenced(b, atEnd: c.isAtEnd)
          let slopes = Fenced(d, atEnd: c.isAtEnd)
          let w = Fenced([S](repeating: 3, count: depth * c.height), atEnd: c.isAtEnd)
          S.addConvolutionWeightGradient(
            slopes.start, rows: c.height, step: step, from.start + c.origin, as: c.overlap,
            step: c.length, samples: c.samples, to: w.start)
          for (i, w) in w.values.enumerated() {
            let (k, m) = i.quotientAndRemainder(dividingBy: c.height)
            let terms = (0..<(c.samples * count)).map { at in
              let (s, n) = at.quotientAndRemainder(dividingBy: count)
              return (
                Double(d[s * step + m * count + n]), Double(b[s * c.length + places[k] + n])
              )
            }
            expectSum(w, [(1, 3)] + terms, "w[\(k), \(m)], \(what)")
          }
          let sums = Fenced([S](repeating: -2, count: c.height), atEnd: c.isAtEnd)
          S.addRowSums(
            slopes.start, rows: c.height, columns: count, step: step, samples: c.samples,
            to: sums.start)
          for (m, sum) in sums.values.enumerated() {
            let terms = (0..<(c.samples * count)).map { at in
              (1.0, Double(d[at / count * step + m * count + at % count]))
            }
            expectSum(sum, [(1, -2)] + terms, "sum \(m), \(what)")
          }
        }
      }
    }
    compare(Float.self)
    compare(Double.self)
  }

  /// Rows and columns that are pairs, as in the transposed weights of a convolution.
  @Test func `strided matrices are read within a tensor`() {
    let (inputs, units, rows, columns) = (3, 5, 2, 3)
    let depth = inputs * rows * columns
    let a = (0..<(units * depth)).map { Float($0) }
    let b = (0..<(units * rows)).map { Float($0 % 3) - 1 }
    withEveryInstructionSet { isa in
      var packed = [Float](repeating: .nan, count: a.count)
      Float.pack(
        StridedMatrix(
          rows: ((inputs, rows * columns), (columns, 1)), columns: ((units, depth), (rows, columns))
        ), a, into: &packed)
      // One number per row of B: the product with a vector.
      var y = [Float](repeating: .nan, count: inputs * columns)
      Float.convolutionForward(
        packed, rows: y.count, b,
        as: SlidingMatrix(
          groups: (units, rows), rows: (rows, 1), columns: (1, 0), count: 1), from: nil, into: &y)
      let expected = (0..<(inputs * columns)).map { m in
        let (i, v) = m.quotientAndRemainder(dividingBy: columns)
        return (0..<(units * rows)).reduce(Float(0)) { sum, k in
          let (o, u) = k.quotientAndRemainder(dividingBy: rows)
          return sum + a[((o * inputs + i) * rows + u) * columns + v] * b[k]
        }
      }
      #expect(y == expected, "\(isa)")
    }
  }
}
