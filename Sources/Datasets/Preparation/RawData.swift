import NNExp

/// The samples of one source as it holds them: before classes, splits and
/// scaling.
struct RawData: SampleStorage {
  /// The two halves of a sample.
  enum Half: String, Sendable { case inputs, targets }

  let inputs: RawColumns
  let targets: RawColumns

  /// Of one sample.
  let inputAxes: [Int]
  let targetAxes: [Int]

  /// Where the source has a column that says so.
  var parts: [Part]? = nil

  /// The number of classes, if the source says that its targets are class indices.
  var classCount: Int? = nil

  /// True if the columns' names are the source's own.
  var hasColumnNames = false

  /// Where a number stands: row, half, column.
  let place: @Sendable (Int, Half, Int) -> Place?

  var count: Int { inputs.count }

  /// The bytes of the table that both halves are read from; 0 for arrays, which
  /// are read from their file's bytes.
  var tableBytes: Int {
    guard case .table(let cells, _, _) = inputs.storage else { return 0 }
    return cells.count * MemoryLayout<Double>.stride
  }

  init(
    inputs: RawColumns, targets: RawColumns, inputAxes: [Int], targetAxes: [Int],
    parts: [Part]? = nil, hasColumnNames: Bool = false,
    place: @escaping @Sendable (Int, Half, Int) -> Place?
  ) {
    self.inputs = inputs
    self.targets = targets
    self.inputAxes = inputAxes
    self.targetAxes = targetAxes
    self.parts = parts
    self.hasColumnNames = hasColumnNames
    self.place = place
  }

  /// The first samples, `limit` of them at most.
  func prefix(_ limit: Int?) -> RawData {
    guard let limit, limit < count else { return self }
    var data = RawData(
      inputs: inputs.prefix(limit), targets: targets.prefix(limit), inputAxes: inputAxes,
      targetAxes: targetAxes, parts: parts.map { Array($0.prefix(limit)) },
      hasColumnNames: hasColumnNames, place: place)
    data.classCount = classCount
    return data
  }

  /// The samples of any source. Their place is the source's own.
  init(_ samples: SourceSamples, at place: Place?) {
    switch samples.content {
    case .other(let storage):
      guard let data = storage as? RawData else {
        preconditionFailure("only this module has a storage of its own")
      }
      self = data
    case .held(let held):
      let width = held.inputShape.count
      let targetShape = held.target.shape
      let count = held.count
      self.init(
        inputs: RawColumns(
          held.inputs, stride: width, count: count, layout: ColumnLayout(width, named: "input")),
        targets: RawColumns(
          held.targets, stride: targetShape.count, count: count,
          layout: held.classNames.map { ColumnLayout(names: ["target"], categories: [$0]) }
            ?? ColumnLayout(targetShape.count, named: "target")),
        inputAxes: held.inputShape.axes, targetAxes: targetShape.axes,
        place: { _, _, _ in place })
      if case .classes(let classes) = held.target, held.classNames == nil { classCount = classes }
    }
  }

  subscript(half: Half) -> RawColumns { half == .inputs ? inputs : targets }
}

/// A part of the data.
enum Part: String, Sendable, CaseIterable { case train, validation, test }

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

  /// Columns of numbers without names of their own: `input_0`, `input_1`, ….
  init(_ count: Int, named stem: String) {
    names = count == 1 ? [stem] : (0..<count).map { "\(stem)_\($0)" }
    categories = Array(repeating: nil, count: count)
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
struct RawColumns: Sendable {
  enum Storage: Sendable {
    /// Rows of `stride` numbers, of which these columns begin at `offset`.
    case table([Double], stride: Int, offset: Int)
    /// The columns from `offset` on of lines that are read when asked for.
    case lines(CSVLines, offset: Int)
    case array(Elements)
  }

  let count: Int
  let layout: ColumnLayout
  private(set) var storage: Storage

  init(_ elements: Elements, named stem: String, limit: Int? = nil) {
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
  fileprivate func prefix(_ count: Int) -> RawColumns {
    RawColumns(storage, count: count, layout: layout)
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

  /// The numbers of one row, `layout.width` of them: text columns one-hot.
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
      for i in 0..<values.count { values[i] = cells[base &+ i] }
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
  var bytes: Int {
    guard case .lines = storage else { return 0 }
    return count * CSVLines.bytesPerRow
  }
}

extension RawData {
  /// The inputs with the training data's categories; throws where a column is
  /// of another kind there, or a category is new.
  func inputs(like known: ColumnLayout) throws -> RawColumns {
    guard inputs.layout.names.count == known.names.count else {
      throw Diagnostic(
        "each sample has \(counted(inputs.layout.names.count, "input")) here, "
          + "but \(known.names.count) in the training data", at: place(0, .inputs, 0))
    }
    guard !(inputs.layout.isNumeric && known.isNumeric) else { return inputs }
    for (column, categories) in known.categories.enumerated() {
      let name = inputs.layout.names[column]
      switch (inputs.layout.categories[column], categories) {
      case (nil, nil): continue
      case (nil, _), (_, nil):
        let here = categories == nil ? "text" : "numbers"
        let there = categories == nil ? "numbers" : "text"
        throw Diagnostic(
          "column '\(name)' holds \(here) here, but \(there) in the training data",
          at: place(0, .inputs, column))
      case (let found?, let expected?):
        let positions = found.map { text in expected.firstIndex(ofText: text) }
        guard positions.contains(nil) else { continue }
        let codes = try inputs.codes(of: column)
        let row = codes.firstIndex { positions[$0] == nil } ?? 0
        let text = found[codes[row]]
        throw Diagnostic(
          "the text '\(excerpt(text))' of column '\(name)' is not in the training data"
            + suggestion(for: text, among: expected),
          at: place(row, .inputs, column), notes: [.init("known: " + listing(expected))])
      }
    }
    return inputs.numbered(as: known)
  }
}

extension RawColumns {
  /// The categories of a column of texts, by rows.
  fileprivate func codes(of column: Int) throws -> [Int] {
    switch storage {
    case .table(let cells, let stride, let offset):
      (0..<count).map { Int(cells[$0 * stride + offset + column]) }
    case .lines(let lines, let offset):
      try (0..<count).map { row in try lines.withRow(row) { Int($0[offset + column]) } }
    case .array: []
    }
  }

  /// The same rows with the categories of `known`, among which are all that
  /// there are here.
  fileprivate func numbered(as known: ColumnLayout) -> RawColumns {
    switch storage {
    case .table(var cells, let stride, let offset):
      for (column, categories) in known.categories.enumerated() {
        guard let categories, let found = layout.categories[column] else { continue }
        let positions = found.map { Double(categories.firstIndex(ofText: $0) ?? 0) }
        for row in 0..<count {
          let cell = row * stride + offset + column
          cells[cell] = positions[Int(cells[cell])]
        }
      }
      return RawColumns(cells, stride: stride, offset: offset, count: count, layout: known)
    case .lines(let lines, let offset):
      return RawColumns(
        lines.numbered(from: offset, as: known.categories), offset: offset, layout: known)
    case .array: return self
    }
  }
}

/// A text short enough for a message.
func excerpt(_ text: String) -> String {
  text.unicodeScalars.count > 40 ? String(text.unicodeScalars.prefix(40)) + "…" : text
}

/// `a, b, c`; the first twenty of many.
func listing(_ names: [String]) -> String {
  names.prefix(20).map(excerpt).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
}

/// `1 field`, `2 fields`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
