import Testing

/// Text that is not YAML, or not the YAML that was meant: the whole error of each.
@Suite struct SyntaxErrorTests {
  @Test(
    arguments: [
      ErrorCase(
        "train:\n  lr:0.1\n  epochs: 3\n",
        """
        a.yaml:2:6: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "train:\n  epochs: 3\n  lr:0.1\n",
        """
        a.yaml:3:6: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "train:\n  epochs: 3\n  lr:0.1\n  b: 2\n",
        """
        a.yaml:3:6: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "train:\n  lr:0.1\nseed: 1\n",
        """
        a.yaml:2:6: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "lr:0.1\n",
        """
        a.yaml:1:4: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "lr:0.1\nb: 2\n",
        """
        a.yaml:1:4: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "b: 2\nlr:0.1",
        """
        a.yaml:2:4: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
      ErrorCase(
        "{lr:0.1, b: 2}\n",
        """
        a.yaml:1:5: error: missing space after ':'; write 'lr: 0.1'
            {lr:0.1, b: 2}
                ^
        """),
      ErrorCase(
        "train: {b: 2, lr:0.1}\n",
        """
        a.yaml:1:18: error: missing space after ':'; write 'lr: 0.1'
            train: {b: 2, lr:0.1}
                             ^
        """),
      ErrorCase(
        "model:\n  - type:dense\n    units: 3\n",
        """
        a.yaml:2:10: error: missing space after ':'; write 'type: dense'
            - type:dense
                   ^
        """),
      ErrorCase(
        "model:\n  - units: 3\n    type:dense\n",
        """
        a.yaml:3:10: error: missing space after ':'; write 'type: dense'
            type:dense
                 ^
        """),
      ErrorCase(
        "größe:1\n",
        """
        a.yaml:1:7: error: missing space after ':'; write 'größe: 1'
            größe:1
                  ^
        """),
      ErrorCase(
        "inputs:[1, 2]  # why\n",
        """
        a.yaml:1:8: error: missing space after ':'; write 'inputs: [1, 2]'
            inputs:[1, 2]  # why
                   ^
        """),
      ErrorCase(
        "{a:[1, 2]}\n",
        """
        a.yaml:1:4: error: missing space after ':'
            {a:[1, 2]}
               ^
        """),
      ErrorCase(
        "lr:0.1\nb\n",
        """
        a.yaml:1:4: error: missing space after ':'; write 'lr: 0.1'
            lr:0.1
               ^
        """),
    ] as [ErrorCase])
  func missingSpacesAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: 1\nlr 0.1\nb: 2\n",
        """
        a.yaml:2:3: error: missing ':' after 'lr'; write 'lr: 0.1'
            lr 0.1
              ^
        """),
      ErrorCase(
        "a: 1\nlr = 0.1\n",
        """
        a.yaml:2:3: error: missing ':' after 'lr'; write 'lr: 0.1'
            lr = 0.1
              ^
        """),
      ErrorCase(
        "a: 1\nlr\n",
        """
        a.yaml:2:1: error: expected 'key: value', found 'lr'
            lr
            ^
        """),
      ErrorCase(
        "lr 0.1\na: 1\n",
        """
        a.yaml:1:3: error: missing ':' after 'lr'; write 'lr: 0.1'
            lr 0.1
              ^
        """),
      ErrorCase(
        "a: x\nsome more text here that goes on and on without end\n",
        """
        a.yaml:2:5: error: missing ':' after 'some'; write 'some: more text here that goes on and on witho…'
            some more text here that goes on and on without end
                ^
        """),
      ErrorCase(
        "a:\n  \"b\": 1\n  c # why\n",
        """
        a.yaml:3:3: error: expected 'key: value', found 'c # why'
            c # why
            ^
        """),
      ErrorCase(
        "\"a\nb\": 1\n",
        """
        a.yaml:1:1: error: a key must begin and end on one line
            "a
            ^
        """),
      ErrorCase(
        "a: 1\n'x' 2\n",
        """
        a.yaml:2:1: error: expected 'key: value', found ''x' 2'
            'x' 2
            ^
        """),
      ErrorCase(
        "- units 3\n  a: 1\n",
        """
        a.yaml:1:8: error: missing ':' after 'units'; write 'units: 3'
            - units 3
                   ^
        """),
    ] as [ErrorCase])
  func missingColonsAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: b\n  c: d\n",
        """
        a.yaml:2:3: error: wrong indentation: the key before has a value, so that nothing can be indented under it
            c: d
            ^
        a.yaml:1:4: note: the value is 'b'
            a: b
               ^
        """),
      ErrorCase(
        "a:\n  b: 1\n   c: 2\n",
        """
        a.yaml:3:4: error: wrong indentation: the key before has a value, so that nothing can be indented under it
            c: 2
            ^
        a.yaml:2:6: note: the value is '1'
            b: 1
               ^
        """),
      ErrorCase(
        "a:\n  b: 1\n c: 2\n",
        """
        a.yaml:3:2: error: wrong indentation: expected 0 or 2 spaces, found 1
            c: 2
            ^
        """),
      ErrorCase(
        "a:\n    b:\n        c: 1\n      d: 2\n",
        """
        a.yaml:4:7: error: wrong indentation: expected 4 or 8 spaces, found 6
            d: 2
            ^
        """),
      ErrorCase(
        "a:\n  - x: 1\n   y: 2\n",
        """
        a.yaml:3:4: error: wrong indentation: expected 2 or 4 spaces, found 3
            y: 2
            ^
        """),
      ErrorCase(
        "a:\n  - x: 1\n  y: 2\n",
        """
        a.yaml:3:3: error: expected a list item '- …' or deeper indentation, found 'y: 2'
            y: 2
            ^
        a.yaml:2:3: note: the list begins here
            - x: 1
            ^
        """),
      ErrorCase(
        "a: 1\n- b\n",
        """
        a.yaml:2:1: error: expected 'key: value', found a list item
            - b
            ^
        a.yaml:1:1: note: the mapping begins here
            a: 1
            ^
        """),
      ErrorCase(
        "- a\nb: 1\n",
        """
        a.yaml:2:1: error: expected a list item '- …' or deeper indentation, found 'b: 1'
            b: 1
            ^
        a.yaml:1:1: note: the list begins here
            - a
            ^
        """),
      ErrorCase(
        "a: 1 # c\n  b: 2\n",
        """
        a.yaml:2:3: error: wrong indentation: expected 0 spaces, found 2
            b: 2
            ^
        """),
      ErrorCase(
        "a:\n- b\n c: 1\n",
        """
        a.yaml:3:2: error: wrong indentation: the item before has a value, so that nothing can be indented under it
            c: 1
            ^
        a.yaml:2:3: note: the value is 'b'
            - b
              ^
        """),
      ErrorCase(
        " a: 1\nb: 2\n",
        """
        a.yaml:2:1: error: wrong indentation: expected 1 space, found 0
            b: 2
            ^
        """),
      ErrorCase(
        "a: - b\n",
        """
        a.yaml:1:4: error: a list item '- ' must begin a new line; or write the list as [a, b]
            a: - b
               ^
        """),
      ErrorCase(
        "a: -\n",
        """
        a.yaml:1:4: error: a list item '- ' must begin a new line; or write the list as [a, b]
            a: -
               ^
        """),
      ErrorCase(
        "a: ? b\n",
        """
        a.yaml:1:4: error: '? ' is not permitted here; quote a text that begins with '?'
            a: ? b
               ^
        """),
      ErrorCase(
        ": x\n",
        """
        a.yaml:1:1: error: expected 'key: value', found ': x'
            : x
            ^
        """),
      ErrorCase(
        "? \n: x\n",
        """
        a.yaml:1:2: error: a key is missing before ':'
            ?\u{20}
             ^
        """),
      ErrorCase(
        "a: >\n   \n  x\n",
        """
        a.yaml:3:3: error: wrong indentation: expected 0 spaces, found 2
            x
            ^
        """),
      ErrorCase(
        "model:\n  - sigmoid\n    name: s\n",
        """
        a.yaml:3:5: error: wrong indentation: the item before has a value, so that nothing can be indented under it
            name: s
            ^
        a.yaml:2:5: note: the value is 'sigmoid'
            - sigmoid
              ^
        """),
      ErrorCase(
        "- - a\n  - b\n - c\n",
        """
        a.yaml:3:2: error: wrong indentation: expected 0 or 2 spaces, found 1
            - c
            ^
        """),
      ErrorCase(
        "  - a\n- b\n",
        """
        a.yaml:2:1: error: wrong indentation: expected 2 spaces, found 0
            - b
            ^
        """),
      ErrorCase(
        "a: b\n# c\n  d: e\n",
        """
        a.yaml:3:3: error: wrong indentation: expected 0 spaces, found 2
            d: e
            ^
        """),
      ErrorCase(
        "a: |\n  x\n y\n",
        """
        a.yaml:3:2: error: wrong indentation: expected 0 spaces, found 1
            y
            ^
        """),
      ErrorCase(
        "a:\n  - b\n  c: d\n",
        """
        a.yaml:3:3: error: expected a list item '- …' or deeper indentation, found 'c: d'
            c: d
            ^
        a.yaml:2:3: note: the list begins here
            - b
            ^
        """),
    ] as [ErrorCase])
  func wrongIndentationIsReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "-\t1\n",
        """
        a.yaml:1:2: error: a tab cannot indent; use spaces
            - 1
             ^
        """),
      ErrorCase(
        "a:\n\tb: 1\n",
        """
        a.yaml:2:1: error: a tab cannot indent; use spaces
            b: 1
            ^
        """),
      ErrorCase(
        "a: 1\n\tb: 2\n",
        """
        a.yaml:2:1: error: a tab cannot indent; use spaces
            b: 2
            ^
        """),
      ErrorCase(
        "a:\n  b: 1\n\tc: 2\n",
        """
        a.yaml:3:1: error: a tab cannot indent; use spaces
            c: 2
            ^
        """),
      ErrorCase(
        "a:\n  \tb: 1\n",
        """
        a.yaml:2:3: error: a tab cannot indent; use spaces
            b: 1
            ^
        """),
      ErrorCase(
        "- a\n\t- b\n",
        """
        a.yaml:2:1: error: a tab cannot indent; use spaces
            - b
            ^
        """),
      ErrorCase(
        "a: |\n \tb\n  c\n",
        """
        a.yaml:2:2: error: a tab cannot indent; use spaces
            b
            ^
        """),
      ErrorCase(
        "a:\n - b\n -\tc: 1\n",
        """
        a.yaml:3:3: error: a tab cannot indent; use spaces
            - c: 1
             ^
        """),
    ] as [ErrorCase])
  func tabsInIndentationAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: [1, 2\nb: 3\n",
        """
        a.yaml:1:4: error: '[' is never closed; add ']'
            a: [1, 2
               ^
        """),
      ErrorCase(
        "a: [1, 2\n",
        """
        a.yaml:1:4: error: '[' is never closed; add ']'
            a: [1, 2
               ^
        """),
      ErrorCase(
        "a: {x: 1\nb: 2\n",
        """
        a.yaml:1:4: error: '{' is never closed; add '}'
            a: {x: 1
               ^
        """),
      ErrorCase(
        "a: [1 2}\n",
        """
        a.yaml:1:8: error: '}' cannot close '['; write ']'
            a: [1 2}
                   ^
        a.yaml:1:4: note: '[' is here
            a: [1 2}
               ^
        """),
      ErrorCase(
        "a: ]\n",
        """
        a.yaml:1:4: error: expected a value, found ']'
            a: ]
               ^
        """),
      ErrorCase(
        "[,]\n",
        """
        a.yaml:1:2: error: expected a value, found ','
            [,]
             ^
        """),
      ErrorCase(
        "[1,,2]\n",
        """
        a.yaml:1:4: error: expected a value, found ','
            [1,,2]
               ^
        """),
      ErrorCase(
        "{",
        """
        a.yaml:1:1: error: '{' is never closed; add '}'
            {
            ^
        """),
      ErrorCase(
        "{a",
        """
        a.yaml:1:1: error: '{' is never closed; add '}'
            {a
            ^
        """),
      ErrorCase(
        "{a: ",
        """
        a.yaml:1:1: error: '{' is never closed; add '}'
            {a:\u{20}
            ^
        """),
      ErrorCase(
        "[a, [b, c]\nd: 1\n",
        """
        a.yaml:1:1: error: '[' is never closed; add ']'
            [a, [b, c]
            ^
        """),
      ErrorCase(
        "{a: 1]\n",
        """
        a.yaml:1:6: error: ']' cannot close '{'; write '}'
            {a: 1]
                 ^
        a.yaml:1:1: note: '{' is here
            {a: 1]
            ^
        """),
      ErrorCase(
        "[1, 2]]\n",
        """
        a.yaml:1:7: error: text after the end of the document; a declaration is one mapping
            [1, 2]]
                  ^
        """),
      ErrorCase(
        "a: [1]x\n",
        """
        a.yaml:1:7: error: text after a complete value; quote the whole, or begin a new line
            a: [1]x
                  ^
        note: ']' ends the value
        """),
      ErrorCase(
        "{a: 1 b: 2}\n",
        """
        a.yaml:1:8: error: expected ',' or '}', found ':'
            {a: 1 b: 2}
                   ^
        a.yaml:1:1: note: '{' is here
            {a: 1 b: 2}
            ^
        """),
      ErrorCase(
        "[\"a\" \"b\"]\n",
        """
        a.yaml:1:6: error: expected ',' or ']', found '"'
            ["a" "b"]
                 ^
        a.yaml:1:1: note: '[' is here
            ["a" "b"]
            ^
        """),
      ErrorCase(
        "[a: b: c]\n",
        """
        a.yaml:1:6: error: expected ',' or ']', found ':'
            [a: b: c]
                 ^
        a.yaml:1:1: note: '[' is here
            [a: b: c]
            ^
        """),
      ErrorCase(
        "[[1, 2]\n\n",
        """
        a.yaml:1:1: error: '[' is never closed; add ']'
            [[1, 2]
            ^
        """),
      ErrorCase(
        "[1\n [2]]\n",
        """
        a.yaml:2:2: error: expected ',' or ']', found '['
            [2]]
            ^
        a.yaml:1:1: note: '[' is here
            [1
            ^
        """),
      ErrorCase(
        "[1,\n b: [2]\nc: 3",
        """
        a.yaml:1:1: error: '[' is never closed; add ']'
            [1,
            ^
        """),
      ErrorCase(
        "a: {b: 1\n  c: 2}\n",
        """
        a.yaml:1:9: error: missing ',' or '}' after '1'
            a: {b: 1
                    ^
        a.yaml:1:4: note: '{' is here
            a: {b: 1
               ^
        """),
      ErrorCase(
        "a: {b: 1,\nc: [1, 2}\n",
        """
        a.yaml:2:9: error: '}' cannot close '['; write ']'
            c: [1, 2}
                    ^
        a.yaml:2:4: note: '[' is here
            c: [1, 2}
               ^
        """),
    ] as [ErrorCase])
  func unbalancedBracketsAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: \"abc\nb: 1\n",
        """
        a.yaml:1:4: error: the quote " is never closed
            a: "abc
               ^
        """),
      ErrorCase(
        "a: 'it's'\n",
        """
        a.yaml:1:8: error: text after the closing quote; inside '…' write a quote twice: ''
            a: 'it's'
                   ^
        """),
      ErrorCase(
        "a: \"x\" y\n",
        """
        a.yaml:1:8: error: text after the closing quote; inside "…" write a quote as \\"
            a: "x" y
                   ^
        """),
      ErrorCase(
        "a: 'abc\n",
        """
        a.yaml:1:4: error: the quote ' is never closed
            a: 'abc
               ^
        """),
      ErrorCase(
        "a: \"\\d\"\n",
        """
        a.yaml:1:5: error: unknown escape '\\d'; write a backslash as '\\\\', or use single quotes
            a: "\\d"
                ^
        """),
      ErrorCase(
        "a: \"C:\\data\\x.csv\"\n",
        """
        a.yaml:1:7: error: unknown escape '\\d'; write a backslash as '\\\\', or use single quotes
            a: "C:\\data\\x.csv"
                  ^
        """),
      ErrorCase(
        "a: \"\\xZZ\"\n",
        """
        a.yaml:1:7: error: expected hexadecimal digits: '\\x0A', '\\u00E9' or '\\U0001F600'
            a: "\\xZZ"
                  ^
        """),
      ErrorCase(
        "a: \"\\uD800\"\n",
        """
        a.yaml:1:7: error: the escape is not a Unicode character
            a: "\\uD800"
                  ^
        """),
      ErrorCase(
        "a: \"\\U00110000\"\n",
        """
        a.yaml:1:7: error: the escape is not a Unicode character
            a: "\\U00110000"
                  ^
        """),
      ErrorCase(
        "a: \"x\n---\n\"\n",
        """
        a.yaml:1:4: error: the quote " is never closed
            a: "x
               ^
        """),
      ErrorCase(
        "[a, \"b",
        """
        a.yaml:1:5: error: the quote " is never closed
            [a, "b
                ^
        """),
      ErrorCase(
        "\"\\",
        """
        a.yaml:1:2: error: unknown escape '\\'; write a backslash as '\\\\', or use single quotes
            "\\
             ^
        """),
    ] as [ErrorCase])
  func wrongQuotesAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: @x\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '@'; quote it
            a: @x
               ^
        """),
      ErrorCase(
        "a: `x`\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '`'; quote it
            a: `x`
               ^
        """),
      ErrorCase(
        "a: %x\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '%'; quote it
            a: %x
               ^
        """),
      ErrorCase(
        "%x: 1\n",
        """
        a.yaml:1:1: error: directive '%x:' is not supported; only '%YAML 1.2' is permitted here
            %x: 1
            ^
        """),
      ErrorCase(
        "a: *.csv\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '*'; quote it
            a: *.csv
               ^
        """),
      ErrorCase(
        "a: *\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '*'; quote it
            a: *
               ^
        """),
      ErrorCase(
        "a: & b\n",
        """
        a.yaml:1:4: error: a plain text cannot begin with '&'; quote it
            a: & b
               ^
        """),
      ErrorCase(
        "a: |x\n  b\n",
        """
        a.yaml:1:5: error: after '|' or '>' the line may contain only '+', '-', a digit from 1 to 9 and a comment
            a: |x
                ^
        """),
      ErrorCase(
        "a: >0\n  b\n",
        """
        a.yaml:1:5: error: after '|' or '>' the line may contain only '+', '-', a digit from 1 to 9 and a comment
            a: >0
                ^
        """),
      ErrorCase(
        "a: b: c\n",
        """
        a.yaml:1:5: error: a second ': ' in one line; quote a text that contains ': ', or begin a new line
            a: b: c
                ^
        """),
      ErrorCase(
        "a: \"b\": c\n",
        """
        a.yaml:1:7: error: a second ': ' in one line; quote a text that contains ': ', or begin a new line
            a: "b": c
                  ^
        """),
      ErrorCase(
        "a: [b]: c\n",
        """
        a.yaml:1:7: error: unexpected ':'; quote a text that contains ': '
            a: [b]: c
                  ^
        """),
      ErrorCase(
        "a: ,b\n",
        """
        a.yaml:1:4: error: expected a value, found ','
            a: ,b
               ^
        """),
      ErrorCase(
        "a: }\n",
        """
        a.yaml:1:4: error: expected a value, found '}'
            a: }
               ^
        """),
      ErrorCase(
        "a: &x &y z\n",
        """
        a.yaml:1:7: error: text after a complete value; quote the whole, or begin a new line
            a: &x &y z
                  ^
        """),
    ] as [ErrorCase])
  func textsThatBeginWithASignAreReported(_ error: ErrorCase) { error.check() }
}
