import NNExp

/// Reads chosen columns of a CSV file into a table of numbers.
///
/// A column's first field tells whether it holds numbers or texts; a field of
/// the other kind is an error. A text becomes the index of its category, in
/// sorted order.
struct CSVReader {
  /// Of one input column: more look like identifiers.
  static let mostCategories = 1_000

  private enum Kind { case unknown, number, text }

  /// One chosen column.
  private struct Column {
    let position: Int
    let isTextByDeclaration: Bool
    var kind: Kind
    var codes: [String: Int] = [:]
    var texts: [String] = []
  }

  private let table: CSVTable
  private var columns: [Column]

  /// Which of `columns` a position of the file feeds; −1 for none.
  private let slots: [Int]

  /// Rows of `columns.count` numbers.
  private(set) var cells: [Double] = []
  private(set) var count = 0

  /// Reads at most `limit` samples.
  ///
  /// - Precondition: no position twice.
  init(_ table: CSVTable, columns positions: [Int], categorical: Set<Int>, limit: Int?) throws {
    self.table = table
    columns = positions.map {
      let isText = categorical.contains($0)
      return Column(position: $0, isTextByDeclaration: isText, kind: isText ? .text : .unknown)
    }
    var slots = [Int](repeating: -1, count: table.names.count)
    for (slot, position) in positions.enumerated() { slots[position] = slot }
    self.slots = slots
    try read(limit: limit ?? Int.max)
    sortCategories()
  }

  /// What the columns of `slots` mean.
  func layout(of slots: Range<Int>) -> ColumnLayout {
    ColumnLayout(
      names: slots.map { table.names[columns[$0].position] },
      categories: slots.map { columns[$0].kind == .text ? columns[$0].texts : nil })
  }

  private mutating func read(limit: Int) throws {
    let table = self.table
    let bytes = table.bytes.span
    var scanner = CSVScanner(delimiter: table.delimiter, position: table.start)
    let width = columns.count
    let fields = slots.count
    while scanner.position < bytes.count, count < limit {
      let first = bytes[scanner.position]
      let start = scanner.position
      if first == 0x0A || first == 0x0D {
        if CSVTable.isBlank(bytes, from: start) { break }
        if fields > 1 { throw ragged(from: start, at: nil) }
      }
      let base = cells.count
      for _ in 0..<width { cells.append(0) }
      var found = 0
      while true {
        let field: CSVField
        do throws(CSVFault) {
          field = try scanner.next(in: bytes)
        } catch {
          throw table.origin.diagnostic(of: error)
        }
        guard found < fields else { throw ragged(from: start, at: field) }
        let slot = slots[found]
        if slot >= 0 {
          if columns[slot].kind == .number, case .number(let value) = decimal(bytes, field.range) {
            cells[base &+ slot] = value
          } else {
            cells[base &+ slot] = try cell(field, slot, in: bytes)
          }
        }
        found &+= 1
        if field.endsRecord { break }
      }
      guard found == fields else { throw ragged(from: start, at: nil) }
      count &+= 1
      if count == 1 {
        // Rows are about as long as the first; a field is a byte or more.
        let rows = min(limit, (bytes.count - start) / (scanner.position - start) + 1)
        cells.reserveCapacity(min(rows, bytes.count / fields + 1) * width)
      }
    }
  }

  /// The number of a field, unless it is a number among numbers.
  private mutating func cell(
    _ field: CSVField, _ slot: Int, in bytes: borrowing Span<UInt8>
  ) throws -> Double {
    if columns[slot].isTextByDeclaration { return try code(of: field, slot) }
    let reading = decimal(bytes, field.range)
    switch (columns[slot].kind, reading) {
    case (.unknown, .number(let value)), (.number, .number(let value)):
      columns[slot].kind = .number
      return value
    case (.unknown, .notANumber), (.text, .notANumber):
      let text = try table.origin.text(of: field)
      if let complaint = complaint(of: text, columns[slot]) {
        throw Diagnostic(complaint, at: table.origin.place(of: field))
      }
      columns[slot].kind = .text
      return try code(of: field, slot)
    case (_, .tooLarge):
      throw Diagnostic(
        "'\(try table.origin.text(of: field))' in column '\(name(columns[slot]))' "
          + "is too large for a number", at: table.origin.place(of: field))
    case (.number, .notANumber), (.text, .number):
      throw try mixed(field, slot)
    }
  }

  private mutating func code(of field: CSVField, _ slot: Int) throws -> Double {
    let text = try table.origin.text(of: field)
    if let code = columns[slot].codes[text] { return Double(code) }
    guard !isEmpty(text) else {
      throw Diagnostic(missing(text, columns[slot]), at: table.origin.place(of: field))
    }
    let code = columns[slot].texts.count
    columns[slot].codes[text] = code
    columns[slot].texts.append(text)
    return Double(code)
  }

  /// Texts in sorted order: by value where all are numbers, else by code points.
  private mutating func sortCategories() {
    for slot in columns.indices where columns[slot].kind == .text {
      let texts = columns[slot].texts
      let numbers = texts.map { text -> Double? in
        let bytes = Array(text.utf8)
        if case .number(let value) = decimal(bytes.span, bytes.indices) { return value }
        return nil
      }
      let areNumbers = numbers.allSatisfy { $0 != nil }
      let order = texts.indices.sorted { a, b in
        if areNumbers, numbers[a]! != numbers[b]! { return numbers[a]! < numbers[b]! }
        return texts[a].unicodeScalars.lexicographicallyPrecedes(texts[b].unicodeScalars)
      }
      var ranks = [Double](repeating: 0, count: order.count)
      for (rank, code) in order.enumerated() { ranks[code] = Double(rank) }
      columns[slot].texts = order.map { texts[$0] }
      for row in 0..<count {
        let i = row * columns.count + slot
        cells[i] = ranks[Int(cells[i])]
      }
    }
  }

  // MARK: Mistakes

  private func name(_ column: Column) -> String { excerpt(table.names[column.position]) }

  private func isEmpty(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

  private func missing(_ text: String, _ column: Column) -> String {
    "missing value\(isEmpty(text) ? "" : " '\(text)'") in column '\(name(column))'; "
      + "fill it in or leave the row out"
  }

  /// Why a text cannot stand for itself, even in a column of texts.
  private func complaint(of text: String, _ column: Column) -> String? {
    if isEmpty(text) { return missing(text, column) }
    let bare = text.lowercased().drop { $0 == "+" || $0 == "-" }
    if bare == "nan" { return missing(text, column) }
    if bare == "inf" || bare == "infinity" {
      return "expected a finite number in column '\(name(column))', found '\(text)'"
    }
    return decimalComma(in: text).map {
      "expected a number in column '\(name(column))', found '\(text)'; write \($0)"
    }
  }

  /// `1.5` for `1,5`.
  private func decimalComma(in text: String) -> String? {
    guard text.utf8.count <= 32, text.utf8.filter({ $0 == UInt8(ascii: ",") }).count == 1 else {
      return nil
    }
    let bytes = text.utf8.map { $0 == UInt8(ascii: ",") ? UInt8(ascii: ".") : $0 }
    guard case .number = decimal(bytes.span, bytes.indices) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A text among numbers, or the other way round. With one row against one,
  /// the third decides which is wrong.
  private func mixed(_ field: CSVField, _ slot: Int) throws -> Diagnostic {
    let column = columns[slot]
    var field = field
    var isNumber = column.kind == .text
    if count == 1, let third = table.field(row: 2, column: column.position),
      let first = table.field(row: 0, column: column.position)
    {
      let reading = decimal(table.bytes.span, third.range)
      let isThirdNumber = if case .number = reading { true } else { false }
      if isThirdNumber == isNumber {
        field = first
        isNumber.toggle()
      }
    }
    let text = try table.origin.text(of: field)
    let place = table.origin.place(of: field)
    let note = Diagnostic.Note(
      "to read numbers as texts, list the column under 'categorical'")
    if isNumber {
      return Diagnostic(
        "expected a text in column '\(name(column))', as in the other rows, "
          + "found the number \(text)", at: place, notes: [note])
    }
    if let complaint = complaint(of: text, column) { return Diagnostic(complaint, at: place) }
    if ["na", "n/a", "#n/a", "null", "none", "?", "-"].contains(text.lowercased()) {
      return Diagnostic(missing(text, column), at: place)
    }
    return Diagnostic(
      "expected a number in column '\(name(column))', as in the other rows, "
        + "found '\(excerpt(text))'", at: place, notes: [note])
  }

  /// A row of too many fields, at the first that is too many, or too few.
  private func ragged(from start: Int, at field: CSVField?) -> Diagnostic {
    var scanner = CSVScanner(delimiter: table.delimiter, position: start)
    var found = 0
    while let next = try? scanner.next(in: table.bytes.span) {
      found += 1
      if next.endsRecord { break }
    }
    return Diagnostic(
      "this row has \(counted(found, "field")), but \(table.hasHeader ? "the header" : "the first row") has "
        + "\(slots.count)",
      at: field.map { table.origin.place(of: $0) } ?? table.origin.place(at: start))
  }
}
