import TestSupport
import Testing

@testable import NNExp

/// Products of strided matrices compared with sums in float64, at sizes for the plain loop and
/// for the BLAS, with and without sharing by cores, and for the kernels.
@Suite struct MatrixTests {
  private enum Order: CaseIterable { case rows, columns, spread }

  /// A matrix of random numbers, and the numbers between its elements.
  private func matrix<S: Scalar>(
    _ rows: Int, _ columns: Int, _ order: Order, _ storage: UnsafeMutableBufferPointer<S>,
    _ random: RandomStream
  ) -> Matrix<S> {
    for i in storage.indices { storage[i] = S(random.normal(at: i)) }
    let tensor = Tensor(start: storage.baseAddress!, count: storage.count, shape: [storage.count])
    let gap = random.stream(1).integer(below: 3, at: 0)
    let (rowStride, columnStride) =
      switch order {
      case .rows: (columns + gap, 1)
      case .columns: (1, rows + gap)
      case .spread: (2 * columns + gap, 2)
      }
    return tensor.matrix(
      from: gap, rows: rows, columns: columns, rowStride: rowStride, columnStride: columnStride)
  }

  @Test func `products do not depend on the order in memory`() {
    func compare<S: Scalar>(_ type: S.Type, tolerance: Double) {
      withEvery("seed", in: UInt64(0)..<48) { seed in
        let random = RandomStream(seed: seed, purpose: "matrices")
        func extent(_ range: Range<Int>, _ position: Int) -> Int {
          range.lowerBound + random.integer(below: range.count, at: position)
        }
        let ranges: [Range<Int>] =
          switch seed % 6 {
          case 0: [1..<9, 1..<9, 1..<41]
          case 1: [1..<41, 1..<41, 1..<41]
          case 2: [1..<301, 1..<301, 1..<41]
          case 3: [8..<65, 60..<100, 1100..<2900]
          case 4: [256..<350, 256..<550, 1..<129]
          default: [60..<200, 48..<250, 350..<900]
          }
        let (m, n, k) = (extent(ranges[0], 0), extent(ranges[1], 1), extent(ranges[2], 2))
        let orders: [Order] =
          switch seed % 6 {
          case 3: [.rows, .columns, .rows]
          case 4: [.columns, .rows, .rows]
          default: (0..<3).map { Order.allCases[random.stream(1).integer(below: 3, at: $0)] }
          }
        let accumulating = random.stream(2).integer(below: 2, at: 0) == 1
        let storage = [(m, k), (k, n), (m, n)].map { rows, columns in
          UnsafeMutableBufferPointer<S>.allocate(capacity: 2 * (rows + 3) * (columns + 3))
        }
        defer { storage.forEach { $0.deallocate() } }
        let a = matrix(m, k, orders[0], storage[0], random.stream(3))
        let b = matrix(k, n, orders[1], storage[1], random.stream(4))
        let c = matrix(m, n, orders[2], storage[2], random.stream(5))
        var expected = Array(storage[2])
        let first = c.start - storage[2].baseAddress!
        // Of a large product, the first row, the last and two others.
        let rows =
          m * n * k < 1_000_000
          ? Set(0..<m)
          : Set([0, m - 1] + (0..<2).map { random.stream(6).integer(below: m, at: $0) })
        for i in rows {
          for j in 0..<n {
            let position = first + i * c.rowStride + j * c.columnStride
            let sum = (0..<k).reduce(0.0) { $0 + Double(a[i, $1]) * Double(b[$1, j]) }
            expected[position] = S(sum + (accumulating ? Double(expected[position]) : 0))
          }
        }
        multiply(a, b, into: c, accumulating: accumulating)
        for i in 0..<m where !rows.contains(i) {
          for j in 0..<n {
            let position = first + i * c.rowStride + j * c.columnStride
            expected[position] = storage[2][position]
          }
        }
        let worst = zip(storage[2], expected).map { abs(Double($0) - Double($1)) }.max()!
        #expect(
          worst < tolerance * Double(k),
          "\(S.self), seed \(seed): \(m) × \(k) × \(n), \(orders), accumulating \(accumulating)")
      }
    }
    compare(Float.self, tolerance: 1e-5)
    compare(Double.self, tolerance: 1e-14)
  }

  /// A product by the kernel for any extents, whose blocks depend on the number of cores.
  @Test(.enabled(if: InstructionSet.current == .avx512))
  func `a sum does not depend on the block that contains it`() {
    let (m, n, k) = (300, 400, 700)
    let storage = [m * k, k * n, m * n, m * n].map {
      UnsafeMutableBufferPointer<Float>.allocate(capacity: $0)
    }
    defer { storage.forEach { $0.deallocate() } }
    let random = RandomStream(seed: 1, purpose: "blocks")
    for (index, numbers) in storage.enumerated() {
      for i in numbers.indices { numbers[i] = Float(random.stream(index).normal(at: i)) }
    }
    func part(_ index: Int, _ first: Int, _ rows: Int, _ columns: Int, _ width: Int)
      -> Matrix<Float>
    {
      Tensor(
        start: storage[index].baseAddress!, count: storage[index].count,
        shape: [storage[index].count]
      ).matrix(from: first, rows: rows, columns: columns, rowStride: width, columnStride: 1)
    }
    multiply(part(0, 0, m, k, k), part(1, 0, k, n, n), into: part(2, 0, m, n, n))
    for (rows, columns) in [(0..<17, 0..<400), (17..<300, 0..<133), (17..<300, 133..<400)] {
      multiply(
        part(0, rows.lowerBound * k, rows.count, k, k),
        part(1, columns.lowerBound, k, columns.count, n),
        into: part(3, rows.lowerBound * n + columns.lowerBound, rows.count, columns.count, n))
    }
    #expect(zip(storage[2], storage[3]).allSatisfy { $0.bitPattern == $1.bitPattern })
  }

  @Test func `a transposed matrix views the same numbers`() {
    let numbers = UnsafeMutablePointer<Float>.allocate(capacity: 6)
    defer { numbers.deallocate() }
    let tensor = Tensor(start: numbers, count: 6, shape: [6])
    for i in tensor.indices { tensor[i] = Float(i) }
    let matrix = tensor.matrix(rows: 2, columns: 3)
    let transposed = matrix.transposed
    #expect((transposed.rows, transposed.columns) == (3, 2))
    #expect(transposed[2, 1] == matrix[1, 2] && matrix[1, 2] == 5)
    transposed[0, 1] = 7
    #expect(tensor[3] == 7)
  }

  @Test func `an element outside ends the process`() async {
    await #expect(processExitsWith: .failure) {
      let tensor = Tensor<Float>(start: .allocate(capacity: 6), count: 6, shape: [6])
      _ = tensor.matrix(rows: 2, columns: 3)[2, 0]
    }
    await #expect(processExitsWith: .failure) {
      let tensor = Tensor<Float>(start: .allocate(capacity: 6), count: 6, shape: [6])
      _ = tensor.matrix(from: 1, rows: 2, columns: 3, rowStride: 3, columnStride: 1)
    }
    await #expect(processExitsWith: .failure) {
      let tensor = Tensor<Float>(start: .allocate(capacity: 6), count: 6, shape: [6])
      tensor[6] = 0
    }
    await #expect(processExitsWith: .failure) {
      let tensor = Tensor<Float>(start: .allocate(capacity: 6), count: 6, shape: [6])
      _ = tensor[-1]
    }
  }
}
