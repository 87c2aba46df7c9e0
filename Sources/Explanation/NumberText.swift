import Glibc

/// Numbers as an explanation shows them.
enum NumberText {
  /// Six significant digits: `0.731059`, `1.5e-7`.
  static func of(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return shortened(format("%.6g", value == 0 ? 0 : value))
  }

  /// Two significant digits, for errors: `2.1e-13`.
  static func rough(_ value: Double) -> String {
    value.isFinite ? shortened(format("%.2g", value == 0 ? 0 : value)) : of(value)
  }

  private static func format(_ pattern: String, _ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 32)
    withVaList([value]) { _ = vsnprintf(&buffer, 32, pattern, $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// `1.5e-07` as `1.5e-7`.
  private static func shortened(_ text: String) -> String {
    guard let e = text.firstIndex(of: "e") else { return text }
    let exponent = text[text.index(after: e)...]
    let sign = exponent.hasPrefix("-") ? "-" : ""
    let digits = exponent.drop { "+-0".contains($0) }
    return text[..<e] + "e" + sign + digits
  }
}
