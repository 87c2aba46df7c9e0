import NNExp

/// The results of one gradient check.
public struct GradientReport: Sendable {
  /// The column `kind`.
  public enum Kind: String, Sendable {
    case parameter
    case input
    case direction
    /// An entry that was checked with the layers that read it, each by itself.
    case local

    init(_ kind: SubjectTensor.Kind) {
      self = kind == .parameter ? .parameter : kind == .input ? .input : .local
    }
  }

  /// One derivative: of an entry, or along a direction.
  public struct Record: Sendable {
    public var kind: Kind
    /// The position of the entry in its tensor, with samples as the first axis; or the number
    /// of the direction.
    public var index: Int
    public var value: Double
    public var analytic: Double
    /// The numeric derivative. Its bound includes the round-off of the analytic value.
    public var numeric: NumericDerivative
    public var verdict: Verdict
    public var reason: Reason
    /// The number of entries that the direction changes.
    var members = 0
    /// Whether the check of the layer by itself fails too.
    var isWrongInIsolation = false

    init(
      kind: Kind, index: Int, value: Double, analytic: Double, numeric: NumericDerivative,
      verdict: Verdict, reason: Reason
    ) {
      self.kind = kind
      self.index = index
      self.value = value
      self.analytic = analytic
      self.numeric = numeric
      self.verdict = verdict
      self.reason = reason
    }

    public var absoluteError: Double { abs(analytic - numeric.value) }

    /// |a − n| / max(|a|, |n|); 0 if both are 0.
    public var relativeError: Double {
      let size = max(abs(analytic), abs(numeric.value))
      return size == 0 ? 0 : absoluteError / size
    }
  }

  /// The records of one tensor.
  public struct Tensor: Sendable {
    public var tensor: SubjectTensor
    public var records: [Record]
    /// The root mean square of the tensor's analytic gradient.
    public var scale: Double
    /// The pattern that explains all wrong entries; nil if there is none.
    public var diagnosis: Diagnosis?
    /// The node that causes the error; nil if it is unknown.
    public var culprit: SubjectNode?

    init(
      tensor: SubjectTensor, records: [Record], scale: Double, diagnosis: Diagnosis? = nil,
      culprit: SubjectNode? = nil
    ) {
      self.tensor = tensor
      self.records = records
      self.scale = scale
      self.diagnosis = diagnosis
      self.culprit = culprit
    }
  }

  /// The result as a whole.
  public enum Outcome: String, Sendable {
    /// Every tensor is proven, and nothing is wrong.
    case passed
    /// Something is wrong.
    case failed
    /// Nothing is wrong, but a tensor is not proven, or there was no tensor to check.
    case unproven
  }

  /// The time of the check: `start` or `end`.
  public var at: String
  public var tensors: [Tensor]
  public var evaluations: Int

  public init(at moment: String, tensors: [Tensor], evaluations: Int) {
    at = moment
    self.tensors = tensors
    self.evaluations = evaluations
  }

  public var outcome: Outcome {
    let verdicts = tensors.map(\.verdict)
    if verdicts.contains(where: \.isFault) { return .failed }
    return !verdicts.isEmpty && verdicts.allSatisfy(\.isProof) ? .passed : .unproven
  }

  public var passes: Bool { outcome == .passed }

  /// The tensor to report first among those with the gravest verdict: a tensor of the node
  /// that causes the error; otherwise the last one in graph order whose layer is wrong by
  /// itself, because its error spoils the gradients of all nodes before it; otherwise the
  /// last one with a fault.
  public var suspect: Tensor? {
    let faults = tensors.filter { $0.verdict.isFault }
    for verdict in [Verdict.nondeterministic, .nonfinite] {
      let grave = faults.filter { $0.verdict == verdict }
      if let first = grave.first {
        return grave.last { $0.culprit?.name == $0.tensor.node }
          ?? (first.culprit == nil ? grave.last : first)
      }
    }
    return faults.last { $0.tensor.kind != .output && $0.isWrongInIsolation }
      ?? faults.last { $0.tensor.kind == .output } ?? faults.last
  }
}

extension GradientReport.Tensor {
  /// The number of entries that were checked one by one.
  public var checked: Int { records.count { $0.kind != .direction } }

  /// The number of entries that were checked one by one and are settled.
  var settled: Int { records.count { $0.kind != .direction && $0.verdict.isSettled } }

  /// The number of entries that were checked one by one and are proven.
  var proven: Int { records.count { $0.kind != .direction && $0.verdict.isProof } }

  /// Whether the layers that read the tensor are wrong by themselves.
  var isWrongInIsolation: Bool { records.contains { $0.verdict == .fail && $0.isWrongInIsolation } }

  /// The node that causes the error; by default, the node of the tensor.
  var node: SubjectNode {
    culprit ?? SubjectNode(name: tensor.node, type: tensor.type, location: tensor.location)
  }

  /// The conclusion from all records.
  ///
  /// A fault of one record is a fault of the tensor: NONFINITE, NONDETERMINISTIC, FAIL, in
  /// this order. A derivative outside its bound makes the tensor INCONCLUSIVE. Otherwise the
  /// tensor is PASS or ZERO if every entry is covered and at least one is proven, and KINK if
  /// all entries are at kinks.
  public var verdict: Verdict {
    for fault in [Verdict.nonfinite, .nondeterministic, .fail]
    where records.contains(where: { $0.verdict == fault }) {
      return fault
    }
    if records.contains(where: { $0.reason == .outsideWithinRoundoff }) { return .inconclusive }
    if !records.isEmpty, records.allSatisfy({ $0.verdict == .kink }) { return .kink }
    guard isCovered else { return .inconclusive }
    if records.contains(where: { $0.verdict == .pass }) { return .pass }
    return records.contains { $0.verdict == .zero } ? .zero : .inconclusive
  }

  /// Whether each entry is settled by itself, or by 16 directions that include it.
  var isCovered: Bool {
    if records.isEmpty { return false }
    if settled >= tensor.count { return true }
    let directions = records.filter { $0.kind == .direction && $0.verdict.isProof }
    let whole = directions.count { $0.members >= tensor.count }
    if whole >= ProbePlan.provingDirections { return true }
    guard directions.count >= ProbePlan.provingDirections else { return false }
    // Directions that were drawn again change all entries that are not 0.
    let zeros = records.count {
      $0.kind != .direction && $0.value == 0 && $0.verdict.isSettled
    }
    return directions.map(\.members).min()! + zeros >= tensor.count
  }

  /// The smallest error of a single entry that the check would have detected, relative to the
  /// larger of the entry and the root mean square of the tensor's gradient. Entries at kinks
  /// are excluded. Nil unless the tensor is PASS.
  public var sensitivity: Double? {
    guard verdict == .pass, scale > 0 else { return nil }
    func detectable(_ record: GradientReport.Record) -> Double {
      max(record.numeric.bound + record.absoluteError, 2 * Verdict.negligible * scale)
    }
    let alongAll =
      records.filter { $0.kind == .direction && $0.verdict.isProof }
      .map(detectable).min() ?? .infinity
    var sensitivity = checked < tensor.count ? alongAll / scale : 0
    for record in records where record.kind != .direction && record.verdict != .kink {
      let error = min(detectable(record), alongAll)
      sensitivity = max(sensitivity, error / max(abs(record.analytic), scale))
    }
    return sensitivity.isFinite ? sensitivity : nil
  }

  /// The most important record: it has the gravest verdict; among those, an entry precedes a
  /// direction, and a larger error in units of the bound precedes a smaller one.
  public var worst: GradientReport.Record? { records.worst }
}

extension [GradientReport.Record] {
  public var worst: GradientReport.Record? {
    let order: [Verdict] = [
      .zero, .pass, .kink, .inconclusive, .fail, .nondeterministic, .nonfinite,
    ]
    func gravity(_ record: GradientReport.Record) -> (Int, Int, Double) {
      let error = record.absoluteError / record.numeric.bound
      return (
        order.firstIndex(of: record.verdict)!, record.kind == .direction ? 0 : 1,
        error.isNaN ? 0 : error
      )
    }
    var worst: (record: GradientReport.Record, gravity: (Int, Int, Double))?
    for record in self {
      let g = gravity(record)
      if worst.map({ $0.gravity < g }) ?? true { worst = (record, g) }
    }
    return worst?.record
  }

  /// The gravest verdict of all records.
  var gravest: Verdict { worst?.verdict ?? .inconclusive }
}
