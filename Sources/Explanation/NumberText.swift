import NNExp

/// The formats of numbers in an explanation.
enum NumberText {
  /// A number with six significant digits: `0.731059`, `1.5e-7`.
  static func of(_ value: Double) -> String {
    shortened(rounded(value == 0 ? 0 : value, digits: 6))
  }

  /// An error with two significant digits: `2.1e-13`.
  static func rough(_ value: Double) -> String {
    shortened(rounded(value == 0 ? 0 : value, digits: 2))
  }

  /// The exponent without leading zeros: `1.5e-7` for `1.5e-07`.
  private static func shortened(_ text: String) -> String {
    guard let e = text.firstIndex(of: "e") else { return text }
    let exponent = text[text.index(after: e)...]
    let sign = exponent.hasPrefix("-") ? "-" : ""
    let digits = exponent.drop { "+-0".contains($0) }
    return text[..<e] + "e" + sign + digits
  }
}
