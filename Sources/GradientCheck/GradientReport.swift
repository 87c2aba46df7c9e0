import NNExp

/// What one gradient check found.
public struct GradientReport: Sendable {
  /// The column `kind`.
  public enum Kind: String, Sendable {
    case parameter
    case input
    case direction

    init(_ kind: SubjectTensor.Kind) { self = kind == .parameter ? .parameter : .input }
  }

  /// One derivative: of an entry, or along a direction.
  public struct Record: Sendable {
    public var kind: Kind
    /// The entry's position in its tensor, samples outermost; the number of
    /// the direction.
    public var index: Int
    public var value: Double
    public var analytic: Double
    public var numeric: NumericDerivative
    public var verdict: Verdict
    public var reason: Reason

    public var absoluteError: Double { abs(analytic - numeric.value) }

    /// |a − n| / max(|a|, |n|); 0 where both are 0.
    public var relativeError: Double {
      let size = max(abs(analytic), abs(numeric.value))
      return size == 0 ? 0 : absoluteError / size
    }
  }

  /// The records of one tensor.
  public struct Tensor: Sendable {
    public var tensor: SubjectTensor
    public var records: [Record]
    /// The RMS of the tensor's analytic gradient.
    public var scale: Double
    /// τ.
    public var tolerance: Double
    /// What the wrong entries have in common, where something fits.
    public var diagnosis: Diagnosis?
  }

  /// What the whole comes to.
  public enum Outcome: String, Sendable {
    /// Every tensor has proof, and nothing is wrong.
    case passed
    /// Something is wrong.
    case failed
    /// Nothing is wrong, but a tensor lacks proof, or there was none to check.
    case unproven
  }

  /// `start`, `end`.
  public var at: String
  public var tensors: [Tensor]
  public var evaluations: Int

  public var outcome: Outcome {
    let verdicts = tensors.map(\.verdict)
    if verdicts.contains(where: \.isFault) { return .failed }
    return !verdicts.isEmpty && verdicts.allSatisfy(\.isProof) ? .passed : .unproven
  }

  public var passes: Bool { outcome == .passed }

  /// The node at fault: the last in graph order with a fault. What it passes
  /// back spoils the nodes before it, while all after it are right.
  public var suspect: Tensor? {
    // Within a node the input that is wrong says more than a parameter: none.
    tensors.last { $0.verdict.isFault }
  }
}

extension GradientReport.Tensor {
  /// The verdict of all records together; see `Array.verdict`.
  public var verdict: Verdict { records.verdict }

  /// The record that matters most: the gravest verdict, and of those the
  /// largest error in bounds.
  public var worst: GradientReport.Record? { records.worst }

  /// Entries that were looked at one by one.
  public var checked: Int { records.count { $0.kind != .direction } }
}

extension [GradientReport.Record] {
  /// What the records prove together.
  ///
  /// A fault of one is a fault of all: NONFINITE, NONDETERMINISTIC, FAIL, in
  /// this order. Without a fault they PASS (or are ZERO) if there is proof and
  /// less that is inconclusive than proven. Entries at kinks weigh nothing, nor
  /// do those that are right to within the tolerance of their tensor. Without
  /// any proof the verdict is KINK where all else is kinks, else INCONCLUSIVE.
  public var verdict: Verdict {
    for fault in [Verdict.nonfinite, .nondeterministic, .fail]
    where contains(where: { $0.verdict == fault }) {
      return fault
    }
    let proofs = count { $0.verdict.isProof }
    let open = count { $0.verdict == .inconclusive && $0.reason != .smallInItsTensor }
    if proofs > open { return contains { $0.verdict == .pass } ? .pass : .zero }
    return proofs == 0 && open == 0 && contains { $0.verdict == .kink } ? .kink : .inconclusive
  }

  public var worst: GradientReport.Record? {
    let order: [Verdict] = [
      .zero, .pass, .kink, .inconclusive, .fail, .nondeterministic, .nonfinite,
    ]
    func gravity(_ record: GradientReport.Record) -> (Int, Double) {
      let error = record.absoluteError / record.numeric.bound
      return (order.firstIndex(of: record.verdict)!, error.isNaN ? 0 : error)
    }
    var worst: (record: GradientReport.Record, gravity: (Int, Double))?
    for record in self {
      let g = gravity(record)
      if worst.map({ $0.gravity < g }) ?? true { worst = (record, g) }
    }
    return worst?.record
  }
}
