import NNExp
import Testing

/// The `key: value` lines of a mapping, with each key at column 1 and each value after the
/// colon, as in a file.
private func options(_ entries: KeyValuePairs<String, ConfigValue>) -> Options {
  let source = SourceFile(name: "a.yaml", lines: entries.map { "\($0.key): \($0.value.flow)" })
  let placed = entries.enumerated().map { line, entry in
    var value = entry.value
    value.location = NNExp.SourceLocation(
      source: source, line: line + 1, column: entry.key.count + 3)
    return ConfigValue.Entry(
      key: entry.key, keyLocation: NNExp.SourceLocation(source: source, line: line + 1, column: 1),
      value: value)
  }
  return Options(
    ConfigValue(.map(placed), at: NNExp.SourceLocation(source: source, line: 1, column: 1)))
}

/// The errors of `read` and of unread keys.
private func errors(
  _ entries: KeyValuePairs<String, ConfigValue>, _ read: (inout Options) -> Void
) -> String {
  var options = options(entries)
  read(&options)
  options.rejectUnread()
  return "\(options.diagnostics)"
}

private enum Color: String, CaseIterable { case red, green, blue }

@Test func optionsGiveWhatIsWritten() throws {
  var options = options([
    "units": 3, "whole": 4.0, "rate": 0.5, "integral": 2, "bias": false, "name": "hidden",
    "window": [2, 3], "stride": 2, "axes": [1, 2], "weights": [1, 0.5], "inputs": ["a", "b"],
    "input": "a", "color": "green", "limit": 5, "none": ConfigValue(.null),
  ])
  #expect(options.int("units", in: 1...) == 3)
  #expect(options.int("whole", in: 1...) == 4)
  #expect(options.double("rate") == 0.5)
  #expect(options.double("integral") == 2)
  #expect(options.bool("bias", default: true) == false)
  #expect(options.string("name") == "hidden")
  #expect(options.pair("window", in: 1...) == (2, 3))
  #expect(options.pair("stride", in: 1...) == (2, 2))
  #expect(options.ints("axes", in: 0..., count: 1...) == [1, 2])
  #expect(options.doubles("weights") == [1, 0.5])
  #expect(options.strings("inputs") == ["a", "b"])
  #expect(options.strings("input") == ["a"])
  #expect(options.choice("color", of: Color.self) == .green)
  #expect(options.optionalInt("limit", in: 1...) == 5)
  #expect(options.optionalInt("none", in: 1...) == nil)
  try options.finish()
}

@Test func optionsFillInTheirDefaults() throws {
  var options = Options()
  #expect(options.int("units", default: 3, in: 1...) == 3)
  #expect(options.double("rate", default: 0.5) == 0.5)
  #expect(options.bool("bias", default: true) == true)
  #expect(options.pair("window", default: (2, 2), in: 1...) == (2, 2))
  #expect(options.pair("stride", default: (1, 2), in: 1...) == (1, 2))
  #expect(options.optionalInt("limit", in: 1...) == nil)
  #expect(options.optionalDouble("clip", in: .positive) == nil)
  #expect(options.optionalString("note") == nil)
  #expect(options.choice("color", default: Color.blue) == .blue)
  try options.finish()
  #expect(
    options.resolved.flow == """
      {units: 3, rate: 0.5, bias: true, window: 2, stride: [1, 2], limit: null, clip: null, \
      note: null, color: blue}
      """)
}

@Test func numbersOutsideTheirRangeAreNamed() {
  #expect(
    errors(["units": 0]) { _ = $0.int("units", in: 1...) } == """
      a.yaml:1:8: error: units must be an integer ≥ 1, found the number 0
          units: 0
                 ^
      """)
  #expect(
    errors(["n": 7]) { _ = $0.int("n", default: 1, in: 1...5) } == """
      a.yaml:1:4: error: n must be an integer from 1 to 5, found the number 7
          n: 7
             ^
      """)
  #expect(
    errors(["n": 1.5]) { _ = $0.int("n", in: ..<5) } == """
      a.yaml:1:4: error: n must be an integer ≤ 4, found the number 1.5
          n: 1.5
             ^
      """)
  #expect(
    errors(["p": -0.5]) { _ = $0.double("p", in: .unit) } == """
      a.yaml:1:4: error: p must be a number from 0 to 1, found the number -0.5
          p: -0.5
             ^
      """)
  #expect(
    errors(["p": ConfigValue(.double(.infinity), text: ".inf")]) { _ = $0.double("p") } == """
      a.yaml:1:4: error: p must be a number (finite), found the number .inf
          p: .inf
             ^
      """)
  for huge in [1e300, -1e300, .nan, .infinity] as [Double] {
    #expect(
      errors(["n": ConfigValue(.double(huge), text: "HUGE")]) { _ = $0.int("n", in: 0...) }
        .hasPrefix("a.yaml:1:4: error: n must be an integer ≥ 0, found the number HUGE"))
  }
}

@Test func optionalNumbersOutsideTheirRangeAreErrors() {
  #expect(
    errors(["n": 0]) { _ = $0.optionalInt("n", in: 1...) } == """
      a.yaml:1:4: error: n must be an integer ≥ 1, found the number 0
          n: 0
             ^
      """)
  #expect(
    errors(["n": "many"]) { _ = $0.optionalInt("n", in: 1...) } == """
      a.yaml:1:4: error: n must be an integer ≥ 1, found the text 'many'
          n: many
             ^
      """)
  #expect(
    errors(["c": 0]) { _ = $0.optionalDouble("c", in: .positive) } == """
      a.yaml:1:4: error: c must be a number > 0, found the number 0
          c: 0
             ^
      """)
  #expect(
    errors(["c": [1]]) { _ = $0.optionalString("c") } == """
      a.yaml:1:4: error: c must be a text, found a list
          c: [1]
             ^
      """)
}

@Test func valuesOfOtherKindsAreNamed() {
  #expect(
    errors(["shuffle": "no"]) { _ = $0.bool("shuffle", default: true) } == """
      a.yaml:1:10: error: shuffle must be true or false, found the text 'no'; write true or false
          shuffle: no
                   ^
      """)
  #expect(
    errors(["shuffle": 1]) { _ = $0.bool("shuffle", default: true) } == """
      a.yaml:1:10: error: shuffle must be true or false, found the number 1
          shuffle: 1
                   ^
      """)
  #expect(
    errors(["name": true]) { _ = $0.string("name") } == """
      a.yaml:1:7: error: name must be a text, found the boolean true
          name: true
                ^
      """)
  #expect(
    errors(["rate": ConfigValue(.null)]) { _ = $0.double("rate", default: 1, in: .positive) } == """
      a.yaml:1:7: error: rate must be a number > 0, found nothing
          rate: null
                ^
      """)
}

@Test func errorsInListsNameTheirLengthAndKind() {
  #expect(
    errors(["w": [2, 3, 4]]) { _ = $0.pair("w", in: 1...) } == """
      a.yaml:1:4: error: w must be an integer ≥ 1 or two of them, [rows, columns], found a list
          w: [2, 3, 4]
             ^
      """)
  #expect(
    errors(["s": [1]]) { _ = $0.ints("s", in: 1..., count: 2...2) } == """
      a.yaml:1:4: error: s must be a list of 2 integers, each an integer ≥ 1, found a list
          s: [1]
             ^
      """)
  #expect(
    errors(["s": 1]) { _ = $0.ints("s", in: 1..., count: 1...1) } == """
      a.yaml:1:4: error: s must be a list of 1 integer, each an integer ≥ 1, found the number 1
          s: 1
             ^
      """)
  #expect(
    errors(["s": []]) { _ = $0.ints("s", in: 1..., count: 1...3) } == """
      a.yaml:1:4: error: s must be a list of 1 to 3 integers, each an integer ≥ 1, found a list
          s: []
             ^
      """)
  #expect(
    errors(["s": [0]]) { _ = $0.ints("s", in: 1..., count: 1...) } == """
      a.yaml:1:4: error: s must be a list of at least 1 integer, each an integer ≥ 1, found a list
          s: [0]
             ^
      """)
  #expect(
    errors(["d": [1, "x"]]) { _ = $0.doubles("d", in: .nonnegative) } == """
      a.yaml:1:4: error: d must be a list of numbers, each ≥ 0, found a list
          d: [1, x]
             ^
      """)
  #expect(
    errors(["t": ["a", 1]]) { _ = $0.strings("t") } == """
      a.yaml:1:4: error: t must be a text or a list of texts, found a list
          t: [a, 1]
             ^
      """)
}

@Test func choicesSuggestTheNearestWord() {
  #expect(
    errors(["color": "gren"]) { _ = $0.choice("color", of: Color.self) } == """
      a.yaml:1:8: error: color must be one of: red, green, blue, found the text 'gren'; \
      did you mean 'green'?
          color: gren
                 ^
      """)
  #expect(
    errors(["color": 3]) { _ = $0.choice("color", default: Color.red) } == """
      a.yaml:1:8: error: color must be one of: red, green, blue, found the number 3
          color: 3
                 ^
      """)
}

@Test func aMissingRequiredOptionIsNamed() {
  #expect(
    errors(["a": 1]) {
      _ = $0.int("a", in: 0...)
      _ = $0.int("units", in: 1...)
    } == """
      a.yaml:1:1: error: missing 'units': an integer ≥ 1 is required
          a: 1
          ^
      """)
}

@Test func anUnreadKeyIsAnError() {
  #expect(
    errors(["learing_rate": 1, "zzz": 2]) {
      _ = $0.double("learning_rate", default: 1)
      _ = $0.double("momentum", default: 1)
    } == """
      a.yaml:1:1: error: unknown key 'learing_rate'; did you mean 'learning_rate'?
          learing_rate: 1
          ^
      a.yaml:2:1: error: unknown key 'zzz'
          zzz: 2
          ^
      note: known keys: learning_rate, momentum
      """)
}

@Test func allErrorsAreReportedTogether() {
  var options = options(["units": 0, "rate": "fast"])
  _ = options.int("units", in: 1...)
  _ = options.double("rate")
  _ = options.string("name")
  #expect(options.diagnostics.list.count == 3)
  #expect(throws: Diagnostics.self) { try options.finish() }
}

@Test func anOptionWithAnErrorReadsAsAValueInRange() {
  var options = options(["a": "x", "b": "x", "c": "x", "d": "x", "e": "x"])
  #expect((3...5).contains(options.int("a", in: 3...5)))
  #expect(options.int("b", in: ...(-2)) <= -2)
  #expect(Interval.fraction.contains(options.double("c", in: .fraction)))
  #expect(options.ints("d", in: 1..., count: 2...) == [1, 1])
  #expect(options.double("e", default: 7) == 7)
}

@Test func anythingButAMappingIsAnError() {
  let location = NNExp.SourceLocation(
    source: SourceFile(name: "a.yaml", lines: ["[1]"]), line: 1, column: 1)
  #expect(
    "\(Options(ConfigValue(.list([1]), at: location)).diagnostics)" == """
      a.yaml:1:1: error: expected a mapping, found a list
          [1]
          ^
      """)
  #expect(Options(ConfigValue(.null)).diagnostics.isEmpty)
}

@Test func sectionsReadTheirOwnOptions() {
  var outer = options(["inner": ConfigValue.map([("n", 3), ("m", 0)])])
  let value = outer.section("inner") { inner -> Int in inner.int("n", in: 1...) }
  #expect(value == nil)
  #expect(
    "\(outer.diagnostics)" == """
      error: unknown key 'm'
      note: known keys: n
      """)

  var empty = Options()
  #expect(empty.section("inner") { $0.int("n", default: 4, in: 1...) } == 4)
  #expect(empty.resolved.flow == "{inner: {n: 4}}")
}

@Test func sectionsThatThrowAreLocated() {
  var outer = options(["inner": ConfigValue.map([("n", 3)])])
  let value: Int? = outer.section("inner") { inner in
    _ = inner.int("n", in: 1...)
    throw Diagnostic("too odd")
  }
  #expect(value == nil)
  #expect(
    "\(outer.diagnostics)" == """
      a.yaml:1:8: error: too odd
          inner: {n: 3}
                 ^
      """)
}

@Test func optionsDescribeThemselves() {
  var options = Options()
  _ = options.int("units", default: 2, in: 1..., "how many")
  _ = options.choice("color", default: Color.red)
  _ = options.double("rate", in: .positive)
  let described = options.descriptions.map {
    "\($0.key) | \($0.range) | \($0.fallback ?? "required") | \($0.explanation)"
  }
  #expect(
    described == [
      "units | an integer ≥ 1 | 2 | how many",
      "color | one of: red, green, blue | red | ",
      "rate | a number > 0 | required | ",
    ])
}

@Test func valuesAreWrittenInFlowStyle() {
  let node = ConfigValue.map([
    ("a", 1), ("b", 0.5), ("c", [true, ConfigValue(.null)]), ("d e", "x\"y\n"), ("f", "true"),
    ("g", ConfigValue(.double(.infinity))), ("h", ConfigValue(.double(.nan))), ("i", "1e3"),
    ("j", ""),
    ("k", "a/b.csv"), ("l", "\u{7F}\u{9B}\u{2028}\u{FEFF}é"),
    ("m", ConfigValue(.double(-.infinity))),
  ])
  #expect(
    node.flow == #"""
      {a: 1, b: 0.5, c: [true, null], "d e": "x\"y\n", f: "true", g: .inf, h: .nan, i: "1e3", \#
      j: "", k: a/b.csv, l: "\x7F\x9B\u2028\uFEFFé", m: -.inf}
      """#)
}

@Test func valuesNameTheirKind() {
  let kinds = ([ConfigValue(.null), true, 3, 0.5, "no", [1], ConfigValue.map([])] as [ConfigValue])
    .map(\.kind)
  #expect(
    kinds == [
      "nothing", "the boolean true", "the number 3", "the number 0.5", "the text 'no'", "a list",
      "a mapping",
    ])
  #expect(ConfigValue(.int(1000), text: "1_000").kind == "the number 1_000")
  let long = ConfigValue(.string(String(repeating: "x", count: 50)))
  #expect(long.kind == "the text '\(String(repeating: "x", count: 40))…'")
}

@Test func componentsAreFoundByName() throws {
  struct One: Initializer, Component {
    static let typeName = "one"
    let n: Int
    init(from options: inout Options) { n = options.int("n", default: 1, in: 1...) }
    func fill(_ values: Tensor<Double>, random: RandomStream) {}
  }
  var registry = Registry()
  registry.register(One.self)
  func read(_ node: ConfigValue) -> (n: Int?, errors: String) {
    var options = options(["initial": node])
    let made = options.component("initial", of: registry.initializers) { type, inner in
      try type.make(&inner)
    }
    return ((made as? One)?.n, "\(options.diagnostics)")
  }
  #expect(read("one") == (1, ""))
  #expect(read(ConfigValue.map([("type", "one"), ("n", 5)])) == (5, ""))
  #expect(
    read("ones").errors == """
      a.yaml:1:10: error: unknown initializer type 'ones'; did you mean 'one'?
          initial: ones
                   ^
      note: known types: one
      """)
  #expect(
    read(3).errors == """
      a.yaml:1:10: error: initial must be an initializer: a name or {type: name, …}, \
      found the number 3
          initial: 3
                   ^
      """)
  #expect(
    read(ConfigValue.map([("n", 5)])).errors == """
      a.yaml:1:10: error: missing 'type': which initializer?
          initial: {n: 5}
                   ^
      note: known types: one
      """)
}
