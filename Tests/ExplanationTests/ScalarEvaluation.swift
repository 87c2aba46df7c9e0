import Foundation

@testable import Explanation

/// Evaluates formulas of single numbers: sums, products, powers, roots, logarithms, magnitudes, signs,
/// maxima and `… n more`.
enum ScalarEvaluation {
  /// Nil if the formula contains letters.
  static func value(_ formula: Formula) -> Double? {
    switch formula {
    case .number(let text): return Double(text)
    case .letter("e"): return M_E
    case .root(let inside): return value(inside)?.squareRoot()
    case .text(let text):
      // `… 5 more, in sum 0.25`
      return text.split(separator: " ").last.flatMap { Double($0) }
    case .fenced("|", let inside, _): return value(inside).map(abs)
    case .fenced("[", .row(let parts), _) where parts.contains(.sign("=")):
      // 1 if both sides are equal, otherwise 0.
      let sides = parts.split(separator: .sign("=")).map { value(.row(Array($0))) }
      return sides.contains(nil) ? nil : sides[0] == sides[1] ? 1 : 0
    case .fenced(_, let inside, _): return value(inside)
    case .fraction(let a, let b):
      guard let a = value(a), let b = value(b) else { return nil }
      return a / b
    case .scripts(let base, sub: nil, sup: let power?):
      guard let base = value(base), let power = value(power) else { return nil }
      return pow(base, power)
    case .row(let parts):
      if case .large("max")? = parts.first { return maximum(Array(parts.dropFirst())) }
      return sum(parts)
    default: return nil
    }
  }

  /// The largest of the formulas between commas in brackets.
  private static func maximum(_ parts: [Formula]) -> Double? {
    guard parts.count == 1, case .fenced(_, .row(let list), _) = parts[0] else { return nil }
    let values = list.split(separator: .sign(",")).map { value(.row(Array($0))) }
    return values.contains(nil) ? nil : values.compactMap { $0 }.max()
  }

  private static func sum(_ parts: [Formula]) -> Double? {
    var (total, product, sign): (Double, Double?, Double) = (0, nil, 1)
    var (divides, isSign, isLogarithm) = (false, false, false)
    func close() {
      total += sign * (product ?? 0)
      product = nil
    }
    for part in parts {
      switch part {
      case .sign("+"):
        close()
        sign = 1
      case .sign("−"):
        close()
        sign = -1
      case .sign("·"): continue
      case .sign("/"): divides = true
      case .letter("sign"): isSign = true
      case .letter("ln"): isLogarithm = true
      default:
        guard var factor = value(part) else { return nil }
        if isSign { factor = factor < 0 ? -1 : factor > 0 ? 1 : 0 }
        if isLogarithm { factor = log(factor) }
        (isSign, isLogarithm) = (false, false)
        product = divides ? (product ?? 1) / factor : (product ?? 1) * factor
        divides = false
      }
    }
    close()
    return total
  }
}
