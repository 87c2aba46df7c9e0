public import NNExp

/// Replaces values of the tree by values from the command line.
///
///     train.epochs=10            a key of the file
///     model.hidden.units=4       the layer named 'hidden'
///     model.dense.units=4        the one layer of type 'dense'
///     model.0.units=4            the first layer
///     +train.record_every=10     a key that the file lacks
///
///     train.optimizer.momentum=0.9   an option of a type of which the file has only the name
///
/// Values are YAML: numbers, texts, `[a, b]`, `{a: b}`. If two overrides have the same path,
/// the later one applies. All errors are reported with their locations in the overrides.
///
/// - Parameters:
///   - isType: whether a text is the name of a type, which can be written instead of a
///     mapping.
///   - notes: the notes about a key that is not in the file, for its path and the tree with the
///     key added; nil to suggest the addition.
public func apply(
  overrides: [String], to root: ConfigValue, isType: (String) -> Bool = { _ in false },
  notes: (_ path: [String], _ added: ConfigValue) -> [Diagnostic.Note]? = { _, _ in nil }
) throws -> ConfigValue {
  var root = root
  var diagnostics = Diagnostics()
  for text in overrides {
    do {
      let override = try Override(text)
      do {
        root = try override.applied(to: root, at: 0, isType)
      } catch let missing as MissingKey {
        var diagnostic = missing.diagnostic
        if let added = try? Override("+" + text).applied(to: root, at: 0, isType),
          let notes = notes(override.parts.map(\.name), added)
        {
          diagnostic.notes = notes
        }
        throw diagnostic
      }
    } catch { diagnostics.add(error) }
  }
  try diagnostics.throwIfAny()
  return root
}

/// The name of the command line in locations.
public let overrideSource = "command line"

/// A key that is not in the file, in an override without '+'.
private struct MissingKey: Error { let diagnostic: Diagnostic }

/// An override `path=value`.
private struct Override {
  let text: String
  let isAddition: Bool
  let parts: [(name: String, location: SourceLocation)]
  let value: ConfigValue

  init(_ text: String) throws {
    self.text = text
    let source = try SourceText(Array(text.utf8), name: overrideSource).source
    func location(_ column: Int) -> SourceLocation {
      SourceLocation(source: source, line: 1, column: column)
    }

    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw Diagnostic(
        "an override is path=value, such as train.epochs=10", at: location(1))
    }
    isAddition = text.utf8.first == UInt8(ascii: "+")
    let path = text.utf8[..<equals].dropFirst(isAddition ? 1 : 0)
    var column = isAddition ? 2 : 1
    parts = path.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { part in
      let name = String(Substring(part))
      defer { column += name.unicodeScalars.count + 1 }
      return (name, location(column))
    }
    if let empty = parts.first(where: { $0.name.isEmpty }) {
      throw Diagnostic("a key is missing in the path of the override", at: empty.location)
    }
    guard parts.count <= TreeBuilder.depthLimit else {
      throw Diagnostic(
        "nested deeper than 64 lists or mappings", at: parts[TreeBuilder.depthLimit].location)
    }
    if let long = parts.first(where: { $0.name.unicodeScalars.count > TreeBuilder.keyLimit }) {
      throw Diagnostic(
        "a key is longer than 1,024 characters, the limit of a key", at: long.location)
    }
    let value = text.utf8[text.utf8.index(after: equals)...]
    guard let first = value.first(where: { !" \t\n\r".utf8.contains($0) }) else {
      throw Diagnostic(
        "a value is missing; write \(Substring(path))=null for none",
        at: location(text.unicodeScalars.count + 1))
    }
    // Spaces replace the path, so that the columns of the value are correct.
    let width = text[...equals].unicodeScalars.count
    if first == UInt8(ascii: "#") {
      throw Diagnostic(
        "'#' begins a comment; quote a text that begins with it", at: location(width + 1))
    }
    var builder = TreeBuilder(source: source)
    builder.isOverride = true
    builder.outerDepth = parts.count
    self.value = try builder.build(Array(repeating: UInt8(ascii: " "), count: width) + value)
  }

  /// The path up to and including a part: `train.epochs`.
  private func path(through part: Int) -> String {
    parts[...part].map(\.name).joined(separator: ".")
  }

  /// A copy of the value in which the override replaces the element at `parts[part...]`.
  ///
  /// - Parameter mayAdd: whether the file names only the type of the mapping, so that all
  ///   other keys are missing.
  func applied(
    to config: ConfigValue, at part: Int, mayAdd: Bool = false, _ isType: (String) -> Bool
  ) throws -> ConfigValue {
    guard part < parts.count else {
      if isAddition {
        throw Diagnostic(
          "the file has '\(path(through: part - 1))' already; write it without '+'",
          at: parts[part - 1].location, notes: [.init("it is here", at: config.location)])
      }
      return value
    }
    var config = config
    switch config.content {
    case .map(var entries):
      let name = parts[part].name
      if let index = entries.firstIndex(where: { $0.key.hasSameBytes(as: name) }) {
        var value = entries[index].value
        var isShort = false
        // A type's name is short for a mapping with that type.
        if part + 1 < parts.count, case .string(let text) = value.content, isType(text) {
          value = ConfigValue(.map([.init(key: "type", value: value)]), at: value.location)
          isShort = true
        }
        entries[index].value = try applied(to: value, at: part + 1, mayAdd: isShort, isType)
      } else if isAddition || mayAdd {
        entries.append(
          ConfigValue.Entry(
            key: name, keyLocation: parts[part].location, value: added(from: part + 1)))
      } else {
        throw missing(part, among: entries.map(\.key))
      }
      config.content = .map(entries)
    case .list(var items):
      let index = try element(parts[part], of: items)
      var isShort = false
      if part + 1 < parts.count, case .string(let text) = items[index].content {
        isShort = isType(text)
        let type = ConfigValue.Entry(key: "type", value: items[index])
        items[index] = ConfigValue(.map([type]), at: items[index].location)
      }
      items[index] = try applied(to: items[index], at: part + 1, mayAdd: isShort, isType)
      config.content = .list(items)
    case .null:
      guard isAddition else { throw missing(part, among: []) }
      config.content = .map([
        .init(
          key: parts[part].name, keyLocation: parts[part].location, value: added(from: part + 1))
      ])
    default:
      let owner = part == 0 ? "the file" : "'\(path(through: part - 1))'"
      throw Diagnostic(
        "\(owner) is \(config.kind); it has no '\(parts[part].name)'",
        at: parts[part].location)
    }
    return config
  }

  private func missing(_ part: Int, among keys: [String]) -> MissingKey {
    let hint = suggestion(for: parts[part].name, among: keys)
    var notes = [Diagnostic.Note("write +\(text) to add it")]
    if hint.isEmpty, !keys.isEmpty { notes.insert(.init("keys there: " + listed(keys)), at: 0) }
    return MissingKey(
      diagnostic: Diagnostic(
        "the file has no '\(path(through: part))'\(hint)", at: parts[part].location, notes: notes))
  }

  private func listed(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
  }

  /// The value, wrapped in mappings for the remaining parts of the path, which the file lacks.
  private func added(from part: Int) -> ConfigValue {
    parts[part...].reversed().reduce(value) { inner, part in
      ConfigValue(
        .map([.init(key: part.name, keyLocation: part.location, value: inner)]), at: part.location)
    }
  }

  /// The index of the element that a part selects: by position, by name, or by type if only one
  /// element has it.
  private func element(_ part: (name: String, location: SourceLocation), of items: [ConfigValue])
    throws -> Int
  {
    if let index = Int(part.name) {
      guard items.indices.contains(index) else {
        throw Diagnostic(
          "there is no element \(index); the list has \(items.count), counted from 0",
          at: part.location)
      }
      return index
    }
    func text(_ config: ConfigValue?) -> String? {
      if case .string(let text)? = config?.content { text } else { nil }
    }
    if let named = items.firstIndex(where: {
      text($0["name"])?.hasSameBytes(as: part.name) ?? false
    }) {
      return named
    }
    let types = items.map { text($0["type"]) ?? text($0) }
    let ofType = types.indices.filter { types[$0]?.hasSameBytes(as: part.name) ?? false }
    if ofType.count == 1 { return ofType[0] }
    if ofType.count > 1 {
      throw Diagnostic(
        "\(ofType.count) elements have the type '\(part.name)'; use a name or a position",
        at: part.location,
        notes: [.init("they are at " + ofType.map(String.init).joined(separator: ", "))])
    }
    let known = zip(items, types).compactMap { text($0["name"]) ?? $1 }
    let hint = suggestion(for: part.name, among: known + types.compactMap { $0 })
    throw Diagnostic(
      "no element is named '\(part.name)'\(hint)", at: part.location,
      notes: hint.isEmpty && !known.isEmpty ? [.init("elements there: " + listed(known))] : [])
  }
}
