import NNExp

extension CSVDeclaration {
  /// The columns of one port.
  private struct Port {
    let name: String?
    let columns: [Int]
    let location: SourceLocation?
  }

  /// Reads the file's inputs and targets.
  ///
  /// For validation and test data: where both files have headers, the columns of the same
  /// names as in the training data are read.
  func read(_ request: DataRequest) throws -> SourceSamples {
    let split = ColumnSelection(items: request.partColumn)
    let known = request.training.map { SourceRows($0, at: nil) }
    let table = try CSVTable(
      try request.shelf.csv(file), path: file.path, delimiter: delimiter, hasHeader: hasHeader)
    let part = try split?.resolve(in: table, at: file.location)[0]

    let targets =
      try ports(self.targets, in: table)
      ?? [
        port(
          named(.targets, of: known)?.resolve(in: table, at: file.location)
            ?? [lastColumn(of: table, but: part)])
      ]
    let taken = Set(targets.flatMap(\.columns) + (part.map { [$0] } ?? []))
    let inputs =
      try ports(self.inputs, in: table)
      ?? [
        port(
          named(.inputs, of: known)?.resolve(in: table, at: file.location)
            ?? table.names.indices.filter { !taken.contains($0) })
      ]
    return SourceSamples(
      try read(table, inputs: inputs, targets: targets, part: part, request))
  }

  /// Reads inputs alone, in the columns of the training data: by name where
  /// there is a header, else by position.
  ///
  /// - Parameter known: the columns of each port.
  func readInputs(_ table: CSVTable, like known: [ColumnLayout], names: [String?]) throws
    -> SourceRows
  {
    let all = Array(table.names.indices)
    let count = known.reduce(0) { $0 + $1.names.count }
    let inputs: [[Int]]
    if hasHeader {
      inputs = try known.map {
        try ColumnSelection(names: $0.names).resolve(in: table, at: file.location)
      }
    } else if all.count == count {
      var next = 0
      inputs = known.map { layout in
        defer { next += layout.names.count }
        return Array(next..<next + layout.names.count)
      }
    } else {
      // Perhaps the training file's columns, targets and all.
      let targets = try? ports(self.targets, in: table)?.flatMap(\.columns) ?? all.suffix(1)
      inputs =
        (try? ports(self.inputs, in: table)?.map(\.columns))
        ?? [all.filter { targets?.contains($0) != true }]
    }
    guard inputs.map(\.count) == known.map(\.names.count) else {
      throw Diagnostic(
        "'\(table.path)' has \(counted(all.count, "column")), "
          + "but the training data have \(counted(count, "input"))",
        at: table.location(row: 0, column: 0))
    }
    return try read(
      table,
      inputs: zip(names, inputs).map { Port(name: $0, columns: $1, location: file.location) },
      targets: [], part: nil, nil)
  }

  private func port(_ columns: [Int]) -> Port {
    Port(name: nil, columns: columns, location: file.location)
  }

  /// The columns of declared ports; nil if there are none.
  private func ports(_ declared: DeclaredPorts<ColumnSelection>?, in table: CSVTable) throws
    -> [Port]?
  {
    var owners: [Int: String] = [:]
    return try declared?.ports.map { port in
      let columns = try port.value.resolve(in: table, at: file.location)
      for column in columns {
        guard let owner = owners.updateValue(port.name ?? "", forKey: column) else { continue }
        throw Diagnostic(
          "column '\(table.names[column])' is in the ports '\(owner)' and '\(port.name ?? "")'",
          at: port.location)
      }
      return Port(name: port.name, columns: columns, location: port.location)
    }
  }

  private func read(
    _ table: CSVTable, inputs: [Port], targets: [Port], part: Int?, _ request: DataRequest?
  ) throws -> SourceRows {
    let inputColumns = inputs.flatMap(\.columns)
    let targetColumns = targets.flatMap(\.columns)
    let taken = Set(targetColumns)
    for column in inputColumns where taken.contains(column) || column == part {
      throw Diagnostic(
        "column '\(table.names[column])' is an input and "
          + (column == part ? "the split's" : "a target") + " too", at: file.location)
    }
    if let part, taken.contains(part) {
      throw Diagnostic(
        "column '\(table.names[part])' is a target and the split's too", at: file.location)
    }
    guard !inputColumns.isEmpty else {
      throw Diagnostic("'\(table.path)' has no column left for the inputs", at: file.location)
    }
    var types = try self.types?.resolve(in: table, isPartial: targets.isEmpty) ?? [:]
    var categories = try self.categorical?.resolve(in: table, at: file.location) ?? []
    if let part { categories.append(part) }
    for column in categories {
      guard types.updateValue(CategoryColumn(), forKey: column) == nil else {
        throw Diagnostic(
          "column '\(table.names[column])' has a type under 'columns' and is a category too",
          at: file.location)
      }
    }

    let chosen = inputColumns + targetColumns + (part.map { [$0] } ?? [])
    let completeness = targets.flatMap { port in
      let isIncomplete = request?.incomplete.contains(port.name ?? "target") ?? false
      return port.columns.map { ($0, isIncomplete ? Completeness.incomplete : .complete) }
    }
    let reader = try CSVReader(
      table, columns: chosen, types: types,
      targets: Dictionary(completeness, uniquingKeysWith: { first, _ in first }),
      limit: request?.limit)
    guard reader.count > 0 else {
      throw Diagnostic("the file has no rows", at: table.origin.location(at: table.bytes.count))
    }
    let lines = reader.lines()
    var next = 0
    func columns(_ count: Int) -> SourceColumns {
      defer { next += count }
      let slots = next..<next + count
      if let lines {
        return SourceColumns(lines, offset: next, layout: reader.layout(of: slots))
      }
      return SourceColumns(
        reader.cells, stride: chosen.count, offset: next, count: reader.count,
        layout: reader.layout(of: slots))
    }
    func rawPorts(_ ports: [Port], _ half: SourceRows.Half) -> [SourcePort] {
      ports.map { port in
        let columns = columns(port.columns.count)
        return SourcePort(
          name: port.name, columns: columns,
          axes: [half == .inputs ? columns.layout.width : port.columns.count],
          location: { row, column in
            let column = port.columns.dropFirst(column).first ?? port.columns.first ?? 0
            return table.location(row: row, column: column)
          })
      }
    }
    let (rawInputs, rawTargets) = (rawPorts(inputs, .inputs), rawPorts(targets, .targets))
    return SourceRows(
      inputs: rawInputs, targets: rawTargets,
      parts: try part.map { try parts(of: columns(1), in: table, at: $0) },
      hasColumnNames: hasHeader)
  }

  /// The columns of the training data by name, where both have names.
  private func named(_ half: SourceRows.Half, of known: SourceRows?) -> ColumnSelection? {
    guard hasHeader, let known, known.hasColumnNames else { return nil }
    let ports = half == .inputs ? known.inputs : known.targets
    return ColumnSelection(names: ports.flatMap(\.columns.layout.names))
  }

  private func lastColumn(of table: CSVTable, but part: Int?) throws -> Int {
    guard let last = table.names.indices.last(where: { $0 != part }) else {
      throw Diagnostic("'\(table.path)' has no column left for the targets", at: file.location)
    }
    return last
  }

  private func parts(of column: SourceColumns, in table: CSVTable, at position: Int) throws
    -> [Part]
  {
    let words = column.layout.categories[0] ?? []
    let parts = words.map(Part.init(rawValue:))
    let known = Part.allCases.map(\.rawValue)
    return try column.firstColumn().enumerated().map { row, code in
      if let part = parts[Int(code)] { return part }
      let word = words[Int(code)]
      throw Diagnostic(
        "a row's part is one of: \(known.joined(separator: ", ")); found '\(excerpt(word))'"
          + suggestion(for: word, among: known), at: table.location(row: row, column: position))
    }
  }
}
