import NNExp

/// Decimal numbers, independent of the locale.
///
/// `CSVReader` reads plain numbers directly, without a text for each cell.
struct NumberColumn: ColumnType, Component {
  static let typeName = "number"
  static let documentation = Documentation(
    "numbers as decimal digits", example: "csv: {path: a.csv, columns: {age: number}}")
  static let foreignNames = ["float", "float32", "float64", "int", "numeric", "continuous"]

  /// The format of the numbers; nil for the format of the file.
  let format: NumberFormat?

  /// Numbers in the file's own format.
  init() { format = nil }

  init(from options: inout Options) {
    let isDeclared = ["decimal", "thousands", "unit"].contains { options.contains($0) }
    var format = NumberFormat(from: &options, like: nil)
    format.unit = options.optionalString(
      "unit", "a text before or after the digits: $, %, kg; it is left out")
    if format.unit == "" { options.reject("unit", "unit must be a text, found an empty one") }
    self.format = isDeclared ? format : nil
  }

  func read(_ cell: String) throws -> ColumnValue {
    switch (format ?? NumberFormat()).read(Array(cell.utf8)) {
    case .number(let value), .rounded(let value): return .number(value)
    case .tooLarge: throw Diagnostic("'\(excerpt(cell))' is too large for a number")
    case .notANumber: throw Diagnostic("expected a number, found '\(excerpt(cell))'")
    }
  }
}
