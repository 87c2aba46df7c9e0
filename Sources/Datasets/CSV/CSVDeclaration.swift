import NNExp

/// What an experiment file says of a CSV file.
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
  let delimiter: UInt8
  let hasHeader: Bool
  /// All columns but the targets and the split's, where it says nothing.
  let inputs: DeclaredPorts<ColumnSelection>?
  /// The last column, where it says nothing.
  let targets: DeclaredPorts<ColumnSelection>?
  /// Columns of numbers that are to be read as texts.
  let categorical: ColumnSelection?
  /// The types of columns that are not to be taken for what their first cell is.
  let types: ColumnTypes?

  var inputPorts: [PortName]? { inputs?.names }
  var targetPorts: [PortName]? { targets?.names }

  /// The settings of the training data hold where validation or test data have none of
  /// their own.
  init(from options: inout Options) {
    let model = options.surroundings?.training as? CSVDeclaration
    file = DeclaredPath("path", "the file, relative to the experiment file's folder", &options)
    let text = options.string(
      "delimiter", default: model.map { String(UnicodeScalar($0.delimiter)) } ?? ",",
      "the character between two fields")
    if let byte = text.utf8.first, text.utf8.count == 1, byte < 0x80,
      ![0x22, 0x0A, 0x0D].contains(byte)
    {
      delimiter = byte
    } else {
      delimiter = UInt8(ascii: ",")
      options.reject(
        "delimiter", "delimiter must be one ASCII character, found '\(excerpt(text))'")
    }
    hasHeader = options.bool(
      "header", default: model?.hasHeader ?? true, "the first line names the columns")
    inputs =
      DeclaredPorts("inputs", from: &options) {
        ColumnSelection(
          $0, from: &$1, "what the model reads; or {PORT: COLUMNS}",
          default: "all columns but the targets")
      } ?? model?.inputs
    targets =
      DeclaredPorts("targets", from: &options) {
        ColumnSelection(
          $0, from: &$1, "what the model learns; or {PORT: COLUMNS}", default: "the last column")
      } ?? model?.targets
    categorical =
      ColumnSelection("categorical", from: &options, "columns of numbers that are categories")
      ?? model?.categorical
    types = ColumnTypes(from: &options) ?? model?.types
    options.suggest("inputs", for: "features", "x")
    options.suggest("targets", for: "target", "label", "labels", "y")
    options.suggest("delimiter", for: "sep", "separator")
  }

  /// A file that is named on the command line, read as `model` was.
  init(_ file: DeclaredPath, like model: CSVDeclaration?, hasHeader: Bool) {
    self.file = file
    delimiter = model?.delimiter ?? UInt8(ascii: ",")
    self.hasHeader = hasHeader
    inputs = model?.inputs
    targets = model?.targets
    categorical = model?.categorical
    types = model?.types
  }
}

/// Columns as an experiment file names them: a name, a pattern `pixel_*`, a
/// range `first..last`, an index where there is no header (from 0; negative
/// from the end), or a list of these.
struct ColumnSelection: Sendable {
  let items: [Node]

  /// Nil where the key is absent or wrong.
  init?(
    _ key: String, from options: inout Options, _ explanation: String,
    default fallback: String = "none"
  ) {
    let range = "a column's name, index, pattern or range, or a list of these"
    guard let node = options.node(key, range, explanation, default: fallback) else { return nil }
    let items = if case .list(let list) = node.content { list } else { [node] }
    for item in items {
      switch item.content {
      case .string, .int: continue
      default:
        options.reject(
          key, Diagnostic("\(key) must be \(range), found \(item.kind)", at: item.place))
        return nil
      }
    }
    options.resolve(key, node)
    self.items = items
  }

  /// Exactly these names.
  init(names: [String]) { items = names.map { Node(.string($0)) } }

  /// These items, which were read elsewhere; nil if there are none.
  init?(items: [Node]) {
    if items.isEmpty { return nil }
    self.items = items
  }

  /// The columns' positions, in the order of the selection.
  func resolve(in table: CSVTable, at place: Place? = nil) throws -> [Int] {
    var columns: [Int] = []
    var selected: Set<Int> = []
    let known = Dictionary(
      zip(table.names.map(ByteText.init), table.names.indices)
    ) { first, _ in first }
    for item in items {
      for column in try positions(of: item, in: table, known, at: item.place ?? place) {
        guard selected.insert(column).inserted else {
          throw Diagnostic(
            "column '\(table.names[column])' is selected twice", at: item.place ?? place)
        }
        columns.append(column)
      }
    }
    return columns
  }

  /// - Parameter known: the first position of every name in the table.
  private func positions(
    of item: Node, in table: CSVTable, _ known: [ByteText: Int], at place: Place?
  ) throws -> [Int] {
    if !table.hasHeader, case .int(let index) = item.content {
      let position = index < 0 ? index + table.names.count : index
      guard table.names.indices.contains(position) else {
        throw Diagnostic(
          "no column \(index) in '\(table.path)', which has \(table.names.count) columns",
          at: place)
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
        let node = isIndex ? Node(.int(Int(end)!)) : Node(.string(end))
        return try positions(of: node, in: table, known, at: place)[0]
      }
      guard bounds[0] <= bounds[1] else {
        throw Diagnostic("the columns '\(text)' run backwards", at: place)
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
        + suggestion(for: text, among: table.names), at: place,
      notes: [.init("columns: " + listing(table.names))])
  }

  /// `first..last`.
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

/// True if `text` is `pattern`, in which each `*` stands for any characters.
///
/// Greedy with one step back: linear in practice, never exponential.
func matches(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
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
