import Files
public import NNExp

/// Reads a document into values with locations.
///
/// The text is YAML as read by libyaml, with the scalars of the core schema 1.2 and without
/// features that a declaration does not need: tags, merge keys, keys that are not scalars, a
/// second document. Anchors and aliases are resolved; the values of an alias keep the locations
/// where they are written. Every scalar keeps its `text`.
///
/// Limits: 1 MiB of text, also with all aliases expanded; 64 nested collections; keys of 1,024
/// characters. Reading stops at the first limit that is exceeded.
///
/// - Parameter name: the name of the text in diagnostics, such as its path.
/// - Throws: `Diagnostics` with every error up to the first that makes the rest unreadable.
public func parseYAML(_ bytes: [UInt8], name: String) throws -> ConfigValue {
  var diagnostics = Diagnostics()
  do {
    let text = try SourceText(bytes, name: name)
    var builder = TreeBuilder(source: text.source)
    return try builder.build(text.bytes)
  } catch {
    diagnostics.add(error)
    throw diagnostics
  }
}

/// Reads the bytes of a declaration: a regular file of at most 1 MiB.
public func readFile(_ path: String) throws -> [UInt8] {
  guard !path.isEmpty, !path.utf8.contains(0) else {
    throw Diagnostic("a path is needed, such as 'experiments/xor.yaml'")
  }
  // Reading one more byte than the limit shows whether the file exceeds it.
  return try FileSystem.system.read(path, limit: SourceText.limit + 1)
}

/// Reads the document of a file.
public func readYAML(path: String) throws -> ConfigValue {
  try parseYAML(readFile(path), name: path)
}

/// Builds values from libyaml's events.
///
/// Errors after which the rest is still readable are collected; other errors end the reading.
struct TreeBuilder {
  static let depthLimit = 64
  static let keyLimit = 1024
  private static let mistakeLimit = 20

  let source: SourceFile

  /// The depth of the collections around the document: that of an override's path.
  var outerDepth = 0

  /// True for the value of an override, in which `a:b` is a text like any other and comments
  /// are not expected.
  var isOverride = false

  private var diagnostics = Diagnostics()
  private var open: [Collection] = []
  private var root: Value?

  /// The values of the anchors so far; nil for a collection that is still open.
  private var anchors: [String: Value?] = [:]

  /// The size of the document so far, with aliases expanded.
  private var size = 0

  private(set) var context = SyntaxContext()

  init(source: SourceFile) { self.source = source }

  /// A complete value, and what an alias to it adds to the document.
  private struct Value {
    var config: ConfigValue
    /// The bytes of its scalars, plus two per value: about its size in the file.
    var size: Int
    /// The number of nested collections; 0 for a scalar.
    var height: Int
  }

  /// A list or map whose end has not been read.
  private struct Collection {
    var isMap: Bool
    var isFlow: Bool
    var location: SourceLocation
    var anchor: String?
    var items: [ConfigValue] = []
    var entries: [ConfigValue.Entry] = []
    /// The locations of the keys. Keys that look the same are equal, because no reader could
    /// distinguish them.
    var locations: [String: SourceLocation] = [:]
    var key: ConfigValue?
    var isKeyPlain = true
    var sizeBefore: Int
    var height = 1

    // `key == nil` would copy the key, because values are Equatable.
    var awaitsKey: Bool { if case nil = key { isMap } else { false } }
  }

  mutating func build(_ bytes: [UInt8]) throws -> ConfigValue {
    do {
      try read(bytes)
    } catch let error as ReadingError {
      let failure = diagnostic(of: error)
      // A missing space may have been reported before it made the rest unreadable.
      if failure.location == nil || failure.location != diagnostics.list.last?.location {
        diagnostics.add(failure)
      }
    } catch {
      diagnostics.add(error)
    }
    try diagnostics.throwIfAny()
    return root?.config ?? ConfigValue(.null)
  }

  private mutating func read(_ bytes: [UInt8]) throws {
    let reader = try EventReader(bytes)
    while true {
      let event = try reader.next()
      context.note(event)
      switch event.kind {
      case .streamStart, .documentStart:
        break
      case .streamEnd:
        throw emptyDocument
      case .documentEnd:
        try refuseMore(after: context.end)
        return
      case .alias(let name):
        try alias(name, at: event.start)
      case .scalar(let text, let isPlain, let properties):
        try scalar(text, isPlain: isPlain, properties, at: event)
      case .listStart(let isFlow, let properties):
        try begin(isMap: false, isFlow: isFlow, properties, at: event.start)
      case .mapStart(let isFlow, let properties):
        try begin(isMap: true, isFlow: isFlow, properties, at: event.start)
      case .listEnd, .mapEnd:
        end()
      }
      if diagnostics.list.count >= TreeBuilder.mistakeLimit { return }
    }
  }

  // MARK: Values

  private mutating func scalar(
    _ text: String, isPlain: Bool, _ properties: Event.Properties, at event: Event
  ) throws {
    refuseTag(properties.tag, at: event.start)
    let location = location(event.start)
    if open.isEmpty, isPlain, text.isEmpty, properties.anchor == nil { throw emptyDocument }

    if open.last?.awaitsKey == true {
      try key(text, isPlain: isPlain, at: location)
      if let anchor = properties.anchor {
        anchors[anchor] = Value(
          config: ConfigValue(.string(text), at: location, text: text), size: text.utf8.count + 2,
          height: 0)
      }
      return
    }
    if isPlain { refuseMissingSpace(in: text, at: event) }
    let content = isPlain ? coreSchemaValue(of: text) : .string(text)
    let value = Value(
      config: ConfigValue(content, at: location, text: text), size: text.utf8.count + 2, height: 0)
    if let anchor = properties.anchor { anchors[anchor] = value }
    size += value.size
    add(value)
  }

  private mutating func key(_ text: String, isPlain: Bool, at location: SourceLocation) throws {
    guard text.unicodeScalars.count <= TreeBuilder.keyLimit else {
      throw Diagnostic("a key is longer than 1,024 characters, the limit of a key", at: location)
    }
    if isPlain, text == "<<" {
      diagnostics.add(
        Diagnostic("merge keys are not supported; write the keys themselves", at: location))
    } else if isPlain, text.isEmpty {
      diagnostics.add(Diagnostic("a key is missing before ':'", at: location))
    } else if let first = open[open.count - 1].locations.updateValue(location, forKey: text) {
      open[open.count - 1].locations[text] = first
      diagnostics.add(
        Diagnostic(
          "duplicate key '\(text)'; remove one of the two", at: location,
          notes: [.init("the first '\(text)' is here", at: first)]))
    }
    size += text.utf8.count + 2
    open[open.count - 1].key = ConfigValue(.string(text), at: location, text: text)
    open[open.count - 1].isKeyPlain = isPlain
  }

  private mutating func alias(_ name: String, at mark: Mark) throws {
    let location = location(mark)
    if open.last?.awaitsKey == true {
      throw Diagnostic("a key must be a text, found the alias '*\(name)'", at: location)
    }
    guard let known = anchors[name] else {
      let hint = suggestion(for: name, among: anchors.keys.sorted())
      let remedy =
        hint.isEmpty
        ? "; put '&\(name)' before the value it repeats, or quote a text that begins with '*'"
        : hint
      diagnostics.add(
        Diagnostic("no anchor '&\(name)' is defined above this alias\(remedy)", at: location))
      add(Value(config: ConfigValue(.null, at: location), size: 0, height: 0))
      return
    }
    guard let value = known else {
      throw Diagnostic("alias '*\(name)' is inside the value that it repeats", at: location)
    }
    if outerDepth + open.count + value.height > TreeBuilder.depthLimit {
      throw tooDeep(at: location)
    }
    size += value.size
    guard size <= SourceText.limit else {
      throw Diagnostic(
        "alias '*\(name)' makes the declaration larger than 1 MiB, the limit with every alias "
          + "written out",
        at: location)
    }
    add(value)
  }

  private mutating func begin(
    isMap: Bool, isFlow: Bool, _ properties: Event.Properties, at mark: Mark
  ) throws {
    refuseTag(properties.tag, at: mark)
    let location = location(mark)
    if open.last?.awaitsKey == true {
      throw Diagnostic("a key must be a text, found a \(isMap ? "mapping" : "list")", at: location)
    }
    if outerDepth + open.count >= TreeBuilder.depthLimit { throw tooDeep(at: location) }
    if let anchor = properties.anchor { anchors[anchor] = .some(nil) }
    open.append(
      Collection(
        isMap: isMap, isFlow: isFlow, location: location, anchor: properties.anchor,
        sizeBefore: size))
    size += 2
  }

  private mutating func end() {
    guard let collection = open.popLast() else { return }
    let content: ConfigValue.Content =
      collection.isMap ? .map(collection.entries) : .list(collection.items)
    let value = Value(
      config: ConfigValue(content, at: collection.location), size: size - collection.sizeBefore,
      height: collection.height)
    // A collection inside may have redefined the anchor.
    if let anchor = collection.anchor, case .some(.none) = anchors[anchor] {
      anchors[anchor] = value
    }
    add(value)
  }

  private mutating func add(_ value: Value) {
    guard !open.isEmpty else {
      root = value
      return
    }
    let last = open.count - 1
    open[last].height = max(open[last].height, value.height + 1)
    guard open[last].isMap else {
      open[last].items.append(value.config)
      return
    }
    guard let key = open[last].key, case .string(let text) = key.content else { return }
    open[last].key = nil
    open[last].entries.append(.init(key: text, keyLocation: key.location, value: value.config))
  }

  // MARK: Errors

  private func location(_ mark: Mark) -> SourceLocation {
    SourceLocation(source: source, line: mark.line + 1, column: mark.column + 1)
  }

  private var emptyDocument: Diagnostic {
    Diagnostic(
      "empty document; write at least one 'key: value'",
      at: SourceLocation(source: source, line: 1, column: 1))
  }

  private func tooDeep(at location: SourceLocation) -> Diagnostic {
    Diagnostic("nested deeper than 64 lists or mappings", at: location)
  }

  private mutating func refuseTag(_ tag: String?, at mark: Mark) {
    guard let tag else { return }
    // If an anchor comes first, the mark is the anchor's.
    let line = source.characters(ofLine: mark.line)
    let column = line.dropFirst(mark.column).firstIndex(of: "!") ?? mark.column
    let standard = "tag:yaml.org,2002:"
    let name =
      tag.hasPrefix(bytes: standard)
      ? "!!" + Substring(tag.utf8.dropFirst(standard.utf8.count)) : tag
    diagnostics.add(
      Diagnostic(
        "tags are not supported; remove '\(name)', or quote a text that begins with '!'",
        at: location(Mark(line: mark.line, column: column))))
  }

  /// Reports `lr:0.1` if YAML reads it as a text where probably no text was meant: as the whole
  /// document, on a line by itself below a key, or as a key without a value in `{…}`.
  private mutating func refuseMissingSpace(in text: String, at event: Event) {
    guard !isOverride else { return }
    var failure: Diagnostic?
    if let collection = open.last {
      guard let key = collection.key, let keyLocation = key.location else { return }
      let keyMark = Mark(line: keyLocation.line - 1, column: keyLocation.column - 1)
      if !collection.isFlow {
        if event.start.line > keyMark.line { failure = missingSpace(at: event.start) }
      } else if text.isEmpty, collection.isKeyPlain {
        failure = missingSpace(at: keyMark, in: key.text)
      }
    } else {
      failure = missingSpace(at: event.start)
    }
    if let failure { diagnostics.add(failure) }
  }

  /// Throws if the document is followed by anything but comments and `...`.
  private func refuseMore(after end: Mark) throws {
    var mark = end
    var isEnded = false
    while mark.line < source.lines.count {
      let line = source.characters(ofLine: mark.line)
      let rest = line.dropFirst(mark.column)
      if let column = rest.firstIndex(where: { $0 != " " && $0 != "\t" }),
        rest[column] != "#" || isOverride
      {
        let here = location(Mark(line: mark.line, column: column))
        if rest[column] == "#" {
          throw Diagnostic("'#' after a space begins a comment; quote the whole value", at: here)
        }
        let sign = column == 0 ? line.prefix(3).map(String.init).joined() : ""
        guard sign == "..." else {
          if isEnded || sign == "---" {
            throw Diagnostic("a second document; a file contains one declaration", at: here)
          }
          if let begun = context.block, column < begun.column {
            throw wrongIndentation(
              expected: [begun.column], at: Mark(line: mark.line, column: column))
          }
          throw Diagnostic(
            "text after the end of the document; a declaration is one mapping", at: here)
        }
        isEnded = true
      }
      mark = Mark(line: mark.line + 1, column: 0)
    }
  }
}

extension SourceFile {
  /// The characters of a line, counted from 0; none beyond the last line.
  func characters(ofLine line: Int) -> [Unicode.Scalar] {
    lines.indices.contains(line) ? Array(lines[line].unicodeScalars) : []
  }
}
