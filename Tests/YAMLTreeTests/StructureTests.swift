import NNExp
import Testing
import YAMLTree

/// A text and its tree, written in flow style.
struct Reading: Sendable, CustomTestStringConvertible {
  let yaml: String
  let tree: ConfigValue

  init(_ yaml: String, _ tree: ConfigValue) {
    self.yaml = yaml
    self.tree = tree
  }

  var testDescription: String { yaml.debugDescription }
}

/// The trees of all ways to write a value.
@Suite struct StructureTests {
  @Test(
    arguments: [
      // Scalars as documents.
      Reading("null\n", ConfigValue(.null)),
      Reading("--- ~\n", ConfigValue(.null)),
      Reading("--- 5\n...\n", 5),
      Reading("'x'", "x"),
      Reading("hello\n", "hello"),
      // Plain, over several lines.
      Reading("a: b c\n  d\n\n  e\n", .map([("a", "b c d\ne")])),
      Reading("- http://x:80/y#z\n- C:\\x\n", ["http://x:80/y#z", "C:\\x"]),
      Reading("- a-b\n- -a\n- a#b\n- 'a': 1\n", ["a-b", "-a", "a#b", .map([("a", 1)])]),
      Reading("a: lr:0.1\nb: [x:1]\n", .map([("a", "lr:0.1"), ("b", ["x:1"])])),
      // Single- and double-quoted.
      Reading("'it''s'\n", "it's"),
      Reading("'a\n  b\n\n  c'\n", "a b\nc"),
      Reading(#"'\n'"#, "\\n"),
      Reading(
        #""\0\a\b\t\n\v\f\r\e\"\/\\\N\_\L\P""#,
        "\0\u{7}\u{8}\t\n\u{B}\u{C}\r\u{1B}\"/\\\u{85}\u{A0}\u{2028}\u{2029}"),
      Reading(#""\x41\u00e9\U0001F600""#, "Aé😀"),
      Reading("\"a \\\n  b\\\n   c\"\n", "a bc"),
      // Literal and folded, with every ending.
      Reading("a: |\n  x\n   y\n\n  z\n\n\nb: 1\n", .map([("a", "x\n y\n\nz\n"), ("b", 1)])),
      Reading("a: |-\n  x\n\n", .map([("a", "x")])),
      Reading("a: |+\n  x\n\n", .map([("a", "x\n\n")])),
      Reading("a: >\n  x\n  y\n\n  z\n    w\n", .map([("a", "x y\nz\n  w\n")])),
      Reading("a: >-  # why\n  x\n  y\n", .map([("a", "x y")])),
      Reading("a: |2\n    x\n", .map([("a", "  x\n")])),
      Reading("a: |\nb: >\n", .map([("a", ""), ("b", "")])),
      // Block lists and mappings.
      Reading("- 1\n-\n- \n- 2\n", [1, ConfigValue(.null), ConfigValue(.null), 2]),
      Reading("- - 1\n  - 2\n-\n  - 3\n", [[1, 2], [3]]),
      Reading("a:\n- 1\n- 2\nb:\n  - 3\n", .map([("a", [1, 2]), ("b", [3])])),
      Reading(
        "- a: 1\n  b: 2\n-   c: 3\n    d: 4\n",
        [.map([("a", 1), ("b", 2)]), .map([("c", 3), ("d", 4)])]),
      Reading(
        "a:\nb: ~\nc:\n   d:\n    e: 1\n",
        .map([
          ("a", ConfigValue(.null)), ("b", ConfigValue(.null)),
          ("c", .map([("d", .map([("e", 1)]))])),
        ])),
      Reading("? a\n: 1\n? b\n", .map([("a", 1), ("b", ConfigValue(.null))])),
      Reading(
        "'a b' : 1\n\"c\\n\": 2\n3: 4\ntrue: 5\n~: 6\n",
        .map([("a b", 1), ("c\n", 2), ("3", 4), ("true", 5), ("~", 6)])),
      // Flow lists and mappings.
      Reading("[]", []),
      Reading("{}", ConfigValue(.map([]))),
      Reading("[1, [2, {a: 3}], ]", [1, [2, .map([("a", 3)])]]),
      Reading(
        "{a: 1, b, 'c': , d: [e,\n# why\nf], }",
        .map([("a", 1), ("b", ConfigValue(.null)), ("c", ConfigValue(.null)), ("d", ["e", "f"])])),
      Reading("{\"a\":1,'b':[2]}", .map([("a", 1), ("b", [2])])),
      Reading("{\"a:b\"}", .map([("a:b", ConfigValue(.null))])),
      Reading("[a: 1, b: 2]", [.map([("a", 1)]), .map([("b", 2)])]),
      Reading("[? a : 1]", [.map([("a", 1)])]),
      Reading("a: [1,\n2]\nb: {c:\n 3}\n", .map([("a", [1, 2]), ("b", .map([("c", 3)]))])),
      // Tabs outside indentation.
      Reading(
        "a:\t1\nb: \t2\nc: 3\t\nd: 4\t# why\n",
        .map([("a", 1), ("b", 2), ("c", 3), ("d", 4)])),
      Reading("[1,\t2\t,\t3]\n", [1, 2, 3]),
      Reading("- 'x\ty'\n- \"x\ty\"\n- x\ty\n", ["x\ty", "x\ty", "x\ty"]),
      Reading("- |\n  x\ty\n  \tz\n", ["x\ty\n\tz\n"]),
      Reading("['a':1]", [.map([("a", 1)])]),
      // Anchors and aliases.
      Reading("a: &x 1\nb: *x\n", .map([("a", 1), ("b", 1)])),
      Reading(
        "a: &x [1, &y {b: 2}]\nc: *x\nd: [*y, *y]\n",
        .map([
          ("a", [1, .map([("b", 2)])]), ("c", [1, .map([("b", 2)])]),
          ("d", [.map([("b", 2)]), .map([("b", 2)])]),
        ])),
      Reading("- &x 1\n- *x\n- &x 2\n- *x\n", [1, 1, 2, 2]),
      Reading("- &x [&x 1, *x]\n- *x\n", [[1, 1], 1]),
      Reading(
        "&a b: &c\nd: *a\ne: *c\n",
        .map([("b", ConfigValue(.null)), ("d", "b"), ("e", ConfigValue(.null))])),
      Reading("- &x\n- *x\n", [ConfigValue(.null), ConfigValue(.null)]),
      Reading("&x a: 1\n", .map([("a", 1)])),
      // The surroundings of the document.
      Reading("\u{FEFF}a: 1\n", .map([("a", 1)])),
      Reading("# why\n%YAML 1.2 # this\n---\na: 1\n...\n# end\n...\n", .map([("a", 1)])),
      Reading("--- [1]\n", [1]),
      Reading("a: 1\r\nb: 2\rc: 3", .map([("a", 1), ("b", 2), ("c", 3)])),
      Reading("  a: 1\n  b: 2\n # less\n", .map([("a", 1), ("b", 2)])),
      Reading("größe: ü\n名: \"\u{10FFFD}\"\n", .map([("größe", "ü"), ("名", "\u{10FFFD}")])),
      Reading("a\u{A0}: \u{202E}\n", .map([("a\u{A0}", "\u{202E}")])),
    ] as [Reading])
  func everyWayToWriteAValueIsRead(_ reading: Reading) throws {
    let tree = try parse(reading.yaml)
    #expect(tree.isSame(as: reading.tree), "found \(tree.flow)")
  }

  /// Every value and key has its line and column, counted in characters from 1.
  @Test func valuesAndKeysHaveTheirLocations() throws {
    let tree = try parse(
      """
      # é
      größe: 😀 x
      list:
        - {a: 1, "b": [2]}
        -
      empty:
      text: |
        line
      anchor: &x 3
      alias: *x
      """)
    func at(_ location: NNExp.SourceLocation?) -> String {
      location.map { "\($0.line):\($0.column)" } ?? "none"
    }
    func locations(_ node: ConfigValue) -> String {
      switch node.content {
      case .list(let items):
        at(node.location) + "[" + items.map(locations).joined(separator: " ") + "]"
      case .map(let entries):
        at(node.location) + "{"
          + entries.map { at($0.keyLocation) + "=" + locations($0.value) }.joined(separator: " ")
          + "}"
      default: at(node.location)
      }
    }
    #expect(
      locations(tree)
        == "2:1{2:1=2:8 3:1=4:3[4:5{4:6=4:9 4:12=4:17[4:18]} 5:4] 6:1=6:7 7:1=7:7 9:1=9:9 10:1=9:9}"
    )
    #expect(tree.location?.source.name == "a.yaml")
    #expect(tree.location?.source.lines.count == 10)
    #expect(tree["größe"]?.text == "😀 x")
  }

  /// Lines end at the same places as in editors.
  @Test func lineEndsAreCountedOnce() throws {
    for (yaml, line) in [("a: 1\r\n\r\nb: 2", 3), ("a: 1\r\rb: 2", 3), ("a: 1\n\r\nb: 2", 3)] {
      #expect(try parse(yaml)["b"]?.location?.line == line)
    }
  }
}
