import NNExp

/// A column to read, with its settings from the experiment file and from the training data.
struct ChosenColumn: Sendable {
  let position: Int
  let role: TableColumn.Role

  /// The declared type.
  var type: (any ColumnType)?
  var typeName: String?
  var fill: Fill?
  /// Whether the fill is set for this column, not for all columns.
  var fillIsOwn = false
  var scale: ScaleMethod?
  var hasOther = false
  /// The column's settings in the experiment file.
  var config: [ConfigValue.Entry] = []
  var ownMissing: MissingCells?

  /// The cells of a target that count as missing because its loss ignores them; they are in
  /// `ownMissing` too.
  var ignored: MissingCells?

  /// The missing cells of the whole file, for columns without their own.
  let fileMissing: MissingCells

  /// Whether a sample can lack this target; nil for columns that are not targets.
  var target: Completeness?

  /// Whether texts become indices instead of one-hot numbers.
  var isIndices = false

  /// Whether the column gives the order of the rows.
  var isOrder = false

  /// The column of the training data, if these are other data.
  var known: TableColumn?

  init(_ position: Int, _ role: TableColumn.Role, missing: MissingCells) {
    self.position = position
    self.role = role
    fileMissing = missing
  }

  /// Whether a cell of digits is read as a number.
  var readsNumbers: Bool {
    type.map { $0 is NumberColumn } ?? (known?.isNumeric ?? true)
  }

  func numbers(in format: CSVFormat) -> NumberFormat {
    (type as? NumberColumn)?.format ?? format.numbers
  }

  func missing(in format: CSVFormat) -> MissingCells { ownMissing ?? fileMissing }

  /// Whether cells are first read as plain decimal numbers.
  func isDecimal(in format: CSVFormat) -> Bool {
    guard type == nil || type is NumberColumn else { return false }
    if type == nil, known?.isNumeric == false { return false }
    return numbers(in: format).isPlain && missing(in: format).numbers.isEmpty
  }

  /// The reader of the cells of a column whose type is decided.
  func reader(of column: TableColumn, in format: CSVFormat) -> CellReader {
    CellReader(
      isDecimal: isDecimal(in: format), isNumeric: column.categories == nil,
      type: type is NumberColumn ? nil : type, numbers: numbers(in: format),
      missing: missing(in: format), column: column)
  }
}

extension TableColumn {
  var isNumeric: Bool { categories == nil }
}

/// Reads the cells of a column whose type is decided.
struct CellReader: Sendable {
  let isDecimal: Bool
  let isNumeric: Bool
  /// The declared type, unless it is a type of numbers.
  let type: (any ColumnType)?
  let numbers: NumberFormat
  let missing: MissingCells
  private(set) var codes: [ByteText: Double]
  private let other: Double?

  init(
    isDecimal: Bool, isNumeric: Bool, type: (any ColumnType)?, numbers: NumberFormat,
    missing: MissingCells, column: TableColumn
  ) {
    self.isDecimal = isDecimal && isNumeric
    self.isNumeric = isNumeric
    self.type = type
    self.numbers = numbers
    self.missing = missing
    codes = CellReader.codes(column.categories)
    other = column.hasOther ? column.categories.map { Double($0.count - 1) } : nil
  }

  static func codes(_ categories: [String]?) -> [ByteText: Double] {
    Dictionary(
      (categories ?? []).enumerated().map { (ByteText($1), Double($0)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The same reader with other categories.
  func numbered(as categories: [String]) -> CellReader {
    var reader = self
    reader.codes = CellReader.codes(categories)
    return reader
  }

  /// The number of a cell: NaN for a missing cell, nil for a cell that does not fit the
  /// column.
  func number(of text: String) -> Double? {
    if isNumeric, type == nil, let value = numbers.read(Array(text.utf8)).value {
      return missing.numbers.contains(value) ? .nan : value
    }
    if missing.contains(text) { return .nan }
    guard let type else { return isNumeric ? nil : codes[ByteText(text)] ?? other }
    switch try? type.read(text) {
    case .number(let value): return isNumeric && value.isFinite ? value : nil
    case .category(let name): return isNumeric ? nil : codes[ByteText(name)] ?? other
    case nil: return nil
    }
  }
}
