/// The types that an experiment file can name.
///
/// Registration is explicit: whoever brings types has one function that
/// registers them. `Sources` names no layer.
public struct Registry: Sendable {
  public var layers = Catalogue<any Layer.Type>(kind: "layer")
  public var losses = Catalogue<any Loss.Type>(kind: "loss")
  public var metrics = Catalogue<any Metric.Type>(kind: "metric")
  public var optimizers = Catalogue<any Optimizer.Type>(kind: "optimizer")
  public var schedules = Catalogue<any Schedule.Type>(kind: "schedule")
  public var initializers = Catalogue<any Initializer.Type>(kind: "initializer")
  public var generators = Catalogue<any Generator.Type>(kind: "generator")

  public init() {}

  public mutating func register(_ type: any Layer.Type) { layers[type.typeName] = type }
  public mutating func register(_ type: any Loss.Type) { losses[type.typeName] = type }
  public mutating func register(_ type: any Metric.Type) { metrics[type.typeName] = type }
  public mutating func register(_ type: any Optimizer.Type) { optimizers[type.typeName] = type }
  public mutating func register(_ type: any Schedule.Type) { schedules[type.typeName] = type }
  public mutating func register(_ type: any Initializer.Type) {
    initializers[type.typeName] = type
  }
  public mutating func register(_ type: any Generator.Type) { generators[type.typeName] = type }
}

/// The types of one kind, by name.
public struct Catalogue<Entry: Sendable>: Sendable {
  /// `layer`, `loss`, …: the kind as messages name it.
  public let kind: String

  private var entries: [String: Entry] = [:]

  init(kind: String) { self.kind = kind }

  /// `a layer: a name or {type: name, …}`, as messages ask for one.
  var request: String {
    let article = "aeiou".contains(kind.prefix(1)) ? "an" : "a"
    return "\(article) \(kind): a name or {type: name, …}"
  }

  /// Every name, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// Every type with its name, sorted.
  public var all: [(name: String, type: Entry)] {
    entries.map { ($0.key, $0.value) }.sorted { $0.name < $1.name }
  }

  /// The type of that name.
  public subscript(name: String) -> Entry? {
    get { entries[name] }
    set {
      precondition(entries[name] == nil, "the \(kind) type '\(name)' is registered twice")
      entries[name] = newValue
    }
  }

  /// The type of that name; else the mistake, with a suggestion.
  public func type(named name: String, at place: Place?) throws -> Entry {
    if let entry = entries[name] { return entry }
    throw Diagnostic(
      "unknown \(kind) type '\(name)'\(suggestion(for: name, among: names))", at: place,
      notes: [.init("known types: " + names.joined(separator: ", "))])
  }
}

extension Options {
  /// Reads `key` as a component: `{type: NAME, …options…}`, or the bare name.
  ///
  /// `make` builds the value from the type and its options; the options that it
  /// leaves unread are errors. Returns nil where the key is absent and there is
  /// no default, and where there was a mistake (which is recorded).
  public mutating func component<Entry, Value>(
    _ key: String, default fallback: String? = nil, of catalogue: Catalogue<Entry>,
    _ explanation: String = "", make: (Entry, inout Options) throws -> Value
  ) -> Value? {
    guard
      let found = node(key, catalogue.request, explanation)
        ?? fallback.map({ Node(.string($0), at: place) })
    else { return nil }
    return component(key, reading: found, of: catalogue, make: make)
  }

  /// Reads one node as a component under `key`.
  public mutating func component<Entry, Value>(
    _ key: String, reading found: Node, of catalogue: Catalogue<Entry>,
    make: (Entry, inout Options) throws -> Value
  ) -> Value? {
    let mapping: Node
    switch found.content {
    case .string(let name):
      mapping = Node(
        .map([.init(key: "type", value: Node(.string(name), at: found.place))]), at: found.place)
    case .map: mapping = found
    default:
      reject(
        key,
        Diagnostic(
          (key == catalogue.kind ? "expected" : "\(key) must be")
            + " \(catalogue.request), found \(found.kind)",
          at: found.place))
      return nil
    }
    guard let typeNode = mapping["type"] else {
      reject(
        key,
        Diagnostic(
          "missing 'type': which \(catalogue.kind)?", at: mapping.place,
          notes: [.init("known types: " + catalogue.names.joined(separator: ", "))]))
      return nil
    }
    guard case .string(let name) = typeNode.content else {
      reject(key, Diagnostic("type must be a name, found \(typeNode.kind)", at: typeNode.place))
      return nil
    }
    let entry: Entry
    do {
      entry = try catalogue.type(named: name, at: typeNode.place)
    } catch {
      reject(key, error)
      return nil
    }
    return component(key, from: mapping) { inner in
      _ = inner.string("type")
      return try make(entry, &inner)
    }
  }
}
