/// A mapping's options, each read once and checked against its range.
///
/// Reading never fails: an error is recorded with its location and reading continues
/// with a valid value, so that one run reports every error. A key that is not read is
/// an error too, with a suggestion. The same reads describe the options to
/// `nnexp layers TYPE` and fill in `resolved.yaml`.
///
///     init(from options: inout Options) {
///       units = options.int("units", in: 1..., "number of outputs")
///       bias = options.bool("bias", default: true, "add a learned offset")
///     }
public struct Options: Sendable {
  /// The mapping's location; nil if no text declares it.
  public let location: SourceLocation?

  /// Settings from other sections of the file, for components that need them.
  package var surroundings: Surroundings?

  package let entries: [ConfigValue.Entry]
  var isRead: [Bool]

  /// Every option read so far, in the order of reading. Collected only on request, because most
  /// options are read without being described.
  public internal(set) var descriptions: [Description] = []
  package let isDescribing: Bool

  /// The keys read so far, in the order of reading.
  var known: [String] = []

  /// The keys of each mapping that was read from this one.
  var nested: [(key: String, known: [String])] = []

  /// Keys in the mapping that other programs use, each with nnexp's own key.
  private var foreign: [(key: String, own: String)] = []

  /// The errors found so far.
  public internal(set) var diagnostics = Diagnostics()

  /// Every option read so far with its effective value, in the order of reading.
  private var resolvedEntries: [(String, ConfigValue)] = []

  /// True if the component reads the names of its inputs, and the parameters that the file
  /// declares.
  package internal(set) var readsInputNames = false
  package internal(set) var readsParameters = false

  /// Creates options from a mapping, or from null, which means none. Any other value is an
  /// error.
  ///
  /// - Parameter isDescribing: true if `descriptions` are needed.
  public init(_ config: ConfigValue, describing isDescribing: Bool = false) {
    location = config.location
    self.isDescribing = isDescribing
    switch config.content {
    case .map(let entries):
      self.entries = entries
    case .null:
      entries = []
    default:
      entries = []
      diagnostics.add(Diagnostic("expected a mapping, found \(config.kind)", at: config.location))
    }
    isRead = Array(repeating: false, count: entries.count)
    // Few components have more options. A sweep reads thousands of mappings, so that growing
    // the array step by step would be noticeable.
    known.reserveCapacity(8)
    resolvedEntries.reserveCapacity(8)
  }

  /// Creates empty options: every option has its default and is described.
  public init() { self.init(ConfigValue(.null), describing: true) }

  /// The options read so far with their effective values, including defaults.
  public var resolved: ConfigValue { ConfigValue.map(resolvedEntries) }

  /// True if the mapping has the key.
  public func contains(_ key: String) -> Bool { entries.contains { $0.key == key } }

  /// The location of a key's value, or of the mapping if it lacks the key.
  public func location(of key: String) -> SourceLocation? { entry(key)?.location ?? location }

  /// The location of a key itself.
  package func keyLocation(of key: String) -> SourceLocation? {
    entries.first { $0.key == key }?.keyLocation
  }

  /// The value of a key. This does not mark the key as read.
  package func entry(_ key: String) -> ConfigValue? {
    entries.firstIndex { $0.key == key }.map { entries[$0].value }
  }

  /// The keys of the mapping, in the order of the file.
  public var keys: [String] { entries.map(\.key) }

  // MARK: Errors

  /// Records an error in the value of `key`.
  public mutating func reject(_ key: String, _ message: String, notes: [Diagnostic.Note] = []) {
    diagnostics.add(Diagnostic(message, at: location(of: key), notes: notes))
  }

  /// Records errors of another reader, at the location of `key` if they have none.
  public mutating func reject(_ key: String, _ error: any Error) {
    diagnostics.add(error, at: location(of: key))
  }

  /// Records an error for each key that was not read.
  public mutating func rejectUnread() {
    for (entry, taken) in zip(entries, isRead) where !taken {
      var notes: [Diagnostic.Note] = []
      let inner = nested.first { $0.known.contains(entry.key) }
      let own =
        foreign.first { $0.key == entry.key }?.own ?? inner.map { "\($0.key).\(entry.key)" }
      let hint =
        own.map { "; did you mean '\($0)'?" } ?? suggestion(for: entry.key, among: known)
      if hint.isEmpty, !known.isEmpty {
        notes.append(.init("known keys: " + known.sorted().joined(separator: ", ")))
      }
      diagnostics.add(
        Diagnostic(
          "unknown key '\(entry.key)'\(hint)", at: entry.keyLocation ?? entry.value.location,
          notes: notes))
    }
  }

  /// Suggests `key` if the mapping contains one of these keys, which other programs use.
  public mutating func suggest(_ key: String, for names: String...) {
    for (entry, taken) in zip(entries, isRead) where !taken {
      if names.contains(where: { isSameWord($0, entry.key) }) { foreign.append((entry.key, key)) }
    }
  }

  /// Ends the reading: records unread keys as errors, then throws if there was any error.
  public mutating func finish() throws {
    rejectUnread()
    try diagnostics.throwIfAny()
  }

  // MARK: Raw access

  /// Reads the value of `key` and marks it as read. The caller interprets it.
  ///
  /// - Parameter fallback: the description of the default; nil if the key is required.
  public mutating func value(
    _ key: String, _ range: String, _ explanation: String = "",
    default fallback: String? = "none"
  ) -> ConfigValue? {
    readValue(key, range: range, fallback: fallback, explanation)
  }

  /// Records the effective value of an option that was read with `value`.
  public mutating func resolve(_ key: String, _ value: ConfigValue) {
    if let index = resolvedEntries.firstIndex(where: { $0.0 == key }) {
      resolvedEntries[index].1 = value
    } else {
      resolvedEntries.append((key, value))
    }
  }

  mutating func readValue(
    _ key: String, range: @autoclosure () -> String, fallback: @autoclosure () -> String?,
    _ explanation: String
  ) -> ConfigValue? {
    if !known.contains(key) {
      known.append(key)
      if isDescribing {
        descriptions.append(
          Description(key: key, range: range(), fallback: fallback(), explanation: explanation))
      }
    }
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    isRead[index] = true
    return entries[index].value
  }

  /// Reads one option: a valid value, the default if the key is absent, or an error.
  private mutating func read<Value>(
    _ key: String, range: @autoclosure () -> String, fallback: (value: Value, config: ConfigValue)?,
    stopgap: @autoclosure () -> Value, _ explanation: String, understand: (ConfigValue) -> Value?,
    encode: (Value) -> ConfigValue
  ) -> Value {
    let found = readValue(
      key, range: range(), fallback: fallback.map { $0.config.flow }, explanation)
    guard let found else {
      if let fallback {
        resolve(key, fallback.config)
        return fallback.value
      }
      diagnostics.add(Diagnostic("missing '\(key)': \(range()) is required", at: location))
      return stopgap()
    }
    guard let value = understand(found) else {
      let range = range()
      var message = "\(key) must be \(range), found \(found.kind)"
      if range == "true or false", case .string(let text) = found.content,
        ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
      {
        message += "; write true or false"
      }
      diagnostics.add(Diagnostic(message, at: found.location ?? location))
      return fallback?.value ?? stopgap()
    }
    resolve(key, encode(value))
    return value
  }

  // MARK: Numbers

  /// Reads an integer in `range`. The key is required if there is no default.
  ///
  /// In this and the following functions, `explanation` is a phrase that `nnexp layers TYPE`
  /// shows, such as "number of outputs".
  public mutating func int(
    _ key: String, default fallback: Int? = nil, in range: some RangeExpression<Int>,
    _ explanation: String = ""
  ) -> Int {
    defer { document(key, .integers(bounds(range))) }
    return read(
      key, range: describe(range), fallback: fallback.map { ($0, ConfigValue(.int($0))) },
      stopgap: inside(range),
      explanation, understand: { $0.integer.flatMap { range.contains($0) ? $0 : nil } },
      encode: { ConfigValue(.int($0)) })
  }

  /// Reads an integer in `range`; nil if the key is absent or null.
  public mutating func optionalInt(
    _ key: String, in range: some RangeExpression<Int>, _ explanation: String = ""
  ) -> Int? {
    defer { document(key, .either([.integers(bounds(range)), .null])) }
    return read(
      key, range: describe(range), fallback: (Int?.none, ConfigValue(.null)), stopgap: nil,
      explanation,
      understand: { config -> Int?? in
        if case .null = config.content { return .some(nil) }
        return config.integer.flatMap { range.contains($0) ? .some($0) : nil }
      }, encode: { $0.map { ConfigValue(.int($0)) } ?? ConfigValue(.null) })
  }

  /// Reads a number in `range`. The key is required if there is no default.
  public mutating func double(
    _ key: String, default fallback: Double? = nil, in range: Interval = .finite,
    _ explanation: String = ""
  ) -> Double {
    defer { document(key, .numbers(range)) }
    return read(
      key, range: "a number " + (range == .finite ? "(finite)" : "\(range)"),
      fallback: fallback.map { ($0, ConfigValue(.double($0))) }, stopgap: range.inside, explanation,
      understand: { $0.number(in: range) },
      encode: { ConfigValue(.double($0)) })
  }

  /// Reads a number in `range`; nil if the key is absent or null.
  public mutating func optionalDouble(
    _ key: String, in range: Interval = .finite, _ explanation: String = ""
  ) -> Double? {
    defer { document(key, .either([.numbers(range), .null])) }
    return read(
      key, range: "a number " + (range == .finite ? "(finite)" : "\(range)"),
      fallback: (Double?.none, ConfigValue(.null)), stopgap: nil, explanation,
      understand: { config -> Double?? in
        if case .null = config.content { return .some(nil) }
        return config.number(in: range).map { .some($0) }
      }, encode: { $0.map { ConfigValue(.double($0)) } ?? ConfigValue(.null) })
  }

  /// Reads `[a, b]`, or one integer for both.
  public mutating func pair(
    _ key: String, default fallback: (Int, Int)? = nil, in range: some RangeExpression<Int>,
    _ explanation: String = ""
  ) -> (Int, Int) {
    defer { document(key, .pair(bounds(range))) }
    return read(
      key, range: describe(range) + " or two of them, [rows, columns]",
      fallback: fallback.map { ($0, ConfigValue(pair: $0)) },
      stopgap: (inside(range), inside(range)),
      explanation,
      understand: { $0.pair(in: range) }, encode: ConfigValue.init(pair:))
  }

  /// Reads one integer for every axis of an image, or a list with one for each: `3`, `[3, 5]`.
  /// The list has one to three integers.
  public mutating func extents(
    _ key: String, default fallback: [Int]? = nil, in range: some RangeExpression<Int>,
    _ explanation: String = ""
  ) -> [Int] {
    let one = Description.Domain.integers(bounds(range))
    defer { document(key, .either([one, .list(one, 1...3)])) }
    return read(
      key, range: describe(range) + " or one per axis, as in [rows, columns]",
      fallback: fallback.map { ($0, ConfigValue(extents: $0)) }, stopgap: [inside(range)],
      explanation, understand: { $0.extents(in: range) }, encode: ConfigValue.init(extents:))
  }

  /// Reads one integer for every axis of an image, or a list with one for each; nil if the key is
  /// absent or null.
  public mutating func optionalExtents(
    _ key: String, in range: some RangeExpression<Int>, _ explanation: String = ""
  ) -> [Int]? {
    let one = Description.Domain.integers(bounds(range))
    defer { document(key, .either([one, .list(one, 1...3), .null])) }
    return read(
      key, range: describe(range) + " or one per axis, as in [rows, columns]",
      fallback: ([Int]?.none, ConfigValue(.null)), stopgap: nil, explanation,
      understand: { found -> [Int]?? in
        if case .null = found.content { return .some(nil) }
        return found.extents(in: range).map { .some($0) }
      }, encode: { $0.map(ConfigValue.init(extents:)) ?? ConfigValue(.null) })
  }

  /// Reads a list of integers in `range` whose length is in `length`.
  public mutating func ints(
    _ key: String, default fallback: [Int]? = nil, in range: some RangeExpression<Int>,
    count: some RangeExpression<Int>, _ explanation: String = ""
  ) -> [Int] {
    func encode(_ values: [Int]) -> ConfigValue {
      ConfigValue(.list(values.map { ConfigValue(.int($0)) }))
    }
    let length = count.relative(to: 0..<Int.max)
    defer {
      document(
        key,
        .list(
          .integers(bounds(range)),
          length.lowerBound...max(length.lowerBound, length.upperBound - 1)))
    }
    return read(
      key, range: "a list of \(describeCount(length))each \(describe(range))",
      fallback: fallback.map { ($0, encode($0)) },
      stopgap: Array(repeating: inside(range), count: length.lowerBound), explanation,
      understand: { found -> [Int]? in
        guard case .list(let items) = found.content, count.contains(items.count) else {
          return nil
        }
        let values = items.compactMap(\.integer).filter { range.contains($0) }
        return values.count == items.count ? values : nil
      }, encode: encode)
  }

  /// Reads a list of numbers in `range`.
  public mutating func doubles(
    _ key: String, default fallback: [Double]? = nil, in range: Interval = .finite,
    _ explanation: String = ""
  ) -> [Double] {
    func encode(_ values: [Double]) -> ConfigValue {
      ConfigValue(.list(values.map { ConfigValue(.double($0)) }))
    }
    defer { document(key, .list(.numbers(range))) }
    return read(
      key, range: "a list of numbers, each \(range)", fallback: fallback.map { ($0, encode($0)) },
      stopgap: [], explanation,
      understand: { found -> [Double]? in
        guard case .list(let items) = found.content else { return nil }
        let values = items.compactMap(\.number).filter { range.contains($0) }
        return values.count == items.count ? values : nil
      }, encode: encode)
  }

  // MARK: Words

  /// Reads `true` or `false`. The key is required if there is no default.
  public mutating func bool(
    _ key: String, default fallback: Bool? = nil, _ explanation: String = ""
  ) -> Bool {
    defer { document(key, .truth) }
    return read(
      key, range: "true or false", fallback: fallback.map { ($0, ConfigValue(.bool($0))) },
      stopgap: false, explanation,
      understand: { if case .bool(let value) = $0.content { value } else { nil } },
      encode: { ConfigValue(.bool($0)) })
  }

  /// Reads a text. The key is required if there is no default.
  public mutating func string(
    _ key: String, default fallback: String? = nil, _ explanation: String = ""
  ) -> String {
    defer { document(key, .text) }
    return read(
      key, range: "a text", fallback: fallback.map { ($0, ConfigValue(.string($0))) }, stopgap: "",
      explanation,
      understand: { if case .string(let value) = $0.content { value } else { nil } },
      encode: { ConfigValue(.string($0)) })
  }

  /// Reads a text; nil if the key is absent or null.
  public mutating func optionalString(_ key: String, _ explanation: String = "") -> String? {
    defer { document(key, .either([.text, .null])) }
    return read(
      key, range: "a text", fallback: (String?.none, ConfigValue(.null)), stopgap: nil, explanation,
      understand: { config -> String?? in
        switch config.content {
        case .null: .some(nil)
        case .string(let value): .some(value)
        default: nil
        }
      }, encode: { $0.map { ConfigValue(.string($0)) } ?? ConfigValue(.null) })
  }

  /// Reads a list of texts, or a single text.
  public mutating func strings(
    _ key: String, default fallback: [String]? = nil, _ explanation: String = ""
  ) -> [String] {
    func encode(_ values: [String]) -> ConfigValue {
      ConfigValue(.list(values.map { ConfigValue(.string($0)) }))
    }
    defer { document(key, .texts) }
    return read(
      key, range: "a text or a list of texts", fallback: fallback.map { ($0, encode($0)) },
      stopgap: [], explanation,
      understand: { found -> [String]? in
        switch found.content {
        case .string(let one): return [one]
        case .list(let items):
          let values = items.compactMap { item -> String? in
            if case .string(let value) = item.content { value } else { nil }
          }
          return values.count == items.count ? values : nil
        default: return nil
        }
      }, encode: encode)
  }

  /// Reads one of an enumeration's cases by its raw value.
  public mutating func choice<Choice>(
    _ key: String, default fallback: Choice? = nil, of type: Choice.Type = Choice.self,
    _ explanation: String = ""
  ) -> Choice where Choice: RawRepresentable<String> & CaseIterable {
    // A key path would be created again in each call.
    let words = Choice.allCases.map { $0.rawValue }
    let name = choice(key, default: fallback?.rawValue, of: words, explanation)
    return Choice(rawValue: name) ?? fallback ?? Choice.allCases.first!
  }

  /// Reads one of the given words.
  public mutating func choice(
    _ key: String, default fallback: String? = nil, of words: [String], _ explanation: String = ""
  ) -> String {
    let known = diagnostics.list.count
    defer { document(key, .words(words)) }
    let value = read(
      key, range: "one of: " + words.joined(separator: ", "),
      fallback: fallback.map { ($0, ConfigValue(.string($0))) }, stopgap: words.first ?? "",
      explanation,
      understand: { config -> String? in
        if case .string(let value) = config.content, words.contains(value) { value } else { nil }
      }, encode: { ConfigValue(.string($0)) })
    // A misspelled word gets a suggestion.
    if diagnostics.list.count > known, let config = entry(key),
      case .string(let text) = config.content, let near = nearest(to: text, among: words)
    {
      var diagnostic = diagnostics.list[known]
      diagnostic.message += "; did you mean '\(near)'?"
      diagnostics = Diagnostics(diagnostics.list.prefix(known) + [diagnostic])
    }
    return value
  }
}

extension ConfigValue {
  /// The value of a number in `range`; nil for other values. (Inside a closure, optimized code
  /// of Swift 6.3.1 stops here with "Found ownership error".)
  fileprivate func number(in range: Interval) -> Double? {
    guard let value = number, range.contains(value) else { return nil }
    return value
  }

  /// One integer for both, or a list of two; nil for other values.
  fileprivate func pair(in range: some RangeExpression<Int>) -> (Int, Int)? {
    if let one = integer { return range.contains(one) ? (one, one) : nil }
    guard case .list(let items) = content, items.count == 2,
      let a = items[0].integer, let b = items[1].integer, range.contains(a), range.contains(b)
    else { return nil }
    return (a, b)
  }

  /// One integer, or a list of one to three.
  fileprivate func extents(in range: some RangeExpression<Int>) -> [Int]? {
    if let one = integer { return range.contains(one) ? [one] : nil }
    guard case .list(let items) = content, (1...3).contains(items.count) else { return nil }
    let values = items.compactMap(\.integer).filter { range.contains($0) }
    return values.count == items.count ? values : nil
  }

  fileprivate init(extents: [Int]) {
    self = ConfigValue(.list(extents.map { ConfigValue(.int($0)) }))
    if extents.count == 1 { self = ConfigValue(.int(extents[0])) }
  }

  fileprivate init(pair: (Int, Int)) {
    self =
      pair.0 == pair.1
      ? ConfigValue(.int(pair.0))
      : ConfigValue(.list([ConfigValue(.int(pair.0)), ConfigValue(.int(pair.1))]))
  }
}

/// A range in words: `an integer ≥ 1`.
private func describe(_ range: some RangeExpression<Int>) -> String {
  let bounds = range.relative(to: Int.min..<Int.max)
  switch (bounds.lowerBound == .min, bounds.upperBound == .max) {
  case (true, true): return "an integer"
  case (false, true): return "an integer ≥ \(bounds.lowerBound)"
  case (true, false): return "an integer ≤ \(bounds.upperBound - 1)"
  case (false, false):
    return "an integer from \(bounds.lowerBound) to \(bounds.upperBound - 1)"
  }
}

extension Options.Description.Domain {
  /// One integer, or two of them.
  package static func pair(_ range: ClosedRange<Int>) -> Self {
    .either([.integers(range), .list(.integers(range), 2...2)])
  }

  /// A text, or a list of texts.
  package static var texts: Self { .either([.text, .list(.text)]) }
}

private func bounds(_ range: some RangeExpression<Int>) -> ClosedRange<Int> {
  let bounds = range.relative(to: Int.min..<Int.max)
  return bounds.lowerBound...max(bounds.lowerBound, bounds.upperBound - 1)
}

/// A value in the range.
private func inside(_ range: some RangeExpression<Int>) -> Int {
  let bounds = range.relative(to: Int.min..<Int.max)
  return max(bounds.lowerBound, min(1, bounds.upperBound - 1))
}

/// The permitted length of a list in words: `at least 1 integer, `.
private func describeCount(_ length: Range<Int>) -> String {
  func integers(_ count: Int) -> String { count == 1 ? "1 integer, " : "\(count) integers, " }
  if length.upperBound == Int.max {
    return length.lowerBound == 0 ? "integers, " : "at least " + integers(length.lowerBound)
  }
  return length.count == 1
    ? integers(length.lowerBound)
    : "\(length.lowerBound) to " + integers(length.upperBound - 1)
}
