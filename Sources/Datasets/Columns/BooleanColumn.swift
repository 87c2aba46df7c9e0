import NNExp

/// Boolean values as 1 and 0.
struct BooleanColumn: ColumnType, Component {
  static let typeName = "boolean"
  static let documentation = Documentation(
    "true, yes, t, y or 1 as 1; false, no, f, n or 0 as 0, in any case",
    example: "csv: {path: a.csv, columns: {smoker: boolean}}")
  static let foreignNames = ["bool", "binary"]

  init(from options: inout Options) {}

  func read(_ cell: String) throws -> ColumnValue {
    switch String(Substring(cell).trimmed).lowercased() {
    case "true", "yes", "t", "y", "1": .number(1)
    case "false", "no", "f", "n", "0": .number(0)
    default: throw Diagnostic("expected true or false, yes or no, 1 or 0, found '\(excerpt(cell))'")
    }
  }
}
