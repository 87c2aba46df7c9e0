import NNExp

extension CSVDeclaration {
  /// The columns of one port.
  struct Port {
    let name: String?
    let columns: [Int]
    let location: SourceLocation?

    /// Columns that are left out are left out of patterns and ranges, too.
    func without(_ uses: ColumnUses) -> Port {
      let others: [TableColumn.Role] = [.ignored, .id, .weight]
      let columns = columns.filter { column in uses[column].map { !others.contains($0) } ?? true }
      return Port(name: name, columns: columns, location: location)
    }

    /// Whether the columns are those of the only input port: an autoencoder.
    func isCopy(of inputs: [Port]?) -> Bool {
      inputs?.count == 1 && inputs?[0].columns == columns
    }
  }

  /// Reads the inputs and targets of the file.
  ///
  /// Validation and test data use the columns with the same names as in the training data if
  /// both files have headers.
  func read(_ request: DataRequest) throws -> SourceSamples {
    let settings = request.settings
    let known = settings.training
    let table = try CSVTable(
      try request.shelf.csv(file, format), path: file.path, format: format)
    let details = try columns?.resolve(in: table, isPartial: false) ?? [:]
    var uses = ColumnUses(table, at: file.location)
    let declared = details.sorted { $0.key < $1.key }

    let key = try settings.splitKey?.resolveOne(in: table, at: file.location)
    let split =
      try settings.split?.resolveOne(in: table, at: file.location)
      ?? (known == nil ? declared.first { $0.value.role == .split && $0.key != key }?.key : nil)
    if let split { try uses.add(split, .split) }
    for (selection, role) in [
      (exclude, TableColumn.Role.ignored), (id, .id), (weight, .weight),
    ] {
      for column in try selection?.resolve(in: table, at: file.location) ?? [] {
        try uses.add(column, role)
      }
    }
    for (column, details) in declared {
      if let role = details.role, ![.inputs, .targets].contains(role) {
        try uses.add(column, role)
      }
    }
    if known == nil { uses.findIndex() }
    let weights = uses.columns(of: .weight)
    guard weights.count < 2 else {
      throw Diagnostic(
        "a sample has one weight, but the columns \(listed(weights.map { table.names[$0] })) are "
          + "weights", at: weight?.items.first?.location ?? file.location)
    }

    var inputs = try ports(self.inputs, in: table)
    if inputs == nil, let named = named(.inputs, of: known) {
      inputs = [port(try named.resolve(in: table, at: file.location))]
    }
    inputs = inputs?.map { $0.without(uses) }

    let ofTargets = declared.filter { $0.value.role == .targets }.map(\.key)
    var targets = try ports(self.targets, in: table)?.map {
      let rest = $0.without(uses)
      return rest.columns.isEmpty ? $0 : rest
    }
    if targets == nil, let named = named(.targets, of: known) {
      targets = [port(try named.resolve(in: table, at: file.location))]
    }
    if targets == nil, !ofTargets.isEmpty { targets = [port(ofTargets)] }
    let allTargets = try targets ?? [port([lastColumn(of: table, uses, details)])]
    for port in allTargets where !port.isCopy(of: inputs) {
      for column in port.columns { try uses.add(column, .targets) }
    }
    if inputs == nil, let key, uses[key] == nil { try uses.add(key, .split) }
    let allInputs = inputs ?? [port(table.names.indices.filter { uses[$0] == nil })]
    for column in allInputs.flatMap(\.columns) { try uses.add(column, .inputs) }
    let rows = try read(
      table, inputs: allInputs, targets: allTargets, split: split, key: key, uses, details,
      settings, storingIn: request.shelf.cellFile())
    return SourceSamples(rows)
  }

  /// Reads inputs only, in the columns of the training data: by name if there is a header,
  /// otherwise by position.
  ///
  /// - Parameters:
  ///   - known: the columns of each port.
  ///   - columns: the single columns of the training data; empty if they are unknown.
  func readInputs(
    _ table: CSVTable, like known: [ColumnLayout], names: [String?], columns: [TableColumn]
  ) throws -> SourceRows {
    let all = Array(table.names.indices)
    let count = known.reduce(0) { $0 + $1.names.count }
    let inputs: [[Int]]
    if format.hasHeader {
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
      // The file may be the training file with its targets.
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
    let details = try self.columns?.resolve(in: table, isPartial: true) ?? [:]
    var uses = ColumnUses(table, at: file.location)
    for column in inputs.flatMap({ $0 }) { try uses.add(column, .inputs) }
    var settings = TableSettings()
    settings.knownColumns = columns
    return try read(
      table,
      inputs: zip(names, inputs).map { Port(name: $0, columns: $1, location: file.location) },
      targets: [], split: nil, key: nil, uses, details, settings)
  }

  private func port(_ columns: [Int]) -> Port {
    Port(name: nil, columns: columns, location: file.location)
  }

  /// The columns of declared ports; nil if none are declared.
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

  func read(
    _ table: CSVTable, inputs: [Port], targets: [Port], split: Int?, key: Int?, _ uses: ColumnUses,
    _ details: [Int: DeclaredColumns.Details], _ settings: TableSettings,
    storingIn cellFile: CellFile? = nil
  ) throws -> SourceRows {
    guard !inputs.allSatisfy(\.columns.isEmpty) else {
      throw Diagnostic("'\(table.path)' has no column left for the inputs", at: file.location)
    }
    let categories = Set(
      try self.categorical?.resolve(in: table, at: file.location) ?? [])
    let missing = MissingCells(format.missing)
    let known =
      settings.training.map { $0.inputs.flatMap(\.table) + $0.targets.flatMap(\.table) }
      ?? settings.knownColumns

    func choose(_ column: Int, _ role: TableColumn.Role, in port: Port? = nil) throws
      -> ChosenColumn
    {
      var chosen = ChosenColumn(column, role, missing: missing)
      let details = details[column]
      (chosen.type, chosen.typeName) = (details?.type, details?.typeName)
      chosen.isOrder = role == .split && column == key && settings.isOrdered
      if categories.contains(column) || role == .split && !chosen.isOrder || role == .id {
        if chosen.type != nil, categories.contains(column) {
          throw Diagnostic(
            "column '\(table.names[column])' has a type under 'columns' and is also listed under 'categorical'",
            at: file.location)
        }
        chosen.type = CategoryColumn()
        chosen.typeName = role == .id ? TextColumn.typeName : CategoryColumn.typeName
      }
      chosen.fill = details?.fill
      chosen.fillIsOwn = chosen.fill != nil
      if chosen.fill == nil, role == .inputs || settings.fill == .dropRow {
        chosen.fill = settings.fill
      }
      if role == .id || role == .split { chosen.fill = nil }
      if role == .weight, chosen.type == nil {
        (chosen.type, chosen.typeName) = (NumberColumn(), NumberColumn.typeName)
      }
      chosen.scale = details?.scale
      chosen.config = details?.config ?? []
      chosen.hasOther = details?.other ?? false
      chosen.ownMissing = details?.missing.map(MissingCells.init)
      if role == .targets, let ignored = settings.ignored[port?.name ?? "target"] {
        chosen.ignored = MissingCells([ignored])
        chosen.ownMissing = MissingCells((details?.missing ?? format.missing) + [ignored])
      }
      if role == .targets {
        chosen.target =
          settings.incomplete.contains(port?.name ?? "target") ? .incomplete : .complete
      }
      chosen.isIndices = role == .inputs && settings.indices.contains(text: port?.name ?? "")
      chosen.known = known.first {
        $0.role == role && $0.name.hasSameBytes(as: table.names[column])
          && ($0.port ?? "").hasSameBytes(as: port?.name ?? "")
      }
      return chosen
    }

    var chosen: [ChosenColumn] = []
    for port in inputs { chosen += try port.columns.map { try choose($0, .inputs, in: port) } }
    for port in targets where !port.isCopy(of: inputs) {
      chosen += try port.columns.map { try choose($0, .targets, in: port) }
    }
    let weight = targets.isEmpty ? nil : uses.columns(of: .weight).first
    if let weight { chosen.append(try choose(weight, .weight)) }
    for column in uses.columns(of: .id) { chosen.append(try choose(column, .id)) }
    if let split { chosen.append(try choose(split, .split)) }
    if let key, !chosen.contains(where: { $0.position == key }) {
      chosen.append(try choose(key, .split))
    }
    let reader = try CSVReader(table, chosen, storingIn: cellFile)
    guard reader.count > 0 else {
      throw Diagnostic("the file has no rows", at: table.origin.location(at: table.bytes.count))
    }

    let lines = reader.lines()
    let cells = CellTable(reader.cells)
    var next = 0
    func columns(_ count: Int, at first: Int? = nil) -> SourceColumns {
      let start = first ?? next
      if first == nil { next += count }
      let layout = reader.layout(of: start..<start + count)
      if let lines { return SourceColumns(lines, offset: start, layout: layout) }
      return SourceColumns(cells, offset: start, layout: layout)
    }
    func sourcePort(_ port: Port, _ role: TableColumn.Role, at first: Int? = nil) -> SourcePort {
      let start = first ?? next
      let own = reader.columns[start..<start + port.columns.count].map { column in
        var column = column
        column.port = port.name
        column.role = role
        return column
      }
      let columns = columns(port.columns.count, at: first)
      return SourcePort(
        name: port.name, columns: columns, table: own,
        axes: [role == .inputs ? columns.layout.width : port.columns.count],
        location: { row, column in
          let column = port.columns.dropFirst(column).first ?? port.columns.first ?? 0
          return table.location(row: row, column: column)
        })
    }
    let rawInputs = inputs.map { sourcePort($0, .inputs) }
    let rawTargets = try targets.map { port in
      guard port.isCopy(of: inputs) else { return sourcePort(port, .targets) }
      let copy = sourcePort(port, .targets, at: 0)
      try copy.checkLearnable(
        isIncomplete: settings.incomplete.contains(port.name ?? "target"))
      return copy
    }
    let others = Array(reader.columns[next...])
    let weights = weight.map { weight in
      SourcePort(
        columns: columns(1), table: [others[0]], axes: [1],
        location: { row, _ in table.location(row: row, column: weight) })
    }
    let idCount = uses.columns(of: .id).count
    let ids = idCount == 0 ? nil : columns(idCount)
    var rows = SourceRows(
      inputs: rawInputs, targets: rawTargets,
      parts: try split.map { try parts(of: columns(1), in: table, at: $0, settings.words) },
      hasColumnNames: table.hasHeader)
    rows.splitKeys = try key.map { column in
      try columns(1, at: reader.slots[column]).cells(of: 0)
    }
    rows.ids = ids
    rows.weights = weights
    rows.otherColumns = others + uses.unread(but: reader.columns)
    rows.announcements =
      uses.announcements + reader.announcements + (try reader.unlikelyColumns())
    return rows
  }

  /// Selects the columns of the training data by name if both files have names.
  private func named(_ half: SourceRows.Half, of known: SourceRows?) -> ColumnSelection? {
    guard format.hasHeader, let known, known.hasColumnNames else { return nil }
    let ports = half == .inputs ? known.inputs : known.targets
    return ColumnSelection(names: ports.flatMap(\.columns.layout.names))
  }

  private func lastColumn(
    of table: CSVTable, _ uses: ColumnUses, _ details: [Int: DeclaredColumns.Details]
  ) throws -> Int {
    let last = table.names.indices.last { uses[$0] == nil && details[$0]?.role != .inputs }
    guard let last else {
      throw Diagnostic("'\(table.path)' has no column left for the targets", at: file.location)
    }
    return last
  }

  private func parts(
    of column: SourceColumns, in table: CSVTable, at position: Int,
    _ words: [(word: String, part: Part)]
  ) throws -> [Part] {
    let texts = column.layout.categories[0] ?? []
    let parts = texts.map { text in
      words.first { $0.word.hasSameBytes(as: text) }?.part ?? Part(rawValue: text)
    }
    let known = Part.allCases.map(\.rawValue) + words.map(\.word)
    return try column.cells(of: 0).enumerated().map { row, code in
      if let part = parts[Int(code)] { return part }
      let word = texts[Int(code)]
      throw Diagnostic(
        "a row's part is one of: \(known.joined(separator: ", ")); found '\(excerpt(word))'"
          + suggestion(for: word, among: known), at: table.location(row: row, column: position),
        notes: words.isEmpty
          ? [
            .init(
              "for other words: 'split: {column: …, words: {\(ConfigValue.quoted(word)): "
                + "validation}}'")
          ] : [])
    }
  }
}

/// The uses of the columns of a table.
struct ColumnUses {
  private let table: CSVTable
  private let location: SourceLocation?
  private var roles: [Int: TableColumn.Role] = [:]
  private(set) var announcements: [Diagnostic] = []

  init(_ table: CSVTable, at location: SourceLocation?) {
    self.table = table
    self.location = location
  }

  subscript(column: Int) -> TableColumn.Role? { roles[column] }

  func columns(of role: TableColumn.Role) -> [Int] {
    roles.filter { $0.value == role }.map(\.key).sorted()
  }

  /// Throws if the column already has another use.
  mutating func add(_ column: Int, _ role: TableColumn.Role) throws {
    guard let other = roles.updateValue(role, forKey: column), other != role else { return }
    func noun(_ role: TableColumn.Role) -> String {
      switch role {
      case .inputs: "an input"
      case .targets: "a target"
      case .id: "an id"
      case .split: "the split's"
      case .weight: "the weight"
      case .ignored: "left out"
      }
    }
    let order = TableColumn.Role.allCases
    let isFirst = order.firstIndex(of: role) ?? 0 < order.firstIndex(of: other) ?? 0
    let (first, second) = isFirst ? (role, other) : (other, role)
    throw Diagnostic(
      "column '\(table.names[column])' is \(noun(first)) and \(noun(second)) too", at: location)
  }

  /// Leaves out an unnamed first column that counts the rows, which pandas writes.
  mutating func findIndex() {
    guard table.hasHeader, table.names.count > 2, table.names[0].isEmpty, roles[0] == nil,
      let first = table.text(row: 0, column: 0).flatMap({ Int($0) }), first == 0 || first == 1
    else { return }
    for row in 1..<4 {
      guard let text = table.text(row: row, column: 0) else { break }
      guard Int(text) == first + row else { return }
    }
    roles[0] = .ignored
    announcements.append(
      Diagnostic(
        "the first column has no name and counts the rows; it is left out", severity: .warning))
  }

  /// The columns that are not read.
  func unread(but read: [TableColumn]) -> [TableColumn] {
    let known = Set(read.map(\.position))
    return table.names.indices.filter { !known.contains($0) }.map {
      TableColumn(table.names[$0], position: $0, role: roles[$0] ?? .ignored)
    }
  }
}
