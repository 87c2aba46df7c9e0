import NNExp

/// Dates as the number of days since 1970-01-01. A time of day is a fraction of a day.
///
/// The days are those of the proleptic Gregorian calendar.
/// - Source: Hinnant 2021, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
struct DateColumn: ColumnType, Component {
  static let typeName = "date"
  static let documentation = Documentation(
    "dates as numbers of days since 1970-01-01",
    example: "csv: {path: a.csv, columns: {when: {type: date, format: \"%d.%m.%Y\"}}}")
  static let foreignNames = ["datetime", "timestamp", "datetime64"]

  private let format: String

  init(_ format: String) { self.format = format }

  init(from options: inout Options) {
    format = options.string(
      "format", default: "iso",
      "iso (2024-01-31, 2024/01/31, with a time or without), or of %Y %m %d %H %M %S")
    if format == "iso" { return }
    let bytes = Array(format.utf8)
    let letters = bytes.indices.filter { bytes[$0] == UInt8(ascii: "%") }
      .map { $0 + 1 < bytes.count ? bytes[$0 + 1] : 0 }
    guard letters.allSatisfy({ "YymdHMS".utf8.contains($0) }) else {
      options.reject(
        "format", "format knows %Y, %y, %m, %d, %H, %M and %S, found '\(excerpt(format))'")
      return
    }
    guard letters.contains(UInt8(ascii: "Y")) || letters.contains(UInt8(ascii: "y")) else {
      options.reject("format", "format needs %Y, the year, found '\(excerpt(format))'")
      return
    }
  }

  func read(_ cell: String) throws -> ColumnValue {
    guard let days = days(cell) else {
      let form = format == "iso" ? "of ISO 8601 (2024-01-31)" : "of the format '\(format)'"
      throw Diagnostic("expected a date \(form), found '\(excerpt(cell))'")
    }
    return .number(days)
  }

  /// The number of days; nil if the text does not have the format.
  func days(_ text: String) -> Double? {
    let bytes = Array(Substring(text).trimmed.utf8)
    if format != "iso" { return DateColumn.days(bytes, Array(format.utf8)) }
    return DateColumn.isoFormats.lazy.compactMap { DateColumn.days(bytes, $0) }.first
  }

  private static let isoFormats: [[UInt8]] = ["-", "/"].flatMap { mark in
    let date = "%Y\(mark)%m\(mark)%d"
    return [date, date + "T%H:%M:%S", date + " %H:%M:%S", date + "T%H:%M", date + " %H:%M"]
      .flatMap { [$0, $0 + "Z"] }
  }.map { Array($0.utf8) }

  /// The formats that a date in a cell can have, among the common ones; nil if there is none.
  static func formats(of bytes: [UInt8]) -> [String]? {
    guard (6...40).contains(bytes.count), 0x30...0x39 ~= bytes[0] else { return nil }
    if isoFormats.contains(where: { days(bytes, $0) != nil }) { return ["iso"] }
    let found = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"]
      .flatMap { [$0, $0 + " %H:%M", $0 + " %H:%M:%S"] }
      .filter { days(bytes, Array($0.utf8)) != nil }
    return found.isEmpty ? nil : found
  }

  /// The number of days; nil unless all bytes agree with the format.
  private static func days(_ bytes: [UInt8], _ format: [UInt8]) -> Double? {
    var (year, month, day) = (1970, 1, 1)
    var seconds = 0.0
    var i = 0
    func number(_ digits: ClosedRange<Int>) -> Int? {
      var (value, count) = (0, 0)
      while i < bytes.count, count < digits.upperBound, 0x30...0x39 ~= bytes[i] {
        value = value * 10 + Int(bytes[i] - 0x30)
        count += 1
        i += 1
      }
      return digits.contains(count) ? value : nil
    }
    var j = 0
    while j < format.count {
      guard format[j] == UInt8(ascii: "%"), j + 1 < format.count else {
        guard i < bytes.count, bytes[i] == format[j] else { return nil }
        i += 1
        j += 1
        continue
      }
      let letter = format[j + 1]
      j += 2
      switch letter {
      case UInt8(ascii: "Y"):
        guard let value = number(4...4) else { return nil }
        year = value
      case UInt8(ascii: "y"):
        guard let value = number(2...2) else { return nil }
        year = value < 69 ? 2000 + value : 1900 + value
      case UInt8(ascii: "m"):
        guard let value = number(1...2), 1...12 ~= value else { return nil }
        month = value
      case UInt8(ascii: "d"):
        guard let value = number(1...2), 1...31 ~= value else { return nil }
        day = value
      case UInt8(ascii: "H"):
        guard let value = number(1...2), value < 24 else { return nil }
        seconds += Double(value) * 3600
      case UInt8(ascii: "M"):
        guard let value = number(1...2), value < 60 else { return nil }
        seconds += Double(value) * 60
      default:
        guard let value = number(1...2), value < 61 else { return nil }
        seconds += Double(value)
        if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
          i += 1
          let start = i
          guard let fraction = number(1...9) else { return nil }
          seconds += Double(fraction) / (0..<i - start).reduce(1.0) { power, _ in power * 10 }
        }
      }
    }
    guard i == bytes.count, day <= length(ofMonth: month, in: year) else { return nil }
    return Double(daysFromCivil(year, month, day)) + seconds / 86_400
  }

  private static func length(ofMonth month: Int, in year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func daysFromCivil(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
