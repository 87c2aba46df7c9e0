import Testing

/// Errors in the layout of YAML: spaces, colons, indentation and tabs. The whole message of each.
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
}
