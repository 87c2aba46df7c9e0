import NNExp

/// How each column is brought to a common scale:
///
///     y = ((x − origin) − shift) / spread     (0 where the training data are constant)
///
/// standardize: origin + shift is the mean, spread the standard deviation
/// √(Σd²/n); min_max: origin is the least value, spread the largest less the
/// least, so that the training data lie in [0, 1]. All come from the training
/// data alone, in float64. Numbers of one-hot columns stay 0 and 1.
///
/// The mean is kept as the first sample and what is to be added to it: it is
/// then exact even where the data vary little far from 0, as times in seconds do.
struct Scaling: Sendable {
  enum Method: String, Sendable, CaseIterable {
    case none, standardize
    case minMax = "min_max"
  }

  /// One a number, as the others.
  private(set) var origin: [Double]
  private(set) var shift: [Double]

  /// 0 where the column is constant.
  private(set) var spread: [Double]

  /// Nil for `none`.
  init?(
    _ method: Method, fittedTo columns: SourceColumns, rows: [Int], at location: SourceLocation?
  )
    throws
  {
    guard method != .none else { return nil }
    let width = columns.layout.width
    var values = [Double](repeating: 0, count: width)
    try columns.decode(rows[0], into: &values)
    let first = values
    var low = first
    var high = first
    // Σ(x − first)/n
    var mean = [Double](repeating: 0, count: width)
    let n = Double(rows.count)
    for row in rows {
      try columns.decode(row, into: &values)
      for i in 0..<width {
        low[i] = min(low[i], values[i])
        high[i] = max(high[i], values[i])
        mean[i] += values[i] - first[i]
      }
    }
    for i in 0..<width { mean[i] /= n }
    var range = [Double](repeating: 0, count: width)
    for i in 0..<width { range[i] = high[i] - low[i] }

    switch method {
    case .none: return nil
    case .minMax:
      origin = low
      shift = [Double](repeating: 0, count: width)
      spread = range
    case .standardize:
      // Two passes, the second corrected for the mean's rounding; deviations
      // count in units of the range, so that no square overflows or vanishes.
      var squares = [Double](repeating: 0, count: width)
      var sums = [Double](repeating: 0, count: width)
      for row in rows {
        try columns.decode(row, into: &values)
        for i in 0..<width where range[i] > 0 {
          let d = ((values[i] - first[i]) - mean[i]) / range[i]
          squares[i] += d * d
          sums[i] += d
        }
      }
      origin = first
      shift = mean
      spread = range
      for i in 0..<width where range[i] > 0 {
        let variance = (squares[i] - sums[i] * sums[i] / n) / n
        spread[i] = range[i] * max(variance, 0).squareRoot()
      }
    }

    let isNumeric = columns.layout.expandedIsNumeric
    for i in 0..<width {
      if !isNumeric[i] {
        origin[i] = 0
        shift[i] = 0
        spread[i] = 1
      } else if !shift[i].isFinite || !spread[i].isFinite {
        throw Diagnostic(
          "'\(columns.layout.expandedNames[i])' reaches from \(shortest(low[i])) to "
            + "\(shortest(high[i])), too far apart to scale", at: location)
      }
    }
  }

  /// The way back to the units of the data.
  var units: TargetUnits { TargetUnits(origin: origin, shift: shift, spread: spread) }

  /// Scales the first numbers of `values`, as many as there are columns.
  func apply(to values: inout [Double]) {
    for i in 0..<spread.count {
      values[i] = spread[i] > 0 ? ((values[i] - origin[i]) - shift[i]) / spread[i] : 0
    }
  }
}
