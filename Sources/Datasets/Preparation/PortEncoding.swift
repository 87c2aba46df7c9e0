import NNExp

/// The mapping from the columns of a source to one input port, for the training data and for
/// other data.
struct PortEncoding: Sendable {
  let port: Port

  /// The name of the port in the file; nil for a single unnamed port.
  let name: String?

  /// The columns, with the categories of those that contain texts.
  private(set) var layout: ColumnLayout

  /// The fitted columns of a table; empty for other sources.
  private(set) var table: [TableColumn]

  /// The scaling of a port of values; nil if it is not scaled.
  private(set) var scaling: Scaling? = nil

  /// The smallest and the largest number of a port of arrays in the training data; nil as for a
  /// table's column.
  private(set) var range: ClosedRange<Double>?

  init(
    _ port: Port, name: String?, layout: ColumnLayout, table: [TableColumn] = [],
    scaling: Scaling? = nil, range: ClosedRange<Double>? = nil
  ) {
    self.range = range
    self.port = port
    self.name = name
    self.layout = layout
    self.table = table
    self.scaling = scaling
  }

  /// Fits the fills and the scales to the training data.
  ///
  /// - Parameters:
  ///   - columns: the columns with all rows; their layout is replaced by the fitted one.
  ///   - method: the method for columns that have none of their own.
  ///   - notesRange: whether the smallest and the largest numbers are noted.
  ///   - cell: the location of a number, by row and column.
  mutating func fit(
    _ columns: inout SourceColumns, rows: [Int], _ method: ScaleMethod,
    at location: SourceLocation?, notesRange: Bool = true,
    cell: (Int, Int) -> SourceLocation?
  ) throws {
    if table.contains(where: { $0.fill != nil && $0.fill != .dropRow }) {
      table = try table.filled(from: columns, rows: rows)
      layout = layout.filled(table.map(FittedFill.init))
      columns = columns.with(columns.layout.filled(layout.fills))
    }
    if port.isIndices { return }
    let methods = table.map { $0.scale ?? method }
    scaling = try Scaling(
      methods.isEmpty ? Array(repeating: method, count: layout.names.count) : methods,
      fittedTo: columns, rows: rows, at: location, cell: cell)
    table.noteScales(methods, scaling, layout)
    if !notesRange { return }
    if let scaling {
      noteRange(scaling.low, scaling.high)
    } else {
      let (low, high) = try columns.extent(of: rows)
      noteRange(low, high)
    }
  }

  /// Notes the range of the training data.
  ///
  /// - Parameters:
  ///   - low: the smallest value of each number of a sample.
  ///   - high: the largest values.
  private mutating func noteRange(_ low: [Double], _ high: [Double]) {
    func interval(_ low: Double?, _ high: Double?) -> ClosedRange<Double>? {
      guard let low, let high, low.isFinite, high.isFinite, low <= high else { return nil }
      return low...high
    }
    if table.isEmpty { range = interval(low.min(), high.max()) }
    var number = 0
    for index in table.indices {
      if table[index].isNumeric { table[index].range = interval(low[number], high[number]) }
      number += table[index].width
    }
  }

  /// The columns of other data in the form of this port, before scaling.
  func columns(of raw: SourcePort) throws -> SourceColumns {
    let columns = try raw.columns(like: layout)
    guard case .indices(let count) = port.kind else { return columns }
    if layout.isNumeric { _ = try raw.largestIndex(below: count) }
    return columns.unexpanded
  }
}

extension [TableColumn] {
  /// Stores the scale of each column.
  mutating func noteScales(_ methods: [ScaleMethod], _ scaling: Scaling?, _ layout: ColumnLayout) {
    var number = 0
    for index in indices {
      self[index].scale = self[index].isNumeric ? methods[index] : ScaleMethod.none
      if let scaling, self[index].isNumeric, methods[index] != .none {
        self[index].scaleNumbers = scaling[number]
      }
      number += self[index].width
    }
  }
}

extension SourcePort {
  /// The largest number of categories of a column of values. Columns with more usually
  /// contain identifiers.
  static let mostCategories = 1_000

  /// Throws if a one-hot column has too many categories.
  func checkCategories() throws {
    for (column, categories) in columns.layout.categories.enumerated() {
      guard (categories?.count ?? 0) > SourcePort.mostCategories else { continue }
      throw Diagnostic(
        "column '\(columns.layout.names[column])' holds more than \(SourcePort.mostCategories) "
          + "different texts, too many for one-hot inputs; leave it out of 'inputs'"
          + (name.map { ", or give '\($0)' under 'indices'" } ?? ""),
        at: location(0, column))
    }
  }

  /// Converts the columns to indices: whole numbers stay as they are; texts become indices of
  /// the sorted categories, which all columns share.
  ///
  /// - Returns: the columns, the layout that other data must have, and the number of indices.
  func indices(_ declared: DeclaredIndices.Count) throws -> (
    columns: SourceColumns, layout: ColumnLayout, count: Int
  ) {
    let layout = columns.layout
    let most: Int? = if case .fixed(let count) = declared { count } else { nil }
    guard let texts = layout.categories.first(where: { $0 != nil }) else {
      let largest = try largestIndex(below: most)
      return (columns, layout, most ?? largest + 1)
    }
    if let column = layout.categories.firstIndex(where: { $0 == nil }) {
      throw Diagnostic(
        "column '\(layout.names[column])' holds numbers, but another column of the index port "
          + "'\(name ?? "")' holds texts; list it under 'categorical', or make it another port",
        at: location(0, column))
    }
    var vocabulary = texts ?? []
    var columns = columns
    if layout.names.count > 1 {
      let distinct = Array(Set(layout.categories.flatMap { $0 ?? [] }.map(ByteText.init)))
        .map(\.text)
      vocabulary = CSVReader.order(of: distinct).map { distinct[$0] }
      columns = columns.numbered(
        as: ColumnLayout(
          names: layout.names,
          categories: Array(repeating: vocabulary, count: layout.names.count)))
    }
    if let most, vocabulary.count > most { try rejectText(beyond: most, in: columns, vocabulary) }
    return (columns.unexpanded, columns.layout, most ?? vocabulary.count)
  }

  /// The largest index; throws if a number is not an index.
  ///
  /// - Parameter count: the number of indices; nil for the largest possible number.
  fileprivate func largestIndex(below count: Int?) throws -> Int {
    let limit = Double(count ?? Int(Int32.max))
    let width = columns.layout.width
    var values = [Double](repeating: 0, count: width)
    var largest = 0.0
    for row in 0..<columns.count {
      try columns.decode(row, into: &values)
      for column in 0..<width {
        let value = values[column]
        guard value >= 0, value < limit, value == value.rounded() else {
          throw Diagnostic(
            "'\(columns.layout.names[column])' is \(shortest(value)) in sample \(row), but port "
              + "'\(name ?? "")' requires whole numbers from \(range(below: count))",
            at: location(row, column))
        }
        largest = max(largest, value)
      }
    }
    return Int(largest)
  }

  /// Throws at the first text whose index is `count` or more.
  private func rejectText(beyond count: Int, in columns: SourceColumns, _ vocabulary: [String])
    throws
  {
    var values = [Double](repeating: 0, count: columns.layout.names.count)
    for row in 0..<columns.count {
      try columns.unexpanded.decode(row, into: &values)
      for (column, value) in values.enumerated() where value >= Double(count) {
        throw Diagnostic(
          "'\(columns.layout.names[column])' is '\(excerpt(vocabulary[Int(value)]))' in sample "
            + "\(row), text \(shortest(value)) of \(vocabulary.count) in sorted order, but port "
            + "'\(name ?? "")' requires indices from \(range(below: count))",
          at: location(row, column))
      }
    }
  }

  /// The range of the indices, such as `0 to 4`.
  private func range(below count: Int?) -> String {
    count.map { "0 to \($0 - 1)" } ?? "0 to \(Int32.max - 1)"
  }
}
