/// The result of reading a text as a decimal number.
enum Decimal {
  case number(Double)
  /// The nearest float64 of a whole number beyond 2⁵³ that float64 does not represent.
  case rounded(Double)
  /// A number beyond the range of float64.
  case tooLarge
  case notANumber
}

/// Reads `[+-] digits [. digits] [e [+-] digits]` with correct rounding, independently of the
/// locale. Spaces around the number are ignored.
///
/// If up to 19 digits form an integer below 2⁵³ and the power of ten is at most 22, the
/// result is one exact product or quotient (Clinger 1990). The standard library reads all
/// other numbers.
func decimal(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Decimal {
  var i = range.lowerBound
  var end = range.upperBound
  while i < end, bytes[i] == 0x20 || bytes[i] == 0x09 { i &+= 1 }
  while end > i, bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09 { end &-= 1 }
  let start = i
  guard i < end else { return .notANumber }

  let isNegative = bytes[i] == UInt8(ascii: "-")
  if isNegative || bytes[i] == UInt8(ascii: "+") { i &+= 1 }

  var mantissa: UInt64 = 0
  var digits = 0
  var significant = 0
  var exponent = 0
  var isFraction = false
  while i < end {
    let digit = bytes[i] &- 0x30
    if digit < 10 {
      digits &+= 1
      if significant > 0 || digit > 0 { significant &+= 1 }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      if isFraction { exponent &-= 1 }
    } else if bytes[i] == UInt8(ascii: "."), !isFraction {
      isFraction = true
    } else {
      break
    }
    i &+= 1
  }
  guard digits > 0 else { return .notANumber }

  if i < end, bytes[i] | 0x20 == UInt8(ascii: "e") {
    i &+= 1
    var isDown = false
    if i < end, bytes[i] == UInt8(ascii: "-") || bytes[i] == UInt8(ascii: "+") {
      isDown = bytes[i] == UInt8(ascii: "-")
      i &+= 1
    }
    guard i < end else { return .notANumber }
    var power = 0
    while i < end {
      let digit = bytes[i] &- 0x30
      guard digit < 10 else { return .notANumber }
      if power < 100_000 { power = power &* 10 &+ Int(digit) }
      i &+= 1
    }
    exponent &+= isDown ? 0 &- power : power
  }
  guard i == end else { return .notANumber }

  if significant <= 19, mantissa <= 1 << 53, -22...22 ~= exponent {
    let whole = Double(mantissa)
    let value = exponent < 0 ? whole / powersOfTen[-exponent] : whole * powersOfTen[exponent]
    return .number(isNegative ? -value : value)
  }
  if significant == 0 { return .number(isNegative ? -0.0 : 0) }
  let text = String(unsafeUninitializedCapacity: end - start) { buffer in
    for j in start..<end { buffer[j - start] = bytes[j] }
    return end - start
  }
  guard let value = Double(text) else { return .notANumber }
  guard value.isFinite else { return .tooLarge }
  if exponent == 0, !isFraction, significant > 15 {
    let isExact = significant <= 19 && UInt64(exactly: abs(value)) == mantissa
    return isExact ? .number(value) : .rounded(value)
  }
  return .number(value)
}

extension Decimal {
  /// The number, rounded if necessary; nil for anything else.
  var value: Double? {
    switch self {
    case .number(let value), .rounded(let value): value
    case .tooLarge, .notANumber: nil
    }
  }
}

/// The powers 10⁰ … 10²², which float64 represents exactly.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]
