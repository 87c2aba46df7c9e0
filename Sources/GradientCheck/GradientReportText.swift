public import NNExp

extension GradientReport: CustomStringConvertible {
  /// The report for a terminal: a headline, then a line a tensor.
  ///
  ///     gradient check at start: passed, 4 of 4 tensors proven (25 entries, 190 evaluations)
  ///       hidden  dense    weight  4 of 4  PASS  off by 4.1e-13 of 0.021 at weight[1, 0]
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

  /// The first line alone.
  public var headline: String {
    let proven = tensors.count { $0.verdict.isProof }
    let derivatives = tensors.reduce(0) { $0 + $1.records.count }
    return "gradient check at \(at): \(outcome.rawValue), \(proven) of \(tensors.count) tensors "
      + "proven (\(derivatives) derivatives, \(evaluations) evaluations)"
  }

  /// What is wrong, at the node that is; or what lacks proof. Nil if it passed.
  public var diagnostic: Diagnostic? {
    switch outcome {
    case .passed: nil
    case .failed: suspect.map(fault)
    case .unproven: lack
    }
  }

  private func fault(of suspect: Tensor) -> Diagnostic {
    let tensor = suspect.tensor
    let node = "'\(tensor.node)' (\(tensor.type))"
    var notes: [Diagnostic.Note] = []
    let message: String
    let worst = suspect.worst!
    switch suspect.verdict {
    case .nonfinite:
      message =
        "the gradient of \(node) is not finite: \(worst.place(in: tensor)): \(worst.reason.rawValue)"
      notes.append(.init("look for a division by 0, a logarithm of 0 or an overflow"))
    case .nondeterministic:
      message =
        "the loss is not a function of \(tensor.name) of \(node): \(worst.reason.rawValue)"
      notes.append(
        .init("a pass may depend on its inputs, parameters and pass.random alone"))
    default:
      message =
        "the gradient of \(node) is wrong: \(worst.place(in: tensor)) is "
        + "\(brief(worst.analytic)), but differences give \(brief(worst.numeric.value)) "
        + "± \(brief(worst.numeric.bound))"
      if let diagnosis = suspect.diagnosis {
        notes.append(.init("\(tensor.name): \(diagnosis)"))
      }
    }
    let others = tensors.filter { $0.verdict.isFault && $0.tensor.node == tensor.node }
    for other in others where other.tensor.name != tensor.name {
      let diagnosis = other.diagnosis.map { ": \($0)" } ?? " is wrong too"
      notes.append(.init("\(other.tensor.name)\(diagnosis)"))
    }
    var before: [String] = []
    for other in tensors
    where other.verdict.isFault && other.tensor.node != tensor.node
      && !before.contains(other.tensor.node)
    {
      before.append(other.tensor.node)
    }
    if !before.isEmpty {
      let names = before.map { "'\($0)'" }.joined(separator: ", ")
      notes.append(
        .init("\(names) fail\(before.count == 1 ? "s" : "") too, before it: look here first"))
    }
    return Diagnostic(message, at: tensor.location, notes: notes, failure: .shortfall)
  }

  private var lack: Diagnostic {
    let open = tensors.filter { !$0.verdict.isProof }
    guard let first = open.first else {
      return Diagnostic("the gradient check had nothing to check", failure: .shortfall)
    }
    let tensor = first.tensor
    var notes: [Diagnostic.Note] = []
    if let worst = first.worst, worst.reason != .none {
      notes.append(.init("\(worst.place(in: tensor)): \(worst.reason.rawValue)"))
    }
    switch (first.verdict, first.worst?.reason) {
    case (.kink, _):
      notes.append(.init("start from other values, for instance biases that are not 0"))
    case (_, .vanishing?):
      notes.append(
        .init("its node is saturated, dead or without effect on the loss; try smaller values"))
    default: break
    }
    if open.count > 1 { notes.append(.init("\(open.count - 1) more tensors lack proof")) }
    return Diagnostic(
      "the gradient check proves nothing about \(tensor.name) of '\(tensor.node)' "
        + "(\(tensor.type)): \(first.verdict.rawValue), "
        + "\(first.records.count { $0.verdict.isProof }) of \(first.records.count) proven",
      at: tensor.location, notes: notes, failure: .shortfall)
  }
}

extension GradientReport.Record {
  /// `∂L/∂weight[2, 0]`, `∂L/∂weight along direction 3`.
  fileprivate func place(in tensor: SubjectTensor) -> String {
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
    guard let worst else { return "" }
    let entry = worst.kind == .direction ? "direction \(worst.index)" : tensor.entry(worst.index)
    if worst.verdict == .nonfinite || worst.verdict == .nondeterministic {
      return "\(worst.reason.rawValue), at \(entry)"
    }
    var text =
      "off by \(brief(worst.absoluteError)) of \(brief(abs(worst.numeric.value))) at \(entry)"
    if worst.verdict == .inconclusive || worst.verdict == .kink {
      text += "; " + worst.reason.rawValue
    }
    if worst.verdict == .fail, let diagnosis { text += "; \(diagnosis)" }
    return text
  }
}

/// Two significant digits where more would say nothing: `4.1e-13`, `0.021`; six
/// for numbers of ordinary size.
private func brief(_ x: Double) -> String {
  guard x.isFinite, x != 0 else { return shortest(x) }
  let size = abs(x)
  let digits = size < 1e-6 ? 2 : 6
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
  // The shortest text of a few digits comes from reading them back.
  var unit = 1
  for _ in 1..<digits { unit *= 10 }
  let count = Int((scaled * Double(unit)).rounded())
  let text = "\(count)e\(exponent - digits + 1)"
  return (x < 0 ? "-" : "") + shortest(Double(text) ?? size)
}
