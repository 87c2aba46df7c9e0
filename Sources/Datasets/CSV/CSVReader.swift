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

  /// Rows of `chosen.count` numbers; empty if the file is streamed.
  private(set) var cells: [Double] = []

  /// The start of each row and the end of the last one, if the file is streamed.
  private(set) var starts: [Int] = []
  private(set) var count = 0
  private(set) var scanned: [ScannedColumn]

  /// The columns before anything is fitted.
  private(set) var columns: [TableColumn] = []

  /// Assumptions of the reader, and unlikely contents.
  private(set) var announcements: [Diagnostic] = []

  /// The columns whose distinct numbers are counted.
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
    counted = chosen.indices.filter { chosen[$0].role != .id && chosen[$0].role != .split }
    var slots = [Int](repeating: -1, count: table.names.count)
    for (slot, column) in chosen.enumerated() { slots[column.position] = slot }
    self.slots = slots
    try readParts(with: CSVRowReader(table, chosen, slots: slots))
    for slot in counted {
      if !table.bytes.isStreamed { countDistinct(in: cells, slot) }
      scanned[slot].distinct.close()
    }
  }

  // MARK: Reading

  /// The number of parts that one thread reads before they are joined.
  static let partsPerThread = 2

  private mutating func readParts(with reader: CSVRowReader) throws {
    if case .held(let bytes) = table.bytes {
      let start = table.start
      _ = try append(reader.rows(of: bytes.span.extracting(start..<bytes.count), base: start))
      return
    }
    var base = table.start
    while true {
      var parts: [(bytes: [UInt8], end: Int, base: Int)] = []
      while parts.count < CSVReader.partsPerThread * Workers.count,
        let part = try table.origin.part(from: base)
      {
        parts.append((part.bytes, part.end, base))
        base += part.end
      }
      if parts.isEmpty { return }
      let found = Workers.map(parts.count) { [parts] index in
        let part = parts[index]
        return reader.rows(of: part.bytes.span.extracting(0..<part.end), base: part.base)
      }
      parts = []
      for rows in found {
        guard try append(rows) else { return }
      }
    }
  }

  /// Appends the rows of the next part; false if only line ends follow.
  private mutating func append(_ part: consuming CSVRows) throws -> Bool {
    if let failure = part.failure { throw failure }
    part.recode(&scanned)
    count += part.count
    if table.bytes.isStreamed {
      if part.count > 0 {
        starts.removeLast(starts.isEmpty ? 0 : 1)
        starts += part.starts
        starts.append(part.end)
      }
      for slot in counted { countDistinct(in: part.cells, slot) }
      counted.removeAll { !scanned[$0].distinct.isOpen }
    } else if cells.isEmpty {
      cells = part.cells
      // The estimate assumes that all rows are about as long as those of the first part.
      let bytes = table.bytes.count - table.start
      let parts = Double(bytes) / Double(max(1, part.end - table.start))
      if parts > 1 { cells.reserveCapacity(Int(Double(cells.count) * (parts * 1.02 + 1))) }
    } else {
      cells += part.cells
    }
    return !part.isLast
  }

  /// Counts the distinct numbers of one column. A set per column at the same time would be large
  /// for wide tables.
  private mutating func countDistinct(in cells: [Double], _ slot: Int) {
    var distinct = DistinctNumbers()
    swap(&distinct, &scanned[slot].distinct)
    var i = slot
    while i < cells.count && distinct.isOpen {
      if !cells[i].isNaN { distinct.add(cells[i]) }
      i &+= chosen.count
    }
    scanned[slot].distinct = distinct
  }

  /// The meaning of the columns of `slots`.
  func layout(of slots: Range<Int>) -> ColumnLayout { ColumnLayout(Array(columns[slots])) }

  /// The rows of a streamed file, which are read when they are needed; nil if the cells are
  /// in memory.
  func lines() -> CSVLines? {
    guard case .streamed(let file) = table.bytes else { return nil }
    return CSVLines(
      file, starts: starts, format: table.format, slots: slots,
      cells: zip(chosen, columns).map { $0.reader(of: $1, in: table.format) })
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
      guard errors.isEmpty, !scanned[slot].texts.isEmpty, !table.bytes.isStreamed else { continue }
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
}

extension Span<UInt8> {
  /// Whether a range contains only spaces and tabs.
  func isBlank(_ range: Range<Int>) -> Bool {
    for i in range where self[i] != 0x20 && self[i] != 0x09 { return false }
    return true
  }
}
