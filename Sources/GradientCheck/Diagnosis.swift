import NNExp

/// What the wrong entries of a tensor have in common, where something fits.
public enum Diagnosis: Sendable, Equatable {
  /// a = 0 everywhere, while the loss does change.
  case neverAdded
  /// a = −n.
  case flippedSign
  /// |a| = |n|, with some signs wrong.
  case lostSign(wrong: Int, of: Int)
  /// a ≥ |n| everywhere: as Σ|terms| is, instead of Σ terms.
  case sumOfSizes
  /// a = k·n.
  case constantRatio(Double)
  /// a = k·n with k the number of samples, or its inverse.
  case batchSize(ratio: Double, samples: Int)
  /// a[i, j] = n[j, i].
  case transposed
  /// a = n at one sample alone: the first or the last.
  case oneSample(isLast: Bool)
  /// Wrong only from this position along the first axis on, to the end.
  case lastRows(from: Int, of: Int)
  /// Wrong only in the last position of the last axis.
  case lastColumn
  /// a − n = λ·x.
  case penalty(Double)
  /// a − n is the same everywhere.
  case constantOffset(Double)
  /// Several nodes read this activation, and a is not the sum of their terms.
  case lostTerm(readers: Int)
}

extension Diagnosis: CustomStringConvertible {
  /// A sentence for whoever wrote the backward pass.
  public var description: String {
    switch self {
    case .neverAdded:
      "it is 0 throughout: backward never adds to it"
    case .flippedSign:
      "every entry has the opposite sign"
    case .lostSign(let wrong, let count):
      "every size is right but \(wrong) of \(count) signs are wrong: "
        + "a sign(x) or a minus is lost"
    case .sumOfSizes:
      "no entry is negative, and none is too small: "
        + "a sign(x) or a minus is lost in what is added up"
    case .constantRatio(let ratio):
      "every entry is \(Diagnosis.rounded(ratio)) times what it should be"
    case .batchSize(let ratio, let samples) where ratio > 1:
      "every entry is \(samples) times what it should be: 1/n is missing for \(samples) samples"
    case .batchSize(_, let samples):
      "every entry is 1/\(samples) of what it should be: divided by n = \(samples) samples "
        + "once too often"
    case .transposed:
      "it is right but transposed"
    case .oneSample(let isLast):
      "it is that of the \(isLast ? "last" : "first") sample alone: "
        + "backward must add up all samples (+=, not =)"
    case .lastRows(let first, let count) where first == count - 1:
      "only the last row, \(first), is wrong: does a loop end too early?"
    case .lastRows(let first, let count):
      "only the last rows, from \(first) of \(count) on, are wrong: does a loop end too early?"
    case .lastColumn:
      "only the last column is wrong: does a loop end too early?"
    case .penalty(let factor):
      "it is too large by \(Diagnosis.rounded(factor)) times the value: "
        + "a penalty on the parameter is part of it"
    case .constantOffset(let offset):
      "every entry is too large by \(Diagnosis.rounded(offset))"
    case .lostTerm(let readers):
      "\(readers) nodes read this activation and their terms must add up: "
        + "does one overwrite dx (=, not +=)?"
    }
  }

  /// Four significant digits: more would be round-off.
  private static func rounded(_ x: Double) -> String {
    guard x.isFinite, x != 0 else { return shortest(x) }
    var unit = 1e-3
    while abs(x) / unit >= 1e4 { unit *= 10 }
    while abs(x) / unit < 1e3 && unit > 1e-300 { unit /= 10 }
    let count = (x / unit).rounded()
    // Divides where it can: 0.25 is 2500 / 1e4 exactly, not 2500·1e-4.
    return shortest(unit < 1 ? count / (1 / unit).rounded() : count * unit)
  }
}

extension Diagnosis {
  /// What fits the wrong entries of tensor `t`; nil if nothing is wrong, or
  /// nothing fits.
  static func of(
    _ t: Int, records: [GradientReport.Record], tensors: [SubjectTensor],
    gradients: [[Double]], outputGradient: [Double]?
  ) -> Diagnosis? {
    let entries = records.filter {
      $0.kind != .direction && $0.numeric.value.isFinite && $0.analytic.isFinite
    }
    let hasFault = records.contains { $0.verdict == .fail }
    guard hasFault, !entries.isEmpty else { return nil }
    let evidence = Evidence(
      tensor: tensors[t], gradient: gradients[t], entries: entries)
    // Whatever has as many entries a sample as this parameter may be its ∂L/∂y.
    let deltas =
      (outputGradient.map { [$0] } ?? [])
      + zip(tensors, gradients).filter { $0.0.kind == .input }.map(\.1)
    if evidence.entries.allSatisfy({ $0.analytic == 0 }) {
      return .neverAdded
    }
    return evidence.ratio(samples: tensors.map(\.samples).max() ?? 1)
      ?? evidence.signs()
      ?? evidence.transposition()
      ?? evidence.oneSample(among: deltas)
      ?? evidence.oneProduct(among: deltas)
      ?? evidence.region()
      ?? evidence.offset()
      ?? evidence.sizes()
      ?? (tensors[t].kind == .input && tensors[t].readers > 1
        ? .lostTerm(readers: tensors[t].readers) : nil)
  }
}

/// The analytic and the numeric gradient of one tensor.
private struct Evidence {
  let tensor: SubjectTensor
  let gradient: [Double]
  let entries: [GradientReport.Record]

  /// Entries whose numeric derivative is not lost in its bound.
  var clear: [GradientReport.Record] {
    entries.filter { abs($0.numeric.value) > 1e3 * $0.numeric.bound }
  }

  /// True if `x` is what the entry's differences say, times `ratio`.
  func agrees(_ x: Double, _ entry: GradientReport.Record, ratio: Double = 1) -> Bool {
    abs(x - ratio * entry.numeric.value)
      <= 1e-5 * abs(x) + abs(ratio) * entry.numeric.bound
  }

  /// a = k·n, by the clearest entry's k.
  func ratio(samples: Int) -> Diagnosis? {
    guard
      let clearest = clear.max(by: { abs($0.numeric.value) < abs($1.numeric.value) }),
      clear.count > 1 || gradient.count == 1
    else { return nil }
    let ratio = clearest.analytic / clearest.numeric.value
    guard ratio != 0, entries.allSatisfy({ agrees($0.analytic, $0, ratio: ratio) }) else {
      return nil
    }
    func isNear(_ x: Double) -> Bool { abs(ratio - x) <= 1e-5 * abs(x) }
    if isNear(-1) { return .flippedSign }
    // Of two samples a factor of 2 or 1/2 may be either: the plain words win.
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
    return isSum && clear.count > 1 ? .sumOfSizes : nil
  }

  /// The first axis against the others, or the last two of a sample.
  func transposition() -> Diagnosis? {
    let shape = tensor.shape
    guard shape.rank >= 2, shape.count > 0 else { return nil }
    let blocks = [(shape[0], shape.count / shape[0])] + lastTwoAxes(shape)
    for (rows, columns) in blocks where rows > 1 && columns > 1 {
      let size = rows * columns
      func mirrored(_ index: Int) -> Int {
        let (block, position) = index.quotientAndRemainder(dividingBy: size)
        // The value at [r, c] stands where a writer who takes the tensor for
        // [columns, rows] puts it: c·rows + r.
        return block * size + position % columns * rows + position / columns
      }
      if entries.allSatisfy({ agrees(gradient[mirrored($0.index)], $0) }) { return .transposed }
    }
    return nil
  }

  private func lastTwoAxes(_ shape: Shape) -> [(Int, Int)] {
    shape.rank > 2 ? [(shape[shape.rank - 2], shape[shape.rank - 1])] : []
  }

  /// A parameter's gradient that is one sample's row of ∂L/∂y: the sum over the
  /// samples was left out.
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

  /// A matrix ∂W that is δₛvᵀ for one sample s alone, whatever v: each column is
  /// in proportion to that sample's row of ∂L/∂y.
  func oneProduct(among deltas: [[Double]]) -> Diagnosis? {
    let shape = tensor.shape
    guard tensor.kind == .parameter, shape.rank >= 2, shape[0] > 1 else { return nil }
    let rows = shape[0]
    let columns = gradient.count / rows
    for delta in deltas where delta.count > rows && delta.count % rows == 0 {
      for isLast in [true, false] {
        let first = isLast ? delta.count - rows : 0
        let largest = (0..<rows).max { abs(delta[first + $0]) < abs(delta[first + $1]) }!
        let isProduct = gradient.indices.allSatisfy { i in
          let here = gradient[i] * delta[first + largest]
          let there = gradient[largest * columns + i % columns] * delta[first + i / columns]
          return abs(here - there) <= 1e-9 * abs(here)
        }
        if isProduct { return .oneSample(isLast: isLast) }
      }
    }
    return nil
  }

  /// All wrong entries at the end of an axis.
  func region() -> Diagnosis? {
    let wrong = entries.filter { $0.verdict == .fail }.map(\.index)
    let right = entries.filter { $0.verdict != .fail }.map(\.index)
    guard !wrong.isEmpty, !right.isEmpty else { return nil }
    let shape = tensor.shape
    // Rows run along a parameter's or a sample's first axis; for samples without
    // rows of their own, a row is a sample.
    let isMatrix = shape.rank >= 2
    let rows = isMatrix ? shape[0] : (tensor.samples > 1 ? tensor.samples : shape.count)
    let rowLength =
      isMatrix ? shape.count / max(1, shape[0]) : (tensor.samples > 1 ? shape.count : 1)
    func row(_ index: Int) -> Int { index / max(1, rowLength) % max(1, rows) }
    let firstWrong = wrong.map(row).min()!
    if right.allSatisfy({ row($0) < firstWrong }) {
      return .lastRows(from: firstWrong, of: rows)
    }
    guard shape.rank >= 1 else { return nil }
    let columns = shape[shape.rank - 1]
    func isLastColumn(_ index: Int) -> Bool { index % columns == columns - 1 }
    if columns > 1, wrong.allSatisfy(isLastColumn), !right.contains(where: isLastColumn) {
      return .lastColumn
    }
    return nil
  }

  /// a − n = λ·x, or a constant.
  func offset() -> Diagnosis? {
    guard entries.count > 2 else { return nil }
    func isFit(_ factor: Double, _ x: (GradientReport.Record) -> Double) -> Bool {
      entries.allSatisfy { entry in
        let expected = entry.numeric.value + factor * x(entry)
        return abs(entry.analytic - expected)
          <= 1e-6 * (abs(entry.analytic) + abs(factor * x(entry))) + entry.numeric.bound
      }
    }
    let far = entries.max { abs($0.value) < abs($1.value) }!
    if tensor.kind == .parameter && far.value != 0 {
      let factor = (far.analytic - far.numeric.value) / far.value
      if isFit(factor, \.value) { return .penalty(factor) }
    }
    let offset = far.analytic - far.numeric.value
    return isFit(offset, { _ in 1 }) ? .constantOffset(offset) : nil
  }
}

extension GradientReport.Record {
  fileprivate var sign: Double { numeric.value < 0 ? -1 : 1 }
}
