import NNExp
import Results

extension GradientReport {
  /// The file `gradient_check.csv`: one row per derivative. For a direction, `index` is its
  /// number and `value` is empty. `slope_left` and `slope_right` are empty if there were too
  /// few steps to compute them.
  public static func entriesCSV(_ reports: [GradientReport]) -> String {
    var text = CSVText(columns: [
      "at", "node", "type", "tensor", "kind", "index", "value", "analytic", "numeric",
      "absolute_error", "relative_error", "error_truncation", "error_roundoff", "bound", "step",
      "evaluations", "slope_left", "slope_right", "verdict", "reason",
    ])
    for report in reports {
      for result in report.tensors {
        let head = result.tensor.cells(at: report.at)
        for record in result.records { text.append(head + record.cells) }
      }
    }
    return text.text
  }

  /// The file `gradient_check_summary.csv`: one row per tensor and kind. A tensor with
  /// entries and directions has two rows, which share `verdict` and `sensitivity`.
  ///
  /// `max_relative_error` covers only the entries with PASS or FAIL, because the quotient of
  /// two vanishing numbers is meaningless.
  public static func summaryCSV(_ reports: [GradientReport]) -> String {
    var text = CSVText(columns: [
      "at", "node", "type", "tensor", "kind", "entries", "checked", "pass", "zero", "kink",
      "inconclusive", "fail", "nonfinite", "nondeterministic", "max_absolute_error",
      "max_relative_error", "max_bound", "worst_index", "verdict", "sensitivity",
    ])
    for report in reports {
      for result in report.tensors {
        for kind in [Kind.parameter, .input, .local, .direction] {
          let records = result.records.filter { $0.kind == kind }
          guard !records.isEmpty else { continue }
          text.append(result.summaryCells(at: report.at, kind: kind, records))
        }
      }
    }
    return text.text
  }
}

extension GradientReport.Record {
  fileprivate var cells: [Cell] {
    func slope(_ value: Double) -> Cell { value.isNaN ? .empty : .number(value) }
    return [
      .text(kind.rawValue), .int(index), kind == .direction ? .empty : .number(value),
      .number(analytic), .number(numeric.value), .number(absoluteError), .number(relativeError),
      .number(numeric.truncation), .number(numeric.roundoff), .number(numeric.bound),
      .number(numeric.step), .int(numeric.evaluations), slope(numeric.slopeLeft),
      slope(numeric.slopeRight), .text(verdict.rawValue), .text(reason.rawValue),
    ]
  }
}

extension SubjectTensor {
  fileprivate func cells(at moment: String) -> [Cell] {
    [.text(moment), .text(node), .text(type), .text(name)]
  }
}

extension GradientReport.Tensor {
  fileprivate func summaryCells(
    at moment: String, kind: GradientReport.Kind, _ records: [GradientReport.Record]
  ) -> [Cell] {
    func count(_ verdict: Verdict) -> Cell { .int(records.count { $0.verdict == verdict }) }
    func largest(_ values: some Sequence<Double>) -> Cell {
      var largest: Double?
      for value in values {
        // NaN takes precedence, so that it is visible.
        if largest.map({ value > $0 || value.isNaN }) ?? true { largest = value }
      }
      return Cell(largest)
    }
    let compared = records.filter { $0.verdict == .pass || $0.verdict == .fail }
    let counts = [.pass, .zero, .kink, .inconclusive, .fail, .nonfinite, .nondeterministic].map(
      count)
    return tensor.cells(at: moment)
      + [.text(kind.rawValue), .int(tensor.count), .int(records.count)] + counts
      + [
        largest(records.lazy.map(\.absoluteError)), largest(compared.lazy.map(\.relativeError)),
        largest(records.lazy.map(\.numeric.bound)), Cell(records.worst.map { $0.index }),
        .text(verdict.rawValue), Cell(sensitivity),
      ]
  }
}
