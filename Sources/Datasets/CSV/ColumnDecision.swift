import NNExp

/// Decides the type of a column from all its cells.
struct ColumnDecision {
  private let chosen: ChosenColumn
  private let scanned: ScannedColumn
  private let name: String
  private let rows: Int
  private let table: CSVTable

  /// Whether each text is a value, not a missing cell.
  private let arePresent: [Bool]
  private let present: [ScannedColumn.Text]
  private let missing: [ScannedColumn.Text]

  /// The cells of a target that its loss ignores.
  private let ignoredCount: Int

  private(set) var errors = Diagnostics()

  /// Whether the column can be read if single cells are corrected or their form is declared.
  /// Its missing cells are errors then too.
  private var hasBadCells = false
  private(set) var announcements: [Diagnostic] = []

  /// The number of each text of the column: the index of its category, or NaN if it is
  /// missing.
  private(set) var values: [Double] = []

  init(
    _ chosen: ChosenColumn, _ scanned: ScannedColumn, name: String, rows: Int, _ table: CSVTable
  ) {
    self.chosen = chosen
    self.scanned = scanned
    self.name = name
    self.rows = rows
    self.table = table
    let cells = chosen.missing(in: table.format)
    let format = chosen.numbers(in: table.format)
    arePresent = scanned.texts.map { !cells.contains($0.text, as: format) }
    present = zip(scanned.texts, arePresent).filter(\.1).map(\.0)
    let others = zip(scanned.texts, arePresent).filter { !$0.1 }.map(\.0)
    let isIgnored = { (text: ScannedColumn.Text) in
      !Substring(text.text).trimmed.isEmpty
        && chosen.ignored?.contains(text.text, as: format) ?? false
    }
    missing = others.filter { !isIgnored($0) }
    ignoredCount = others.reduce(0) { $0 + (isIgnored($1) ? $1.count : 0) }
  }

  private var missingCount: Int { missing.reduce(0) { $0 + $1.count } }
  private var textCount: Int { present.reduce(0) { $0 + $1.count } }
  private var numberCount: Int { rows - textCount - missingCount - ignoredCount }
  private var shown: String { excerpt(name) }
  private var isKnown: Bool { chosen.known != nil }

  // MARK: The type

  /// The decided column. Do not use it if there are errors.
  mutating func column() -> TableColumn {
    var column = TableColumn(name, position: chosen.position, role: chosen.role)
    column.missing = missingCount + ignoredCount
    column.config = chosen.config
    column.fill = chosen.fill ?? chosen.known?.fill
    column.fillValue = chosen.known?.fillValue
    column.hasOther = chosen.hasOther || chosen.known?.hasOther ?? false
    column.scale = chosen.scale
    values = Array(repeating: .nan, count: scanned.texts.count)
    decide(&column)
    settleFill(of: &column)
    if errors.isEmpty || hasBadCells { checkMissing(column.fill) }
    if errors.isEmpty { announce(column) }
    return column
  }

  private mutating func decide(_ column: inout TableColumn) {
    column.type = chosen.typeName ?? chosen.known?.type
    if let type = chosen.type, !(type is NumberColumn) {
      if type is TextColumn, [.inputs, .targets].contains(chosen.role) {
        refuse(
          "column '\(shown)' is of the type 'text', which cannot be an input",
          ["write 'columns: {\(quotedName): category}' for one input per text"])
        return
      }
      return read(as: type, &column)
    }
    if chosen.type is NumberColumn || chosen.known.map({ $0.isNumeric }) == true {
      column.type = column.type ?? NumberColumn.typeName
      column.distinct = scanned.distinct.count
      refuseTexts()
      return
    }
    if let known = chosen.known { return read(asKnown: known, &column) }
    if present.isEmpty, numberCount > 0 || missingCount + ignoredCount == rows {
      column.type = NumberColumn.typeName
      column.distinct = scanned.distinct.count
      return
    }
    if let form, form != .date(["iso"]) || !chosen.isOrder,
      [.inputs, .targets].contains(chosen.role) || chosen.isOrder
    {
      return refuse(form: form, numberCount > 0)
    }
    guard numberCount == 0 else { return refuseMixture() }
    if let large = present.first(where: { isTooLarge($0.text) }) { return refuseTooLarge(large) }
    if let infinite = present.first(where: { ColumnDecision.isInfinite($0.text) }) {
      return refuseInfinite(infinite)
    }
    makeCategories(&column, of: present.map(\.text))
    let count = column.categories?.count ?? 0
    if chosen.role == .inputs, !chosen.isIndices,
      count > 50 || count > 10 && count * 10 > textCount
    {
      refuse(
        "column '\(shown)' holds \(count) different texts in \(textCount) cells, too many for one "
          + "input each",
        [
          "write 'exclude: [\(quotedName)]' to leave the column out, or 'id: \(quotedName)' to "
            + "identify the rows by it",
          "write 'columns: {\(quotedName): category}' for one input per text",
        ])
    }
  }

  /// Sorts the categories; `names` contains the category of each text that is not missing.
  private mutating func makeCategories(_ column: inout TableColumn, of names: [String]) {
    column.type = column.type ?? CategoryColumn.typeName
    var all = Set(names.map(ByteText.init))
    switch column.fill {
    case .constant(.text(let text)): all.insert(ByteText(text))
    case .constant(.number(let number)): all.insert(ByteText(shortest(number)))
    default: break
    }
    var distinct = all.map(\.text)
    distinct = CSVReader.order(of: distinct).map { distinct[$0] }
    column.distinct = distinct.count
    let indices = Dictionary(
      uniqueKeysWithValues: distinct.enumerated().map { (ByteText($1), Double($0)) })
    var next = names.makeIterator()
    for code in arePresent.indices where arePresent[code] {
      values[code] = next.next().flatMap { indices[ByteText($0)] } ?? .nan
    }
    if column.hasOther { distinct.append("other") }
    column.categories = distinct
  }

  /// Reads the texts with a declared type.
  private mutating func read(as type: any ColumnType, _ column: inout TableColumn) {
    var numbers: [Int: Double] = [:]
    var categories: [String] = []
    var faults: [(ScannedColumn.Text, String)] = []
    for text in present {
      do {
        switch try type.read(text.text) {
        case .number(let number):
          guard number.isFinite else {
            faults.append((text, "'\(excerpt(text.text))' gave \(shortest(number))"))
            continue
          }
          if !categories.isEmpty {
            faults.append(
              (text, "'\(excerpt(text.text))' gave a number, and the cells before it categories"))
          }
          numbers[text.offset] = number
        case .category(let category):
          if !numbers.isEmpty {
            faults.append(
              (text, "'\(excerpt(text.text))' gave a category, and the cells before it numbers"))
          }
          categories.append(category)
        }
      } catch let fact as Diagnostic {
        faults.append((text, fact.message))
      } catch { faults.append((text, "\(error)")) }
    }
    if let (text, message) = faults.first {
      let more = faults.dropFirst().reduce(text.count - 1) { $0 + $1.0.count }
      refuseCells(
        "column '\(shown)': \(message)\(ColumnDecision.alike(more))", [], at: text.offset)
      return
    }
    guard numbers.isEmpty else {
      column.distinct = Set(numbers.values).count
      for (code, text) in scanned.texts.enumerated() { values[code] = numbers[text.offset] ?? .nan }
      return
    }
    if let known = chosen.known, let own = known.categories, !categories.isEmpty {
      return number(asIn: own, categories, &column)
    }
    makeCategories(&column, of: categories)
  }

  /// Reads the texts as categories of the training data.
  private mutating func read(asKnown known: TableColumn, _ column: inout TableColumn) {
    guard chosen.role == .inputs, !chosen.isIndices else {
      makeCategories(&column, of: present.map(\.text))
      return
    }
    number(asIn: known.categories ?? [], present.map(\.text), &column)
  }

  private mutating func number(
    asIn categories: [String], _ names: [String], _ column: inout TableColumn
  ) {
    column.categories = categories
    column.distinct = names.count
    let codes = CellReader.codes(categories)
    let other = column.hasOther ? Double(categories.count - 1) : nil
    var unknown: [ScannedColumn.Text] = []
    var byOffset: [Int: Double] = [:]
    for (text, name) in zip(present, names) {
      if let code = codes[ByteText(name)] ?? other {
        byOffset[text.offset] = code
      } else {
        unknown.append(text)
      }
    }
    for (code, text) in scanned.texts.enumerated() { values[code] = byOffset[text.offset] ?? .nan }
    guard let first = unknown.first else { return }
    let more = unknown.reduce(-1) { $0 + $1.count }
    refuseCells(
      "the text '\(excerpt(first.text))' of column '\(shown)' is not in the training data"
        + suggestion(for: first.text, among: categories) + ColumnDecision.alike(more),
      [
        "known: " + listing(categories),
        "with 'columns: {\(quotedName): {other: true}}', training provides an input for unknown "
          + "texts",
      ], at: first.offset)
  }

  // MARK: Refusals

  private var quotedName: String { ConfigValue.quoted(name) }

  private mutating func refuseCells(_ fact: String, _ notes: [String], at offset: Int? = nil) {
    hasBadCells = true
    refuse(fact, notes, at: offset)
  }

  private mutating func refuse(_ fact: String, _ notes: [String], at offset: Int? = nil) {
    errors.add(
      Diagnostic(
        fact, at: table.origin.location(at: offset ?? present.first?.offset ?? table.start),
        notes: notes.map { Diagnostic.Note($0) }))
  }

  /// The text ` and 3 more cells`; empty for 0.
  private static func alike(_ count: Int) -> String {
    count > 0 ? ", and \(counted(count, "more cell")) like it" : ""
  }

  private static func isInfinite(_ text: String) -> Bool {
    let bare = text.lowercased().drop { $0 == "+" || $0 == "-" }
    return bare == "inf" || bare == "infinity"
  }

  private mutating func refuseInfinite(_ text: ScannedColumn.Text) {
    refuseCells(
      "expected a finite number in column '\(shown)', found '\(text.text)'", [], at: text.offset)
  }

  private func isTooLarge(_ text: String) -> Bool {
    if case .tooLarge = chosen.numbers(in: table.format).read(Array(text.utf8)) { return true }
    return false
  }

  private mutating func refuseTooLarge(_ text: ScannedColumn.Text) {
    refuseCells(
      "'\(text.text)' in column '\(shown)' is too large for a number", [], at: text.offset)
  }

  /// The common form of all texts that are not missing; nil if they have none.
  private var form: TextForm? {
    guard let first = present.first, var form = TextForm(first.text) else { return nil }
    for text in present.dropFirst() {
      guard let own = TextForm(text.text), let joined = form.joined(with: own) else { return nil }
      form = joined
    }
    return form
  }

  private mutating func refuse(form: TextForm, _ amongNumbers: Bool) {
    let example = present[0].text
    let count = amongNumbers ? " in \(textCount) of \(rows) cells" : ""
    var notes = form.remedies(name, example: example)
    if case .date = form {
    } else if !amongNumbers {
      notes.append("'columns: {\(quotedName): category}' reads each text as a category")
    }
    if chosen.role == .inputs { notes.append("'exclude: [\(quotedName)]' leaves the column out") }
    refuseCells(
      "column '\(shown)' holds \(form.noun)\(count), such as '\(excerpt(example))'; declare how to "
        + "read them", notes)
  }

  /// Refuses texts in a column of numbers.
  private mutating func refuseTexts() {
    guard let first = present.first else { return }
    if ColumnDecision.isInfinite(first.text) { return refuseInfinite(first) }
    if isTooLarge(first.text) { return refuseTooLarge(first) }
    let others = numberCount > textCount ? ", as in the other rows," : ","
    let listed = present.dropFirst().prefix(4).map { text in
      "'\(excerpt(text.text))' in line \(table.origin.location(at: text.offset).line)"
    }
    var notes = listed.isEmpty ? [] : ["also " + listed.joined(separator: ", ")]
    if let form { notes += form.remedies(name, example: first.text) }
    let texts = present.prefix(5).map { ConfigValue.quoted($0.text) }.joined(separator: ", ")
    notes.append(
      "'columns: {\(quotedName): {missing: [\(texts)]}}' counts "
        + "\(present.count > 1 ? "them" : "it") as missing")
    if chosen.type == nil, chosen.known == nil {
      notes.append("'columns: {\(quotedName): category}' reads the numbers as texts")
    }
    refuseCells(
      "expected a number in column '\(shown)'\(others) found '\(excerpt(first.text))'"
        + ColumnDecision.alike(textCount - 1), notes, at: first.offset)
  }

  /// Refuses the numbers or the texts, whichever are fewer.
  private mutating func refuseMixture() {
    let isInfinite = ColumnDecision.isInfinite(present[0].text)
    guard numberCount < textCount, !isInfinite else { return refuseTexts() }
    let position = chosen.position
    let format = chosen.numbers(in: table.format)
    guard
      let row = (0..<rows).first(where: { row in
        table.text(row: row, column: position).map { format.read(Array($0.utf8)).value != nil }
          ?? false
      }), let text = table.text(row: row, column: position)
    else { return refuseTexts() }
    hasBadCells = true
    errors.add(
      Diagnostic(
        "expected a text in column '\(shown)', as in the other rows, found the number \(text)"
          + ColumnDecision.alike(numberCount - 1),
        at: table.location(row: row, column: position),
        notes: [
          .init("'columns: {\(quotedName): category}' reads the numbers as texts")
        ]))
  }

  /// Sets the fill of the column. If the general fill does not suit the type, the column has
  /// none, and missing cells are an error.
  private mutating func settleFill(of column: inout TableColumn) {
    guard errors.isEmpty, let fill = column.fill, !isKnown else { return }
    let fact: String
    switch fill {
    case .mean, .median:
      guard !column.isNumeric else { return }
      fact = "column '\(shown)' holds texts, which have no \(fill == .mean ? "mean" : "median")"
    case .constant(.text(let text)):
      guard column.isNumeric else { return }
      fact = "column '\(shown)' holds numbers, which '\(excerpt(text))' is not"
    default: return
    }
    column.fill = nil
    guard missingCount > 0 || chosen.fillIsOwn else { return }
    let remedy = column.isNumeric ? "mean" : "most_frequent"
    refuse(
      "\(fact), to fill \(counted(missingCount, "missing cell"))",
      ["write 'columns: {\(quotedName): {fill: \(remedy)}}'"], at: missing.first?.offset)
  }

  private mutating func checkMissing(_ fill: Fill?) {
    guard let first = missing.first else { return }
    if chosen.target == .incomplete || chosen.role == .id { return }
    if missingCount == rows, !isKnown {
      let remedy =
        chosen.role == .inputs
        ? ["'exclude: [\(quotedName)]' leaves the column out"]
        : chosen.role == .targets ? ["'targets' selects another column"] : []
      return refuse("all cells of column '\(shown)' are missing", remedy, at: first.offset)
    }
    if let fill {
      if chosen.role == .targets || chosen.role == .weight, fill != .dropRow {
        let noun = chosen.role == .targets ? "targets" : "weights"
        return refuse(
          "column '\(shown)' of \(noun) has \(counted(missingCount, "missing cell")), which are "
            + "not filled", ["'columns: {\(quotedName): {fill: drop_row}}' leaves the rows out"],
          at: first.offset)
      }
      return
    }
    let texts = missing.filter { !Substring($0.text).trimmed.isEmpty }.prefix(4)
      .map { "'\(excerpt($0.text))'" }
    let found = texts.isEmpty ? "" : " (" + texts.joined(separator: ", ") + ")"
    let isText = numberCount == 0
    let fill = isText ? "most_frequent" : "mean"
    var notes: [String] = []
    switch chosen.role {
    case .targets:
      notes = [
        "'columns: {\(quotedName): {fill: drop_row}}' leaves the rows out",
        missingTargetNote.message,
      ]
    case .weight: notes = ["'columns: {\(quotedName): {fill: drop_row}}' leaves the rows out"]
    case .inputs where isKnown:
      notes = ["the run was trained without 'fill' for this column"]
    case .inputs:
      notes = [
        "'columns: {\(quotedName): {fill: \(fill)}}' fills them; fill is \(Fill.range)",
        "'fill: drop_row' beside 'csv' leaves out every row with a missing cell",
      ]
    default: break
    }
    refuse(
      "column '\(shown)' has \(counted(missingCount, "missing cell")) in \(counted(rows, "row"))"
        + found,
      notes, at: first.offset)
  }

  // MARK: Announcements

  private mutating func announce(_ fact: String, at offset: Int? = nil, notes: [String] = []) {
    announcements.append(
      Diagnostic(
        fact, at: offset.map { table.origin.location(at: $0) },
        notes: notes.map { Diagnostic.Note($0) }, severity: .warning))
  }

  private mutating func announce(_ column: TableColumn) {
    // A declared type is not a guess.
    guard !isKnown, chosen.type == nil, chosen.role == .inputs || chosen.role == .targets else {
      return
    }
    if scanned.rounded.count > 0 {
      let fact =
        "column '\(shown)' holds whole numbers beyond 2⁵³, such as \(scanned.rounded.text), which "
        + "would be rounded"
      let remedy = "'columns: {\(quotedName): category}' reads them as texts"
      if chosen.role == .targets {
        return refuse(fact, [remedy], at: scanned.rounded.offset)
      }
      announce(fact, at: scanned.rounded.offset, notes: [remedy])
    }
    let isConstant = missingCount == 0 || column.fill != .indicator && column.fill != .dropRow
    if column.distinct == 1, rows > 1, isConstant {
      let rest = missingCount == 0 ? "" : " that are not missing"
      announce("column '\(shown)' has the same value in all rows\(rest)")
    }
    if let categories = column.categories { announceSimilar(categories) }
  }

  /// Announces categories that differ only in blanks or case.
  private mutating func announceSimilar(_ categories: [String]) {
    var seen: [ByteText: String] = [:]
    for category in categories {
      let key = ByteText(
        String(category.lowercased().unicodeScalars.filter { $0 != " " && $0 != "\t" }))
      guard let other = seen.updateValue(category, forKey: key) else { continue }
      announce(
        "the categories '\(excerpt(other))' and '\(excerpt(category))' of column '\(shown)' differ "
          + "only in blanks or case", at: scanned.texts.first { $0.text == category }?.offset)
    }
  }
}
