import NNExp

extension DataEncoding {
  /// The columns of a table as rows of text with headings; nil for other sources.
  ///
  /// If there are many columns, consecutive similar columns share a row.
  public var columnRows: [[String]]? {
    let columns = columns
    guard !columns.isEmpty else { return nil }
    let heading = ["column", "role", "type", "distinct", "missing", "filled", "scaled", "inputs"]
    var groups: [[TableColumn]] = []
    for column in columns {
      let isAlike = groups.last.map { $0[0].isAlike(column) } ?? false
      if columns.count > 20, isAlike {
        groups[groups.count - 1].append(column)
      } else {
        groups.append([column])
      }
    }
    return [heading] + groups.flatMap { $0.count < 3 ? $0.map { row([$0]) } : [row($0)] }
  }

  private func row(_ columns: [TableColumn]) -> [String] {
    let first = columns[0]
    let name =
      columns.count == 1
      ? first.name : "\(first.name) … \(columns[columns.count - 1].name) (\(columns.count))"
    let role = first.port.map { "\(first.role.rawValue) (\($0))" } ?? first.role.rawValue
    let isRead = first.type != nil
    let inputs = columns.reduce(0) { $0 + inputCount(of: $1) }
    return [
      name, role, first.type ?? "-", isRead ? TableColumn.distinctText(columns) : "-",
      isRead ? "\(columns.reduce(0) { $0 + $1.missing })" : "-",
      first.fillText(isOnlyOne: columns.count == 1), first.scaleText,
      first.role == .inputs ? "\(inputs)" : "-",
    ]
  }

  /// The number of inputs that the column becomes.
  private func inputCount(of column: TableColumn) -> Int {
    let port = inputs.first { ($0.name ?? "").hasSameBytes(as: column.port ?? "") }
    return port?.port.isIndices == true ? 1 : column.width
  }
}

extension TableColumn {
  /// Whether two columns can share a row: columns of numbers with the same settings.
  fileprivate func isAlike(_ other: TableColumn) -> Bool {
    role == other.role && port == other.port && type == other.type && fill == other.fill
      && scale == other.scale && isNumeric && other.isNumeric
  }

  /// The number of distinct values, such as `17`, `1000+` or `2 to 17`.
  fileprivate static func distinctText(_ columns: [TableColumn]) -> String {
    let counts = columns.compactMap(\.distinct)
    guard let least = counts.min(), let most = counts.max() else { return "-" }
    let isOpen = columns[0].isNumeric && most >= mostDistinct
    return (least == most ? "" : "\(least) to ") + "\(most)" + (isOpen ? "+" : "")
  }

  /// The fill and its value, such as `median 81` or `most_frequent male`; `-` for none.
  fileprivate func fillText(isOnlyOne: Bool) -> String {
    guard let fill else { return "-" }
    let word = if case .string(let word) = fill.config.content { word } else { "constant" }
    guard isOnlyOne, let fillValue else { return word }
    guard let categories else { return "\(word) \(rounded(fillValue, digits: 6))" }
    let index = Int(fillValue)
    return categories.indices.contains(index) ? "\(word) \(excerpt(categories[index]))" : word
  }

  /// The scaling method, such as `standardize` or `divide 255`; `-` for none.
  fileprivate var scaleText: String {
    switch scale {
    case nil, ScaleMethod.none?: "-"
    case .divide(let by)?: "divide \(shortest(by))"
    case let method?: if case .string(let word) = method.config.content { word } else { "-" }
    }
  }
}
