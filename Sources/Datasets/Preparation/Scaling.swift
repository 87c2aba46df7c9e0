import Platform
import NNExp

/// The scaling of each column:
///
///     y = ((x − origin) − shift) / spread     (0 where the training data are constant)
///
/// For `standardize`, origin + shift is the mean and spread is the standard deviation
/// √(Σd²/n). For `min_max`, origin is the minimum and spread is the range, so that the
/// training data are in [0, 1]. For `robust`, origin is the median and spread is the
/// interquartile range (by linear interpolation). For `divide`, spread is the divisor. For
/// `log`, y = ln x. All values are computed from the training data only, in float64. One-hot
/// inputs and indicators stay 0 and 1.
///
/// The mean is stored as the first sample and the correction to add to it. It stays accurate
/// if the data vary little far from 0, as times in seconds do.
struct Scaling: Sendable {
  /// The origin of each number, as with the other arrays.
  private(set) var origin: [Double]
  private(set) var shift: [Double]

  /// The spread of each number; 0 if the column is constant.
  private(set) var spread: [Double]

  /// The smallest and the largest number of the training data, which are not stored; empty for a
  /// scale that was.
  private(set) var low: [Double] = []
  private(set) var high: [Double] = []

  /// Whether each number is scaled to its logarithm; empty if none is.
  private(set) var areLogs: [Bool] = []

  /// - Parameter numbers: the scale of each number of a sample.
  init(_ numbers: [ScaleNumbers]) {
    origin = numbers.map(\.origin)
    shift = numbers.map(\.shift)
    spread = numbers.map(\.spread)
    if numbers.contains(where: \.isLog) { areLogs = numbers.map(\.isLog) }
  }

  /// The number of values per sample.
  var count: Int { spread.count }

  /// The scale of one number.
  subscript(number: Int) -> ScaleNumbers {
    ScaleNumbers(
      origin: origin[number], shift: shift[number], spread: spread[number],
      isLog: areLogs.isEmpty ? false : areLogs[number])
  }

  /// Nil if no column is scaled.
  ///
  /// - Parameters:
  ///   - methods: the method of each column.
  ///   - location: of the method in the file; nil if a column has its own.
  ///   - cell: the location of a number, by row and column.
  init?(
    _ methods: [ScaleMethod], fittedTo columns: SourceColumns, rows: [Int],
    at location: SourceLocation?, cell: (Int, Int) -> SourceLocation? = { _, _ in nil }
  ) throws {
    guard methods.contains(where: { $0 != .none }) else { return nil }
    let width = columns.layout.width
    let methods = columns.layout.expand(methods)
    func name(_ number: Int) -> String { columns.layout.expandedNames[number] }
    func start(_ number: Int) -> SourceLocation? {
      cell(rows[0], columns.layout.column(ofNumber: number))
    }
    var values = [Double](repeating: 0, count: width)
    try columns.decode(rows[0], into: &values)
    let first = values
    var low = first
    var high = first
    // The mean of x − first: Σ(x − first)/n.
    var mean = [Double](repeating: 0, count: width)
    let n = Double(rows.count)
    var cursor = BlockCursor()
    do {
      var lows = low.mutableSpan
      var highs = high.mutableSpan
      var means = mean.mutableSpan
      let first = first.span
      for row in rows {
        try columns.decode(row, into: &values, from: &cursor)
        let x = values.span
        for i in 0..<width {
          lows[i] = min(lows[i], x[i])
          highs[i] = max(highs[i], x[i])
          means[i] += x[i] - first[i]
        }
      }
    }
    for i in 0..<width { mean[i] /= n }
    let range = zip(high, low).map { $0 - $1 }
    (self.low, self.high) = (low, high)

    origin = [Double](repeating: 0, count: width)
    shift = origin
    spread = [Double](repeating: 1, count: width)
    let areStandard = methods.map { $0 == .standardize }
    if areStandard.contains(true) {
      // The variance takes two passes, of which the second corrects the rounding error of the
      // mean. Deviations are divided by the range so that no square overflows or underflows.
      // Columns without a deviation are divided by ∞.
      let divisors = (0..<width).map { areStandard[$0] && range[$0] > 0 ? range[$0] : .infinity }
      var squares = [Double](repeating: 0, count: width)
      var sums = [Double](repeating: 0, count: width)
      do {
        var squareSpan = squares.mutableSpan
        var sumSpan = sums.mutableSpan
        let (first, mean, divisors) = (first.span, mean.span, divisors.span)
        for row in rows {
          try columns.decode(row, into: &values, from: &cursor)
          let x = values.span
          for i in 0..<width {
            let d = ((x[i] - first[i]) - mean[i]) / divisors[i]
            squareSpan[i] += d * d
            sumSpan[i] += d
          }
        }
      }
      for i in 0..<width where areStandard[i] {
        origin[i] = first[i]
        shift[i] = mean[i]
        let variance = (squares[i] - sums[i] * sums[i] / n) / n
        spread[i] = range[i] > 0 ? range[i] * max(variance, 0).squareRoot() : range[i]
      }
    }
    for i in 0..<width {
      switch methods[i] {
      case .none, .standardize: continue
      case .minMax:
        origin[i] = low[i]
        spread[i] = range[i]
      case .divide(let divisor):
        spread[i] = divisor
        continue
      case .log:
        guard low[i] > 0 else {
          let row = try rows.first { row in
            try columns.decode(row, into: &values)
            return values[i] == low[i]
          }
          let lowest = cell(row ?? rows[0], columns.layout.column(ofNumber: i))
          throw Diagnostic(
            "'\(name(i))' has the minimum \(shortest(low[i])), which has no logarithm; use "
              + "another method", at: location ?? lowest)
        }
        if areLogs.isEmpty { areLogs = [Bool](repeating: false, count: width) }
        areLogs[i] = true
        continue
      case .robust:
        let sorted = try rows.map { row in
          try columns.decode(row, into: &values)
          return values[i]
        }.sorted()
        origin[i] = Scaling.quantile(0.5, of: sorted)
        spread[i] = Scaling.quantile(0.75, of: sorted) - Scaling.quantile(0.25, of: sorted)
        guard spread[i] > 0 || range[i] == 0 else {
          throw Diagnostic(
            "the quartiles of '\(name(i))' are both \(shortest(origin[i])), so that 'robust' has no "
              + "scale; use another method", at: location ?? start(i))
        }
      }
    }
    for i in 0..<width where !shift[i].isFinite || !spread[i].isFinite {
      throw Diagnostic(
        "'\(columns.layout.expandedNames[i])' reaches from \(shortest(low[i])) to "
          + "\(shortest(high[i])), too far apart to scale", at: location ?? start(i))
    }
  }

  /// The quantile of sorted numbers by linear interpolation.
  static func quantile(_ fraction: Double, of sorted: [Double]) -> Double {
    let position = fraction * Double(sorted.count - 1)
    let below = Int(position)
    let low = sorted[below]
    let high = sorted[min(below + 1, sorted.count - 1)]
    return low + (high - low) * (position - Double(below))
  }

  /// The conversion back to the units of the data.
  var units: TargetUnits {
    TargetUnits(origin: origin, shift: shift, spread: spread, areLogs: areLogs)
  }

  /// Scales the first numbers of `values`, one per column.
  func apply(to values: inout [Double]) {
    for i in 0..<spread.count {
      values[i] = spread[i] > 0 ? ((values[i] - origin[i]) - shift[i]) / spread[i] : 0
    }
    if !areLogs.isEmpty { applyLogs(to: &values) }
  }

  private func applyLogs(to values: inout [Double]) {
    for i in areLogs.indices where areLogs[i] { values[i] = log(values[i]) }
  }
}
