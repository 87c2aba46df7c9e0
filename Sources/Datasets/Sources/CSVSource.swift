import NNExp

extension CSVDeclaration {
  /// Reads the file's inputs and targets.
  ///
  /// For validation and test data: where both files have headers, the columns of the same
  /// names as in the training data are read.
  func read(_ request: DataRequest) throws -> SourceSamples {
    let shelf = request.shelf
    let split = ColumnSelection(items: request.partColumn)
    let known = request.training.map { RawData($0, at: nil) }
    let table = try CSVTable(
      try shelf.csv(file), path: file.path, delimiter: delimiter, hasHeader: hasHeader)
    let part = try split?.resolve(in: table, at: file.place)[0]

    let targets =
      try (self.targets ?? known.flatMap { named(.targets, of: $0) })?
      .resolve(in: table, at: file.place) ?? [lastColumn(of: table, but: part)]
    let inputs =
      try (self.inputs ?? known.flatMap { named(.inputs, of: $0) })?
      .resolve(in: table, at: file.place)
      ?? table.names.indices.filter { !targets.contains($0) && $0 != part }
    return SourceSamples(
      try read(table, inputs: inputs, targets: targets, part: part, limit: request.limit))
  }

  /// Reads inputs alone, in the columns of the training data: by name where
  /// there is a header, else by position.
  func readInputs(_ table: CSVTable, like known: ColumnLayout) throws -> RawData {
    let all = Array(table.names.indices)
    let inputs: [Int]
    if hasHeader {
      inputs = try ColumnSelection(names: known.names).resolve(in: table, at: file.place)
    } else if all.count == known.names.count {
      inputs = all
    } else {
      // Perhaps the training file's columns, targets and all.
      let targets = try? self.targets?.resolve(in: table) ?? all.suffix(1)
      inputs =
        (try? self.inputs?.resolve(in: table)) ?? all.filter { targets?.contains($0) != true }
    }
    guard inputs.count == known.names.count else {
      throw Diagnostic(
        "'\(table.path)' has \(counted(all.count, "column")), "
          + "but the training data have \(counted(known.names.count, "input"))",
        at: table.place(row: 0, column: 0))
    }
    return try read(table, inputs: inputs, targets: [], part: nil, limit: nil)
  }

  private func read(
    _ table: CSVTable, inputs: [Int], targets: [Int], part: Int?, limit: Int?
  ) throws -> RawData {
    for column in inputs where targets.contains(column) || column == part {
      throw Diagnostic(
        "column '\(table.names[column])' is an input and "
          + (column == part ? "the split's" : "a target") + " too", at: file.place)
    }
    if let part, targets.contains(part) {
      throw Diagnostic(
        "column '\(table.names[part])' is a target and the split's too", at: file.place)
    }
    guard !inputs.isEmpty else {
      throw Diagnostic("'\(table.path)' has no column left for the inputs", at: file.place)
    }
    var types = try self.types?.resolve(in: table, isPartial: targets.isEmpty) ?? [:]
    var categories = try self.categorical?.resolve(in: table, at: file.place) ?? []
    if let part { categories.append(part) }
    for column in categories {
      guard types.updateValue(CategoryColumn(), forKey: column) == nil else {
        throw Diagnostic(
          "column '\(table.names[column])' has a type under 'columns' and is a category too",
          at: file.place)
      }
    }

    let chosen = inputs + targets + (part.map { [$0] } ?? [])
    let reader = try CSVReader(table, columns: chosen, types: types, limit: limit)
    guard reader.count > 0 else {
      throw Diagnostic("the file has no rows", at: table.origin.place(at: table.bytes.count))
    }
    let inputLayout = reader.layout(of: 0..<inputs.count)
    for (column, categories) in zip(inputs, inputLayout.categories) {
      guard (categories?.count ?? 0) <= CSVReader.mostCategories else {
        throw Diagnostic(
          "column '\(table.names[column])' holds more than \(CSVReader.mostCategories) "
            + "different texts, too many for one-hot inputs; leave it out of 'inputs'",
          at: table.place(row: 0, column: column))
      }
    }
    let stride = chosen.count
    let lines = reader.lines()
    func columns(_ slots: Range<Int>) -> RawColumns {
      if let lines {
        return RawColumns(lines, offset: slots.lowerBound, layout: reader.layout(of: slots))
      }
      return RawColumns(
        reader.cells, stride: stride, offset: slots.lowerBound, count: reader.count,
        layout: reader.layout(of: slots))
    }
    let end = inputs.count + targets.count
    return RawData(
      inputs: columns(0..<inputs.count), targets: columns(inputs.count..<end),
      inputAxes: [inputLayout.width], targetAxes: [targets.count],
      parts: try part.map { try parts(of: columns(end..<end + 1), in: table, at: $0) },
      hasColumnNames: hasHeader,
      place: { row, half, column in
        let positions = half == .inputs ? inputs : targets
        return table.place(
          row: row, column: positions.indices.contains(column) ? positions[column] : 0)
      })
  }

  /// The columns of the training data by name, where both have names.
  private func named(_ half: RawData.Half, of known: RawData) -> ColumnSelection? {
    hasHeader && known.hasColumnNames ? ColumnSelection(names: known[half].layout.names) : nil
  }

  private func lastColumn(of table: CSVTable, but part: Int?) throws -> Int {
    guard let last = table.names.indices.last(where: { $0 != part }) else {
      throw Diagnostic("'\(table.path)' has no column left for the targets", at: file.place)
    }
    return last
  }

  private func parts(of column: RawColumns, in table: CSVTable, at position: Int) throws -> [Part] {
    let words = column.layout.categories[0] ?? []
    let parts = words.map(Part.init(rawValue:))
    let known = Part.allCases.map(\.rawValue)
    return try column.firstColumn().enumerated().map { row, code in
      if let part = parts[Int(code)] { return part }
      let word = words[Int(code)]
      throw Diagnostic(
        "a row's part is one of: \(known.joined(separator: ", ")); found '\(excerpt(word))'"
          + suggestion(for: word, among: known), at: table.place(row: row, column: position))
    }
  }
}
