import NNExp

/// The value of a plain scalar in YAML 1.2's core schema (YAML 1.2.2, §10.3.2):
///
///     null    empty  ~  null  Null  NULL
///     bool    true  True  TRUE  false  False  FALSE
///     int     [-+]?[0-9]+   0o[0-7]+   0x[0-9a-fA-F]+
///     float   [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
///             [-+]?(.inf|.Inf|.INF)   .nan  .NaN  .NAN
///
/// All others are texts: `no`, `1_000` and `0b1` are texts, `010` is ten. An integer beyond the
/// range of `Int` becomes the nearest double.
package func coreSchemaValue(of text: String) -> ConfigValue.Content {
  switch text {
  case "", "~", "null", "Null", "NULL": .null
  case "true", "True", "TRUE": .bool(true)
  case "false", "False", "FALSE": .bool(false)
  case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .double(.infinity)
  case "-.inf", "-.Inf", "-.INF": .double(-.infinity)
  case ".nan", ".NaN", ".NAN": .double(.nan)
  default: number(text) ?? .string(text)
  }
}

private func number(_ text: String) -> ConfigValue.Content? {
  var rest = text.utf8[...]
  if rest.starts(with: "0o".utf8) { return integer(rest.dropFirst(2), bitsPerDigit: 3) }
  if rest.starts(with: "0x".utf8) { return integer(rest.dropFirst(2), bitsPerDigit: 4) }

  rest.skipSign()
  let whole = rest.skipDigits()
  if rest.isEmpty, whole > 0 {
    return Int(text).map { .int($0) } ?? Double(text).map { .double($0) }
  }
  var fraction = 0
  if rest.first == UInt8(ascii: ".") {
    rest.removeFirst()
    fraction = rest.skipDigits()
  }
  guard whole + fraction > 0 else { return nil }
  if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
    rest.removeFirst()
    rest.skipSign()
    guard rest.skipDigits() > 0 else { return nil }
  }
  return rest.isEmpty ? Double(text).map { .double($0) } : nil
}

/// The value of octal or hexadecimal digits: exact, or the nearest double.
private func integer(_ digits: Substring.UTF8View, bitsPerDigit bits: Int) -> ConfigValue.Content? {
  guard !digits.isEmpty else { return nil }
  // The leading 60 bits or more, and whether a nonzero bit was shifted out: enough to round to
  // 53 bits.
  var leading: UInt64 = 0
  var dropped = 0
  var isInexact = false
  for byte in digits {
    guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < 1 << bits else {
      return nil
    }
    if leading >> (64 - bits) == 0 {
      leading = leading << bits | UInt64(digit)
    } else {
      dropped += bits
      isInexact = isInexact || digit != 0
    }
  }
  if dropped == 0, let exact = Int(exactly: leading) { return .int(exact) }
  let significand = Double(isInexact ? leading | 1 : leading)
  return .double(Double(sign: .plus, exponent: dropped, significand: significand))
}

extension Substring.UTF8View {
  fileprivate mutating func skipSign() {
    if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { removeFirst() }
  }

  /// Skips digits and returns their number.
  fileprivate mutating func skipDigits() -> Int {
    let digits = prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    removeFirst(digits)
    return digits
  }
}
