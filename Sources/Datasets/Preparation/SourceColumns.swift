import NNExp

/// The numbers of one half of the samples, by rows.
struct SourceColumns: Sendable {
  enum Storage: Sendable {
    /// Rows of `stride` numbers, in which these columns start at `offset`.
    case table([Double], stride: Int, offset: Int)
    /// The columns from `offset` on of streamed lines.
    case lines(CSVLines, offset: Int)
    case array(NDArray)
  }

  let count: Int
  let layout: ColumnLayout
  private(set) var storage: Storage

  init(_ elements: NDArray, named stem: String, limit: Int? = nil) {
    count = min(elements.count, limit ?? Int.max)
    layout = ColumnLayout(elements.width, named: stem)
    storage = .array(elements)
  }

  init(_ cells: [Double], stride: Int, offset: Int = 0, count: Int, layout: ColumnLayout) {
    self.count = count
    self.layout = layout
    storage = .table(cells, stride: stride, offset: offset)
  }

  /// The first `count` rows.
  func prefix(_ count: Int) -> SourceColumns {
    SourceColumns(storage, count: count, layout: layout)
  }

  private init(_ storage: Storage, count: Int, layout: ColumnLayout) {
    self.storage = storage
    self.count = count
    self.layout = layout
  }

  init(_ lines: CSVLines, offset: Int, layout: ColumnLayout) {
    count = lines.count
    self.layout = layout
    storage = .lines(lines, offset: offset)
  }

  /// Decodes the `layout.width` numbers of one row, with text columns as one-hot numbers.
  /// `values` has at least as many elements.
  ///
  /// Throws only if the rows are read from a file.
  func decode(_ row: Int, into values: inout [Double]) throws {
    switch storage {
    case .array(let elements):
      try elements.decode(row, into: &values)
    case .table(let cells, let stride, let offset):
      spread(cells, from: row &* stride &+ offset, over: &values)
    case .lines(let lines, let offset):
      try lines.withRow(row) { spread($0, from: offset, over: &values) }
    }
  }

  /// Writes the numbers of a row: a number stays one number, a category becomes a one-hot
  /// vector, and a missing cell is replaced by its fill.
  private func spread(_ cells: [Double], from base: Int, over values: inout [Double]) {
    if layout.isPlain {
      for i in 0..<layout.names.count { values[i] = cells[base &+ i] }
      return
    }
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

  /// The smallest and the largest value of each number over some rows.
  func extent(of rows: [Int]) throws -> (low: [Double], high: [Double]) {
    var values = [Double](repeating: 0, count: layout.width)
    try decode(rows[0], into: &values)
    var (low, high) = (values, values)
    for row in rows {
      try decode(row, into: &values)
      for i in 0..<values.count {
        low[i] = min(low[i], values[i])
        high[i] = max(high[i], values[i])
      }
    }
    return (low, high)
  }

  /// The smallest and the largest number of some rows.
  func bounds(of rows: [Int]) throws -> (low: Double, high: Double) {
    var values = [Double](repeating: 0, count: layout.width)
    var (low, high) = (Double.infinity, -Double.infinity)
    for row in rows {
      try decode(row, into: &values)
      for value in values {
        low = value < low ? value : low
        high = value > high ? value : high
      }
    }
    return (low, high)
  }

  /// The cells of a column: numbers, or indices of categories; NaN for a missing cell.
  func cells(of column: Int) throws -> [Double] {
    switch storage {
    case .table(let cells, let stride, let offset):
      return (0..<count).map { cells[$0 * stride + offset + column] }
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
    case .table(let cells, let stride, let offset):
      let base = row * stride + offset
      return Array(cells[base..<base + layout.names.count])
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

  /// The memory of the line starts of a streamed file, in bytes.
  var lineBytes: Int {
    guard case .lines = storage else { return 0 }
    return count * CSVLines.bytesPerRow
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
    case .table(let cells, let stride, let offset):
      let width = layout.names.count
      var own = [Double](repeating: 0, count: count * width)
      for column in 0..<width {
        let positions = known.categories[column].flatMap { categories in
          layout.categories[column].map { $0.positions(in: categories).map { Double($0 ?? 0) } }
        }
        for row in 0..<count {
          let cell = cells[row * stride + offset + column]
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
