import NNExp

/// The types that a file declares for columns of a table, by name or pattern.
struct ColumnTypes: Sendable {
  private struct Entry: Sendable {
    let selection: ColumnSelection
    let place: Place?
    let type: any ColumnType
  }

  private var entries: [Entry] = []

  /// Nil if the key is absent.
  init?(from options: inout Options) {
    let range = "a mapping from columns to their types"
    let explanation = "the types of columns that are not what their first cell suggests"
    guard let node = options.node("columns", range, explanation) else { return nil }
    guard case .map(let items) = node.content, let surroundings = options.surroundings else {
      options.reject("columns", "columns must be \(range), found \(node.kind)")
      return
    }
    var resolved: [(String, Node)] = []
    for item in items {
      var reader = options.reader(at: item.value.place)
      let type = reader.component(
        item.key, reading: item.value, of: surroundings.registry.columnTypes
      ) { type, options in try type.make(&options) }
      options.adopt(reader)
      resolved.append((item.key, reader.resolved[item.key] ?? item.value))
      guard let type else { continue }
      entries.append(
        Entry(
          selection: ColumnSelection(names: [item.key]), place: item.keyPlace ?? item.value.place,
          type: type))
    }
    options.resolve("columns", Node.map(resolved))
  }

  /// The types by the columns' positions.
  ///
  /// - Parameter isPartial: whether the table may lack columns, as one without targets.
  func resolve(in table: CSVTable, isPartial: Bool) throws -> [Int: any ColumnType] {
    var types: [Int: any ColumnType] = [:]
    for entry in entries {
      let columns: [Int]
      do {
        columns = try entry.selection.resolve(in: table, at: entry.place)
      } catch {
        if isPartial { continue }
        throw error
      }
      for column in columns where types.updateValue(entry.type, forKey: column) != nil {
        throw Diagnostic(
          "column '\(excerpt(table.names[column]))' has two types", at: entry.place)
      }
    }
    return types
  }
}
