import NNExp

/// The analytic and the numeric gradient of one tensor, from which a diagnosis is derived. A
/// pattern must agree with every checked entry, and with enough entries that are clear.
struct Evidence {
  let tensor: SubjectTensor
  let gradient: [Double]
  let entries: [GradientReport.Record]
  let directions: [GradientReport.Record]

  /// The entries whose numeric derivative is far larger than its bound.
  private var clear: [GradientReport.Record] { entries.filter(\.isClear) }

  /// Whether `x` is the numeric derivative of the entry times `ratio`.
  private func agrees(_ x: Double, _ entry: GradientReport.Record, ratio: Double = 1) -> Bool {
    abs(x - ratio * entry.numeric.value)
      <= 1e-5 * abs(x) + abs(ratio) * entry.numeric.bound
  }

  /// a = k·n, with k from the clearest entry.
  func ratio(samples: Int) -> Diagnosis? {
    let clear = clear
    guard
      let clearest = clear.max(by: { abs($0.numeric.value) < abs($1.numeric.value) }),
      clear.count > 1 || gradient.count == 1,
      clear.allSatisfy({ $0.verdict == .fail })
    else { return nil }
    let ratio = clearest.analytic / clearest.numeric.value
    // The relative error must be constant, so that ratios near 1 are recognized too.
    func fits(_ record: GradientReport.Record) -> Bool {
      abs(record.analytic - ratio * record.numeric.value)
        <= 1e-3 * abs(ratio - 1) * abs(record.numeric.value) + abs(ratio) * record.numeric.bound
    }
    guard ratio != 0, entries.allSatisfy(fits), directions.allSatisfy(fits) else { return nil }
    func isNear(_ x: Double) -> Bool { abs(ratio - x) <= 1e-5 * abs(x) }
    if isNear(-1) { return .flippedSign }
    // With two samples, a factor of 2 or 1/2 can have either cause; the plain ratio is
    // reported.
    if samples > 2 && (isNear(Double(samples)) || isNear(1 / Double(samples))) {
      return .batchSize(ratio: ratio, samples: samples)
    }
    return .constantRatio(ratio)
  }

  func signs() -> Diagnosis? {
    guard entries.allSatisfy({ agrees(abs($0.analytic), $0, ratio: $0.sign) }) else { return nil }
    let wrong = clear.count { $0.analytic * $0.numeric.value < 0 }
    return wrong > 0 ? .lostSign(wrong: wrong, of: clear.count) : nil
  }

  func sizes() -> Diagnosis? {
    let isSum = entries.allSatisfy {
      $0.analytic >= abs($0.numeric.value) - $0.numeric.bound
    }
    let negative = clear.count { $0.numeric.value < 0 }
    return isSum && clear.count > 3 && negative > 0 ? .sumOfSizes : nil
  }

  /// Exchanged axes: the first axis and the others, or the last two axes of a sample.
  func transposition() -> Diagnosis? {
    let shape = tensor.shape
    guard shape.rank >= 2, shape.count > 0, clear.count > 1 else { return nil }
    let blocks = [(shape[0], shape.count / shape[0])] + lastTwoAxes(shape)
    for (rows, columns) in blocks where rows > 1 && columns > 1 {
      let size = rows * columns
      func mirrored(_ index: Int) -> Int {
        let (block, position) = index.quotientAndRemainder(dividingBy: size)
        // The value of [r, c] is stored at c·rows + r if the author reads the tensor as
        // [columns, rows].
        return block * size + position % columns * rows + position / columns
      }
      if entries.allSatisfy({ agrees(gradient[mirrored($0.index)], $0) }) { return .transposed }
    }
    return nil
  }

  private func lastTwoAxes(_ shape: Shape) -> [(Int, Int)] {
    shape.rank > 2 ? [(shape[shape.rank - 2], shape[shape.rank - 1])] : []
  }

  /// A parameter gradient that equals the row of ∂L/∂y of one sample, because the sum over
  /// the samples is missing.
  func oneSample(among deltas: [[Double]]) -> Diagnosis? {
    let count = gradient.count
    guard tensor.kind == .parameter else { return nil }
    for delta in deltas where delta.count > count && delta.count % count == 0 {
      for isLast in [true, false] {
        let first = isLast ? delta.count - count : 0
        let isRow = gradient.indices.allSatisfy { i in
          abs(gradient[i] - delta[first + i]) <= 1e-9 * abs(gradient[i])
        }
        let isSum = entries.allSatisfy { entry in
          var sum = 0.0
          for i in stride(from: entry.index, to: delta.count, by: count) { sum += delta[i] }
          return agrees(sum, entry)
        }
        if isRow && isSum { return .oneSample(isLast: isLast) }
      }
    }
    return nil
  }

  /// A matrix gradient ∂W = δₛvᵀ for one sample s and any v: each column is proportional to
  /// the row of ∂L/∂y of this sample, although other samples have rows too.
  func oneProduct(among deltas: [[Double]]) -> Diagnosis? {
    let shape = tensor.shape
    guard tensor.kind == .parameter, shape.rank >= 2, shape[0] > 1 else { return nil }
    let rows = shape[0]
    let columns = gradient.count / rows
    for delta in deltas where delta.count > rows && delta.count % rows == 0 {
      for isLast in [true, false] {
        let first = isLast ? delta.count - rows : 0
        let largest = (0..<rows).max { abs(delta[first + $0]) < abs(delta[first + $1]) }!
        let others = delta.indices.contains {
          !(first..<first + rows).contains($0) && delta[$0] != 0
        }
        let isProduct = gradient.indices.allSatisfy { i in
          let here = gradient[i] * delta[first + largest]
          let there = gradient[largest * columns + i % columns] * delta[first + i / columns]
          return abs(here - there) <= 1e-9 * abs(here)
        }
        if isProduct && others && delta[first + largest] != 0 {
          return .oneSample(isLast: isLast)
        }
      }
    }
    return nil
  }

  /// All clear entries from some sample, row or column to the end are wrong, and each sample,
  /// row or column before it has clear entries that are right.
  func region() -> Diagnosis? {
    let shape = tensor.shape
    guard shape.count > 0, shape.rank >= 1 else { return nil }
    let areZero = entries.allSatisfy { $0.verdict != .fail || $0.analytic == 0 }
    if tensor.samples > 1, let first = firstWrong(of: tensor.samples, { $0 / shape.count }) {
      return .lastSamples(from: first, of: tensor.samples, areZero: areZero)
    }
    let rows = shape[0]
    let rowLength = max(1, shape.count / max(1, rows))
    if let first = firstWrong(of: rows, { $0 / rowLength % rows }) {
      return .lastRows(from: first, of: rows, areZero: areZero)
    }
    let columns = shape[shape.rank - 1]
    if columns > 1, firstWrong(of: columns, { $0 % columns }) == columns - 1 {
      return .lastColumn(isZero: areZero)
    }
    return nil
  }

  private func firstWrong(of count: Int, _ position: (Int) -> Int) -> Int? {
    let wrong = clear.filter { $0.verdict == .fail }.map { position($0.index) }
    let right = Set(clear.filter { $0.verdict == .pass }.map { position($0.index) })
    guard let first = wrong.min(), first > 0,
      right.allSatisfy({ $0 < first }), right.count == first,
      // If only some entries are checked, other wrong ones may be among the unchecked.
      entries.count == gradient.count || wrong.count > 1
    else { return nil }
    return first
  }

  /// One entry is wrong, and the others are right.
  func oneEntry() -> Diagnosis? {
    let wrong = entries.filter { $0.verdict == .fail }
    let right = clear.count { $0.verdict == .pass }
    return wrong.count == 1 && right > 2 ? .oneEntry(tensor.entry(wrong[0].index)) : nil
  }

  /// a − n = λ·x, or a − n is constant.
  func offset() -> Diagnosis? {
    guard let far = entries.max(by: { abs($0.value) < abs($1.value) }) else { return nil }
    func fits(_ factor: Double, _ x: (GradientReport.Record) -> Double) -> Bool {
      let isClear = entries.count { abs(factor * x($0)) > 100 * $0.numeric.bound } > 2
      return isClear
        && entries.allSatisfy { entry in
          let error = entry.analytic - entry.numeric.value
          return abs(error - factor * x(entry))
            <= 1e-3 * abs(factor * x(entry)) + entry.numeric.bound
        }
    }
    let error = far.analytic - far.numeric.value
    if tensor.kind == .parameter, far.value != 0, fits(error / far.value, \.value) {
      return .penalty(error / far.value)
    }
    return fits(error, { _ in 1 }) ? .constantOffset(error) : nil
  }
}

extension GradientReport.Record {
  fileprivate var sign: Double { numeric.value < 0 ? -1 : 1 }

  fileprivate var isClear: Bool { abs(numeric.value) > 1e3 * numeric.bound }
}
