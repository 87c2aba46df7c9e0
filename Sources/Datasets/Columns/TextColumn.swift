import NNExp

/// Texts that are not inputs, such as names and remarks.
struct TextColumn: ColumnType, Component {
  static let typeName = "text"
  static let documentation = Documentation(
    "texts that are not inputs, such as names and remarks",
    example: "csv: {path: a.csv, columns: {name: {type: text, role: id}}}")

  init(from options: inout Options) {}

  func read(_ cell: String) -> ColumnValue { .category(cell) }
}
