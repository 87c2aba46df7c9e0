public import NNExp

extension GradientReport: CustomStringConvertible {
  /// The report for a terminal: a headline, then one line per tensor.
  ///
  ///     gradient check at start: passed, 4 of 4 tensors proven (25 derivatives, 190 evaluations)
  ///       hidden  dense    weight  4 of 4  PASS  off by 4.1e-13 of 0.021 at weight[1, 0]; detects 2e-11
  public var description: String {
    let rows = tensors.map(\.cells)
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var text = headline
    for row in rows {
      text += "\n "
      for (cell, width) in zip(row, widths) {
        text += " " + cell + String(repeating: " ", count: width - cell.count) + " "
      }
      text += " " + row[5]
    }
    return text
  }

  /// The first line.
  public var headline: String {
    let proven = tensors.count { $0.verdict.isProof }
    let derivatives = tensors.reduce(0) { $0 + $1.records.count }
    return "gradient check at \(at): \(outcome.rawValue), \(proven) of \(tensors.count) tensors "
      + "proven (\(derivatives) derivatives, \(evaluations) evaluations)"
  }

  /// A line about derivatives that are not proven, for a check that was not requested and
  /// found no error; nil if all are proven.
  public var note: String? {
    let open = tensors.filter { tensor in
      !tensor.verdict.isProof && tensor.records.contains { !$0.verdict.isProof }
    }
    guard outcome == .unproven, let first = open.first else { return nil }
    let others = open.count > 1 ? " and \(open.count - 1) more" : ""
    return "note: the gradient check found no error, but \(first.tensor.fullName)\(others) "
      + "\(open.count > 1 ? "are" : "is") not proven (\(first.verdict.rawValue)); "
      + "for details: nnexp gradcheck \(first.tensor.file)"
  }

  /// The error at the node that is wrong, or at the first tensor without a proof. Nil if the
  /// check passed.
  public var diagnostic: Diagnostic? {
    switch outcome {
    case .passed: nil
    case .failed: suspect.map(fault)
    case .unproven: lack
    }
  }

  private func fault(of suspect: Tensor) -> Diagnostic {
    let tensor = suspect.tensor
    let culprit = suspect.node
    let node = "'\(culprit.name)' (\(culprit.type))"
    var notes: [Diagnostic.Note] = []
    let message: String
    let worst = suspect.worst!
    switch suspect.verdict {
    case .nonfinite where worst.reason == .lossNotFinite:
      message = "the output of \(node) is not finite, and so the loss has no gradient"
      notes.append(.init("look for a division by 0, a logarithm of 0 or an overflow"))
    case .nonfinite:
      message =
        "the gradient of \(node) is not finite: \(worst.name(in: tensor)) is "
        + "\(brief(worst.analytic))"
      notes.append(.init("look for a division by 0, a logarithm of 0 or an overflow"))
    case .nondeterministic:
      message =
        suspect.culprit == nil
        ? "the loss is not a function of \(tensor.name) of \(node): \(worst.reason.rawValue)"
        : "the output of \(node) is not a function of its inputs: \(worst.reason.rawValue)"
      notes.append(
        .init("a pass may depend only on its inputs, parameters, state and pass.random"))
    default:
      if tensor.kind == .output {
        message =
          "\(node) computes something else in an evaluation: \(tensor.entry(worst.index)) is "
          + "\(brief(worst.analytic)) in training and \(brief(worst.numeric.value)) in an "
          + "evaluation"
        notes.append(.init("only a layer with random numbers or state may do so"))
        break
      }
      message =
        "the gradient of \(node) is wrong: \(worst.name(in: tensor)) is "
        + "\(brief(worst.analytic)), but differences give \(brief(worst.numeric.value)) "
        + "± \(brief(worst.numeric.bound))"
      if let diagnosis = suspect.diagnosis {
        notes.append(.init("\(tensor.name): \(diagnosis)"))
      } else if worst.reason == .betweenNodes {
        notes.append(.init("\(tensor.name): \(worst.reason.rawValue)"))
      }
    }
    notes += others(than: suspect)
    return Diagnostic(message, at: culprit.location, notes: notes, failure: .shortfall)
  }

  /// Notes on the other tensors with faults.
  private func others(than suspect: Tensor) -> [Diagnostic.Note] {
    let culprit = suspect.node.name
    if suspect.verdict != .fail { return [] }
    let others = tensors.filter { other in
      other.verdict == .fail
        && !(other.tensor.node == suspect.tensor.node && other.tensor.name == suspect.tensor.name)
    }
    var notes: [Diagnostic.Note] = []
    var before: [String] = []
    for other in others {
      let name = other.node.name
      if name == culprit {
        let diagnosis = other.diagnosis.map { ": \($0)" } ?? " is wrong too"
        notes.append(.init("\(other.tensor.name)\(diagnosis)"))
      } else if !before.contains(name) {
        before.append(name)
      }
    }
    if !before.isEmpty {
      let names = before.map { "'\($0)'" }.joined(separator: ", ")
      notes.append(
        .init("\(names) fail\(before.count == 1 ? "s" : "") too, before it: look here first"))
    }
    return notes
  }

  private var lack: Diagnostic {
    let open = tensors.filter { !$0.verdict.isProof }
    guard let first = open.first else {
      return Diagnostic("the gradient check had nothing to check", failure: .shortfall)
    }
    let tensor = first.tensor
    var notes: [Diagnostic.Note] = []
    if let worst = first.worst, worst.reason != .none, !worst.verdict.isProof {
      notes.append(.init("\(worst.name(in: tensor)): \(worst.reason.rawValue)"))
    }
    if first.checked < tensor.count {
      notes.append(
        .init("next: nnexp gradcheck \(tensor.file) --only \(tensor.fullName) --entries all"))
    } else if first.verdict == .kink {
      notes.append(.init("start from other values, for instance biases that are not 0"))
    } else if first.records.contains(where: { $0.reason == .saturated }) {
      notes.append(.init("start from smaller values"))
    } else {
      notes.append(.init("start from other values, or check fewer samples (batch)"))
    }
    if open.count > 1 {
      notes.append(
        .init("\(open.count - 1) more tensor\(open.count == 2 ? " lacks" : "s lack") proof"))
    }
    return Diagnostic(
      "the gradient check does not prove \(tensor.name) of '\(tensor.node)' (\(tensor.type)): "
        + "\(first.verdict.rawValue), \(first.proven) of \(tensor.count) entries proven",
      at: tensor.location, notes: notes, failure: .shortfall)
  }
}

extension SubjectTensor {
  /// The full name, such as `hidden.weight`.
  fileprivate var fullName: String { "\(node).\(name)" }

  /// The experiment file as an argument of a command.
  fileprivate var file: String { location.map { quotedForShell($0.source.name) } ?? "FILE" }
}

extension GradientReport.Record {
  /// The name of the derivative, such as `∂L/∂weight[2, 0]` or `∂L/∂weight along direction
  /// 3`.
  func name(in tensor: SubjectTensor) -> String {
    kind == .direction
      ? "∂L/∂\(tensor.name) along direction \(index)" : "∂L/∂\(tensor.entry(index))"
  }
}

extension GradientReport.Tensor {
  fileprivate var cells: [String] {
    var coverage = "\(checked) of \(tensor.count)"
    let directions = records.count - checked
    if directions > 0 { coverage += " + \(directions) directions" }
    return [tensor.node, tensor.type, tensor.name, coverage, verdict.rawValue, remark]
  }

  private var remark: String {
    // A proven tensor shows its weakest proof; another one shows its fault or the missing
    // proof.
    let proofs = verdict.isProof ? records.filter(\.verdict.isProof) : records
    guard let worst = proofs.worst else { return "" }
    let entry = worst.kind == .direction ? "direction \(worst.index)" : tensor.entry(worst.index)
    if worst.verdict == .nonfinite || worst.verdict == .nondeterministic {
      return "\(worst.reason.rawValue), at \(entry)"
    }
    if tensor.kind == .output { return "\(worst.reason.rawValue), at \(entry)" }
    var text =
      "off by \(brief(worst.absoluteError)) of \(brief(abs(worst.numeric.value))) at \(entry)"
    if worst.verdict == .inconclusive || worst.verdict == .kink {
      text += "; " + worst.reason.rawValue
    }
    if worst.verdict == .fail, let diagnosis { text += "; \(diagnosis)" }
    let kinks = records.count { $0.verdict == .kink }
    if verdict.isProof && kinks > 0 { text += "; \(kinks) at kinks" }
    if let sensitivity { text += "; detects errors of \(rough(sensitivity))" }
    return text
  }
}

/// Rounds to six significant digits, or to two for tiny numbers: `4.1e-13`, `0.021`.
private func brief(_ x: Double) -> String { rounded(x, digits: abs(x) < 1e-6 ? 2 : 6) }

private func rough(_ x: Double) -> String { rounded(x, digits: 2) }

private func rounded(_ x: Double, digits: Int) -> String {
  guard x.isFinite, x != 0 else { return shortest(x) }
  let size = abs(x)
  var exponent = 0
  var scaled = size
  while scaled >= 10 {
    scaled /= 10
    exponent += 1
  }
  while scaled < 1 {
    scaled *= 10
    exponent -= 1
  }
  // Parsing the decimal digits gives the number with the shortest text.
  var unit = 1
  for _ in 1..<digits { unit *= 10 }
  let count = Int((scaled * Double(unit)).rounded())
  let text = "\(count)e\(exponent - digits + 1)"
  return (x < 0 ? "-" : "") + shortest(Double(text) ?? size)
}
