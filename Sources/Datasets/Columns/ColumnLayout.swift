import NNExp

/// The meaning of the numbers of a port's columns.
struct ColumnLayout: Sendable {
  /// One per column.
  let names: [String]

  /// The categories of a text column, whose numbers are indices into them; nil
  /// for a column of numbers.
  let categories: [[String]?]

  /// How missing cells become numbers; empty if no column has any.
  let fills: [FittedFill?]

  /// Which columns have a last category for unknown texts; empty if none has.
  let haveOther: [Bool]

  /// Whether the numbers of a row are those of the sample, as they are.
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

  /// Columns of numbers.
  init(numbers names: [String]) {
    self.init(names: names, categories: Array(repeating: nil, count: names.count))
  }

  /// Columns of unnamed numbers: `input_0`, `input_1`, ….
  init(_ count: Int, named stem: String) {
    self.init(numbers: count == 1 ? [stem] : (0..<count).map { "\(stem)_\($0)" })
  }

  /// Columns of a table, fitted or to be fitted.
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

  /// Whether a missing cell of a column becomes a separate number.
  private func hasIndicator(_ column: Int) -> Bool {
    fills.isEmpty ? false : fills[column]?.hasIndicator ?? false
  }

  /// How many numbers a sample has for a column.
  private func width(_ column: Int) -> Int {
    (categories[column]?.count ?? 1) + (hasIndicator(column) ? 1 : 0)
  }

  /// How many numbers a sample has once each text column is one-hot.
  var width: Int { names.indices.reduce(0) { $0 + width($1) } }

  /// One name per number: `age`, `color=blue`, `color=red`, `age=missing`.
  var expandedNames: [String] {
    names.indices.flatMap { column in
      let name = names[column]
      let own = categories[column].map { $0.map { "\(name)=\($0)" } } ?? [name]
      return hasIndicator(column) ? own + ["\(name)=missing"] : own
    }
  }

  /// The column that a number of a sample comes from.
  func column(ofNumber index: Int) -> Int {
    var end = 0
    return names.indices.first {
      end += width($0)
      return index < end
    } ?? 0
  }

  /// One method per number of a sample: that of its column, but none for the numbers of
  /// one-hot columns and of indicators.
  func expand(_ methods: [ScaleMethod]) -> [ScaleMethod] {
    names.indices.flatMap { column in
      guard categories[column] == nil else {
        return Array(repeating: ScaleMethod.none, count: width(column))
      }
      return hasIndicator(column) ? [methods[column], .none] : [methods[column]]
    }
  }
}

/// The fitted filling of a column's missing cells.
struct FittedFill: Sendable, Equatable {
  /// A number, or the index of a category; nil for none of the categories.
  var value: Double?
  var hasIndicator: Bool

  init(value: Double?, hasIndicator: Bool = false) {
    self.value = value
    self.hasIndicator = hasIndicator
  }

  /// Nil for a column whose missing cells are refused or whose rows are left out.
  init?(_ column: TableColumn) {
    guard let fill = column.fill, fill != .dropRow else { return nil }
    self.init(value: column.fillValue, hasIndicator: column.hasIndicator)
  }
}
