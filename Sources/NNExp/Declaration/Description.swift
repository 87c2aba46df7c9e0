extension Options {
  /// The description of one key, for `nnexp layers TYPE` and the tables of the guide.
  public struct Description: Sendable {
    public let key: String
    /// The accepted values in words: `an integer ≥ 1`, `one of: sum, mean`.
    public let range: String
    /// The default in the notation of a file; nil if the key is required.
    public internal(set) var fallback: String?
    /// The meaning of the key, as a phrase.
    public let explanation: String
    /// The keys that were read from the mapping under this key, or from the elements of the
    /// list.
    package internal(set) var keys: [Description] = []
    /// The possible values of the key, if they are of one kind.
    package internal(set) var domain: Domain?

    /// The values of an option.
    package enum Domain: Sendable {
      case numbers(Interval)
      case integers(ClosedRange<Int>)
      case words([String])
      case truth
    }

    package init(key: String, range: String, fallback: String?, explanation: String) {
      self.key = key
      self.range = range
      self.fallback = fallback
      self.explanation = explanation
    }
  }

  /// Records the values that a key may have, after it has been read.
  mutating func document(_ key: String, _ domain: @autoclosure () -> Description.Domain) {
    guard isDescribing, let index = descriptions.firstIndex(where: { $0.key == key }) else {
      return
    }
    descriptions[index].domain = domain()
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

  /// Describes in words a default that depends on another setting.
  package mutating func document(_ key: String, default words: String) {
    guard let index = descriptions.firstIndex(where: { $0.key == key }) else { return }
    descriptions[index].fallback = words
  }
}
