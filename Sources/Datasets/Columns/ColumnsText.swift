import NNExp

extension DataEncoding {
  /// The columns of a table as rows of text under their headings; nil for other sources.
  public var columnRows: [[String]]? {
    let columns = columns
    guard !columns.isEmpty else { return nil }
    let heading = ["column", "role", "type", "distinct", "missing", "filled", "scaled", "inputs"]
    return [heading]
      + columns.map { column in
        let isRead = column.type != nil
        let role = column.port.map { "\(column.role.rawValue) (\($0))" } ?? column.role.rawValue
        return [
          column.name, role, column.type ?? "-", isRead ? column.distinctText : "-",
          isRead ? "\(column.missing)" : "-", column.fillText, column.scaleText,
          column.role == .inputs ? "\(inputCount(of: column))" : "-",
        ]
      }
  }

  /// How many numbers of a sample the column makes.
  private func inputCount(of column: TableColumn) -> Int {
    let port = inputs.first { ($0.name ?? "").hasSameBytes(as: column.port ?? "") }
    return port?.port.isIndices == true ? 1 : column.width
  }
}

extension TableColumn {
  fileprivate var distinctText: String {
    guard let distinct else { return "-" }
    return categories == nil && distinct >= TableColumn.mostDistinct
      ? "\(distinct)+" : "\(distinct)"
  }

  /// `median 81`, `most_frequent male`, `-`.
  fileprivate var fillText: String {
    guard let fill else { return "-" }
    let word = if case .string(let word) = fill.config.content { word } else { "constant" }
    guard let fillValue else { return word }
    guard let categories else { return "\(word) \(rounded(fillValue, digits: 6))" }
    let index = Int(fillValue)
    return categories.indices.contains(index) ? "\(word) \(excerpt(categories[index]))" : word
  }

  /// `standardize`, `divide 255`, `-`.
  fileprivate var scaleText: String {
    switch scale {
    case nil, ScaleMethod.none?: "-"
    case .divide(let by)?: "divide \(shortest(by))"
    case let method?: if case .string(let word) = method.config.content { word } else { "-" }
    }
  }
}
