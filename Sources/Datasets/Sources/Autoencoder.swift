import NNExp

extension SourcePort {
  /// Throws unless columns that are inputs can be targets too.
  func checkLearnable(isIncomplete: Bool) throws {
    for (index, column) in table.enumerated() {
      let name = excerpt(column.name)
      guard column.isNumeric else {
        throw Diagnostic(
          "column '\(name)' is an input and a target, and holds texts; inputs that are targets are "
            + "numbers", at: location(0, index),
          notes: [.init("'exclude: [\(ConfigValue.quoted(column.name))]' leaves the column out")])
      }
      guard column.missing > 0, column.fill != .dropRow, !isIncomplete else { continue }
      let row = try columns.cells(of: index).firstIndex { $0.isNaN } ?? 0
      throw Diagnostic(
        "column '\(name)' is an input and a target, and has "
          + "\(counted(column.missing, "missing cell")), which are not filled in targets",
        at: location(row, index),
        notes: [
          .init(
            "'columns: {\(ConfigValue.quoted(column.name)): {fill: drop_row}}' leaves the rows out")
        ])
    }
  }
}
