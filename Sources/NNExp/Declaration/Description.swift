extension Options {
  /// The description of one key, for `nnexp layers TYPE` and the tables of the guide.
  public struct Description: Sendable {
    public let key: String
    /// The accepted values in words: `an integer ≥ 1`, `one of: sum, mean`.
    public let range: String
    /// The default in the notation of a file; nil if the key is required.
    public package(set) var fallback: String?
    /// The meaning of the key, as a phrase.
    public let explanation: String
    /// The keys that were read from the mapping under this key, or from the elements of the
    /// list.
    package internal(set) var keys: [Description] = []
    /// The possible values of the key, if they are of one kind.
    package internal(set) var domain: Domain?

    /// The key that replaces a required key; nil if the key itself is needed.
    package internal(set) var alternative: String?

    /// The values of an option.
    package indirect enum Domain: Sendable {
      case numbers(Interval)
      case integers(ClosedRange<Int>)
      case words([String])
      case truth
      case text
      case null
      /// A list with this number of elements.
      case list(Domain, ClosedRange<Int> = 0...Int.max)
      /// A mapping whose keys the file chooses.
      case mapping(Domain)
      /// A mapping with the keys that the description lists.
      case keys
      /// A component of the kind with this name: a name or `{type: name, …}`.
      case component(String)
      case either([Domain])
      /// Any value; the reader checks more than a domain expresses.
      case anything
    }

    package init(
      key: String, range: String, fallback: String?, explanation: String, domain: Domain? = nil
    ) {
      self.domain = domain
      self.key = key
      self.range = range
      self.fallback = fallback
      self.explanation = explanation
    }
  }

  /// Records the values that a key may have, after it has been read.
  package mutating func document(_ key: String, _ domain: @autoclosure () -> Description.Domain) {
    guard isDescribing, let index = descriptions.firstIndex(where: { $0.key == key }) else {
      return
    }
    descriptions[index].domain = domain()
  }

  /// Reads the value of `key` as the public function does, and records the values that it may
  /// have.
  package mutating func value(
    _ key: String, _ range: String, _ explanation: String = "",
    default fallback: String? = "none", of domain: @autoclosure () -> Description.Domain
  ) -> ConfigValue? {
    defer { document(key, domain()) }
    return value(key, range, explanation, default: fallback)
  }

  /// Describes that a key may also have a mapping from names to the values that it may have.
  package mutating func documentMapping(_ key: String) {
    guard isDescribing, let index = descriptions.firstIndex(where: { $0.key == key }),
      let domain = descriptions[index].domain
    else { return }
    descriptions[index].domain = .either([domain, .mapping(domain)])
  }

  /// Describes the keys of the mapping under `key`. Has no effect unless these options are
  /// collecting descriptions.
  package mutating func document(_ key: String, keys: @autoclosure () -> [Description]) {
    guard isDescribing else { return }
    let keys = keys()
    guard !keys.isEmpty else { return }
    var index = descriptions.firstIndex { $0.key == key }
    if index == nil {
      index = descriptions.count
      descriptions.append(
        Description(key: key, range: "a mapping", fallback: "none", explanation: ""))
    }
    let known = descriptions[index!].keys.map(\.key)
    descriptions[index!].keys += keys.filter { !known.contains($0.key) }
  }

  /// Describes that a required key may be absent if another key is present.
  package mutating func document(_ key: String, orElse other: String) {
    guard let index = descriptions.firstIndex(where: { $0.key == key }) else { return }
    descriptions[index].alternative = other
  }

  /// Describes in words a default that depends on another setting.
  package mutating func document(_ key: String, default words: String) {
    guard let index = descriptions.firstIndex(where: { $0.key == key }) else { return }
    descriptions[index].fallback = words
  }
}
