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
/// result is one exact product or quotient (Clinger 1990). Larger integers of up to 19 digits are
/// divided with a remainder (`quotient`). The standard library reads all other numbers.
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
  if significant <= 19, -19..<0 ~= exponent {
    let value = quotient(mantissa, -exponent)
    return .number(isNegative ? -value : value)
  }
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

/// The number of bytes that must follow the start of a short decimal.
let shortDecimalRoom = 40

/// Reads `[-] digits [. digits]` at `position`, if the byte after it is `delimiter` or a line end.
/// Otherwise the result is nil; the text can still be a number, which `decimal` reads with the same
/// result.
///
/// - Returns: the number, and the position of the byte after it.
///
/// The digits after the point are found and joined eight at a time (Lemire 2021, "Number parsing at
/// a gigabyte per second", section 5). Those before it are usually as many in each row, so that a
/// loop, whose end the processor predicts, takes 40% less time for the whole number.
@inline(__always)
func shortDecimal(
  _ bytes: borrowing Span<UInt8>, at position: Int, before delimiter: UInt8
) -> (value: Double, end: Int)? {
  guard position &+ shortDecimalRoom <= bytes.count else { return nil }
  let raw = bytes.bytes
  let isNegative = bytes[position] == UInt8(ascii: "-")
  var i = position &+ (isNegative ? 1 : 0)
  var mantissa: UInt64 = 0
  var whole = 0
  var digit = bytes[i] &- 0x30
  while digit < 10 {
    mantissa = mantissa &* 10 &+ UInt64(digit)
    whole &+= 1
    i &+= 1
    if whole == 12 { return nil }
    digit = bytes[i] &- 0x30
  }
  guard whole > 0 else { return nil }
  if mantissa == 0 { whole = 0 }
  var places = 0
  if bytes[i] == UInt8(ascii: ".") {
    i &+= 1
    let fraction = EightDigits(raw.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self))
    mantissa = mantissa &* wholePowersOfTen[fraction.count] &+ fraction.value
    places = fraction.count
    if places == 8 {
      let rest = EightDigits(raw.unsafeLoadUnaligned(fromByteOffset: i &+ 8, as: UInt64.self))
      mantissa = mantissa &* wholePowersOfTen[rest.count] &+ rest.value
      places &+= rest.count
      while places >= 16, places <= 18, bytes[i &+ places] &- 0x30 < 10 {
        mantissa = mantissa &* 10 &+ UInt64(bytes[i &+ places] &- 0x30)
        places &+= 1
      }
    }
    i &+= places
  }
  let after = bytes[i]
  guard after == delimiter || after == 0x0A || after == 0x0D, whole &+ places <= 19 else {
    return nil
  }
  let value: Double
  if mantissa >> 53 == 0 {
    value = Double(mantissa) / powersOfTen[places]
  } else {
    // A whole number beyond 2⁵³ may be rounded, which must be announced.
    guard places > 0 else { return nil }
    value = quotient(mantissa, places)
  }
  // Without a branch, which the processor would mispredict if signs vary.
  return (Double(bitPattern: value.bitPattern | (isNegative ? 1 : 0) &<< 63), i)
}

/// The digits at the start of eight bytes: their number, and their value.
private struct EightDigits {
  let count: Int
  let value: UInt64

  @inline(__always)
  init(_ text: UInt64) {
    let x = UInt64(littleEndian: text) ^ 0x3030_3030_3030_3030
    // The top bit of each byte that is no digit; a carry reaches only bytes after such a byte.
    let others = (x &+ 0x7676_7676_7676_7676 | x) & 0x8080_8080_8080_8080
    count = others.trailingZeroBitCount &>> 3
    // Zeros in front take the place of the other bytes.
    var digits = count == 0 ? 0 : x &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    digits = digits &* 10 &+ digits &>> 8
    let mask: UInt64 = 0x0000_00FF_0000_00FF
    value =
      ((digits & mask) &* 0x000F_4240_0000_0064
        &+ (digits &>> 16 & mask) &* 0x0000_2710_0000_0001) &>> 32
  }
}

/// m / 10ᶠ with correct rounding, for 0 < m and 0 ≤ f ≤ 19.
///
///     q = ⌊m·2ˢ·2⁶³ / (10ᶠ·2ᵗ)⌋
///
/// Both factors have their top bit set, so that q has 63 or 64 bits, ten more than a float64. The
/// last bit of q is set if there is a remainder, and q is then rounded once.
private func quotient(_ m: UInt64, _ f: Int) -> Double {
  let divisor = wholePowersOfTen[f]
  let (s, t) = (m.leadingZeroBitCount, divisor.leadingZeroBitCount)
  let top = m &<< UInt64(s)
  let (q, remainder) = (divisor &<< UInt64(t)).dividingFullWidth((top &>> 1, top &<< 63))
  let rounded = Double(remainder == 0 ? q : q | 1)
  return rounded * Double(sign: .plus, exponent: t - s - 63, significand: 1)
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

/// The powers 10⁰ … 10¹⁹.
private let wholePowersOfTen: InlineArray<20, UInt64> = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
  1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
  1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]
