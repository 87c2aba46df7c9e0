import NNExp

/// The declaration of a CSV file in an experiment file.
struct CSVDeclaration: StreamableSource, PortSource, Component {
  static let typeName = "csv"
  static let documentation = Documentation(
    "the columns of a CSV file",
    example: """
      data:
        csv: {path: data/iris.csv, inputs: [sepal_*, petal_*], targets: species}
      """)
  static let shorthand: String? = "path"

  let file: DeclaredPath
  let format: CSVFormat
  /// The input columns; nil for all columns that have no other use.
  let inputs: DeclaredPorts<ColumnSelection>?
  /// The target columns; nil for the last column.
  let targets: DeclaredPorts<ColumnSelection>?
  /// The columns that are not used.
  let exclude: ColumnSelection?
  /// The columns that identify the rows.
  let id: ColumnSelection?
  /// The column of the samples' weights.
  let weight: ColumnSelection?
  /// The columns whose numbers are read as texts.
  let categorical: ColumnSelection?
  /// The settings of single columns.
  let columns: DeclaredColumns?

  var inputPorts: [PortName]? { inputs?.names }
  var targetPorts: [PortName]? { targets?.names }

  /// Validation and test data use the settings of the training data unless they have their
  /// own.
  init(from options: inout Options) {
    let model = options.surroundings?.training as? CSVDeclaration
    file = DeclaredPath("path", "the file, relative to the experiment file's folder", &options)
    format = CSVFormat(from: &options, like: model?.format)
    inputs =
      DeclaredPorts("inputs", from: &options) {
        ColumnSelection(
          $0, from: &$1, "the inputs of the model; or {PORT: COLUMNS}",
          default: "all columns that have no other use")
      } ?? model?.inputs
    targets =
      DeclaredPorts("targets", from: &options) {
        ColumnSelection(
          $0, from: &$1, "the targets of the model; or {PORT: COLUMNS}", default: "the last column")
      } ?? model?.targets
    exclude =
      ColumnSelection("exclude", from: &options, "columns to leave out") ?? model?.exclude
    id = ColumnSelection("id", from: &options, "columns that identify the rows") ?? model?.id
    weight =
      ColumnSelection(
        "weight", from: &options,
        "the column of the samples' weights: the loss is Σ w ℓ / Σ w; metrics are unweighted")
      ?? model?.weight
    categorical =
      ColumnSelection("categorical", from: &options, "columns of numbers that are categories")
      ?? model?.categorical
    columns = DeclaredColumns(from: &options) ?? model?.columns
    options.suggest("inputs", for: "features", "x")
    options.suggest("targets", for: "target", "label", "labels", "y")
    options.suggest("exclude", for: "drop", "ignore")
    options.suggest("id", for: "index", "index_col")
    options.suggest("weight", for: "sample_weight", "sample_weights", "weights")
  }

  /// The declaration of a file on the command line, which is read in the format of `model`.
  init(_ file: DeclaredPath, like model: CSVDeclaration?, hasHeader: Bool) {
    self.file = file
    var format = model?.format ?? CSVFormat()
    format.hasHeader = hasHeader
    format.headerIsDeclared = true
    self.format = format
    inputs = model?.inputs
    targets = model?.targets
    exclude = model?.exclude
    id = model?.id
    weight = model?.weight
    categorical = model?.categorical
    columns = model?.columns
  }
}

/// A choice of columns in an experiment file: a name, a pattern `pixel_*`, a range
/// `first..last`, an index if there is no header (from 0; negative from the end), or a list
/// of these.
struct ColumnSelection: Sendable {
  let items: [ConfigValue]

  /// Nil if the key is absent, or after an error, which is recorded.
  init?(
    _ key: String, from options: inout Options, _ explanation: String,
    default fallback: String = "none"
  ) {
    let range = "a column's name, index, pattern or range, or a list of these"
    let one = Options.Description.Domain.either([.text, .integers(Int.min...Int.max)])
    guard
      let config = options.value(
        key, range, explanation, default: fallback, of: .either([one, .list(one)]))
    else { return nil }
    let items = if case .list(let list) = config.content { list } else { [config] }
    for item in items {
      switch item.content {
      case .string, .int: continue
      default:
        options.reject(
          key, Diagnostic("\(key) must be \(range), found \(item.kind)", at: item.location))
        return nil
      }
    }
    options.resolve(key, config)
    self.items = items
  }

  /// Selects exactly these names.
  init(names: [String]) { items = names.map { ConfigValue(.string($0)) } }

  /// Selects items that were read elsewhere; nil if there are none.
  init?(items: [ConfigValue]) {
    if items.isEmpty { return nil }
    self.items = items
  }

  /// The positions of the columns in the order of the selection.
  func resolve(in table: CSVTable, at location: SourceLocation? = nil) throws -> [Int] {
    var columns: [Int] = []
    var selected: Set<Int> = []
    let known = Dictionary(
      zip(table.names.map(ByteText.init), table.names.indices)
    ) { first, _ in first }
    for item in items {
      for column in try positions(of: item, in: table, known, at: item.location ?? location) {
        guard selected.insert(column).inserted else {
          throw Diagnostic(
            "column '\(table.names[column])' is selected twice", at: item.location ?? location)
        }
        columns.append(column)
      }
    }
    return columns
  }

  /// The position of the only column of the selection, which is that of a split.
  func resolveOne(in table: CSVTable, at location: SourceLocation?) throws -> Int {
    let columns = try resolve(in: table, at: location)
    guard columns.count == 1 else {
      throw Diagnostic(
        "a split uses one column, and this selects \(columns.count): "
          + listed(columns.map { table.names[$0] }), at: items.first?.location ?? location)
    }
    return columns[0]
  }

  /// - Parameter known: the first position of each name in the table.
  private func positions(
    of item: ConfigValue, in table: CSVTable, _ known: [ByteText: Int], at location: SourceLocation?
  ) throws -> [Int] {
    if !table.hasHeader, case .int(let index) = item.content {
      let position = index < 0 ? index + table.names.count : index
      guard table.names.indices.contains(position) else {
        throw Diagnostic(
          "no column \(index) in '\(table.path)', which has \(table.names.count) columns",
          at: location)
      }
      return [position]
    }
    let text: String
    switch item.content {
    case .string(let string): text = string
    case .int(let value): text = item.text ?? String(value)
    default: return []
    }
    if let column = known[ByteText(text)] { return [column] }
    if let ends = range(text) {
      let bounds = try [ends.first, ends.last].map { end -> Int in
        let isIndex = !table.hasHeader && Int(end) != nil
        let config = isIndex ? ConfigValue(.int(Int(end)!)) : ConfigValue(.string(end))
        return try positions(of: config, in: table, known, at: location)[0]
      }
      guard bounds[0] <= bounds[1] else {
        throw Diagnostic("the range '\(text)' ends before its first column", at: location)
      }
      return Array(bounds[0]...bounds[1])
    }
    if text.contains(byte: "*") {
      let pattern = Array(text.unicodeScalars)
      let columns = table.names.indices.filter {
        matches(Array(table.names[$0].unicodeScalars), pattern)
      }
      if !columns.isEmpty { return columns }
    }
    throw Diagnostic(
      "no column '\(excerpt(text))' in '\(table.path)'"
        + suggestion(for: text, among: table.names), at: location,
      notes: [.init("columns: " + listing(table.names))])
  }

  /// The two ends of a range `first..last`; nil for other texts.
  private func range(_ text: String) -> (first: String, last: String)? {
    let bytes = Array(text.utf8)
    guard
      let dot = bytes.indices.dropLast().first(where: { bytes[$0] == 46 && bytes[$0 + 1] == 46 }),
      dot > 0, dot + 2 < bytes.count
    else { return nil }
    let first = String(decoding: bytes[..<dot], as: UTF8.self)
    let last = String(decoding: bytes[(dot + 2)...], as: UTF8.self)
    return first.contains(byte: "*") || last.contains(byte: "*") ? nil : (first, last)
  }
}

/// Whether `text` matches `pattern`, in which each `*` represents any characters.
///
/// The search goes back at most to the last `*`, so that its time is at most quadratic, never
/// exponential.
public func matches(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
  var (i, j) = (0, 0)
  var star: (text: Int, pattern: Int)?
  while i < text.count {
    if j < pattern.count, pattern[j] == "*" {
      star = (i, j)
      j += 1
    } else if j < pattern.count, pattern[j] == text[i] {
      i += 1
      j += 1
    } else if let last = star {
      star = (last.text + 1, last.pattern)
      i = last.text + 1
      j = last.pattern + 1
    } else {
      return false
    }
  }
  return pattern[j...].allSatisfy { $0 == "*" }
}
