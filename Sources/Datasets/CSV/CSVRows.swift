import Files
import NNExp

/// The rows of one part of a CSV file.
///
/// Parts are read independently, by several threads, and joined in their order. The result
/// therefore does not depend on the number of threads.
struct CSVRows: Sendable {
  /// Rows of numbers, one per column to read. A text is a code of `ScannedColumn`.
  fileprivate(set) var cells: [Double] = []

  /// The offset of each row in the file, and the end of the last one, if they are wanted.
  fileprivate(set) var starts: [Int] = []
  fileprivate(set) var end = 0
  fileprivate(set) var count = 0
  fileprivate(set) var scanned: [ScannedColumn]

  /// Whether only line ends follow to the end of the file.
  fileprivate(set) var isLast = false

  /// The error at which reading stopped.
  fileprivate(set) var failure: (any Error)?
}

/// Reads the rows of parts of a CSV file.
struct CSVRowReader: Sendable {
  private let table: CSVTable
  private let chosen: [ChosenColumn]

  /// Per column of the file, its index in `chosen`; −1 for columns that are not read.
  private let slots: [Int]

  /// Which of `chosen` contain decimal numbers, as far as is known. Their cells are not
  /// converted to texts.
  private let areDecimal: [Bool]

  /// Per column of the file, its index in `chosen` if its cells can be short decimals; otherwise −1.
  private let shortSlots: [Int]

  /// The number of cells after which `cells` grows.
  private static let cellsAtATime = 4096

  init(_ table: CSVTable, _ chosen: [ChosenColumn], slots: [Int]) {
    self.table = table
    self.chosen = chosen
    self.slots = slots
    let areDecimal = chosen.map { $0.isDecimal(in: table.format) }
    self.areDecimal = areDecimal
    let isSimple = table.format.isSimple
    shortSlots = slots.map { $0 >= 0 && areDecimal[$0] && isSimple ? $0 : -1 }
  }

  /// Reads a part that consists of whole records and begins at the offset `base` of the file.
  ///
  /// - Parameter spare: an array whose memory is used for the cells.
  func rows(
    of bytes: borrowing Span<UInt8>, base: Int, using spare: consuming [Double] = []
  ) -> CSVRows {
    var rows = CSVRows(scanned: Array(repeating: ScannedColumn(), count: chosen.count))
    var scanner = table.format.scanner()
    scanner.position = table.format.endOfComments(in: bytes, from: 0)
    let width = chosen.count
    let block = max(1, CSVRowReader.cellsAtATime / max(1, width))
    let start = scanner.position
    var cells = spare
    cells.removeAll(keepingCapacity: true)
    do {
      while scanner.position < bytes.count, !rows.isLast {
        cells.append(contentsOf: repeatElement(0, count: block * width))
        var span = cells.mutableSpan
        try readBlock(of: block, in: bytes, base: base, &scanner, into: &rows, &span)
        if rows.count == block {
          // The estimate assumes that all rows are about as long as the first ones.
          let blocks = Double(bytes.count - start) / Double(scanner.position - start)
          cells.reserveCapacity(Int(Double(cells.count) * (blocks * 1.02 + 1)))
        }
      }
    } catch { rows.failure = error }
    cells.removeLast(cells.count - rows.count * width)
    rows.cells = cells
    rows.end = base + scanner.position
    return rows
  }

  /// Reads up to `limit` rows.
  ///
  /// - Parameter cells: those of all rows of the part, with room for these.
  private func readBlock(
    of limit: Int, in bytes: borrowing Span<UInt8>, base: Int, _ scanner: inout CSVScanner,
    into rows: inout CSVRows, _ cells: inout MutableSpan<Double>
  ) throws {
    let (slots, shortSlots, areDecimal) = (slots.span, shortSlots.span, areDecimal.span)
    let fields = slots.count
    let isStreamed = table.bytes.isStreamed
    let delimiter = table.format.delimiter
    let hasComments = table.format.comment != nil
    for _ in 0..<limit {
      guard scanner.position < bytes.count else { return }
      let start = scanner.position
      if bytes[start] == 0x0A || bytes[start] == 0x0D {
        if try table.origin.isBlank(from: base + start) {
          rows.isLast = true
          return
        }
        if fields > 1 { throw ragged(from: base + start, at: nil) }
      }
      let row = rows.count &* chosen.count
      var found = 0
      var isAtEnd = false
      while !isAtEnd {
        if found < fields, shortSlots[found] >= 0,
          let (value, end) = shortDecimal(bytes, at: scanner.position, before: delimiter)
        {
          cells[row &+ shortSlots[found]] = value
          isAtEnd = scanner.end(at: end, in: bytes)
          found &+= 1
          continue
        }
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
            cells[row &+ slot] = try cell(
              field, chosen[slot], in: bytes, base: base, &rows.scanned[slot])
          }
        }
        found &+= 1
        isAtEnd = field.endsRecord
      }
      guard found == fields else { throw ragged(from: base + start, at: nil) }
      rows.count &+= 1
      if isStreamed { rows.starts.append(base + start) }
      if hasComments {
        scanner.position = table.format.endOfComments(in: bytes, from: scanner.position)
      }
    }
  }

  /// The cell of a field that is not a decimal number of float64.
  private func cell(
    _ field: CSVField, _ column: ChosenColumn, in bytes: borrowing Span<UInt8>, base: Int,
    _ scanned: inout ScannedColumn
  ) throws -> Double {
    let text = try table.origin.text(of: field, in: bytes, base: base)
    let offset = field.range.lowerBound + base - (field.isQuoted ? 1 : 0)
    if column.readsNumbers {
      switch column.numbers(in: table.format).read(Array(text.utf8)) {
      case .number(let value) where !column.missing(in: table.format).numbers.contains(value):
        return value
      case .rounded(let value):
        scanned.rounded.add(text, at: offset)
        return value
      default: break
      }
    }
    return scanned.cell(of: text, at: offset)
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

extension CSVRows {
  /// Replaces the codes of texts by those of the columns to which the part is appended.
  mutating func recode(_ columns: inout [ScannedColumn]) {
    let width = columns.count
    for slot in columns.indices {
      let codes = columns[slot].append(scanned[slot])
      guard !codes.isEmpty else { continue }
      for row in 0..<count {
        let i = row &* width &+ slot
        if let code = ScannedColumn.code(of: cells[i]) { cells[i] = codes[code] }
      }
    }
  }
}
