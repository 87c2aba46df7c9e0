/// The components of one kind, by name.
public struct ComponentRegistry<Value: Sendable>: ComponentKind {
  /// The kind's name in messages, such as `layer`, and its plural.
  public let kind: String
  public let plural: String

  /// The names in the order of registration. There are few per kind, so they are searched
  /// linearly.
  public private(set) var order: [String] = []

  /// The components, in the same order.
  private var entries: [ComponentType<Value>] = []

  init(kind: String, plural: String) {
    self.kind = kind
    self.plural = plural
  }

  /// The words with which messages ask for a component: `a layer: a name or {type: name, …}`.
  var request: String {
    let article = "aeiou".contains(kind.prefix(1)) ? "an" : "a"
    return "\(article) \(kind): a name or {type: name, …}"
  }

  /// Every name, sorted.
  public var names: [String] { order.sorted() }

  /// Every component, sorted by name.
  public var all: [ComponentType<Value>] { entries.sorted { $0.name < $1.name } }

  /// The component of that name.
  public subscript(name: String) -> ComponentType<Value>? {
    order.firstIndex(of: name).map { entries[$0] }
  }

  /// Adds a component.
  ///
  /// - Precondition: no component has the same name.
  public mutating func add(_ type: ComponentType<Value>) {
    precondition(
      !order.contains(type.name), "the \(kind) type '\(type.name)' is registered twice")
    order.append(type.name)
    entries.append(type)
  }

  /// The component with this name; throws an error with a suggestion if there is none.
  public func type(named name: String, at location: SourceLocation?) throws -> ComponentType<Value>
  {
    if let entry = self[name] { return entry }
    let hint =
      ownName(of: name).map { "; did you mean '\($0)'?" } ?? suggestion(for: name, among: names)
    throw Diagnostic(
      "unknown \(kind) type '\(name)'\(hint)", at: location,
      notes: [.init("known types: " + names.joined(separator: ", "))])
  }

}

extension Options {
  /// Reads `key` as a component: `{type: NAME, …options…}`, or the bare name.
  ///
  /// `make` builds the value from the type and its options; unread options are errors.
  /// Returns nil if the key is absent and there is no default, and after an error
  /// (which is recorded).
  public mutating func component<Entry, Value>(
    _ key: String, default fallback: String? = nil, of registry: ComponentRegistry<Entry>,
    _ explanation: String = "", make: (ComponentType<Entry>, inout Options) throws -> Value
  ) -> Value? {
    guard
      let found = value(
        key, registry.request, explanation, default: fallback, of: .component(registry.kind))
        ?? fallback.map({ ConfigValue(.string($0), at: location) })
    else { return nil }
    return component(key, reading: found, of: registry, make: make)
  }

  /// Reads a given value as a component; `key` is its name in messages.
  public mutating func component<Entry, Value>(
    _ key: String, reading found: ConfigValue, of registry: ComponentRegistry<Entry>,
    make: (ComponentType<Entry>, inout Options) throws -> Value
  ) -> Value? {
    let mapping: ConfigValue
    switch found.content {
    case .string(let name):
      mapping = ConfigValue(
        .map([.init(key: "type", value: ConfigValue(.string(name), at: found.location))]),
        at: found.location)
    case .map: mapping = found
    default:
      reject(
        key,
        Diagnostic(
          (key == registry.kind ? "expected" : "\(key) must be")
            + " \(registry.request), found \(found.kind)",
          at: found.location))
      return nil
    }
    let entry: ComponentType<Entry>
    do {
      entry = try registry.type(of: mapping)
    } catch {
      reject(key, error)
      return nil
    }
    return component(key, from: mapping) { inner in
      _ = inner.string("type", "one of those that nnexp types lists")
      return try make(entry, &inner)
    }
  }

  /// Reads this mapping itself as a component.
  package mutating func typed<Entry, Value>(
    of registry: ComponentRegistry<Entry>,
    make: (ComponentType<Entry>, inout Options) throws -> Value
  ) throws -> Value {
    let type: ComponentType<Entry>
    do {
      type = try registry.type(of: ConfigValue(.map(entries), at: location))
    } catch {
      // All other options belong to the type, which reports unread ones.
      isRead = entries.map { _ in true }
      throw error
    }
    _ = string("type", "one of those that nnexp types lists")
    document("type", .component(registry.kind))
    return try make(type, &self)
  }
}

extension ComponentRegistry {
  /// The component that the key `type` of a mapping names.
  fileprivate func type(of mapping: ConfigValue) throws -> ComponentType<Value> {
    guard let type = mapping["type"] else {
      throw Diagnostic(
        "missing 'type': which \(kind)?", at: mapping.location,
        notes: [
          .init(
            remedy(for: mapping) ?? "known types: " + names.joined(separator: ", "))
        ])
    }
    guard case .string(let name) = type.content else {
      throw Diagnostic("type must be a name, found \(type.kind)", at: type.location)
    }
    return try self.type(named: name, at: type.location)
  }

  /// The correct text for `{dropout: 0.5}`, whose first key is a type; nil for other mappings.
  private func remedy(for mapping: ConfigValue) -> String? {
    guard case .map(let entries) = mapping.content, let first = entries.first,
      let type = self[first.key] ?? ownName(of: first.key).flatMap({ self[$0] })
    else { return nil }
    let options: [ConfigValue.Entry]
    switch first.value.content {
    case .map(let inner): options = inner
    case .null: return "write \(type.name)"
    default:
      let keys = type.options
      guard let key = keys.first(where: { $0.fallback == nil }) ?? keys.first else {
        return "write \(type.name)"
      }
      options = [.init(key: key.key, value: first.value)]
    }
    let whole = [.init(key: "type", value: ConfigValue(.string(type.name)))] + options
    return "write " + ConfigValue(.map(whole + entries.dropFirst())).flow
  }
}
