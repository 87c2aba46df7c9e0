import Files
import NNExp

/// Reads chosen columns of a CSV file into a table of numbers.
///
/// A column is of the type that the file declares. Without one, its first field says
/// whether it holds numbers or texts; a field of the other kind is an error. A text
/// becomes the index of its category, in sorted order.
struct CSVReader {
  private enum Kind { case unknown, number, text }

  /// One chosen column.
  private struct Column {
    let position: Int
    /// The type that the file declares, if it is not one of numbers.
    let type: (any ColumnType)?
    /// Nil for a column that is none of a target.
    let target: Completeness?
    var kind: Kind
    var codes: [ByteText: Int] = [:]
    var texts: [String] = []
  }

  private let table: CSVTable
  private var columns: [Column]

  /// Which of `columns` hold decimal numbers: their cells are not made texts.
  private var areDecimal: [Bool]

  /// Which of `columns` a position of the file feeds; −1 for none.
  private let slots: [Int]

  /// Rows of `columns.count` numbers; one row where the file is read in parts.
  private(set) var cells: [Double] = []

  /// Where each row begins and the last one ends, where the file is read in
  /// parts.
  private(set) var starts: [Int] = []
  private(set) var count = 0

  /// Reads at most `limit` samples.
  ///
  /// - Parameter targets: the columns of targets. An empty cell of an incomplete one is NaN.
  /// - Precondition: no position twice.
  init(
    _ table: CSVTable, columns positions: [Int], types: [Int: any ColumnType],
    targets: [Int: Completeness] = [:], limit: Int?
  ) throws {
    self.table = table
    columns = positions.map { position in
      let type = types[position]
      let kind: Kind = type is CategoryColumn ? .text : type is NumberColumn ? .number : .unknown
      return Column(
        position: position, type: kind == .number ? nil : type, target: targets[position],
        kind: kind)
    }
    areDecimal = columns.map { $0.kind == .number }
    var slots = [Int](repeating: -1, count: table.names.count)
    for (slot, position) in positions.enumerated() { slots[position] = slot }
    self.slots = slots
    let limit = limit ?? Int.max
    try table.origin.forEachPart(from: table.start) { try read($0, base: $1, limit: limit) }
    sortCategories()
  }

  /// What the columns of `slots` mean.
  func layout(of slots: Range<Int>) -> ColumnLayout {
    ColumnLayout(
      names: slots.map { table.names[columns[$0].position] },
      categories: slots.map { columns[$0].kind == .text ? columns[$0].texts : nil })
  }

  /// The rows, to be read again where they are asked for; nil where they are held.
  func lines() -> CSVLines? {
    guard case .file(let file) = table.bytes else { return nil }
    return CSVLines(
      file, starts: starts, delimiter: table.delimiter, slots: slots,
      codes: columns.map { $0.kind == .text ? $0.codes : nil }, types: columns.map(\.type),
      areIncomplete: columns.map { $0.target == .incomplete })
  }

  /// Reads one part of the file, whole records; false once all is read.
  private mutating func read(
    _ bytes: borrowing Span<UInt8>, base: Int, limit: Int
  ) throws -> Bool {
    var scanner = CSVScanner(delimiter: table.delimiter, position: 0)
    let width = columns.count
    let fields = slots.count
    let isHeld = if case .held = table.bytes { true } else { false }
    while scanner.position < bytes.count, count < limit {
      let first = bytes[scanner.position]
      let start = scanner.position
      if first == 0x0A || first == 0x0D {
        if try table.origin.isBlank(from: base + start) { return false }
        if fields > 1 { throw ragged(from: base + start, at: nil) }
      }
      let row = isHeld ? cells.count : 0
      if isHeld || count == 0 { for _ in 0..<width { cells.append(0) } }
      var found = 0
      while true {
        let field: CSVField
        do throws(CSVFault) {
          field = try scanner.next(in: bytes)
        } catch {
          throw table.origin.diagnostic(of: error, base: base)
        }
        guard found < fields else { throw ragged(from: base + start, at: field.moved(by: base)) }
        let slot = slots[found]
        if slot >= 0 {
          if areDecimal[slot], case .number(let value) = decimal(bytes, field.range) {
            cells[row &+ slot] = value
          } else {
            cells[row &+ slot] = try cell(field, slot, in: bytes, base: base)
          }
        }
        found &+= 1
        if field.endsRecord { break }
      }
      guard found == fields else { throw ragged(from: base + start, at: nil) }
      count &+= 1
      if isHeld {
        if count == 1 {
          // Rows are about as long as the first; a field is a byte or more.
          let rows = min(limit, (bytes.count - start) / (scanner.position - start) + 1)
          cells.reserveCapacity(min(rows, bytes.count / fields + 1) * width)
        }
      } else {
        if count == 1 { starts.append(base + start) }
        starts.append(base + scanner.position)
      }
    }
    return count < limit
  }

  /// The number of a field, unless it is a number among numbers.
  private mutating func cell(
    _ field: CSVField, _ slot: Int, in bytes: borrowing Span<UInt8>, base: Int
  ) throws -> Double {
    let origin = table.origin
    let location = { origin.location(of: field.moved(by: base)) }
    if columns[slot].target == .incomplete, bytes.isBlank(field.range) { return .nan }
    if let type = columns[slot].type {
      let text = try table.origin.text(of: field, in: bytes, base: base)
      return try number(of: text, type, slot, at: location)
    }
    let reading = decimal(bytes, field.range)
    switch (columns[slot].kind, reading) {
    case (.unknown, .number(let value)), (.number, .number(let value)):
      columns[slot].kind = .number
      areDecimal[slot] = true
      return value
    case (.unknown, .notANumber), (.text, .notANumber):
      let text = try table.origin.text(of: field, in: bytes, base: base)
      if let complaint = complaint(of: text, slot) { throw complaint.located(at: location()) }
      columns[slot].kind = .text
      return try code(of: text, slot, at: location)
    case (_, .tooLarge):
      throw Diagnostic(
        "'\(try table.origin.text(of: field, in: bytes, base: base))' "
          + "in column '\(name(columns[slot]))' is too large for a number", at: location())
    case (.number, .notANumber), (.text, .number):
      throw try mixed(field.moved(by: base), slot)
    }
  }

  /// The number of a cell of a declared type.
  private mutating func number(
    of text: String, _ type: any ColumnType, _ slot: Int, at location: () -> SourceLocation
  ) throws -> Double {
    if type is CategoryColumn { return try code(of: text, slot, at: location) }
    func refuse(_ fact: String) -> Diagnostic {
      Diagnostic("column '\(name(columns[slot]))': \(fact)", at: location())
    }
    if isEmpty(text) { throw missing(text, slot, at: location()) }
    let value: ColumnValue
    do {
      value = try type.read(text)
    } catch let fact as Diagnostic { throw refuse(fact.message) }
    switch (value, columns[slot].kind) {
    case (.number(let number), .unknown), (.number(let number), .number):
      guard number.isFinite else { throw refuse("'\(excerpt(text))' gave \(shortest(number))") }
      columns[slot].kind = .number
      return number
    case (.category(let category), .unknown), (.category(let category), .text):
      columns[slot].kind = .text
      return try code(of: category, slot, at: location)
    case (_, let kind):
      let (found, others) = kind == .text ? ("a number", "categories") : ("a category", "numbers")
      throw refuse("'\(excerpt(text))' gave \(found), and the cells before it \(others)")
    }
  }

  private mutating func code(of text: String, _ slot: Int, at location: () -> SourceLocation) throws
    -> Double
  {
    if let code = columns[slot].codes[ByteText(text)] { return Double(code) }
    guard !isEmpty(text) else { throw missing(text, slot, at: location()) }
    let code = columns[slot].texts.count
    columns[slot].codes[ByteText(text)] = code
    columns[slot].texts.append(text)
    return Double(code)
  }

  /// The positions of texts in sorted order: by value where all are numbers, else by code
  /// points.
  static func order(of texts: [String]) -> [Int] {
    let numbers = texts.map { text -> Double? in
      let bytes = Array(text.utf8)
      if case .number(let value) = decimal(bytes.span, bytes.indices) { return value }
      return nil
    }
    let areNumbers = numbers.allSatisfy { $0 != nil }
    return texts.indices.sorted { a, b in
      if areNumbers, numbers[a]! != numbers[b]! { return numbers[a]! < numbers[b]! }
      return texts[a].unicodeScalars.lexicographicallyPrecedes(texts[b].unicodeScalars)
    }
  }

  /// Numbers the texts of each column in sorted order.
  private mutating func sortCategories() {
    for slot in columns.indices where columns[slot].kind == .text {
      let texts = columns[slot].texts
      let order = CSVReader.order(of: texts)
      var ranks = [Double](repeating: 0, count: order.count)
      for (rank, code) in order.enumerated() { ranks[code] = Double(rank) }
      columns[slot].texts = order.map { texts[$0] }
      for (rank, code) in order.enumerated() {
        columns[slot].codes[ByteText(texts[code])] = rank
      }
      for row in 0..<cells.count / columns.count {
        let i = row * columns.count + slot
        if !cells[i].isNaN { cells[i] = ranks[Int(cells[i])] }
      }
    }
  }

  // MARK: Errors

  private func name(_ column: Column) -> String { excerpt(table.names[column.position]) }

  private func isEmpty(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

  private func missing(_ text: String, _ slot: Int, at location: SourceLocation? = nil)
    -> Diagnostic
  {
    let column = columns[slot]
    let notes: [Diagnostic.Note] =
      switch column.target {
      case nil: []
      case .complete: [missingTargetNote]
      case .incomplete: [.init("an empty cell is a missing target")]
      }
    return Diagnostic(
      "missing value\(isEmpty(text) ? "" : " '\(text)'") in column '\(name(column))'; "
        + "fill it in or leave the row out", at: location, notes: notes)
  }

  /// Why a text cannot stand for itself, even in a column of texts.
  private func complaint(of text: String, _ slot: Int) -> Diagnostic? {
    if isEmpty(text) { return missing(text, slot) }
    let bare = text.lowercased().drop { $0 == "+" || $0 == "-" }
    if bare == "nan" { return missing(text, slot) }
    if bare == "inf" || bare == "infinity" {
      return Diagnostic(
        "expected a finite number in column '\(name(columns[slot]))', found '\(text)'")
    }
    return decimalComma(in: text).map {
      Diagnostic(
        "expected a number in column '\(name(columns[slot]))', found '\(text)'; write \($0)")
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
      let content = try table.bytes.read(third.range)
      let reading = decimal(content.span, content.indices)
      let isThirdNumber = if case .number = reading { true } else { false }
      if isThirdNumber == isNumber {
        field = first
        isNumber.toggle()
      }
    }
    let text = try table.origin.text(of: field)
    let location = table.origin.location(of: field)
    let note = Diagnostic.Note(
      "to read numbers as texts, list the column under 'categorical'")
    if isNumber {
      return Diagnostic(
        "expected a text in column '\(name(column))', as in the other rows, "
          + "found the number \(text)", at: location, notes: [note])
    }
    if let complaint = complaint(of: text, slot) { return complaint.located(at: location) }
    if ["na", "n/a", "#n/a", "null", "none", "?", "-"].contains(text.lowercased()) {
      return missing(text, slot, at: location)
    }
    return Diagnostic(
      "expected a number in column '\(name(column))', as in the other rows, "
        + "found '\(excerpt(text))'", at: location, notes: [note])
  }

  /// A row of too many fields, at the first that is too many, or too few.
  private func ragged(from start: Int, at field: CSVField?) -> Diagnostic {
    var found = 0
    try? table.origin.forEachPart(from: start) { bytes, _ in
      var scanner = CSVScanner(delimiter: table.delimiter, position: 0)
      while let next = try? scanner.next(in: bytes) {
        found += 1
        if next.endsRecord { break }
      }
      return false
    }
    return Diagnostic(
      "this row has \(counted(found, "field")), but \(table.hasHeader ? "the header" : "the first row") has "
        + "\(slots.count)",
      at: field.map { table.origin.location(of: $0) } ?? table.origin.location(at: start))
  }
}

extension Span<UInt8> {
  /// True if a range holds only spaces and tabs.
  func isBlank(_ range: Range<Int>) -> Bool {
    for i in range where self[i] != 0x20 && self[i] != 0x09 { return false }
    return true
  }
}
