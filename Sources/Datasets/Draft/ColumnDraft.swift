import NNExp

/// The settings of one column that `nnexp init` proposes, from all cells of the column.
struct ColumnDraft {
  enum Use: Equatable { case read, id, excluded }

  var use = Use.read

  /// The entries of the column under `columns:`, such as `fill: median`.
  var settings: [String] = []

  /// The reason of the use or of the settings, for a comment.
  var reason = ""

  /// Whether the cells are numbers, or are read as numbers.
  var isNumeric = true

  /// The number of distinct values.
  var distinct = 0

  /// Whether all values are whole numbers.
  var isWhole = false

  /// The number of missing cells.
  var missing = 0

  /// Whether the column holds times in ascending order, at regular steps.
  var isTime = false
}

/// All cells of a table, before their types are decided.
struct TableSurvey {
  let table: CSVTable
  private let reader: CSVReader
  private let missing: MissingCells

  var rows: Int { reader.count }

  init(_ table: CSVTable) throws {
    self.table = table
    missing = MissingCells(table.format.missing)
    let missing = missing
    reader = try CSVReader(
      scanning: table, table.names.indices.map { ChosenColumn($0, .inputs, missing: missing) })
    guard reader.count > 0 else {
      throw Diagnostic("the file has no rows", at: table.origin.location(at: table.bytes.count))
    }
  }

  /// The texts of a column that are values.
  func present(_ column: Int) -> [ScannedColumn.Text] {
    reader.scanned[column].texts.filter { !missing.contains($0.text) }
  }

  /// The cell of a row: a number, a text, or nil if it is missing.
  private func cell(_ row: Int, _ column: Int) -> (number: Double?, text: String?) {
    let value = reader.cells[row, column]
    guard let code = ScannedColumn.code(of: value) else { return (value, nil) }
    let text = reader.scanned[column].texts[code].text
    return missing.contains(text) ? (nil, nil) : (nil, text)
  }

  /// Whether two columns are equal in every row.
  func areEqual(_ a: Int, _ b: Int) -> Bool {
    (0..<rows).allSatisfy { cell($0, a) == cell($0, b) }
  }

  /// The draft for a column as an input or a target.
  func draft(_ column: Int) -> ColumnDraft {
    let texts = present(column)
    let textCount = texts.reduce(0) { $0 + $1.count }
    var draft = ColumnDraft()
    draft.missing = reader.scanned[column].texts.reduce(0) { $0 + $1.count } - textCount
    let numberCount = rows - textCount - draft.missing
    if draft.missing == rows { return draft.excluded("all cells are missing") }
    if textCount == 0 { return numbers(column, draft) }
    if let form = form(of: texts) { return formed(column, form, draft) }
    if numberCount > textCount, texts.count <= 3 {
      let marks = texts.map { ConfigValue.quoted($0.text) }
      draft.settings = ["missing: [\(marks.joined(separator: ", "))]"]
      draft.missing += textCount
      return numbers(column, draft)
    }
    draft.isNumeric = false
    if numberCount > 0 { draft.settings = ["type: category"] }
    var distinct = Set(texts.map { ByteText($0.text) }).count
    distinct += numberCount > 0 ? reader.scanned[column].distinct.count : 0
    return categories(distinct, of: rows - draft.missing, draft)
  }

  private func categories(_ count: Int, of cells: Int, _ draft: ColumnDraft) -> ColumnDraft {
    var draft = draft
    draft.distinct = count
    if count == 1 { return draft.excluded("the same in all rows") }
    guard count > 50 || count > 10 && count * 10 > cells else {
      if draft.missing > 0 { draft.settings.append("fill: indicator") }
      return draft
    }
    draft.settings = []
    draft.reason = "\(count) different texts"
    draft.use = count * 2 > cells ? .id : .excluded
    return draft
  }

  /// A column whose cells are numbers, some missing.
  private func numbers(_ column: Int, _ draft: ColumnDraft) -> ColumnDraft {
    var draft = draft
    let values = (0..<rows).compactMap { cell($0, column).number }
    draft.distinct = Set(values.map(\.bitPattern)).count
    draft.isWhole = values.allSatisfy { $0 == $0.rounded() && abs($0) < 0x1p53 }
    if draft.distinct == 1, draft.missing == 0 { return draft.excluded("the same in all rows") }
    let name = table.names[column].lowercased()
    if draft.isWhole, draft.missing == 0, draft.distinct == rows, rows > 2 {
      if values[0] == 0 || values[0] == 1,
        values.enumerated().allSatisfy({ $0.element == values[0] + Double($0.offset) })
      {
        return draft.row("counts the rows", isNamed: !name.isEmpty)
      }
      if name == "id" || name.hasSuffix(bytes: "_id") || name == "index" {
        return draft.row("a number for each row", isNamed: true)
      }
    }
    if draft.isWhole, let days = days(of: values) {
      draft.settings.append("type: date")
      draft.settings.append("format: \"%Y%m%d\"")
      draft.isTime = draft.missing == 0 && TableSurvey.areRegular(days)
    } else if draft.isWhole, draft.missing == 0, (1500...2200).contains(values[0]) {
      draft.isTime = TableSurvey.areRegular(values) && (1500...2200).contains(values[rows - 1])
    }
    if draft.missing > 0 { draft.settings.append("fill: median") }
    return draft
  }

  /// The days of whole numbers such as 20240131; nil if one of them is no date.
  private func days(of values: [Double]) -> [Double]? {
    guard values.count >= 10, values.allSatisfy({ 18_000_101...21_001_231 ~= $0 }) else {
      return nil
    }
    let format = DateColumn("%Y%m%d")
    let days = values.compactMap { format.days("\(Int($0))") }
    return days.count == values.count ? days : nil
  }

  /// Whether times ascend, nine of ten steps by the same amount.
  private static func areRegular(_ times: [Double]) -> Bool {
    guard times.count >= 10 else { return false }
    let steps = zip(times.dropFirst(), times).map { $0 - $1 }
    guard steps.allSatisfy({ $0 > 0 }) else { return false }
    let middle = steps.sorted()[steps.count / 2]
    return steps.count { abs($0 - middle) <= 0.15 * middle } * 10 >= steps.count * 9
  }

  // MARK: Numbers and dates that are written as texts

  private func form(of texts: [ScannedColumn.Text]) -> TextForm? {
    guard let first = texts.first, var form = TextForm(first.text) else { return nil }
    for text in texts.dropFirst() {
      guard let own = TextForm(text.text), let joined = form.joined(with: own) else { return nil }
      form = joined
    }
    return form
  }

  /// Whether some column holds numbers with a decimal comma, and none with a comma between
  /// thousands.
  var hasDecimalCommas: Bool {
    let forms = table.names.indices.compactMap { form(of: present($0)) }
    return forms.contains { $0 == .decimalComma || $0 == .thousandsAndComma }
      && !forms.contains(.thousands)
  }

  private func formed(_ column: Int, _ form: TextForm, _ draft: ColumnDraft) -> ColumnDraft {
    var draft = draft
    let texts = present(column)
    let example = excerpt(texts[0].text)
    let remedies = form.remedies(table.names[column], example: texts[0].text)
    guard let settings = form.settings else {
      draft.reason = form.noun
      if remedies.count > 1 {
        draft.reason += ", which have two readings: " + remedies.joined(separator: "; ")
      }
      draft.use = .excluded
      return draft
    }
    draft.settings = settings
    draft.reason = "\(form.noun), such as \(ConfigValue.quoted(example))"
    if case .date(let formats) = form {
      let format = DateColumn(formats[0])
      let days = (0..<rows).compactMap { row in cell(row, column).text.flatMap(format.days) }
      draft.distinct = Set(days.map(\.bitPattern)).count
      draft.isTime = days.count == rows && TableSurvey.areRegular(days)
    } else {
      draft.distinct = Set(texts.map { ByteText($0.text) }).count
    }
    if draft.distinct == 1, draft.missing == 0 { return draft.excluded("the same in all rows") }
    if draft.missing > 0 { draft.settings.append("fill: median") }
    return draft
  }
}

extension ColumnDraft {
  fileprivate func excluded(_ reason: String) -> ColumnDraft {
    var draft = self
    (draft.use, draft.reason, draft.settings) = (.excluded, reason, [])
    return draft
  }

  /// A column that only names rows.
  fileprivate func row(_ reason: String, isNamed: Bool) -> ColumnDraft {
    var draft = excluded(reason)
    if isNamed { draft.use = .id }
    return draft
  }

  /// The comment: the reason, and the number of missing cells.
  var comment: String {
    let cells = missing > 0 && use == .read ? counted(missing, "missing cell") : ""
    return [reason, cells].filter { !$0.isEmpty }.joined(separator: "; ")
  }
}

extension TextForm {
  /// The settings that read such cells; nil if they have two readings, or none.
  fileprivate var settings: [String]? {
    func number(_ form: TextForm, unit: String? = nil) -> [String] {
      let format = form.format()
      var settings = ["type: number"]
      if format.decimal != UInt8(ascii: ".") { settings.append("decimal: \",\"") }
      if let thousands = format.thousands {
        settings.append("thousands: \"\(String(UnicodeScalar(thousands)))\"")
      }
      if let unit { settings.append("unit: \(ConfigValue.quoted(unit))") }
      return settings
    }
    switch self {
    case .thousands, .thousandsAndComma, .decimalComma: return number(self)
    case .unit(_, .ambiguousComma), .ambiguousComma, .hexadecimal: return nil
    case .unit(let unit, let form): return number(form ?? .hexadecimal, unit: unit)
    case .date(let formats):
      if formats.count > 1 { return nil }
      return formats[0] == "iso"
        ? ["type: date"] : ["type: date", "format: \(ConfigValue.quoted(formats[0]))"]
    }
  }
}
