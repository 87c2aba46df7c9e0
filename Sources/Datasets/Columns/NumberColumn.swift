import NNExp

/// Numbers as decimal digits, whatever the locale.
///
/// `CSVReader` reads them without making a text of each cell.
struct NumberColumn: ColumnType, Component {
  static let typeName = "number"
  static let documentation = Documentation(
    "numbers as decimal digits", example: "csv: {path: a.csv, columns: {age: number}}")
  static let foreignNames = ["float", "float32", "float64", "int", "numeric", "continuous"]

  init(from options: inout Options) {}

  func read(_ cell: String) throws -> ColumnValue {
    let bytes = Array(cell.utf8)
    switch decimal(bytes.span, bytes.indices) {
    case .number(let value): return .number(value)
    case .tooLarge: throw Diagnostic("'\(excerpt(cell))' is too large for a number")
    case .notANumber: throw Diagnostic("expected a number, found '\(excerpt(cell))'")
    }
  }
}
