import NNExp

/// The settings under `columns:`, by the name of a column or by a pattern.
struct DeclaredColumns: Sendable {
  /// The settings of one column; each is nil if the file does not set it.
  struct Details: Sendable {
    var type: (any ColumnType)?
    var typeName: String?
    var role: TableColumn.Role?
    var fill: Fill?
    var scale: ScaleMethod?
    var missing: [String]?
    var other: Bool?
    /// The settings that apply.
    var config: [ConfigValue.Entry] = []
  }

  private struct Entry: Sendable {
    let selection: ColumnSelection
    let location: SourceLocation?
    let details: Details
  }

  private var entries: [Entry] = []

  /// Nil if the key is absent.
  init?(from options: inout Options) {
    let range =
      "a mapping from columns to their types, or to {type, role, fill, scale, missing, other}"
    let explanation = "settings of single columns, by name or pattern"
    guard
      let config = options.value(
        "columns", range, explanation,
        of: .mapping(.either([.component("column"), .keys])))
    else { return nil }
    options.document("columns", keys: Details.descriptions)
    guard case .map(let items) = config.content, let surroundings = options.surroundings else {
      options.reject("columns", "columns must be \(range), found \(config.kind)")
      return
    }
    let types = surroundings.registry.columnTypes
    var resolved: [(String, ConfigValue)] = []
    for item in items {
      var reader = options.reader(at: item.value.location)
      var details: Details?
      if case .map = item.value.content {
        details = reader.component(item.key, from: item.value) { inner in
          try Details(from: &inner, types)
        }
      } else {
        let type = reader.component(item.key, reading: item.value, of: types) { type, options in
          (try type.make(&options), type.name)
        }
        details = type.map { Details(type: $0.0, typeName: $0.1) }
      }
      options.adopt(reader)
      let entry = reader.resolved[item.key] ?? item.value
      resolved.append((item.key, entry))
      guard var details else { continue }
      if case .map(let settings) = entry.content { details.config = settings }
      entries.append(
        Entry(
          selection: ColumnSelection(names: [item.key]),
          location: item.keyLocation ?? item.value.location, details: details))
    }
    options.resolve("columns", ConfigValue.map(resolved))
  }

  /// The settings by the position of the column. A name takes precedence over a pattern, and
  /// an earlier entry over a later one.
  ///
  /// - Parameter isPartial: whether the table can lack columns, as a table without targets
  ///   does.
  func resolve(in table: CSVTable, isPartial: Bool) throws -> [Int: Details] {
    var all: [Int: Details] = [:]
    for entry in entries {
      let columns: [Int]
      do {
        columns = try entry.selection.resolve(in: table, at: entry.location)
      } catch {
        if isPartial { continue }
        throw error
      }
      for column in columns {
        guard var details = all[column] else {
          all[column] = entry.details
          continue
        }
        if details.type != nil, entry.details.type != nil {
          throw Diagnostic(
            "column '\(excerpt(table.names[column]))' has two types", at: entry.location)
        }
        details.add(entry.details)
        all[column] = details
      }
    }
    return all
  }
}

extension DeclaredColumns.Details {
  fileprivate static var descriptions: [Options.Description] {
    [
      .init(
        key: "type", range: "a column type, with its keys beside it", fallback: "from all cells",
        explanation: "the type of the cells", domain: .component("column")),
      .init(
        key: "role", range: "one of: inputs, targets, id, split, weight, ignored",
        fallback: "from 'inputs', 'targets', 'id', 'weight' and 'exclude'",
        explanation: "the use of the column",
        domain: .words(TableColumn.Role.allCases.map(\.rawValue))),
      .init(
        key: "fill", range: Fill.range, fallback: "as in 'data'",
        explanation: "the filling of missing cells", domain: Fill.domain),
      .init(
        key: "scale", range: ScaleMethod.range, fallback: "as in 'data'",
        explanation: "the scaling of the numbers", domain: ScaleMethod.domain),
      .init(
        key: "missing", range: MissingCells.range, fallback: "as in 'csv'",
        explanation: "cells that mean a missing value, in addition to empty cells",
        domain: MissingCells.domain),
      .init(
        key: "other", range: "true or false", fallback: "false",
        explanation: "an input for texts that the training data do not have", domain: .truth),
    ]
  }

  fileprivate init(from options: inout Options, _ types: ComponentRegistry<any ColumnType>) throws {
    if options.contains("role") {
      role = options.choice(
        "role", of: TableColumn.Role.self, "inputs, targets, id, split, weight or ignored")
    }
    fill = Fill.read("fill", from: &options, "the filling of missing cells")
    scale = ScaleMethod.read("scale", from: &options, "the scaling of the numbers")
    if options.contains("missing") {
      missing = MissingCells.texts(
        "missing", from: &options, default: [],
        "cells that mean a missing value, in addition to empty cells")
    }
    if options.contains("other") {
      other = options.bool("other", "an input for texts that the training data do not have")
    }
    if options.contains("type") {
      (type, typeName) = try options.typed(of: types) { type, options in
        (try type.make(&options), type.name)
      }
    }
  }

  fileprivate mutating func add(_ other: Self) {
    if type == nil { (type, typeName) = (other.type, other.typeName) }
    role = role ?? other.role
    fill = fill ?? other.fill
    scale = scale ?? other.scale
    missing = missing ?? other.missing
    self.other = self.other ?? other.other
    config += other.config.filter { entry in !config.contains { $0.key == entry.key } }
  }
}
