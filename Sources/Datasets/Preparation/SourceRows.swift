import NNExp

/// The samples of one source as it contains them: before classes, splits and scaling.
struct SourceRows: SampleStorage {
  /// The two halves of a sample.
  enum Half: String, Sendable {
    case inputs, targets

    /// The noun for one element, which is also the name of a single unnamed port.
    var noun: String { self == .inputs ? "input" : "target" }
  }

  /// The input ports and the target ports; there is at least one of each.
  let inputs: [SourcePort]
  var targets: [SourcePort]

  /// The part of each row; nil if the source has no column for it.
  var parts: [Part]? = nil

  /// The keys that group or order the rows; nil if the split names no column for them.
  var splitKeys: [Double]? = nil

  /// The columns that identify the rows; nil if there are none.
  var ids: SourceColumns? = nil

  /// The weight of each row; nil if there are no weights.
  var weights: SourcePort? = nil

  /// Whether the names of the columns come from the source.
  var hasColumnNames = false

  /// The columns of a table that belong to no port.
  var otherColumns: [TableColumn] = []

  /// Assumptions of the source, and unlikely contents.
  var announcements: [Diagnostic] = []

  var count: Int { inputs[0].columns.count }

  /// The tables from which the samples are read; none for arrays, which are decoded from the bytes
  /// of their files.
  private var tables: [CellTable] {
    inputs.compactMap { port in
      // The ports of one table share its cells and differ in the offset.
      guard case .table(let table, offset: 0) = port.columns.storage else { return nil }
      return table
    }
  }

  /// The memory of the tables, in bytes.
  var tableBytes: Int { tables.reduce(0) { $0 + $1.bytes } }

  /// The part of this memory that is released at once, in bytes.
  var blockBytes: Int { tables.reduce(0) { $0 + $1.blocks.bytesPerBlock } }

  /// The memory of the line starts of a streamed file, in bytes.
  var lineBytes: Int { inputs[0].columns.lineBytes }

  /// The first `limit` samples.
  func prefix(_ limit: Int?) -> SourceRows {
    guard let limit, limit < count else { return self }
    return SourceRows(
      inputs: inputs.map { $0.prefix(limit) }, targets: targets.map { $0.prefix(limit) },
      parts: parts.map { Array($0.prefix(limit)) }, splitKeys: splitKeys, ids: ids,
      weights: weights?.prefix(limit), hasColumnNames: hasColumnNames,
      otherColumns: otherColumns, announcements: announcements)
  }
}

extension SourceRows {
  /// The samples of any source. Their location is the location of the source.
  init(_ samples: SourceSamples, at location: SourceLocation?) {
    switch samples.content {
    case .other(let storage):
      guard let data = storage as? SourceRows else {
        preconditionFailure("only this module has a storage of its own")
      }
      self = data
    case .held(let held):
      let width = held.inputShape.count
      let targetShape = held.target.shape
      let inputs = SourcePort(
        columns: SourceColumns(
          held.inputs, stride: width, count: held.count,
          layout: ColumnLayout(width, named: "input")),
        axes: held.inputShape.axes, location: { _, _ in location })
      var targets = SourcePort(
        columns: SourceColumns(
          held.targets, stride: targetShape.count, count: held.count,
          layout: held.classNames.map { ColumnLayout(names: ["target"], categories: [$0]) }
            ?? ColumnLayout(targetShape.count, named: "target")),
        axes: targetShape.axes, location: { _, _ in location })
      if case .classes(let classes) = held.target, held.classNames == nil {
        targets.classCount = classes
      }
      self.init(inputs: [inputs], targets: [targets])
    }
  }
}

/// One array per sample of a source, as the source contains it.
struct SourcePort: Sendable {
  /// The name; nil for a single unnamed port.
  var name: String? = nil
  let columns: SourceColumns

  /// The columns of a table, one per column of `columns`; empty for other sources.
  var table: [TableColumn] = []

  /// The shape of one sample.
  let axes: [Int]

  /// The number of classes; nil unless the source says that the numbers are class indices.
  var classCount: Int? = nil

  /// The location of a number, by row and column.
  let location: @Sendable (Int, Int) -> SourceLocation?

  /// The first `count` samples.
  fileprivate func prefix(_ count: Int) -> SourcePort {
    SourcePort(
      name: name, columns: columns.prefix(count), table: table, axes: axes,
      classCount: classCount,
      location: location)
  }
}

/// A part of the data.
enum Part: String, Sendable, CaseIterable { case train, validation, test }

extension SourcePort {
  /// The columns with the categories of the training data. Throws if a column has another
  /// type there, or if a category is new.
  func columns(like known: ColumnLayout) throws -> SourceColumns {
    let layout = columns.layout
    guard layout.names.count == known.names.count else {
      let owner = name.map { "port '\($0)'" } ?? "each sample"
      throw Diagnostic(
        "\(owner) has \(counted(layout.names.count, "input")) here, "
          + "but \(known.names.count) in the training data", at: location(0, 0))
    }
    guard !(layout.isNumeric && known.isNumeric) else {
      return known.fills.isEmpty ? columns : columns.with(known)
    }
    for (column, categories) in known.categories.enumerated() {
      let name = layout.names[column]
      switch (layout.categories[column], categories) {
      case (nil, nil): continue
      case (nil, _), (_, nil):
        let here = categories == nil ? "text" : "numbers"
        let there = categories == nil ? "numbers" : "text"
        throw Diagnostic(
          "column '\(name)' holds \(here) here, but \(there) in the training data",
          at: location(0, column))
      case (let found?, let expected?):
        let positions = found.positions(in: expected)
        guard positions.contains(nil) else { continue }
        let cells = try columns.cells(of: column)
        let row = cells.firstIndex { !$0.isNaN && positions[Int($0)] == nil } ?? 0
        let text = found[positions.firstIndex { $0 == nil } ?? 0]
        throw Diagnostic(
          "the text '\(excerpt(text))' of column '\(name)' is not in the training data"
            + suggestion(for: text, among: expected),
          at: location(row, column), notes: [.init("known: " + listing(expected))])
      }
    }
    return columns.numbered(as: known)
  }
}

/// The names separated by commas; only the first twenty if there are more.
func listing(_ names: [String]) -> String {
  names.prefix(20).map(excerpt).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
}

/// A count with its noun, such as `1 field` or `2 fields`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
