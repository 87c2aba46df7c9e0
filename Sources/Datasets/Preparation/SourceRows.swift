import NNExp

/// The samples of one source as it holds them: before classes, splits and
/// scaling.
struct SourceRows: SampleStorage {
  /// The two halves of a sample.
  enum Half: String, Sendable {
    case inputs, targets

    /// The noun for one element, and the name of the only port.
    var noun: String { self == .inputs ? "input" : "target" }
  }

  /// At least one of each.
  let inputs: [SourcePort]
  let targets: [SourcePort]

  /// The part of each row, if the source has a column for it.
  var parts: [Part]? = nil

  /// The keys that group or order the rows, if the split names a column for that.
  var splitKeys: [Double]? = nil

  /// The columns that identify the rows; nil if there is none.
  var ids: SourceColumns? = nil

  /// The weight of each row; nil if there is none.
  var weights: SourcePort? = nil

  /// True if the columns' names are the source's own.
  var hasColumnNames = false

  /// The columns of a table that are in no port.
  var otherColumns: [TableColumn] = []

  /// Assumptions of the source, and unlikely contents.
  var announcements: [Diagnostic] = []

  var count: Int { inputs[0].columns.count }

  /// The bytes of the tables that the samples are read from; 0 for arrays, which
  /// are read from their file's bytes.
  var tableBytes: Int {
    inputs.reduce(0) { sum, port in
      // The ports of one table begin at different columns of it.
      guard case .table(let cells, _, offset: 0) = port.columns.storage else { return sum }
      return sum + cells.count * MemoryLayout<Double>.stride
    }
  }

  /// The bytes of the line starts of a streamed file.
  var lineBytes: Int { inputs[0].columns.lineBytes }

  /// The first samples, `limit` of them at most.
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
  /// The samples of any source. Their location is the source's own.
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

/// One array per sample of a source, as the source holds it.
struct SourcePort: Sendable {
  /// Nil for the only port of data that name none.
  var name: String? = nil
  let columns: SourceColumns

  /// The columns as a table has them, as many as `columns`; empty for other sources.
  var table: [TableColumn] = []

  /// Of one sample.
  let axes: [Int]

  /// The number of classes, if the source says that the numbers are class indices.
  var classCount: Int? = nil

  /// The location of a number, by row and column.
  let location: @Sendable (Int, Int) -> SourceLocation?

  /// The first samples.
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
  /// The columns with the training data's categories; throws where a column is
  /// of another kind there, or a category is new.
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
