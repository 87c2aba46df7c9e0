import NNExp

/// Categories: each distinct text is one. Numbers are read as texts.
struct CategoryColumn: ColumnType, Component {
  static let typeName = "category"
  static let documentation = Documentation(
    "texts, each of which is a category", example: "csv: {path: a.csv, columns: {zip: category}}")
  static let foreignNames = ["categorical", "str", "string", "object", "factor", "nominal"]

  init() {}
  init(from options: inout Options) {}

  func read(_ cell: String) -> ColumnValue { .category(cell) }
}
