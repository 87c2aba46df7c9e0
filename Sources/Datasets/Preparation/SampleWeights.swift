import NNExp

extension SourceRows {
  /// The port of the weights, if there is one.
  var weightPorts: [SourcePort] { weights.map { [$0] } ?? [] }
}

extension SourcePort {
  /// The weights of some samples of this port, which is one column of a table.
  ///
  /// - Throws: if a weight is negative, or all of them are 0.
  func weights(of rows: [Int]) throws -> PortRows {
    let name = excerpt(columns.layout.names[0])
    guard columns.layout.isNumeric else {
      throw Diagnostic(
        "column '\(name)' of weights holds texts; weights are numbers from 0", at: location(0, 0))
    }
    let cells = try columns.cells(of: 0)
    let negative = rows.filter { cells[$0] < 0 }
    if let row = negative.first {
      let others = negative.count - 1
      let more = others > 0 ? ", and \(counted(others, "more cell")) like it" : ""
      throw Diagnostic(
        "the weight in column '\(name)' is \(shortest(cells[row])), and weights are numbers from 0"
          + more, at: location(row, 0))
    }
    guard rows.contains(where: { cells[$0] > 0 }) else {
      throw Diagnostic(
        "all weights of these \(counted(rows.count, "sample")) in column '\(name)' are 0",
        at: location(rows.first ?? 0, 0))
    }
    return PortRows(columns, nil, remedy: "use smaller weights", location: location)
  }
}
