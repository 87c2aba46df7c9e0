import NNExp

/// A form of cells that are texts but represent numbers or dates.
enum TextForm: Equatable {
  /// `12,000`: a single comma before three digits, which has two readings.
  case ambiguousComma
  /// `1,234.5`, `1,234,567`.
  case thousands
  /// `1.234,5`.
  case thousandsAndComma
  /// `1,5`.
  case decimalComma
  /// `$6,068`, `7%`, `12 EUR`, with the form of the digits unless they are plain.
  indirect case unit(String, TextForm?)
  /// `0x1F`.
  case hexadecimal
  /// Dates in one of these formats; `iso` reads the formats of ISO 8601.
  case date([String])

  /// The form of one cell; nil for a text without such a form.
  init?(_ text: String) {
    let bytes = Array(Substring(text).trimmed.utf8)
    guard (2...40).contains(bytes.count), bytes.contains(where: { 0x30...0x39 ~= $0 }) else {
      return nil
    }
    if let formats = DateColumn.formats(of: bytes) {
      self = .date(formats)
      return
    }
    if let form = TextForm.digits(bytes) {
      self = form
      return
    }
    let hex = bytes.drop { $0 == 0x2B || $0 == 0x2D }
    if hex.count > 2, hex.starts(with: Array("0x".utf8)) || hex.starts(with: Array("0X".utf8)),
      hex.dropFirst(2).allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
    {
      self = .hexadecimal
      return
    }
    for unit in TextForm.units {
      var format = NumberFormat()
      format.unit = unit
      guard text.utf8.count > unit.utf8.count, text.contains(text: unit) else { continue }
      if case .number = format.read(bytes) {
        self = .unit(unit, nil)
        return
      }
      for form in [TextForm.thousands, .thousandsAndComma, .decimalComma] {
        let own = form.format(unit: unit)
        guard case .number = own.read(bytes) else { continue }
        let comma = TextForm.decimalComma.format(unit: unit)
        let isAmbiguous =
          if form == .thousands, case .number = comma.read(bytes) { true } else { false }
        self = .unit(unit, isAmbiguous ? .ambiguousComma : form)
        return
      }
    }
    return nil
  }

  private static let units = ["$", "€", "£", "¥", "₹", "%", "USD", "EUR", "GBP", "CHF"]

  /// The form of a text that contains only digits, separators and a sign.
  private static func digits(_ bytes: [UInt8]) -> TextForm? {
    guard bytes.contains(UInt8(ascii: ",")),
      bytes.allSatisfy({ 0x30...0x39 ~= $0 || [0x2B, 0x2C, 0x2D, 0x2E].contains($0) })
    else { return nil }
    func reads(_ form: TextForm) -> Bool {
      if case .number = form.format().read(bytes) { true } else { false }
    }
    if reads(.decimalComma) { return reads(.thousands) ? .ambiguousComma : .decimalComma }
    return [.thousands, .thousandsAndComma].first(where: reads)
  }

  func format(unit: String? = nil) -> NumberFormat {
    var format = NumberFormat()
    format.unit = unit
    switch self {
    case .thousands, .ambiguousComma: format.thousands = UInt8(ascii: ",")
    case .decimalComma: format.decimal = UInt8(ascii: ",")
    case .thousandsAndComma:
      format.decimal = UInt8(ascii: ",")
      format.thousands = UInt8(ascii: ".")
    case .unit, .hexadecimal, .date: break
    }
    return format
  }

  /// The common form of all cells of a column in which both forms occur; nil if there is
  /// none.
  func joined(with other: TextForm) -> TextForm? {
    if self == other { return self }
    switch (self, other) {
    case (.ambiguousComma, .thousands), (.thousands, .ambiguousComma): return .thousands
    case (.ambiguousComma, .decimalComma), (.decimalComma, .ambiguousComma): return .decimalComma
    case (.thousandsAndComma, .decimalComma), (.decimalComma, .thousandsAndComma):
      return .thousandsAndComma
    case (.unit(let a, let x), .unit(let b, let y)) where a == b:
      guard let x, let y else { return .unit(a, x ?? y) }
      return x.joined(with: y).map { .unit(a, $0) }
    case (.date(let a), .date(let b)):
      let common = a.filter { b.contains($0) }
      return common.isEmpty ? nil : .date(common)
    default: return nil
    }
  }

  /// The noun for such cells in a message, such as `numbers with a mark between thousands`.
  var noun: String {
    switch self {
    case .ambiguousComma: "numbers with commas"
    case .thousands, .thousandsAndComma: "numbers with marks between thousands"
    case .decimalComma: "numbers with a decimal comma"
    case .unit("%", _): "percentages"
    case .unit(let unit, _):
      ["$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF"].contains(unit)
        ? "amounts of money" : "numbers with a unit"
    case .hexadecimal: "hexadecimal numbers"
    case .date: "dates"
    }
  }

  /// The lines to write in the experiment file, each with its effect on `example`, a cell of
  /// the column.
  func remedies(_ column: String, example: String) -> [String] {
    func line(_ settings: String) -> String {
      "columns: {\(ConfigValue.quoted(column)): {\(settings)}}"
    }
    func number(_ form: TextForm, unit: String? = nil) -> String {
      let format = form.format(unit: unit)
      var settings = "type: number"
      if format.decimal != UInt8(ascii: ".") { settings += ", decimal: \",\"" }
      if let thousands = format.thousands {
        settings += ", thousands: \"\(String(UnicodeScalar(thousands)))\""
      }
      if let unit { settings += ", unit: \(ConfigValue.quoted(unit))" }
      guard case .number(let value) = format.read(Array(example.utf8)) else {
        return line(settings)
      }
      return "'\(line(settings))' reads '\(excerpt(example))' as \(shortest(value))"
    }
    switch self {
    case .ambiguousComma: return [number(.thousands), number(.decimalComma)]
    case .thousands, .thousandsAndComma, .decimalComma: return [number(self)]
    case .unit(let unit, .ambiguousComma):
      return [number(.thousands, unit: unit), number(.decimalComma, unit: unit)]
    case .unit(let unit, let form): return [number(form ?? .hexadecimal, unit: unit)]
    case .hexadecimal: return ["numbers in hexadecimal digits are not read; write decimal digits"]
    case .date(let formats):
      return formats.map { format in
        let settings = format == "iso" ? "type: date" : "type: date, format: \"\(format)\""
        let days = DateColumn(format).days(example).map(shortest) ?? ""
        return "'\(line(settings))' reads '\(excerpt(example))' as \(days) days since 1970-01-01"
      }
    }
  }
}

extension Substring {
  /// The text without blanks at its ends.
  var trimmed: Substring {
    var text = self
    while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text.removeFirst() }
    while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.removeLast() }
    return text
  }
}

extension String {
  /// Whether the bytes of the other text occur in this one.
  func contains(text other: String) -> Bool {
    let (bytes, own) = (Array(utf8), Array(other.utf8))
    guard own.count <= bytes.count else { return false }
    return (0...(bytes.count - own.count)).contains {
      bytes[$0..<$0 + own.count].elementsEqual(own)
    }
  }
}
