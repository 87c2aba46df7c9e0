import NNExp

extension GradientReport {
  /// The columns of `gradient_check.csv`.
  public static let entriesHeader =
    "at,node,type,tensor,kind,index,value,analytic,numeric,absolute_error,relative_error,"
    + "error_truncation,error_roundoff,bound,step,evaluations,slope_left,slope_right,verdict,"
    + "reason\n"

  /// The columns of `gradient_check_summary.csv`.
  public static let summaryHeader =
    "at,node,type,tensor,kind,entries,checked,pass,zero,kink,inconclusive,fail,nonfinite,"
    + "nondeterministic,max_absolute_error,max_relative_error,max_bound,worst_index,verdict\n"

  /// `gradient_check.csv`: a row a derivative. Where a direction is meant,
  /// `index` counts directions and `value` is empty; `slope_left` and
  /// `slope_right` are empty where too few steps were taken to know them.
  public static func entriesCSV(_ reports: [GradientReport]) -> String {
    var text = entriesHeader
    for report in reports {
      for result in report.tensors {
        let head = [report.at, result.tensor.node, result.tensor.type, result.tensor.name]
          .map(csvField).joined(separator: ",")
        for record in result.records { record.write(after: head, to: &text) }
      }
    }
    return text
  }

  /// `gradient_check_summary.csv`: a row a tensor and kind. A tensor of which
  /// entries and directions were checked has two rows.
  ///
  /// `max_relative_error` is that of entries which PASS or FAIL: a quotient of
  /// two vanishing numbers says nothing.
  public static func summaryCSV(_ reports: [GradientReport]) -> String {
    var text = summaryHeader
    for report in reports {
      for result in report.tensors {
        for kind in [Kind.parameter, .input, .direction] {
          let records = result.records.filter { $0.kind == kind }
          guard !records.isEmpty else { continue }
          text += result.summaryRow(at: report.at, kind: kind, records)
        }
      }
    }
    return text
  }
}

extension GradientReport.Record {
  fileprivate func write(after head: String, to text: inout String) {
    text += head
    text += ",\(kind.rawValue),\(index),"
    if kind != .direction { text += shortest(value) }
    let numbers = [
      analytic, numeric.value, absoluteError, relativeError, numeric.truncation, numeric.roundoff,
      numeric.bound, numeric.step,
    ]
    for number in numbers { text += "," + shortest(number) }
    text += ",\(numeric.evaluations)"
    for slope in [numeric.slopeLeft, numeric.slopeRight] {
      text += ","
      if !slope.isNaN { text += shortest(slope) }
    }
    text += ",\(verdict.rawValue),\(csvField(reason.rawValue))\n"
  }
}

extension GradientReport.Tensor {
  fileprivate func summaryRow(
    at moment: String, kind: GradientReport.Kind, _ records: [GradientReport.Record]
  ) -> String {
    func count(_ verdict: Verdict) -> String { "\(records.count { $0.verdict == verdict })" }
    func largest(_ values: some Sequence<Double>) -> String {
      var largest: Double?
      for value in values {
        // NaN wins, so that it is not overlooked.
        if largest.map({ value > $0 || value.isNaN }) ?? true { largest = value }
      }
      return largest.map { shortest($0) } ?? ""
    }
    let compared = records.filter { $0.verdict == .pass || $0.verdict == .fail }
    let fields =
      [moment, tensor.node, tensor.type, tensor.name].map(csvField)
      + [kind.rawValue, "\(tensor.count)", "\(records.count)"]
      + [
        count(.pass), count(.zero), count(.kink), count(.inconclusive), count(.fail),
        count(.nonfinite), count(.nondeterministic),
      ]
      + [
        largest(records.lazy.map(\.absoluteError)), largest(compared.lazy.map(\.relativeError)),
        largest(records.lazy.map(\.numeric.bound)),
      ]
      + [records.worst.map { "\($0.index)" } ?? "", records.verdict.rawValue]
    return fields.joined(separator: ",") + "\n"
  }
}

/// A field of RFC 4180: quoted where it must be.
private func csvField(_ text: String) -> String {
  let isPlain = !text.utf8.contains { ",\"\n\r".utf8.contains($0) }
  if isPlain { return text }
  return "\"" + text.split(atByte: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    + "\""
}
