import NNExp
import TestSupport
import Testing
import YAMLTree

/// Overrides that cannot be applied: their exact errors, with locations in the override.
@Suite struct OverrideErrorTests {
  private func errors(of overrides: [String]) -> String {
    errorText { try apply(overrides: overrides, to: parse(OverrideTests.file)) }
  }

  @Test(
    arguments: [
      ErrorCase(
        "train.epochs",
        """
        command line:1:1: error: an override is path=value, such as train.epochs=10
            train.epochs
            ^
        """),
      ErrorCase(
        "=1",
        """
        command line:1:1: error: a key is missing in the path of the override
            =1
            ^
        """),
      ErrorCase(
        "+=1",
        """
        command line:1:2: error: a key is missing in the path of the override
            +=1
             ^
        """),
      ErrorCase(
        ".a=1",
        """
        command line:1:1: error: a key is missing in the path of the override
            .a=1
            ^
        """),
      ErrorCase(
        "train..epochs=1",
        """
        command line:1:7: error: a key is missing in the path of the override
            train..epochs=1
                  ^
        """),
      ErrorCase(
        "train.=1",
        """
        command line:1:7: error: a key is missing in the path of the override
            train.=1
                  ^
        """),
      ErrorCase(
        "train.epochs=",
        """
        command line:1:14: error: a value is missing; write train.epochs=null for none
            train.epochs=
                         ^
        """),
      ErrorCase(
        "train.epochs=  ",
        """
        command line:1:16: error: a value is missing; write train.epochs=null for none
            train.epochs= \u{20}
                           ^
        """),
    ] as [ErrorCase])
  func malformedOverridesAreReported(_ error: ErrorCase) {
    #expect(errors(of: [error.text]) == error.message)
  }

  @Test(
    arguments: [
      ErrorCase(
        "train.epoch=10",
        """
        command line:1:7: error: the file has no 'train.epoch'; did you mean 'epochs'?
            train.epoch=10
                  ^
        note: write +train.epoch=10 to add it
        """),
      ErrorCase(
        "trian.epochs=1",
        """
        command line:1:1: error: the file has no 'trian'; did you mean 'train'?
            trian.epochs=1
            ^
        note: write +trian.epochs=1 to add it
        """),
      ErrorCase(
        "nothing.like.it=1",
        """
        command line:1:1: error: the file has no 'nothing'
            nothing.like.it=1
            ^
        note: keys there: name, gradient_check, model, train, copy
        note: write +nothing.like.it=1 to add it
        """),
      ErrorCase(
        "train.epochs.x=1",
        """
        command line:1:14: error: 'train.epochs' is the number 10; it has no 'x'
            train.epochs.x=1
                         ^
        """),
      ErrorCase(
        "name.x=1",
        """
        command line:1:6: error: 'name' is the text 'xor'; it has no 'x'
            name.x=1
                 ^
        """),
      ErrorCase(
        "gradient_check.at=[end]",
        """
        command line:1:16: error: the file has no 'gradient_check.at'
            gradient_check.at=[end]
                           ^
        note: write +gradient_check.at=[end] to add it
        """),
      ErrorCase(
        "model.hidden.unit=4",
        """
        command line:1:14: error: the file has no 'model.hidden.unit'; did you mean 'units'?
            model.hidden.unit=4
                         ^
        note: write +model.hidden.unit=4 to add it
        """),
      ErrorCase(
        "model.1.name=s",
        """
        command line:1:9: error: the file has no 'model.1.name'
            model.1.name=s
                    ^
        note: keys there: type
        note: write +model.1.name=s to add it
        """),
      ErrorCase(
        "+train.epochs.x=1",
        """
        command line:1:15: error: 'train.epochs' is the number 10; it has no 'x'
            +train.epochs.x=1
                          ^
        """),
      ErrorCase(
        "+train.epochs=1",
        """
        command line:1:8: error: the file has 'train.epochs' already; write it without '+'
            +train.epochs=1
                   ^
        a.yaml:10:11: note: it is here
            epochs: 10
                    ^
        """),
      ErrorCase(
        "+name=y",
        """
        command line:1:2: error: the file has 'name' already; write it without '+'
            +name=y
             ^
        a.yaml:1:7: note: it is here
            name: xor
                  ^
        """),
    ] as [ErrorCase])
  func unknownPathsAreReported(_ error: ErrorCase) {
    #expect(errors(of: [error.text]) == error.message)
  }

  @Test(
    arguments: [
      ErrorCase(
        "model.relu.units=1",
        """
        command line:1:7: error: no element is named 'relu'
            model.relu.units=1
                  ^
        note: elements there: hidden, sigmoid, dense, tanh
        """),
      ErrorCase(
        "model.hiden.units=1",
        """
        command line:1:7: error: no element is named 'hiden'; did you mean 'hidden'?
            model.hiden.units=1
                  ^
        """),
      ErrorCase(
        "model.dense.units=1",
        """
        command line:1:7: error: 2 elements have the type 'dense'; use a name or a position
            model.dense.units=1
                  ^
        note: they are at 0, 2
        """),
      ErrorCase(
        "model.units=3",
        """
        command line:1:7: error: no element is named 'units'
            model.units=3
                  ^
        note: elements there: hidden, sigmoid, dense, tanh
        """),
      ErrorCase(
        "model.7.units=1",
        """
        command line:1:7: error: there is no element 7; the list has 4, counted from 0
            model.7.units=1
                  ^
        """),
      ErrorCase(
        "model.-1.units=1",
        """
        command line:1:7: error: there is no element -1; the list has 4, counted from 0
            model.-1.units=1
                  ^
        """),
      ErrorCase(
        "model.99999999999999999999=1",
        """
        command line:1:7: error: no element is named '99999999999999999999'
            model.99999999999999999999=1
                  ^
        note: elements there: hidden, sigmoid, dense, tanh
        """),
      ErrorCase(
        "+model.4=relu",
        """
        command line:1:8: error: there is no element 4; the list has 4, counted from 0
            +model.4=relu
                   ^
        """),
    ] as [ErrorCase])
  func unknownListElementsAreReported(_ error: ErrorCase) {
    #expect(errors(of: [error.text]) == error.message)
  }

  @Test(
    arguments: [
      ErrorCase(
        "name=#fff",
        """
        command line:1:6: error: '#' begins a comment; quote a text that begins with it
            name=#fff
                 ^
        """),
      ErrorCase(
        "name=run #3",
        """
        command line:1:10: error: '#' after a space begins a comment; quote the whole value
            name=run #3
                     ^
        """),
      ErrorCase(
        "name=a: b: c",
        """
        command line:1:10: error: a second ': ' in one line; quote a text that contains ': ', or begin a new line
            name=a: b: c
                     ^
        """),
      ErrorCase(
        "train.epochs=[1, 2",
        """
        command line:1:14: error: '[' is never closed; add ']'
            train.epochs=[1, 2
                         ^
        """),
      ErrorCase(
        "name={a: 1, a: 2}",
        """
        command line:1:13: error: duplicate key 'a'; remove one of the two
            name={a: 1, a: 2}
                        ^
        command line:1:7: note: the first 'a' is here
            name={a: 1, a: 2}
                  ^
        """),
      ErrorCase(
        "name=*x",
        """
        command line:1:6: error: no anchor '&x' is defined above this alias; put '&x' before the value it repeats, or quote a text that begins with '*'
            name=*x
                 ^
        """),
      ErrorCase(
        "name=*.csv",
        """
        command line:1:6: error: a plain text cannot begin with '*'; quote it
            name=*.csv
                 ^
        """),
      ErrorCase(
        "name=!t x",
        """
        command line:1:6: error: tags are not supported; remove '!t', or quote a text that begins with '!'
            name=!t x
                 ^
        """),
      ErrorCase(
        "name=\"x",
        """
        command line:1:6: error: the quote " is never closed
            name="x
                 ^
        """),
      ErrorCase(
        "name=1\n---\n2",
        """
        command line:2:1: error: a second document; a file contains one declaration
            ---
            ^
        """),
      ErrorCase(
        "name=a\u{2028}",
        """
        command line:1:7: error: character U+2028 is not permitted in a declaration; inside double quotes write it as '\\u2028'
            name=a\u{20}
                  ^
        """),
      ErrorCase(
        "\u{7}name=1",
        """
        command line:1:1: error: character U+0007 is not permitted in a declaration; inside double quotes write it as '\\u0007'
             name=1
            ^
        """),
    ] as [ErrorCase])
  func wrongValuesAreReported(_ error: ErrorCase) {
    #expect(errors(of: [error.text]) == error.message)
  }

  @Test func allErrorsAreReportedTogether() {
    #expect(
      errors(of: ["nam=x", "train.epochs=2", "model.relu.units=1", "+name=y"]) == """
        command line:1:1: error: the file has no 'nam'; did you mean 'name'?
            nam=x
            ^
        note: write +nam=x to add it
        command line:1:7: error: no element is named 'relu'
            model.relu.units=1
                  ^
        note: elements there: hidden, sigmoid, dense, tanh
        command line:1:2: error: the file has 'name' already; write it without '+'
            +name=y
             ^
        a.yaml:1:7: note: it is here
            name: xor
                  ^
        """)
  }

  /// A file that is not a mapping has nothing to override.
  @Test func aFileThatIsNotAMappingHasNothingToOverride() throws {
    #expect(
      #expect(throws: Diagnostics.self) {
        try apply(overrides: ["a.b=1"], to: parse("hello"))
      }?.description == """
        command line:1:1: error: the file is the text 'hello'; it has no 'a'
            a.b=1
            ^
        """)
  }

  /// A path that is longer than any tree is reported before it is followed.
  @Test func longPathsAreBounded() throws {
    let path = Array(repeating: "a", count: 60_000).joined(separator: ".")
    #expect(
      errors(of: ["+\(path)=1"]).hasPrefix(
        "command line:1:130: error: nested deeper than 64 lists or mappings"))
    let limit = Array(repeating: "a", count: 63).joined(separator: ".")
    _ = try apply(overrides: ["+\(limit)=[1]"], to: parse("b: 1"))
    #expect(
      errors(of: ["+\(limit)=[[1]]"]).hasPrefix(
        "command line:1:129: error: nested deeper than 64 lists or mappings"))
    let key = String(repeating: "k", count: 1025)
    #expect(
      errors(of: ["+a.\(key)=1"]).hasPrefix("command line:1:4: error: a key is longer than 1,024"))
  }

  /// Any text is applied or reported.
  @Test func randomOverridesApplyOrAreReported() throws {
    let pieces = [
      "+", "=", ".", "..", "model", "hidden", "dense", "sigmoid", "train", "epochs", "name", "0",
      "9",
      "-1", "99999999999999999999", "units", "[", "]", "{a: 1}", "&a", "*a", "!t ", "'", "\"", "#",
      " #",
      "\n", "\t", "\u{0}", "\u{2028}", "é", "%", "|", "a:b",
    ]
    let tree = try parse(OverrideTests.file)
    try withEvery("seed", in: 0..<4000) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in
        pieces.randomElement(using: &random)!
      }.joined()
      do {
        _ = try apply(overrides: [text], to: tree)
      } catch let errors as Diagnostics {
        for error in errors.list {
          #expect(error.location != nil, "seed \(seed): \(text.debugDescription): \(error)")
        }
      }
    }
  }
}
