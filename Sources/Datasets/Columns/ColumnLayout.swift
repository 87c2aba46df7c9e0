import NNExp

/// The meaning of the numbers of a port's columns.
struct ColumnLayout: Sendable {
  /// The name of each column.
  let names: [String]

  /// The categories of each text column, in which a number is an index; nil for a column of
  /// numbers.
  let categories: [[String]?]

  /// The numbers that replace missing cells, per column; empty if no column has missing
  /// cells.
  let fills: [FittedFill?]

  /// Whether the last category of each column is for unknown texts; empty if no column has
  /// such a category.
  let haveOther: [Bool]

  /// Whether the numbers of a sample are the numbers of a row without conversion.
  let isPlain: Bool

  init(
    names: [String], categories: [[String]?], fills: [FittedFill?] = [], haveOther: [Bool] = []
  ) {
    self.names = names
    self.categories = categories
    self.fills = fills.contains { $0 != nil } ? fills : []
    self.haveOther = haveOther.contains(true) ? haveOther : []
    isPlain = self.fills.isEmpty && categories.allSatisfy { $0 == nil }
  }

  /// A layout of columns of numbers.
  init(numbers names: [String]) {
    self.init(names: names, categories: Array(repeating: nil, count: names.count))
  }

  /// A layout of unnamed columns of numbers: `input_0`, `input_1`, ….
  init(_ count: Int, named stem: String) {
    self.init(numbers: count == 1 ? [stem] : (0..<count).map { "\(stem)_\($0)" })
  }

  /// The layout of columns of a table, before or after fitting.
  init(_ columns: [TableColumn]) {
    self.init(
      names: columns.map(\.name), categories: columns.map(\.categories),
      fills: columns.map(FittedFill.init), haveOther: columns.map(\.hasOther))
  }

  /// The same columns with other fills.
  func filled(_ fills: [FittedFill?]) -> ColumnLayout {
    ColumnLayout(names: names, categories: categories, fills: fills, haveOther: haveOther)
  }

  var isNumeric: Bool { categories.allSatisfy { $0 == nil } }

  /// Whether a missing cell of a column sets a separate input to 1.
  private func hasIndicator(_ column: Int) -> Bool {
    fills.isEmpty ? false : fills[column]?.hasIndicator ?? false
  }

  /// The number of inputs that a column becomes.
  private func width(_ column: Int) -> Int {
    (categories[column]?.count ?? 1) + (hasIndicator(column) ? 1 : 0)
  }

  /// The number of inputs of a sample, after one-hot encoding.
  var width: Int { names.indices.reduce(0) { $0 + width($1) } }

  /// The name of each input: `age`, `color=blue`, `color=red`, `age=missing`.
  var expandedNames: [String] {
    names.indices.flatMap { column in
      let name = names[column]
      let own = categories[column].map { $0.map { "\(name)=\($0)" } } ?? [name]
      return hasIndicator(column) ? own + ["\(name)=missing"] : own
    }
  }

  /// The column from which an input comes.
  func column(ofNumber index: Int) -> Int {
    var end = 0
    return names.indices.first {
      end += width($0)
      return index < end
    } ?? 0
  }

  /// The scaling method of each input: the method of its column, or none for one-hot inputs
  /// and indicators.
  func expand(_ methods: [ScaleMethod]) -> [ScaleMethod] {
    names.indices.flatMap { column in
      guard categories[column] == nil else {
        return Array(repeating: ScaleMethod.none, count: width(column))
      }
      return hasIndicator(column) ? [methods[column], .none] : [methods[column]]
    }
  }
}

/// The fitted replacement for the missing cells of a column.
struct FittedFill: Sendable, Equatable {
  /// A number, or the index of a category; nil sets all categories to 0.
  var value: Double?
  var hasIndicator: Bool

  init(value: Double?, hasIndicator: Bool = false) {
    self.value = value
    self.hasIndicator = hasIndicator
  }

  /// Nil if missing cells are refused or their rows are left out.
  init?(_ column: TableColumn) {
    guard let fill = column.fill, fill != .dropRow else { return nil }
    self.init(value: column.fillValue, hasIndicator: column.hasIndicator)
  }
}
