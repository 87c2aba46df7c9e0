import NNExp

/// The format of numbers in a file.
struct NumberFormat: Sendable, Equatable {
  var decimal = UInt8(ascii: ".")

  /// The character between groups of three digits.
  var thousands: UInt8?

  /// A text before or after the digits that is not part of the number: `$`, `%`, `kg`.
  var unit: String?

  /// Whether `decimal(_:_:)` reads such numbers without conversion.
  var isPlain: Bool { decimal == UInt8(ascii: ".") && thousands == nil && unit == nil }

  init() {}

  /// Reads the options `decimal` and `thousands`; errors are recorded.
  ///
  /// - Parameter model: the format that applies if an option is absent.
  init(from options: inout Options, like model: NumberFormat?) {
    let model = model ?? NumberFormat()
    decimal =
      NumberFormat.mark(
        "decimal", of: [".", ","], default: model.decimal, from: &options,
        "the character before the fraction of a number") ?? UInt8(ascii: ".")
    thousands = NumberFormat.mark(
      "thousands", of: [",", ".", "'", " ", "_"], default: model.thousands, from: &options,
      "the character between groups of three digits")
    if let thousands, thousands == decimal {
      options.reject(
        "thousands", "thousands and decimal are both '\(String(UnicodeScalar(thousands)))'")
    }
    unit = model.unit
  }

  private static func mark(
    _ key: String, of marks: [String], default fallback: UInt8?, from options: inout Options,
    _ explanation: String
  ) -> UInt8? {
    let range = "one of: " + marks.map { "\"\($0)\"" }.joined(separator: ", ")
    let shown = fallback.map { "\"\(String(UnicodeScalar($0)))\"" } ?? "none"
    let standard = fallback.map { ConfigValue(.string(String(UnicodeScalar($0)))) }
    guard
      let config = options.value(
        key, range, explanation, default: shown, of: .either([.words(marks), .null])),
      !config.isNull
    else {
      options.resolve(key, standard ?? ConfigValue(.null))
      return fallback
    }
    guard case .string(let text) = config.content, marks.contains(text) else {
      options.reject(key, "\(key) must be \(range), found \(config.kind)")
      return fallback
    }
    options.resolve(key, config)
    return text.utf8.first
  }

  /// Reads the number of a cell.
  func read(_ cell: [UInt8]) -> Decimal {
    var bytes = cell[...]
    func trim() {
      while bytes.first == 0x20 || bytes.first == 0x09 { bytes.removeFirst() }
      while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
    }
    trim()
    if let unit {
      let sign = bytes.first.flatMap { [0x2B, 0x2D].contains($0) ? $0 : nil }
      if bytes.dropFirst(sign == nil ? 0 : 1).starts(with: unit.utf8) {
        bytes = bytes.dropFirst(unit.utf8.count + (sign == nil ? 0 : 1))
        trim()
        if let sign { bytes.insert(sign, at: bytes.startIndex) }
      } else if bytes.reversed().starts(with: unit.utf8.reversed()) {
        bytes = bytes.dropLast(unit.utf8.count)
        trim()
      }
    }
    guard let plain = withoutGroups(Array(bytes)) else { return .notANumber }
    return Datasets.decimal(plain.span, plain.indices)
  }

  /// The number with a decimal point and without separators of thousands; nil if a group does
  /// not have three digits.
  private func withoutGroups(_ bytes: [UInt8]) -> [UInt8]? {
    var plain: [UInt8] = []
    // The number of digits since the last separator; nil before the first separator.
    var group: Int?
    var isWhole = true
    for byte in bytes {
      if isWhole, byte == thousands {
        guard group == nil ? plain.contains(where: { 0x30...0x39 ~= $0 }) : group == 3 else {
          return nil
        }
        group = 0
      } else if isWhole, 0x30...0x39 ~= byte {
        group = group.map { $0 + 1 }
        plain.append(byte)
      } else {
        if byte == UInt8(ascii: "."), decimal != byte { return nil }
        if isWhole, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "-") {
          if let group, group != 3 { return nil }
          isWhole = false
        }
        plain.append(byte == decimal ? UInt8(ascii: ".") : byte)
      }
    }
    if isWhole, let group, group != 3 { return nil }
    return plain
  }
}
