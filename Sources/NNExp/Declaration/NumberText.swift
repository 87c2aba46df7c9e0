import Platform

// Numbers as text, either exact or with a few digits for readers.

/// The shortest decimal that reads back as the same number: `1`, `0.1`, `1e-10`, `-0`.
///
/// A number that is not finite becomes `nan`, `inf` or `-inf`. A NaN's sign and payload, which
/// differ between processors, are not written.
public func shortest(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
  if value.isNaN { return "nan" }
  let text = value.description
  return text.hasSuffix(bytes: ".0") ? String(Substring(text.utf8.dropLast(2))) : text
}

/// A number with at most `digits` significant digits, in the format of C's `%g`: `0.731059`,
/// `1.5e-07`, `nan`.
package func rounded(_ value: Double, digits: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 32)
  withVaList([digits, value]) { _ = vsnprintf(&buffer, 32, "%.*g", $0) }
  return value.isNaN
    ? "nan"
    : String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

extension [UInt8] {
  /// Appends the digits of `shortest` without creating a `String`.
  @inlinable package mutating func append(
    shortest value: some BinaryFloatingPoint & LosslessStringConvertible
  ) {
    guard value.isFinite else {
      self += (value.isNaN ? "nan" : value > 0 ? "inf" : "-inf").utf8
      return
    }
    self += value.description.utf8
    if suffix(2).elementsEqual(".0".utf8) { removeLast(2) }
  }

  /// Appends an integer in base ten, without an allocation.
  package mutating func append(decimal value: Int) {
    // Digits are computed from the last to the first.
    var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
    var first = 20
    var rest = value.magnitude
    repeat {
      first &-= 1
      digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    if value < 0 { append(UInt8(ascii: "-")) }
    for i in first..<20 { append(digits[i]) }
  }
}
