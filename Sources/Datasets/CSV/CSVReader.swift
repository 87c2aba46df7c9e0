import Files
import NNExp
internal import Synchronization

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
  private(set) var cells: CellBlocks

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

  /// The numbers of a streamed file; nil if its rows are parsed again.
  private var stored: NDArray?

  /// - Parameter file: stores the numbers of a streamed file.
  /// - Precondition: `chosen` contains no position twice.
  /// - Throws: `Diagnostics` with the errors of all columns.
  init(_ table: CSVTable, _ chosen: [ChosenColumn], storingIn file: CellFile? = nil) throws {
    try self.init(scanning: table, chosen, storingIn: file)
    guard count > 0 else { return }
    stored = file?.rows(count, width: chosen.count)
    if stored != nil { starts = [] }
    columns = try decideColumns()
    if let failure = storageFailure(file) { announcements.append(failure) }
  }

  /// Reads all cells without deciding what the columns are.
  ///
  /// - Precondition: no position twice.
  init(
    scanning table: CSVTable, _ chosen: [ChosenColumn], storingIn file: CellFile? = nil
  ) throws {
    self.table = table
    self.chosen = chosen
    cells = CellBlocks(width: chosen.count)
    scanned = Array(repeating: ScannedColumn(), count: chosen.count)
    counted = chosen.indices.filter { chosen[$0].role != .id && chosen[$0].role != .split }
    var slots = [Int](repeating: -1, count: table.names.count)
    for (slot, column) in chosen.enumerated() { slots[column.position] = slot }
    self.slots = slots
    try readParts(with: CSVRowReader(table, chosen, slots: slots), storingIn: file)
    for slot in counted {
      if !table.bytes.isStreamed { countDistinct(in: cells, slot) }
      scanned[slot].distinct.close()
    }
  }

  // MARK: Reading

  /// The number of parts that one thread reads before they are joined.
  static let partsPerThread = 2

  /// The result of one part of the loop over a set of parts.
  private enum Outcome: Sendable {
    case read(Result<[Part], any Error>)
    case hashed(SHA256.Stream?)
    case parsed(CSVRows)
  }

  /// Whole records of the file.
  private struct Part: Sendable {
    let bytes: [UInt8]
    let base: Int
    let count: Int

    var end: Int { base + count }
  }

  /// Memory that parts have used, for the next ones. New memory would take a sixth of the time.
  private struct Spares: Sendable {
    var bytes: [[UInt8]] = []
    var cells: [[Double]] = []
  }

  /// Reads the file once. While threads parse a set of parts, one of them hashes the parts, and one
  /// reads the next set.
  private mutating func readParts(with reader: CSVRowReader, storingIn cellFile: CellFile?) throws {
    let file: FileBytes
    switch table.bytes {
    case .held(let bytes):
      let start = table.start
      let rows = reader.rows(of: bytes.span.extracting(start..<bytes.count), base: start)
      _ = try append(rows, nil)
      return
    case .parts(let parts): file = parts
    case .streamed(let stream): file = stream
    }
    let origin = table.origin
    let spares = Mutex(Spares())
    var hash = file.isHashed ? nil : SHA256.Stream(ofBytes: file.count)
    let head = try file.read(0..<table.start)
    hash?.update(head.span)
    var end = table.start
    var parts = try CSVReader.parts(of: origin, from: end, spares)
    var isAtEnd = false
    while !parts.isEmpty {
      end = parts[parts.count - 1].end
      var outcomes = Workers.map(parts.count + 2) { [parts, hash, end] index in
        if index == 0 {
          return Outcome.read(Result { try CSVReader.parts(of: origin, from: end, spares) })
        }
        if index <= parts.count {
          let part = parts[index - 1]
          return .parsed(
            reader.rows(
              of: part.bytes.span.extracting(0..<part.count), base: part.base,
              using: spares.withLock { $0.cells.popLast() } ?? []))
        }
        var hash = hash
        for part in parts { hash?.update(part.bytes.span.extracting(0..<part.count)) }
        return .hashed(hash)
      }
      while let part = parts.popLast() { spares.withLock { $0.bytes.append(part.bytes) } }
      if case .hashed(let sum) = outcomes.removeLast() { hash = sum }
      for case .parsed(let rows) in outcomes where !isAtEnd {
        isAtEnd = try !append(rows, cellFile)
      }
      if case .read(let next) = outcomes[0], !isAtEnd { parts = try next.get() }
      while let outcome = outcomes.popLast() {
        if case .parsed(let rows) = outcome { spares.withLock { $0.cells.append(rows.cells) } }
      }
    }
    guard var hash else { return }
    try file.forEachPart(from: end) { bytes, _ in
      hash.update(bytes)
      return true
    }
    file.note(sha256: hash.hex)
  }

  /// The next parts of the file; empty at its end.
  private static func parts(
    of origin: CSVOrigin, from start: Int, _ spares: borrowing Mutex<Spares>
  ) throws -> [Part] {
    var parts: [Part] = []
    var base = start
    while parts.count < partsPerThread * Workers.count {
      var bytes = spares.withLock { $0.bytes.popLast() } ?? []
      guard let count = try origin.part(from: base, into: &bytes) else { break }
      parts.append(Part(bytes: bytes, base: base, count: count))
      base += count
    }
    return parts
  }

  /// Appends the rows of the next part; false if only line ends follow.
  private mutating func append(_ part: consuming CSVRows, _ file: CellFile?) throws -> Bool {
    if let failure = part.failure { throw failure }
    part.recode(&scanned)
    count += part.count
    if table.bytes.isStreamed {
      if part.count > 0 {
        starts.removeLast(starts.isEmpty ? 0 : 1)
        starts += part.starts
        starts.append(part.end)
      }
      file?.append(part.cells)
      let cells = CellBlocks(part.cells, width: chosen.count, count: part.count)
      for slot in counted { countDistinct(in: cells, slot) }
      counted.removeAll { !scanned[$0].distinct.isOpen }
    } else if case .held = table.bytes {
      cells = CellBlocks(part.cells, width: chosen.count, count: part.count)
    } else {
      cells.append(part.cells, rows: part.count)
    }
    return !part.isLast
  }

  /// Counts the distinct numbers of one column. A set per column at the same time would be large
  /// for wide tables.
  private mutating func countDistinct(in cells: CellBlocks, _ slot: Int) {
    var distinct = DistinctNumbers()
    swap(&distinct, &scanned[slot].distinct)
    var row = 0
    while row < cells.count && distinct.isOpen {
      let cell = cells[row, slot]
      if !cell.isNaN { distinct.add(cell) }
      row &+= 1
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
      cells: zip(chosen, columns).map { $0.reader(of: $1, in: table.format) },
      stored: stored.map { ($0, scanned.map { $0.texts.map(\.text) }) })
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
        if let code = ScannedColumn.code(of: cells[row, slot]) { cells[row, slot] = values[code] }
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
