import NNExp

/// The classes that an experiment file declares.
enum DeclaredClasses: Sendable {
  case none
  case count(Int)
  case names([String])

  var areDeclared: Bool { if case .none = self { false } else { true } }

  /// The largest number of classes; float32 represents all smaller indices exactly.
  static let most = 1 << 24

  /// Reads the classes under `key`, which is `classes` or the name of a port.
  init(_ key: String, from options: inout Options) {
    self = .none
    let range = "the number of classes (1 to \(DeclaredClasses.most)) or the list of their names"
    guard
      let config = options.value(
        key, range, "the classes that labels may have",
        of: .either([
          .integers(1...DeclaredClasses.most),
          .list(.either([.text, .integers(Int.min...Int.max)]), 1...Int.max), .null,
        ]))
    else { return }
    if case .null = config.content { return }
    options.resolve(key, config)
    if let count = config.integer, 1...DeclaredClasses.most ~= count {
      self = .count(count)
      return
    }
    guard case .list(let items) = config.content, !items.isEmpty else {
      options.reject(key, "\(key) must be \(range), found \(config.kind)")
      return
    }
    var names: [String] = []
    var known: Set<ByteText> = []
    for item in items {
      let name: String
      switch item.content {
      case .string(let text): name = text
      case .int(let value): name = String(value)
      default:
        options.reject(
          key, Diagnostic("a class's name is a text, found \(item.kind)", at: item.location))
        return
      }
      guard known.insert(ByteText(name)).inserted else {
        options.reject(key, Diagnostic("class '\(name)' is named twice", at: item.location))
        return
      }
      names.append(name)
    }
    self = .names(names)
  }
}

/// The classes of the training data, with their labels.
///
/// The classes are in sorted order if their labels are texts, and in the order of the values
/// if their labels are numbers. If the file declares a number n of classes, the labels are
/// the indices 0..<n. If it declares names, their order is the order of the classes.
struct Labels: Sendable {
  let names: [String]

  /// Whether each label is the index of its class, from 0.
  let areIndices: Bool
  private let indices: [ByteText: Int]

  /// Classes that are already known.
  init(_ names: [String], areIndices: Bool) {
    self.names = names
    self.areIndices = areIndices
    indices =
      areIndices
      ? [:]
      : Dictionary(
        zip(names.map(ByteText.init), names.indices), uniquingKeysWith: { first, _ in first })
  }

  init(of port: SourcePort, declared: DeclaredClasses) throws {
    let found = try Labels.found(in: port, areIndices: false)
    switch declared {
    case .names(let names):
      self.names = names
      areIndices = false
    case .count(let count) where port.columns.layout.isNumeric:
      names = (0..<count).map(String.init)
      areIndices = true
    case .count(let count):
      names = found.distinct
      areIndices = false
      guard names.count == count else {
        throw Diagnostic(
          "\(count) classes are declared, but the targets hold \(names.count): \(listing(names))",
          at: port.location(0, 0))
      }
    case .none:
      names = found.distinct
      areIndices = port.columns.layout.isNumeric && names == names.indices.map(String.init)
    }
    indices =
      areIndices
      ? [:] : Dictionary(uniqueKeysWithValues: zip(names.map(ByteText.init), names.indices))
  }

  /// The class of each sample; −1 for a sample without a label.
  func classes(of port: SourcePort) throws -> [Int] {
    let found = try Labels.found(in: port, areIndices: areIndices)
    func unknown(_ row: Int, _ label: String) -> Diagnostic {
      let known =
        areIndices
        ? "the \(names.count) classes 0 to \(names.count - 1)"
        : "the classes \(listing(names))" + suggestion(for: label, among: names)
      // The labels may start at 1.
      let startAtOne =
        areIndices && found.codes.allSatisfy { 1...names.count ~= $0 || $0 == Labels.missing }
      return Diagnostic(
        "label '\(excerpt(label))' is not among \(known)", at: port.location(row, 0),
        notes: startAtOne
          ? [
            .init(
              "the labels start at 1; write "
                + (names.count <= 20
                  ? "'classes: [\((1...names.count).map(String.init).joined(separator: ", "))]'"
                  : "'target_kind: classes' without 'classes'"))
          ] : [])
    }
    if areIndices {
      return try found.codes.enumerated().map { row, code in
        if code == Labels.missing { return -1 }
        guard names.indices.contains(code) else { throw unknown(row, String(code)) }
        return code
      }
    }
    let positions = found.distinct.map { indices[ByteText($0)] }
    return try found.codes.enumerated().map { row, code in
      if code == Labels.missing { return -1 }
      guard let position = positions[code] else { throw unknown(row, found.distinct[code]) }
      return position
    }
  }

  /// The index for a missing label.
  private static let missing = Int.min

  /// The distinct labels in order, and for each sample the index of its label, or `missing`.
  /// If the labels are indices, only these are returned.
  private static func found(in port: SourcePort, areIndices: Bool) throws -> (
    distinct: [String], codes: [Int]
  ) {
    let layout = port.columns.layout
    guard layout.names.count == 1 else {
      throw Diagnostic(
        "classes need one label per sample, but each sample has \(layout.names.count) targets",
        at: port.location(0, 0))
    }
    let column = try port.columns.cells(of: 0)
    if let texts = layout.categories[0] {
      if areIndices {
        let row = column.firstIndex { !$0.isNaN } ?? 0
        throw Diagnostic(
          "expected a class index, found '\(excerpt(texts[Int(column[row])]))'",
          at: port.location(row, 0))
      }
      return (texts, column.map { $0.isNaN ? missing : Int($0) })
    }
    let numbers = try column.enumerated().map { row, value in
      if value.isNaN { return missing }
      guard let number = Int(exactly: value), number != missing else {
        throw Diagnostic(
          "a class label is a whole number or a text, found \(shortest(value))",
          at: port.location(row, 0))
      }
      return number
    }
    if areIndices { return ([], numbers) }
    let distinct = Set(numbers.filter { $0 != missing }).sorted()
    guard distinct.count <= DeclaredClasses.most else {
      throw Diagnostic(
        "the targets hold \(distinct.count) classes, more than \(DeclaredClasses.most)",
        at: port.location(0, 0))
    }
    let ranks = Dictionary(uniqueKeysWithValues: zip(distinct, distinct.indices))
    return (distinct.map(String.init), numbers.map { ranks[$0] ?? missing })
  }
}
