import NNExp

extension SourceRows {
  /// The same samples without the targets that have the values `ignored`, by the ports' names. A
  /// table's were left out when it was read.
  func ignoring(_ ignored: [String: String]) throws -> SourceRows {
    if ignored.isEmpty { return self }
    var rows = self
    rows.targets = try targets.map { port in
      guard port.table.isEmpty,
        let value = ignored[port.name ?? SourceRows.Half.targets.noun]
      else { return port }
      return SourcePort(
        name: port.name, columns: try port.columns.without(value), axes: port.axes,
        classCount: port.classCount, location: port.location)
    }
    return rows
  }
}

extension SourceColumns {
  /// The same rows, in which cells of a value are missing. They are held.
  fileprivate func without(_ text: String) throws -> SourceColumns {
    let bytes = Array(text.utf8)
    let number = decimal(bytes.span, bytes.indices).value
    let width = layout.names.count
    var cells = [Double](repeating: 0, count: count * width)
    var categories = layout.categories
    for column in 0..<width {
      let code = categories[column]?.firstIndex(ofText: text)
      if let code { categories[column]?.remove(at: code) }
      let ignored = layout.categories[column] == nil ? number : code.map(Double.init)
      for (row, cell) in try self.cells(of: column).enumerated() {
        let isIgnored = cell == ignored
        let shift: Double = if let code, cell > Double(code) { 1 } else { 0 }
        cells[row * width + column] = isIgnored ? .nan : cell - shift
      }
    }
    return SourceColumns(
      cells, stride: width, count: count,
      layout: ColumnLayout(names: layout.names, categories: categories))
  }
}
