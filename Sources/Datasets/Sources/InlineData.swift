import NNExp

/// Samples written out in the experiment file: a list of rows of numbers each
/// for inputs and targets; one number stands for a row of one. Targets may be
/// class names instead.
struct InlineData: DataSource, Component {
  static let typeName = "inline"
  static let documentation = Documentation(
    "samples written out in the experiment file",
    example: "data: {inline: {inputs: [[0, 1], [1, 0]], targets: [[0], [1]]}}")

  private let inputs: Rows
  private let targets: Rows

  init(from options: inout Options) throws {
    let inputs = Rows("inputs", from: &options)
    let targets = Rows("targets", mayBeText: true, from: &options)
    // An error in either is recorded.
    guard let inputs, let targets else { throw Diagnostics() }
    guard inputs.count == targets.count else {
      options.reject(
        "targets", "\(counted(targets.count, "target")) for \(counted(inputs.count, "input"))",
        notes: [.init("the inputs", at: options.place(of: "inputs"))])
      throw Diagnostics()
    }
    self.inputs = inputs
    self.targets = targets
  }

  func read(_ request: DataRequest) -> SourceSamples {
    let places = (inputs.places, targets.places)
    return SourceSamples(
      RawData(
        inputs: inputs.columns(named: "input", limit: request.limit),
        targets: targets.columns(named: "target", limit: request.limit),
        inputAxes: [inputs.width], targetAxes: [targets.width],
        place: { row, half, _ in half == .inputs ? places.0[row] : places.1[row] }))
  }
}

/// Rows of as many numbers each.
private struct Rows: Sendable {
  private(set) var width = 0
  private(set) var places: [Place?] = []
  private var numbers: [Double] = []
  private var texts: [String] = []

  var count: Int { places.count }

  init?(_ key: String, mayBeText: Bool = false, from options: inout Options) {
    let range =
      mayBeText
      ? "a list of rows of numbers, or of class names" : "a list of rows of numbers"
    guard let node = options.node(key, range) else {
      options.reject(key, "missing '\(key)': \(range) is required")
      return nil
    }
    options.resolve(key, node)
    guard case .list(let rows) = node.content, !rows.isEmpty else {
      let found = if case .list = node.content { "an empty list" } else { node.kind }
      options.reject(key, "\(key) must be \(range), found \(found)")
      return nil
    }
    var isSound = true
    func reject(_ message: String, _ node: Node, notes: [Diagnostic.Note] = []) {
      isSound = false
      options.reject(key, Diagnostic(message, at: node.place, notes: notes))
    }
    for row in rows {
      let items = if case .list(let items) = row.content { items } else { [row] }
      if places.isEmpty { width = items.count }
      guard !items.isEmpty else {
        reject("a row of \(key) is empty", row)
        continue
      }
      guard items.count == width else {
        reject(
          "this row has \(counted(items.count, "number")), but the first has \(width)", row,
          notes: [.init("the first row", at: rows[0].place)])
        continue
      }
      for item in items {
        if let number = item.number {
          guard number.isFinite else {
            reject("\(key) must be finite, found \(item.kind)", item)
            continue
          }
          numbers.append(number)
        } else if mayBeText, width == 1, case .string(let text) = item.content {
          texts.append(text)
        } else {
          reject("expected a number in \(key), found \(item.kind)", item)
        }
      }
      places.append(row.place)
    }
    if isSound, !texts.isEmpty, !numbers.isEmpty {
      let firstIsNumber = rows[0].number != nil || isNumberRow(rows[0])
      let odd = rows.first { ($0.number != nil || isNumberRow($0)) != firstIsNumber } ?? rows[0]
      reject(
        "\(key) are numbers or class names, not both: expected "
          + "\(firstIsNumber ? "a number" : "a text") as in the first row", odd)
    }
    guard isSound else { return nil }
  }

  func columns(named stem: String, limit: Int?) -> RawColumns {
    let count = min(self.count, limit ?? Int.max)
    guard !texts.isEmpty else {
      return RawColumns(
        numbers, stride: width, count: count, layout: ColumnLayout(width, named: stem))
    }
    let texts = texts.map(ByteText.init)
    let names = Set(texts.prefix(count)).sorted { $0.text.precedes(byBytes: $1.text) }
    let codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Double($0)) })
    return RawColumns(
      texts.map { codes[$0] ?? 0 }, stride: 1, count: count,
      layout: ColumnLayout(names: [stem], categories: [names.map(\.text)]))
  }
}

private func isNumberRow(_ row: Node) -> Bool {
  if case .list(let items) = row.content { items[0].number != nil } else { false }
}
