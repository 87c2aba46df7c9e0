/// Mappings within a mapping: a node's own keys, sections and components.
extension Options {
  // MARK: Keys of the node

  /// The names that a layer's node gives its inputs with `inputs: {gate: a, values: b}`, in
  /// order; nil if it does not name them.
  public mutating func inputNames() -> [String]? {
    readsInputNames = true
    if !known.contains("inputs") {
      _ = value(
        "inputs", "a mapping from names to nodes", "the inputs, by their names in the layer")
    }
    guard case .map(let entries)? = entry("inputs")?.content else { return nil }
    return entries.map(\.key)
  }

  /// The entries of a node's `parameters`, for a layer that lets the file declare its parameters.
  /// An entry with a text is a tensor that is shared with another node.
  public mutating func declaredParameters() -> [ConfigValue.Entry] {
    readsParameters = true
    if !known.contains("parameters") {
      _ = value("parameters", "a mapping from names to parameters", "the parameters to learn")
    }
    guard case .map(let entries)? = entry("parameters")?.content else { return [] }
    return entries
  }

  // MARK: Nested mappings

  /// Reads the mapping under `key` with separate options. An absent mapping is read as empty,
  /// so that its defaults are known. Errors are recorded here.
  public mutating func section<Value>(
    _ key: String, _ explanation: String = "", _ body: (inout Options) throws -> Value
  ) -> Value? {
    let found = readValue(key, range: "a mapping", fallback: "{}", explanation)
    document(key, .keys)
    return component(key, from: found ?? ConfigValue(.null, at: location), body)
  }

  /// Reads `value` as the options under `key`, and records unread keys as errors.
  public mutating func component<Value>(
    _ key: String, from config: ConfigValue, _ body: (inout Options) throws -> Value
  ) -> Value? {
    var inner = Options(config, describing: isDescribing)
    inner.surroundings = surroundings
    var value: Value?
    do {
      value = try body(&inner)
    } catch {
      inner.diagnostics.add(error, at: config.location ?? location)
    }
    if config.isMapping {
      inner.rejectUnread()
    } else {
      // After the reading without options, the keys are known.
      inner.diagnostics = Diagnostics([
        Diagnostic(
          "\(key) must be a mapping, found \(config.kind)", at: config.location,
          notes: [.init("known keys: " + inner.known.sorted().joined(separator: ", "))])
      ])
    }
    diagnostics.add(inner.diagnostics)
    nested.append((key, inner.known))
    document(key, keys: inner.descriptions)
    resolve(key, inner.resolved)
    return inner.diagnostics.isEmpty ? value : nil
  }

  /// Adds the errors of options that were read separately.
  public mutating func adopt(_ other: Options) { diagnostics.add(other.diagnostics) }

  /// The options under some keys, for separate reading. They are marked as read here.
  package mutating func part(_ keys: [String]) -> Options {
    for key in keys {
      if !known.contains(key) { known.append(key) }
      if let index = entries.firstIndex(where: { $0.key == key }) { isRead[index] = true }
    }
    var part = Options(
      ConfigValue(.map(entries.filter { keys.contains($0.key) }), at: location),
      describing: isDescribing)
    part.surroundings = surroundings
    return part
  }

  /// Adds the descriptions of a `part` that was read separately.
  package mutating func adoptDescriptions(of part: Options) { descriptions += part.descriptions }

  /// Adds the errors and descriptions of a `reader` for the elements of `key`.
  package mutating func adopt(_ other: Options, under key: String) {
    adopt(other)
    document(key, keys: other.descriptions)
  }

  /// Empty options for an element at `location` that is read separately.
  package func reader(at location: SourceLocation?) -> Options {
    var reader = Options(ConfigValue(.null, at: location), describing: isDescribing)
    reader.surroundings = surroundings
    return reader
  }
}
