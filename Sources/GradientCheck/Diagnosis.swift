import NNExp

/// A pattern that explains all wrong entries of a tensor, such as a constant ratio.
public enum Diagnosis: Sendable, Equatable {
  /// a = 0 everywhere, although the loss changes.
  case neverAdded
  /// a = −n.
  case flippedSign
  /// |a| = |n|, with some signs wrong.
  case lostSign(wrong: Int, of: Int)
  /// a ≥ |n| everywhere, as if a were Σ|terms| instead of Σ terms.
  case sumOfSizes
  /// a = k·n.
  case constantRatio(Double)
  /// a = k·n with k the number of samples, or its inverse.
  case batchSize(ratio: Double, samples: Int)
  /// a[i, j] = n[j, i].
  case transposed
  /// a = n for one sample only: the first or the last.
  case oneSample(isLast: Bool)
  /// Only the samples from this one to the end are wrong; `areZero` if they are 0.
  case lastSamples(from: Int, of: Int, areZero: Bool)
  /// Only the positions from this one to the end of the first axis are wrong.
  case lastRows(from: Int, of: Int, areZero: Bool)
  /// Only the last position of the last axis is wrong.
  case lastColumn(isZero: Bool)
  /// Only this entry is wrong, which messages call `weight[2, 0]`.
  case oneEntry(String)
  /// a − n = λ·x.
  case penalty(Double)
  /// a − n is the same everywhere.
  case constantOffset(Double)
  /// Several nodes read this activation, and one of them overwrites the terms of the others.
  case lostTerm(readers: Int)
}

extension Diagnosis: CustomStringConvertible {
  /// An explanation for the author of the backward pass.
  public var description: String {
    switch self {
    case .neverAdded:
      "it is 0 everywhere: backward never adds to it"
    case .flippedSign:
      "every entry has the opposite sign"
    case .lostSign(let wrong, let count):
      "every size is right but \(wrong) of \(count) signs are wrong: "
        + "a sign(x) or a minus is lost"
    case .sumOfSizes:
      "no entry is negative, and none is too small: "
        + "a sign(x) or a minus is lost in what is added up"
    case .constantRatio(let ratio) where abs(ratio - 1) < 9e-4:
      "every entry is too \(ratio > 1 ? "large" : "small") by a factor of "
        + "1 \(ratio > 1 ? "+" : "−") \(Diagnosis.rounded(abs(ratio - 1), digits: 2))"
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
      "it is the gradient of the \(isLast ? "last" : "first") sample only: "
        + "backward must add up all samples (+=, not =)"
    case .lastSamples(let first, let count, let areZero):
      Diagnosis.end("sample", first, count, areZero)
    case .lastRows(let first, let count, let areZero):
      Diagnosis.end("row", first, count, areZero)
    case .lastColumn(let isZero):
      "only the last column is wrong" + (isZero ? ": it is 0; does a loop end too early?" : "")
    case .oneEntry(let entry):
      "of the entries that were checked, only \(entry) is wrong"
    case .penalty(let factor):
      "it is too large by \(Diagnosis.rounded(factor)) times the value: "
        + "a penalty on the parameter is part of it"
    case .constantOffset(let offset):
      "every entry is too large by \(Diagnosis.rounded(offset))"
    case .lostTerm(let readers):
      "\(readers) nodes read this activation and their terms must add up: "
        + "it overwrites dx (=, not +=)"
    }
  }

  private static func end(_ name: String, _ first: Int, _ count: Int, _ areZero: Bool) -> String {
    let isOne = first == count - 1
    return "only the last "
      + (isOne ? "\(name), \(first), is" : "\(name)s, from \(first) of \(count) on, are")
      + " wrong"
      + (areZero ? ": \(isOne ? "it is" : "they are") 0; does a loop end too early?" : "")
  }

  /// Rounds to few significant digits, because the others would be round-off.
  private static func rounded(_ x: Double, digits: Int = 4) -> String {
    guard x.isFinite, x != 0 else { return shortest(x) }
    var limit = 1.0
    for _ in 0..<digits { limit *= 10 }
    var unit = 1e-3
    while abs(x) / unit >= limit { unit *= 10 }
    while abs(x) / unit < limit / 10 && unit > 1e-300 { unit /= 10 }
    let count = (x / unit).rounded()
    // Division is exact where possible: 0.25 is 2500 / 1e4, not 2500 · 1e-4.
    return shortest(unit < 1 ? count / (1 / unit).rounded() : count * unit)
  }
}

extension Diagnosis {
  /// The diagnosis that agrees with all evidence about tensor `t`; nil if nothing is wrong,
  /// or if no pattern agrees.
  static func of(
    _ t: Int, records: [GradientReport.Record], tensors: [SubjectTensor],
    gradients: [[Double]], outputGradient: [Double]?
  ) -> Diagnosis? {
    let finite = records.filter { $0.numeric.value.isFinite && $0.analytic.isFinite }
    let evidence = Evidence(
      tensor: tensors[t], gradient: gradients[t],
      entries: finite.filter { $0.kind != .direction },
      directions: finite.filter { $0.kind == .direction })
    guard records.contains(where: { $0.verdict == .fail }), !evidence.entries.isEmpty else {
      return nil
    }
    // One of these is ∂L/∂y of the node.
    let deltas =
      (outputGradient.map { [$0] } ?? [])
      + zip(tensors, gradients).filter { $0.0.kind == .input }.map(\.1)
    if evidence.gradient.allSatisfy({ $0 == 0 }) { return .neverAdded }
    return evidence.ratio(samples: tensors.map(\.samples).max() ?? 1)
      ?? evidence.signs()
      ?? evidence.transposition()
      ?? evidence.oneSample(among: deltas)
      ?? evidence.oneProduct(among: deltas)
      ?? evidence.region()
      ?? evidence.oneEntry()
      ?? evidence.offset()
      ?? evidence.sizes()
  }
}
