import NNExp

/// What the columns of a table mean.
struct ColumnLayout: Sendable {
  /// One a column.
  let names: [String]

  /// The categories of a text column, whose numbers are indices into them; nil
  /// for a column of numbers.
  let categories: [[String]?]

  init(names: [String], categories: [[String]?]) {
    self.names = names
    self.categories = categories
  }

  /// Columns of numbers.
  init(numbers names: [String]) {
    self.init(names: names, categories: Array(repeating: nil, count: names.count))
  }

  /// Columns of numbers without names of their own: `input_0`, `input_1`, ….
  init(_ count: Int, named stem: String) {
    self.init(numbers: count == 1 ? [stem] : (0..<count).map { "\(stem)_\($0)" })
  }

  var isNumeric: Bool { categories.allSatisfy { $0 == nil } }

  /// How many numbers a sample has once each text column is one-hot.
  var width: Int { categories.reduce(0) { $0 + ($1?.count ?? 1) } }

  /// One name a number: `age`, `color=blue`, `color=red`.
  var expandedNames: [String] {
    zip(names, categories).flatMap { name, categories in
      categories.map { $0.map { "\(name)=\($0)" } } ?? [name]
    }
  }

  /// The column that a number of a sample comes from.
  func column(ofNumber index: Int) -> Int {
    var end = 0
    return categories.firstIndex {
      end += $0?.count ?? 1
      return index < end
    } ?? 0
  }

  /// One a number: false for those of a one-hot column.
  var expandedIsNumeric: [Bool] {
    categories.flatMap { Array(repeating: $0 == nil, count: $0?.count ?? 1) }
  }
}

/// The numbers of one half of the samples, by rows.
struct SourceColumns: Sendable {
  enum Storage: Sendable {
    /// Rows of `stride` numbers, of which these columns begin at `offset`.
    case table([Double], stride: Int, offset: Int)
    /// The columns from `offset` on of lines that are read when asked for.
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

  /// The first rows.
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

  /// The numbers of one row, `layout.width` of them: text columns one-hot. `values` has
  /// room for them, or for more.
  ///
  /// Throws only where rows are read from a file.
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

  /// A number a column becomes a number of the sample, or a row of zeros and a
  /// one.
  private func spread(_ cells: [Double], from base: Int, over values: inout [Double]) {
    if layout.isNumeric {
      for i in 0..<layout.names.count { values[i] = cells[base &+ i] }
      return
    }
    var next = 0
    for (column, categories) in layout.categories.enumerated() {
      guard let categories else {
        values[next] = cells[base + column]
        next += 1
        continue
      }
      for i in categories.indices { values[next + i] = 0 }
      values[next + Int(cells[base + column])] = 1
      next += categories.count
    }
  }

  /// The first column as it is held: numbers, or indices of categories.
  func firstColumn() throws -> [Double] {
    switch storage {
    case .table(let cells, let stride, let offset):
      return (0..<count).map { cells[$0 * stride + offset] }
    case .lines(let lines, let offset):
      return try (0..<count).map { row in try lines.withRow(row) { $0[offset] } }
    case .array(let elements):
      var values = [Double](repeating: 0, count: elements.width)
      return try (0..<count).map { row in
        try elements.decode(row, into: &values)
        return values[0]
      }
    }
  }

  /// Whether rows are read when they are asked for.
  var isStreamed: Bool {
    switch storage {
    case .table: false
    case .lines: true
    case .array(let elements): elements.isStreamed
    }
  }

  /// What is held of a file that is read in parts: where its lines begin.
  var lineBytes: Int {
    guard case .lines = storage else { return 0 }
    return count * CSVLines.bytesPerRow
  }
}

extension SourceColumns {
  /// The categories of a column of texts, by rows.
  func codes(of column: Int) throws -> [Int] {
    switch storage {
    case .table(let cells, let stride, let offset):
      (0..<count).map { Int(cells[$0 * stride + offset + column]) }
    case .lines(let lines, let offset):
      try (0..<count).map { row in try lines.withRow(row) { Int($0[offset + column]) } }
    case .array: []
    }
  }

  /// The same rows, whose texts are their categories' numbers.
  var unexpanded: SourceColumns {
    SourceColumns(storage, count: count, layout: ColumnLayout(numbers: layout.names))
  }

  /// The same rows with the categories of `known`, among which are all that
  /// there are here.
  func numbered(as known: ColumnLayout) -> SourceColumns {
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
          own[row * width + column] = positions?[Int(cell)] ?? cell
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
  /// The index of each text among `known` ones; nil where it is none of them.
  func positions(in known: [String]) -> [Int?] {
    let indices = Dictionary(
      zip(known.map(ByteText.init), known.indices), uniquingKeysWith: { first, _ in first })
    return map { indices[ByteText($0)] }
  }
}
