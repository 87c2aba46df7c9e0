import Engine
import NNExp

/// The nodes that cause the errors: nodes whose layers are wrong by themselves, nodes that
/// are not deterministic, and nodes whose outputs differ between training and evaluation.
struct Localization {
  /// The nodes, by tensor with a fault.
  private(set) var nodes: [Int: SubjectNode] = [:]

  /// Records of outputs that differ between training and evaluation.
  private(set) var modes: [GradientReport.Tensor] = []

  private var diagnoses: [Int: Diagnosis] = [:]

  init<Subject: GradientSubject>(
    _ subject: Subject, _ gradients: [[Double]],
    _ found: [(tensor: Int, records: [GradientReport.Record])]
  ) {
    let tensors = subject.tensors
    let faults = found.filter { $0.records.gravest.isFault }
    let verdicts = Set(faults.map(\.records.gravest))
    let random = verdicts.contains(.nondeterministic) ? subject.firstNondeterministicNode() : nil
    let hasNoLoss = faults.contains { $0.records.contains { $0.reason == .lossNotFinite } }
    let nonfinite = hasNoLoss ? subject.firstNonfiniteNode() : nil
    for (t, records) in faults {
      switch records.gravest {
      case .nondeterministic: nodes[t] = random
      case .nonfinite: nodes[t] = nonfinite
      default:
        let wrong = records.first { $0.verdict == .fail && $0.isWrongInIsolation }
        if let wrong {
          let entry = wrong.kind == .direction ? nil : wrong.index
          find(t, subject, gradients[t], entry)
        }
        guard diagnoses[t] == nil, wrong != nil || subject.readers(of: t).isEmpty else { continue }
        diagnoses[t] = Diagnosis.of(
          t, records: records, tensors: tensors, gradients: gradients,
          outputGradient: subject.outputGradient(of: t))
      }
    }
    if verdicts.isDisjoint(with: [.nondeterministic, .nonfinite]) { compareModes(subject) }
  }

  func diagnosis(of t: Int) -> Diagnosis? { diagnoses[t] }

  /// Finds the wrong one among the layers that read a tensor.
  private mutating func find<Subject: GradientSubject>(
    _ t: Int, _ subject: Subject, _ gradient: [Double], _ entry: Int?
  ) {
    _ = subject.loss(changing: t)
    let readers = subject.readers(of: t)
    func node(_ reader: any IsolatedLayer) -> SubjectNode {
      SubjectNode(name: reader.node, type: reader.type, location: reader.location)
    }
    if readers.count == 1 {
      nodes[t] = node(readers[0])
      return
    }
    for reader in readers {
      var own = [Double](repeating: 0, count: gradient.count)
      reader.addGradient(of: reader.cotangents, to: &own)
      let check = LocalCheck(
        subject, tensor: t, readers: [reader], gradient: own, tolerance: 1e-6, .never)
      if let entry, check?.check(entry).verdict == .fail {
        nodes[t] = node(reader)
        return
      }
    }
    // All layers are right by themselves, but one may overwrite the terms of the others.
    for reader in readers {
      var own = [Double](repeating: 0, count: gradient.count)
      reader.addGradient(of: reader.cotangents, to: &own)
      var added = [Double](repeating: 1, count: gradient.count)
      reader.addGradient(of: reader.cotangents, to: &added)
      if zip(own, added).contains(where: { abs($1 - 1 - $0) > 1e-6 * (1 + abs($0)) }) {
        nodes[t] = node(reader)
        diagnoses[t] = .lostTerm(readers: readers.count)
        return
      }
    }
  }

  /// The largest relative difference that summation in another order can cause.
  private static let modeTolerance = 1e-9

  private mutating func compareModes(_ subject: some GradientSubject) {
    var known: Set<String> = []
    var trained: [Double] = []
    var evaluated: [Double] = []
    for t in subject.tensors.indices {
      for reader in subject.readers(of: t) where known.insert(reader.node).inserted {
        guard reader.evaluateUntrained(into: &evaluated) else { continue }
        reader.evaluate(into: &trained)
        let largest = trained.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        let different = trained.indices.first {
          trained[$0] != evaluated[$0]
            && !(abs(trained[$0] - evaluated[$0]) <= Localization.modeTolerance * largest)
        }
        guard let j = different else { continue }
        var numeric = NumericDerivative()
        numeric.value = evaluated[j]
        numeric.truncation = 0
        var record = GradientReport.Record(
          kind: .local, index: j, value: trained[j], analytic: trained[j], numeric: numeric,
          verdict: .fail, reason: .evaluationDiffers)
        record.isWrongInIsolation = true
        let width = trained.count / max(1, reader.samples)
        modes.append(
          GradientReport.Tensor(
            tensor: SubjectTensor(
              node: reader.node, type: reader.type, name: "y", kind: .output, shape: [width],
              samples: reader.samples, location: reader.location),
            records: [record], scale: 0))
      }
    }
  }
}
