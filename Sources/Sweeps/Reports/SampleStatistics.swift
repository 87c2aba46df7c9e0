import Platform

/// The mean, standard deviation and 95% interval of a sample.
///
///     sd  = √(Σ (x − mean)² / (n − 1))
///     95% = mean ± t(0.975, n − 1) · sd / √n
package struct SampleStatistics {
  /// Nil if there are no values.
  package let mean: Double?
  /// Nil for fewer than two values.
  package let deviation: Double?
  package let low: Double?
  package let high: Double?

  package init(_ values: [Double]) {
    let n = Double(values.count)
    guard n > 0 else {
      (mean, deviation, low, high) = (nil, nil, nil, nil)
      return
    }
    let mean = values.reduce(0) { $0 + $1 / n }
    self.mean = mean
    guard n > 1 else {
      (deviation, low, high) = (nil, nil, nil)
      return
    }
    // Values are divided by the largest distance, so that no square overflows.
    let unit = values.reduce(0) { max($0, abs($1 - mean)) }
    let squares = values.reduce(0) { sum, x in
      let distance = unit > 0 ? (x - mean) / unit : 0
      return sum + distance * distance
    }
    let deviation = unit * (squares / (n - 1)).squareRoot()
    let half = studentT(degrees: values.count - 1) * deviation / n.squareRoot()
    self.deviation = deviation
    low = mean - half
    high = mean + half
  }
}

/// The 0.975 quantile of Student's t distribution with `degrees` ≥ 1 degrees of freedom, by
/// bisection.
func studentT(degrees: Int) -> Double {
  var (low, high) = (1.9, 13.0)
  while true {
    let middle = (low + high) / 2
    if middle <= low || middle >= high { return middle }
    if probability(within: middle, degrees: degrees) < 0.95 { low = middle } else { high = middle }
  }
}

/// The probability of the interval from −t to t.
///
/// - Source: Abramowitz and Stegun 1964, 26.7.3 (odd) and 26.7.4 (even): finite
///   sums, exact.
private func probability(within t: Double, degrees: Int) -> Double {
  let angle = atan(t / Double(degrees).squareRoot())
  let square = cos(angle) * cos(angle)
  var term = degrees % 2 == 1 ? cos(angle) : 1
  var sum = degrees == 1 ? 0 : term
  var k = degrees % 2 == 1 ? 2 : 1
  while k + 2 < degrees {
    term *= square * Double(k) / Double(k + 1)
    sum += term
    k += 2
  }
  return degrees % 2 == 1 ? 2 / .pi * (angle + sin(angle) * sum) : sin(angle) * sum
}
