import NNExp
internal import Synchronization

/// The numbers of one half of the samples, by rows.
struct SourceColumns: Sendable {
  enum Storage: Sendable {
    /// The columns from `offset` on of a table.
    case table(CellTable, offset: Int)
    /// The columns from `offset` on of streamed lines.
    case lines(CSVLines, offset: Int)
    case array(NDArray)
  }

  let count: Int
  let layout: ColumnLayout
  private(set) var storage: Storage

  /// The index of the first of these columns in a table; 0 for other sources.
  private let tableOffset: Int

  private let whole = WholeExtent()

  init(_ elements: NDArray, named stem: String, limit: Int? = nil) {
    count = min(elements.count, limit ?? Int.max)
    layout = ColumnLayout(elements.width, named: stem)
    storage = .array(elements)
    tableOffset = 0
  }

  /// Rows of `stride` numbers.
  init(_ cells: [Double], stride: Int, count: Int, layout: ColumnLayout) {
    self.init(CellTable(CellBlocks(cells, width: stride, count: count)), offset: 0, layout: layout)
  }

  init(_ table: CellTable, offset: Int, layout: ColumnLayout) {
    count = table.blocks.count
    self.layout = layout
    storage = .table(table, offset: offset)
    tableOffset = offset
  }

  /// The first `count` rows.
  func prefix(_ count: Int) -> SourceColumns {
    SourceColumns(storage, count: count, layout: layout)
  }

  private init(_ storage: Storage, count: Int, layout: ColumnLayout) {
    self.storage = storage
    self.count = count
    self.layout = layout
    tableOffset = if case .table(_, let offset) = storage { offset } else { 0 }
  }

  init(_ lines: CSVLines, offset: Int, layout: ColumnLayout) {
    count = lines.count
    self.layout = layout
    storage = .lines(lines, offset: offset)
    tableOffset = 0
  }

  /// Decodes the `layout.width` numbers of one row, with text columns as one-hot numbers.
  /// `values` has at least as many elements.
  ///
  /// Throws only if the rows are read from a file.
  func decode(_ row: Int, into values: inout [Double]) throws {
    var cursor = BlockCursor()
    try decode(row, into: &values, from: &cursor)
  }

  /// The same with a cursor that serves all calls for one table.
  @inline(__always)
  func decode(_ row: Int, into values: inout [Double], from cursor: inout BlockCursor) throws {
    if let start = cursor.start(of: row) {
      return spread(cursor.cells, from: start &+ tableOffset, over: &values)
    }
    switch storage {
    case .array(let elements):
      try elements.decode(row, into: &values)
    case .table(let table, let offset):
      let start = cursor.move(to: row, in: table)
      spread(cursor.cells, from: start &+ offset, over: &values)
    case .lines(let lines, let offset):
      try lines.withRow(row) { spread($0, from: offset, over: &values) }
    }
  }

  /// Calls `body` with the numbers of one row. Those of a table are not copied if they need no decoding;
  /// others are decoded into `values`, of which `body` receives all.
  @inline(__always)
  func withNumbers<Value>(
    of row: Int, by values: inout [Double], from cursor: inout BlockCursor,
    _ body: (borrowing Span<Double>) throws -> Value
  ) throws -> Value {
    if layout.isPlain, let start = cursor.start(of: row) {
      let first = start &+ tableOffset
      return try body(cursor.cells.span.extracting(first..<first &+ layout.names.count))
    }
    try decode(row, into: &values, from: &cursor)
    return try body(values.span)
  }

  /// Writes the numbers of a row: a number stays one number, a category becomes a one-hot
  /// vector, and a missing cell is replaced by its fill.
  @inline(__always)
  private func spread(_ cells: [Double], from base: Int, over values: inout [Double]) {
    guard layout.isPlain else { return spreadCategories(cells, from: base, over: &values) }
    let row = cells.span.extracting(base..<base &+ layout.names.count)
    var numbers = values.mutableSpan
    for i in row.indices { numbers[i] = row[i] }
  }

  private func spreadCategories(_ cells: [Double], from base: Int, over values: inout [Double]) {
    var next = 0
    for (column, categories) in layout.categories.enumerated() {
      var cell = cells[base + column]
      let isMissing = cell.isNaN
      let fill = layout.fills.isEmpty ? nil : layout.fills[column]
      if isMissing, let value = fill?.value { cell = value }
      if let categories {
        for i in categories.indices { values[next + i] = 0 }
        if !cell.isNaN { values[next + Int(cell)] = 1 }
        next += categories.count
      } else {
        values[next] = cell
        next += 1
      }
      if let fill, fill.hasIndicator {
        values[next] = isMissing ? 1 : 0
        next += 1
      }
    }
  }

  /// The number of rows that one part of a loop over the rows reads.
  private static let rowsPerPart = 1 << 13

  /// The smallest and the largest value of each number over all rows.
  func extent() throws -> (low: [Double], high: [Double]) {
    try whole.value { try extent(of: Array(0..<count)) }
  }

  /// The smallest and the largest value of each number over some rows.
  func extent(of rows: [Int]) throws -> (low: [Double], high: [Double]) {
    var first = [Double](repeating: 0, count: layout.width)
    try decode(rows[0], into: &first)
    // A streamed file is read in order.
    let step = isStreamed ? rows.count : SourceColumns.rowsPerPart
    let parts = try Workers.map((rows.count - 1) / step + 1) { part in
      Result { try extent(of: rows[part * step..<min((part + 1) * step, rows.count)], from: first) }
    }.map { try $0.get() }
    var (low, high) = parts[0]
    for part in parts.dropFirst() {
      for i in low.indices {
        low[i] = min(low[i], part.low[i])
        high[i] = max(high[i], part.high[i])
      }
    }
    return (low, high)
  }

  private func extent(
    of rows: ArraySlice<Int>, from first: [Double]
  ) throws -> (low: [Double], high: [Double]) {
    var (low, high, values) = (first, first, first)
    var lows = low.mutableSpan
    var highs = high.mutableSpan
    var cursor = BlockCursor()
    for row in rows {
      try withNumbers(of: row, by: &values, from: &cursor) { x in
        // With this condition, the loop consists of vectors.
        precondition(x.count <= lows.count && x.count <= highs.count)
        for i in x.indices {
          lows[i] = x[i] < lows[i] ? x[i] : lows[i]
          highs[i] = x[i] > highs[i] ? x[i] : highs[i]
        }
      }
    }
    return (low, high)
  }

  /// The cells of a column: numbers, or indices of categories; NaN for a missing cell.
  func cells(of column: Int) throws -> [Double] {
    switch storage {
    case .table(let table, let offset):
      return (0..<count).map { table.blocks[$0, offset &+ column] }
    case .lines(let lines, let offset):
      return try (0..<count).map { row in try lines.withRow(row) { $0[offset + column] } }
    case .array(let elements):
      var values = [Double](repeating: 0, count: elements.width)
      return try (0..<count).map { row in
        try elements.decode(row, into: &values)
        return values[column]
      }
    }
  }

  /// The cells of one row, one per column; NaN for a missing cell.
  func cells(ofRow row: Int) throws -> [Double] {
    switch storage {
    case .table(let table, let offset):
      let (cells, start) = table.blocks.row(row)
      return Array(cells[start + offset..<start + offset + layout.names.count])
    case .lines(let lines, let offset):
      return try lines.withRow(row) { Array($0[offset..<offset + layout.names.count]) }
    case .array(let elements):
      var values = [Double](repeating: 0, count: elements.width)
      try elements.decode(row, into: &values)
      return values
    }
  }

  /// Whether the rows are streamed.
  var isStreamed: Bool {
    switch storage {
    case .table: false
    case .lines: true
    case .array(let elements): elements.isStreamed
    }
  }

  /// Frees the numbers of the rows before `row` if they are those of a table. They must not be
  /// read again.
  func release(before row: Int) {
    if case .table(let table, _) = storage { table.release(before: row) }
  }

  /// The memory of the line starts of a streamed file, in bytes.
  var lineBytes: Int {
    if case .lines(let lines, _) = storage { lines.bytes } else { 0 }
  }
}

/// The extent over all rows, once it is known.
private final class WholeExtent: Sendable {
  private let found = Mutex<(low: [Double], high: [Double])?>(nil)

  func value(
    _ find: () throws -> (low: [Double], high: [Double])
  ) rethrows -> (low: [Double], high: [Double]) {
    try found.withLock { found in
      let value = try found ?? find()
      found = value
      return value
    }
  }
}

extension SourceColumns {
  /// The same rows with another layout.
  func with(_ layout: ColumnLayout) -> SourceColumns {
    SourceColumns(storage, count: count, layout: layout)
  }

  /// The same rows, in which each text is the index of its category.
  var unexpanded: SourceColumns {
    let numbers: [[String]?] = Array(repeating: nil, count: layout.names.count)
    return with(ColumnLayout(names: layout.names, categories: numbers, fills: layout.fills))
  }

  /// The same rows with the categories of `known`, which contain all categories of these
  /// rows.
  func numbered(as known: ColumnLayout) -> SourceColumns {
    if layout.categories == known.categories { return with(known) }
    switch storage {
    case .table(let table, let offset):
      let width = layout.names.count
      var own = [Double](repeating: 0, count: count * width)
      for column in 0..<width {
        let positions = known.categories[column].flatMap { categories in
          layout.categories[column].map { $0.positions(in: categories).map { Double($0 ?? 0) } }
        }
        for row in 0..<count {
          let cell = table.blocks[row, offset + column]
          own[row * width + column] = cell.isNaN ? cell : positions?[Int(cell)] ?? cell
        }
      }
      return SourceColumns(own, stride: width, count: count, layout: known)
    case .lines(let lines, let offset):
      return SourceColumns(
        lines.numbered(from: offset, as: known.categories), offset: offset, layout: known)
    case .array: return self
    }
  }
}

extension [String] {
  /// The index of each text in `known`; nil if it is absent.
  func positions(in known: [String]) -> [Int?] {
    let indices = Dictionary(
      zip(known.map(ByteText.init), known.indices), uniquingKeysWith: { first, _ in first })
    return map { indices[ByteText($0)] }
  }
}
