import NNExp

/// Samples in the experiment file: a list of rows of numbers for the inputs and one for the
/// targets. A number is a row of one number. Targets can also be names of classes, and null
/// is a missing target.
struct InlineData: PortSource, Component {
  static let typeName = "inline"
  static let documentation = Documentation(
    "samples in the experiment file itself",
    example: "data: {inline: {inputs: [[0, 1], [1, 0]], targets: [[0], [1]]}}")

  private let inputs: DeclaredPorts<Rows>
  private let targets: DeclaredPorts<Rows>

  var inputPorts: [PortName]? { inputs.names }
  var targetPorts: [PortName]? { targets.names }

  init(from options: inout Options) throws {
    let inputs = DeclaredPorts("inputs", from: &options) { Rows($0, .inputs, from: &$1) }
    let targets = DeclaredPorts("targets", from: &options) { Rows($0, .targets, from: &$1) }
    // Errors in either are recorded.
    guard let inputs, let targets else { throw Diagnostics() }
    let first = inputs.ports[0]
    for port in inputs.ports.dropFirst() + targets.ports
    where port.value.count != first.value.count {
      options.reject(
        "",
        Diagnostic(
          "\(InlineData.counted(port)) for \(InlineData.counted(first))", at: port.location,
          notes: [
            .init(
              "the \(first.name.map { "inputs of port '\($0)'" } ?? "inputs")", at: first.location)
          ]))
    }
    self.inputs = inputs
    self.targets = targets
  }

  /// The count with its port, such as `2 inputs` or `3 targets of port 'a'`.
  private static func counted(_ port: DeclaredPorts<Rows>.Port) -> String {
    Datasets.counted(port.value.count, port.value.half.noun)
      + (port.name.map { " of port '\($0)'" } ?? "")
  }

  func read(_ request: DataRequest) throws -> SourceSamples {
    for port in targets.ports where !request.settings.incomplete.contains(port.name ?? "target") {
      guard let (row, missing) = port.value.missing, row < request.limit ?? Int.max else {
        continue
      }
      throw Diagnostic(
        "expected a number in \(port.name ?? "targets"), found nothing", at: missing.location,
        notes: [missingTargetNote])
    }
    func ports(_ declared: DeclaredPorts<Rows>) -> [SourcePort] {
      declared.ports.map { port in
        let rows = port.value
        let locations = rows.locations
        return SourcePort(
          name: port.name,
          columns: rows.columns(named: port.name ?? rows.half.noun, limit: request.limit),
          axes: [rows.width], location: { row, _ in locations[row] })
      }
    }
    return SourceSamples(SourceRows(inputs: ports(inputs), targets: ports(targets)))
  }
}

/// Rows of equal length.
private struct Rows: Sendable {
  let half: SourceRows.Half
  private(set) var width = 1
  private(set) var locations: [SourceLocation?] = []

  /// The first missing number and its row.
  private(set) var missing: (row: Int, item: ConfigValue)?

  /// The numbers; NaN if one is missing, as nil is in the texts.
  private var numbers: [Double] = []
  private var texts: [String?] = []
  private var areTexts = false

  var count: Int { locations.count }

  init?(_ key: String, _ half: SourceRows.Half, from options: inout Options) {
    self.half = half
    let isTarget = half == .targets
    let range =
      isTarget ? "a list of rows of numbers, or of class names" : "a list of rows of numbers"
    let explanation = "one row per sample; or {PORT: ROWS}"
    guard let config = options.value(key, range, explanation, default: nil) else {
      options.reject(key, "missing '\(key)': \(range) is required")
      return nil
    }
    options.resolve(key, config)
    guard case .list(let rows) = config.content, !rows.isEmpty else {
      let found = if case .list = config.content { "an empty list" } else { config.kind }
      options.reject(key, "\(key) must be \(range), found \(found)")
      return nil
    }
    var isSound = true
    func reject(_ message: String, _ config: ConfigValue, notes: [Diagnostic.Note] = []) {
      isSound = false
      options.reject(key, Diagnostic(message, at: config.location, notes: notes))
    }
    let model = rows.first { !isTarget || !$0.isNull } ?? rows[0]
    width = model.items.count
    for row in rows {
      var items = row.items
      if isTarget, row.isNull { items = Array(repeating: row, count: width) }
      guard !items.isEmpty else {
        reject("a row of \(key) is empty", row)
        continue
      }
      guard items.count == width else {
        reject(
          "this row has \(counted(items.count, "number")), but the first has \(width)", row,
          notes: [.init("the first row", at: model.location)])
        continue
      }
      for item in items {
        if let number = item.number {
          guard number.isFinite else {
            reject("\(key) must be finite, found \(item.kind)", item)
            continue
          }
          numbers.append(number)
        } else if isTarget, item.isNull {
          if missing == nil { missing = (locations.count, item) }
          numbers.append(.nan)
          texts.append(nil)
        } else if isTarget, width == 1, case .string(let text) = item.content {
          texts.append(text)
        } else {
          reject("expected a number in \(key), found \(item.kind)", item)
        }
      }
      locations.append(row.location)
    }
    areTexts = texts.contains { $0 != nil }
    if isSound, areTexts, numbers.contains(where: { !$0.isNaN }) {
      let present = rows.filter { !$0.items[0].isNull }
      let isNumber = present[0].items[0].number != nil
      let odd = present.first { ($0.items[0].number != nil) != isNumber } ?? rows[0]
      reject(
        "\(key) are numbers or class names, not both: expected "
          + "\(isNumber ? "a number" : "a text") as in the first row", odd)
    }
    guard isSound else { return nil }
  }

  func columns(named stem: String, limit: Int?) -> SourceColumns {
    let count = min(self.count, limit ?? Int.max)
    guard areTexts else {
      return SourceColumns(
        numbers, stride: width, count: count, layout: ColumnLayout(width, named: stem))
    }
    let texts = texts.map { $0.map(ByteText.init) }
    let names = Set(texts.prefix(count).compactMap { $0 })
      .sorted { $0.text.precedes(byBytes: $1.text) }
    let codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Double($0)) })
    return SourceColumns(
      texts.map { text in text.map { codes[$0] ?? 0 } ?? .nan }, stride: 1, count: count,
      layout: ColumnLayout(names: [stem], categories: [names.map(\.text)]))
  }
}

extension ConfigValue {
  /// The items of a row; a number is a row of one item.
  fileprivate var items: [ConfigValue] {
    if case .list(let items) = content { items } else { [self] }
  }

  var isNull: Bool { if case .null = content { true } else { false } }
}
