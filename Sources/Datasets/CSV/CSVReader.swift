import Files
import NNExp

/// Reads chosen columns of a CSV file into a table of numbers.
///
/// A column has the type that the file declares, or else its type in the training data, or
/// else the type that fits all of its cells. A text becomes the index of its category, and a
/// missing cell becomes NaN.
struct CSVReader {
  let table: CSVTable

  /// The columns to read, in the order of their choice.
  let chosen: [ChosenColumn]

  /// Per column of the file, its index in `chosen`; −1 for columns that are not read.
  let slots: [Int]

  /// Rows of `chosen.count` numbers; only one row if the file is read in parts.
  private(set) var cells: [Double] = []

  /// The start of each row and the end of the last one, if the file is streamed.
  private(set) var starts: [Int] = []
  private(set) var count = 0
  private(set) var scanned: [ScannedColumn]

  /// The columns before anything is fitted.
  private(set) var columns: [TableColumn] = []

  /// Assumptions of the reader, and unlikely contents.
  private(set) var announcements: [Diagnostic] = []

  /// Which of `chosen` contain decimal numbers, as far as is known. Their cells are not
  /// converted to texts.
  private var areDecimal: [Bool]

  /// The columns whose distinct numbers are still counted.
  private var counted: [Int]

  /// - Precondition: `chosen` contains no position twice.
  /// - Throws: `Diagnostics` with the errors of all columns.
  init(_ table: CSVTable, _ chosen: [ChosenColumn]) throws {
    try self.init(scanning: table, chosen)
    guard count > 0 else { return }
    columns = try decideColumns()
  }

  /// Reads all cells without deciding what the columns are.
  ///
  /// - Precondition: no position twice.
  init(scanning table: CSVTable, _ chosen: [ChosenColumn]) throws {
    self.table = table
    self.chosen = chosen
    scanned = Array(repeating: ScannedColumn(), count: chosen.count)
    areDecimal = chosen.map { $0.isDecimal(in: table.format) }
    counted = chosen.indices.filter { chosen[$0].role != .id && chosen[$0].role != .split }
    var slots = [Int](repeating: -1, count: table.names.count)
    for (slot, column) in chosen.enumerated() { slots[column.position] = slot }
    self.slots = slots
    try table.origin.forEachPart(from: table.start) { try read($0, base: $1) }
    if case .held = table.bytes { countDistinctByColumn() }
  }

  /// The meaning of the columns of `slots`.
  func layout(of slots: Range<Int>) -> ColumnLayout { ColumnLayout(Array(columns[slots])) }

  /// The rows of a streamed file, which are read when they are needed; nil if the cells are
  /// in memory.
  func lines() -> CSVLines? {
    guard case .file(let file) = table.bytes else { return nil }
    return CSVLines(
      file, starts: starts, format: table.format, slots: slots,
      cells: zip(chosen, columns).map { $0.reader(of: $1, in: table.format) })
  }

  /// Reads one part of the file, in whole records; false at the end of the file.
  private mutating func read(_ bytes: borrowing Span<UInt8>, base: Int) throws -> Bool {
    var scanner = table.format.scanner()
    let width = chosen.count
    let fields = slots.count
    let hasComments = table.format.comment != nil
    let isHeld = if case .held = table.bytes { true } else { false }
    if hasComments { scanner.position = table.format.endOfComments(in: bytes, from: 0) }
    while scanner.position < bytes.count {
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
          // The estimate assumes that all rows are about as long as the first one, and that a
          // field has at least one byte.
          let rows = (bytes.count - start) / (scanner.position - start) + 1
          cells.reserveCapacity(min(rows, bytes.count / fields + 1) * width)
        }
      } else {
        if count == 1 { starts.append(base + start) } else { starts[count - 1] = base + start }
        starts.append(base + scanner.position)
      }
      if !isHeld, !counted.isEmpty { countDistinct(row) }
      if hasComments {
        scanner.position = table.format.endOfComments(in: bytes, from: scanner.position)
      }
    }
    return true
  }

  /// Column by column, so that the numbers of one are in memory twice at a time.
  private mutating func countDistinctByColumn() {
    let width = chosen.count
    for slot in counted {
      var distinct = DistinctNumbers()
      var row = 0
      while row < count && distinct.isOpen {
        let value = cells[row &* width &+ slot]
        if !value.isNaN { distinct.add(value) }
        row &+= 1
      }
      distinct.close()
      scanned[slot].distinct = distinct
    }
  }

  private mutating func countDistinct(_ row: Int) {
    var hasClosed = false
    for slot in counted {
      let value = cells[row &+ slot]
      if value.isNaN { continue }
      scanned[slot].distinct.add(value)
      if !scanned[slot].distinct.isOpen { hasClosed = true }
    }
    if hasClosed { counted.removeAll { !scanned[$0].distinct.isOpen } }
  }

  /// The cell of a field that is not a decimal number of float64.
  private mutating func cell(
    _ field: CSVField, _ slot: Int, in bytes: borrowing Span<UInt8>, base: Int
  ) throws -> Double {
    let column = chosen[slot]
    let text = try table.origin.text(of: field, in: bytes, base: base)
    let offset = field.range.lowerBound + base - (field.isQuoted ? 1 : 0)
    if column.readsNumbers {
      switch column.numbers(in: table.format).read(Array(text.utf8)) {
      case .number(let value) where !column.missing(in: table.format).numbers.contains(value):
        return value
      case .rounded(let value):
        if scanned[slot].rounded.count == 0 {
          scanned[slot].rounded.offset = offset
          scanned[slot].rounded.text = text
        }
        scanned[slot].rounded.count += 1
        return value
      default: break
      }
    }
    return scanned[slot].cell(of: text, at: offset)
  }

  /// The positions of texts in sorted order: by value if all are numbers, otherwise by code
  /// points.
  static func order(of texts: [String]) -> [Int] {
    let numbers = texts.map { text -> Double? in
      let bytes = Array(text.utf8)
      return decimal(bytes.span, bytes.indices).value
    }
    let areNumbers = numbers.allSatisfy { $0 != nil }
    return texts.indices.sorted { a, b in
      if areNumbers, numbers[a]! != numbers[b]! { return numbers[a]! < numbers[b]! }
      return texts[a].unicodeScalars.lexicographicallyPrecedes(texts[b].unicodeScalars)
    }
  }

  // MARK: Deciding

  /// Decides the types of the columns and replaces their cells by the numbers that they mean.
  private mutating func decideColumns() throws -> [TableColumn] {
    var errors = Diagnostics()
    var columns: [TableColumn] = []
    for slot in chosen.indices {
      var decision = ColumnDecision(
        chosen[slot], scanned[slot], name: table.names[chosen[slot].position], rows: count, table)
      columns.append(decision.column())
      errors.add(decision.errors)
      announcements += decision.announcements
      guard errors.isEmpty, !scanned[slot].texts.isEmpty,
        case .held = table.bytes
      else { continue }
      let values = decision.values
      for row in 0..<count {
        let i = row * chosen.count + slot
        if let code = ScannedColumn.code(of: cells[i]) { cells[i] = values[code] }
      }
    }
    // The errors are sorted by their location in the file.
    errors = Diagnostics(
      errors.list.sorted { a, b in
        let (a, b) = (a.location, b.location)
        return (a?.line ?? 0, a?.column ?? 0) < (b?.line ?? 0, b?.column ?? 0)
      })
    try errors.throwIfAny()
    return columns
  }

  /// The error about a row with too many or too few fields, located at the first superfluous
  /// field if there is one.
  private func ragged(from start: Int, at field: CSVField?) -> Diagnostic {
    var found = 0
    try? table.origin.forEachPart(from: start) { bytes, _ in
      var scanner = table.format.scanner()
      while let next = try? scanner.next(in: bytes) {
        found += 1
        if next.endsRecord { break }
      }
      return false
    }
    return Diagnostic(
      "this row has \(Datasets.counted(found, "field")), "
        + "but \(table.hasHeader ? "the header" : "the first row") has \(slots.count)",
      at: field.map { table.origin.location(of: $0) } ?? table.origin.location(at: start))
  }
}

extension Span<UInt8> {
  /// Whether a range contains only spaces and tabs.
  func isBlank(_ range: Range<Int>) -> Bool {
    for i in range where self[i] != 0x20 && self[i] != 0x09 { return false }
    return true
  }
}
