import Platform
import NNExp

/// Round numbers along an axis, and their labels.
///
/// - Source: Heckbert 1990, "Nice numbers for graph labels": steps of 1, 2 and 5 times a
///   power of ten
enum Ticks {
  /// The distance between ticks that gives about `count` of them.
  static func step(from low: Double, to high: Double, count: Int, isInteger: Bool) -> Double {
    let gaps = Double(max(1, count - 1))
    let rough = max(high / gaps - low / gaps, 1e-300)
    let power = pow(10, floor(log10(rough)))
    let ratio = rough / power
    let step = power * (ratio <= 1.001 ? 1 : ratio <= 2.001 ? 2 : ratio <= 5.001 ? 5 : 10)
    return isInteger ? max(1, step) : step
  }

  static func linear(from low: Double, to high: Double, step: Double) -> [Tick] {
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard first <= last, last - first < 1_000, step.isFinite else { return [] }
    let decimals = max(0, Int(-floor(log10(step) + 1e-9)))
    let largest = max(abs(first), abs(last)) * step
    // The number of digits is large enough to distinguish neighboring labels.
    let digits = Int32(min(17, max(1, ceil(log10(largest / step) + 1e-9) + 1)))
    return (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return Tick(
        value: value, label: label(value, decimals: decimals, digits: digits, largest: largest))
    }
  }

  /// Powers of ten, thinned to about `count`; for a short range, 2 and 5 times them too.
  static func logarithmic(from low: Double, to high: Double, count: Int) -> [Tick] {
    let decades = high - low
    if decades < 0.8 {
      // Within one decade, the round numbers of a linear scale are easier to read.
      let (first, last) = (pow(10, low), pow(10, high))
      let step = step(from: first, to: last, count: count, isInteger: false)
      return linear(from: first, to: last, step: step)
    }
    let stride = max(1, Int((decades / Double(max(1, count))).rounded(.up)))
    let factors: [Double] = decades < 3 && count >= 4 ? [1, 2, 5] : [1]
    var ticks: [Tick] = []
    for exponent in Int(low.rounded(.down))...Int(high.rounded(.up)) where exponent % stride == 0 {
      for factor in factors {
        let logarithm = Double(exponent) + log10(factor)
        guard logarithm >= low - 1e-9, logarithm <= high + 1e-9 else { continue }
        ticks.append(
          Tick(value: pow(10, logarithm), label: label(factor: factor, exponent: exponent)))
      }
    }
    return ticks
  }

  private static func label(factor: Double, exponent: Int) -> String {
    let digit = String(Int(factor))
    switch exponent {
    case 0...5: return grouped(digit + String(repeating: "0", count: exponent))
    case -4..<0: return "0." + String(repeating: "0", count: -exponent - 1) + digit
    default: return digit + "e" + (exponent < 0 ? "−" : "") + String(abs(exponent))
    }
  }

  /// A tick's number: plain decimals between 1e-5 and 1e6, otherwise `2e−7`.
  private static func label(
    _ value: Double, decimals: Int, digits: Int32, largest: Double
  ) -> String {
    if abs(value) < 1e-12 * largest { return "0" }
    guard decimals <= 5, largest < 999_999.5 else {
      let text = rounded(value, digits: digits)
      guard let e = text.firstIndex(of: "e") else { return text.replacing(minus: true) }
      let exponent = Int(text[text.index(after: e)...].filter { $0 != "+" }) ?? 0
      return (String(text[..<e]) + "e" + String(exponent)).replacing(minus: true)
    }
    return fixed(value, decimals: decimals)
  }

  /// A number with `decimals` decimals, digits in groups of three and a minus sign.
  static func fixed(_ value: Double, decimals: Int) -> String {
    let scale = pow(10, Double(decimals))
    let digits = String(Int((abs(value) * scale).rounded()))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let whole = grouped(String(padded.dropLast(decimals)))
    let text = decimals == 0 ? whole : whole + "." + padded.suffix(decimals)
    return value < 0 && digits.contains { $0 != "0" } ? "−" + text : text
  }

  private static func grouped(_ digits: String) -> String {
    guard digits.count > 4 else { return digits }
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}

extension String {
  /// Replaces hyphens by typographic minus signs.
  fileprivate func replacing(minus: Bool) -> String {
    String(map { $0 == "-" ? "−" : $0 })
  }
}
