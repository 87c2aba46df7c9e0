extension [UInt8] {
  /// Appends the shortest decimal that reads back as the same number, as
  /// `shortest` of NNExp gives it: `1`, `0.1`, `1e-10`, `-0`.
  ///
  /// What is not finite is `nan`, `inf` or `-inf`. A NaN's sign and payload are
  /// left out: they differ between processors.
  mutating func append(shortest value: some BinaryFloatingPoint & LosslessStringConvertible) {
    guard value.isFinite else {
      self += (value.isNaN ? "nan" : value > 0 ? "inf" : "-inf").utf8
      return
    }
    self += value.description.utf8
    if suffix(2).elementsEqual(".0".utf8) { removeLast(2) }
  }

  /// Appends an integer in base ten, without an allocation.
  mutating func append(decimal value: Int) {
    // From the last digit on.
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
