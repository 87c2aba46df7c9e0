import Testing

/// The exact errors of YAML that declarations do not permit.
@Suite struct DeclarationErrorTests {
  @Test(
    arguments: [
      ErrorCase(
        "",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
        """),
      ErrorCase(
        "\n\n",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
        """),
      ErrorCase(
        "# only a comment\n\n  # another\n",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
            # only a comment
            ^
        """),
      ErrorCase(
        "---\n",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
            ---
            ^
        """),
      ErrorCase(
        "---\n...\n",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
            ---
            ^
        """),
      ErrorCase(
        "\u{FEFF}",
        """
        a.yaml:1:1: error: empty document; write at least one 'key: value'
        """),
      ErrorCase(
        "a: 1\n---\nb: 2\n",
        """
        a.yaml:2:1: error: a second document; a file contains one declaration
            ---
            ^
        """),
      ErrorCase(
        "a: 1\n...\n---\nb: 2\n",
        """
        a.yaml:3:1: error: a second document; a file contains one declaration
            ---
            ^
        """),
      ErrorCase(
        "a: 1\n...\nb: 2\n",
        """
        a.yaml:3:1: error: a second document; a file contains one declaration
            b: 2
            ^
        """),
      ErrorCase(
        "--- \na: 1\n---\n",
        """
        a.yaml:3:1: error: a second document; a file contains one declaration
            ---
            ^
        """),
      ErrorCase(
        "[1] x\n",
        """
        a.yaml:1:5: error: text after the end of the document; a declaration is one mapping
            [1] x
                ^
        """),
      ErrorCase(
        "\"a\" \"b\"\n",
        """
        a.yaml:1:5: error: text after the end of the document; a declaration is one mapping
            "a" "b"
                ^
        """),
      ErrorCase(
        "%YAML 1.1\n---\na: 1\n",
        """
        a.yaml:1:1: error: directive '%YAML' is not supported; only '%YAML 1.2' is permitted here
            %YAML 1.1
            ^
        """),
      ErrorCase(
        "# c\n%TAG ! x\n---\na: 1\n",
        """
        a.yaml:2:1: error: directive '%TAG' is not supported; only '%YAML 1.2' is permitted here
            %TAG ! x
            ^
        """),
      ErrorCase(
        "%YAML 1.2\na: 1\n",
        """
        a.yaml:2:1: error: expected '---' after the directive
            a: 1
            ^
        """),
      ErrorCase(
        "%YAML 1.2 x\n---\na: 1\n",
        """
        a.yaml:1:1: error: directive '%YAML' is not supported; only '%YAML 1.2' is permitted here
            %YAML 1.2 x
            ^
        """),
      ErrorCase(
        "a: 1\n%b: 2\n",
        """
        a.yaml:2:1: error: a plain text cannot begin with '%'; quote it
            %b: 2
            ^
        """),
    ] as [ErrorCase])
  func emptyAndSeveralDocumentsAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: !!python/object:os.system x\n",
        """
        a.yaml:1:4: error: tags are not supported; remove '!!python/object:os.system', or quote a text that begins with '!'
            a: !!python/object:os.system x
               ^
        """),
      ErrorCase(
        "a: !!str 5\n",
        """
        a.yaml:1:4: error: tags are not supported; remove '!!str', or quote a text that begins with '!'
            a: !!str 5
               ^
        """),
      ErrorCase(
        "a: !x y\n",
        """
        a.yaml:1:4: error: tags are not supported; remove '!x', or quote a text that begins with '!'
            a: !x y
               ^
        """),
      ErrorCase(
        "a: ! y\n",
        """
        a.yaml:1:4: error: tags are not supported; remove '!', or quote a text that begins with '!'
            a: ! y
               ^
        """),
      ErrorCase(
        "a: &b !c d\n",
        """
        a.yaml:1:7: error: tags are not supported; remove '!c', or quote a text that begins with '!'
            a: &b !c d
                  ^
        """),
      ErrorCase(
        "a: !x!y z\n",
        """
        a.yaml:1:4: error: tags are not supported; quote a text that begins with '!'
            a: !x!y z
               ^
        """),
      ErrorCase(
        "!<\n",
        """
        a.yaml:1:1: error: tags are not supported; quote a text that begins with '!'
            !<
            ^
        """),
      ErrorCase(
        "a: !\n",
        """
        a.yaml:1:4: error: tags are not supported; remove '!', or quote a text that begins with '!'
            a: !
               ^
        """),
      ErrorCase(
        "- !t [1]\n- !u {a: 1}\n",
        """
        a.yaml:1:3: error: tags are not supported; remove '!t', or quote a text that begins with '!'
            - !t [1]
              ^
        a.yaml:2:3: error: tags are not supported; remove '!u', or quote a text that begins with '!'
            - !u {a: 1}
              ^
        """),
      ErrorCase(
        "base: &b {x: 1}\nother:\n  <<: *b\n",
        """
        a.yaml:3:3: error: merge keys are not supported; write the keys themselves
            <<: *b
            ^
        """),
      ErrorCase(
        "{<<: {a: 1}, b: !x 1, b: 2}\n",
        """
        a.yaml:1:2: error: merge keys are not supported; write the keys themselves
            {<<: {a: 1}, b: !x 1, b: 2}
             ^
        a.yaml:1:17: error: tags are not supported; remove '!x', or quote a text that begins with '!'
            {<<: {a: 1}, b: !x 1, b: 2}
                            ^
        a.yaml:1:23: error: duplicate key 'b'; remove one of the two
            {<<: {a: 1}, b: !x 1, b: 2}
                                  ^
        a.yaml:1:14: note: the first 'b' is here
            {<<: {a: 1}, b: !x 1, b: 2}
                         ^
        """),
      ErrorCase(
        "? [a]\n: 1\n",
        """
        a.yaml:1:3: error: a key must be a text, found a list
            ? [a]
              ^
        """),
      ErrorCase(
        "? {a: 1}\n: 1\n",
        """
        a.yaml:1:3: error: a key must be a text, found a mapping
            ? {a: 1}
              ^
        """),
      ErrorCase(
        "[a]: 1\n",
        """
        a.yaml:1:1: error: a key must be a text, found a list
            [a]: 1
            ^
        """),
      ErrorCase(
        "a: &a 1\n*a : 2\n",
        """
        a.yaml:2:1: error: a key must be a text, found the alias '*a'
            *a : 2
            ^
        """),
    ] as [ErrorCase])
  func tagsMergeKeysAndOtherKeysAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: 1\nb: 2\na: 3\n",
        """
        a.yaml:3:1: error: duplicate key 'a'; remove one of the two
            a: 3
            ^
        a.yaml:1:1: note: the first 'a' is here
            a: 1
            ^
        """),
      ErrorCase(
        "a:\n  b: 1\n  \"b\": 2\n",
        """
        a.yaml:3:3: error: duplicate key 'b'; remove one of the two
            "b": 2
            ^
        a.yaml:2:3: note: the first 'b' is here
            b: 1
            ^
        """),
      ErrorCase(
        "{a: 1, a: 2, a: 3}\n",
        """
        a.yaml:1:8: error: duplicate key 'a'; remove one of the two
            {a: 1, a: 2, a: 3}
                   ^
        a.yaml:1:2: note: the first 'a' is here
            {a: 1, a: 2, a: 3}
             ^
        a.yaml:1:14: error: duplicate key 'a'; remove one of the two
            {a: 1, a: 2, a: 3}
                         ^
        a.yaml:1:2: note: the first 'a' is here
            {a: 1, a: 2, a: 3}
             ^
        """),
      ErrorCase(
        "é: 1\ne\u{301}: 2\n",
        """
        a.yaml:2:1: error: duplicate key 'e\u{301}'; remove one of the two
            e\u{301}: 2
            ^
        a.yaml:1:1: note: the first 'e\u{301}' is here
            é: 1
            ^
        """),
      ErrorCase(
        "1: a\n\"1\": b\n",
        """
        a.yaml:2:1: error: duplicate key '1'; remove one of the two
            "1": b
            ^
        a.yaml:1:1: note: the first '1' is here
            1: a
            ^
        """),
    ] as [ErrorCase])
  func duplicateKeysAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: *lr\n",
        """
        a.yaml:1:4: error: no anchor '&lr' is defined above this alias; put '&lr' before the value it repeats, or quote a text that begins with '*'
            a: *lr
               ^
        """),
      ErrorCase(
        "a: &lr 1\nb: *rl\n",
        """
        a.yaml:2:4: error: no anchor '&rl' is defined above this alias; did you mean 'lr'?
            b: *rl
               ^
        """),
      ErrorCase(
        "a: &a [1, *a]\n",
        """
        a.yaml:1:11: error: alias '*a' is inside the value that it repeats
            a: &a [1, *a]
                      ^
        """),
      ErrorCase(
        "a: &a\n  b: *a\n",
        """
        a.yaml:2:6: error: alias '*a' is inside the value that it repeats
            b: *a
               ^
        """),
      ErrorCase(
        "a: *b\nb: &b 1\n",
        """
        a.yaml:1:4: error: no anchor '&b' is defined above this alias; put '&b' before the value it repeats, or quote a text that begins with '*'
            a: *b
               ^
        """),
      ErrorCase(
        "a: *x\nb: *y\nc: &z *q\n",
        """
        a.yaml:1:4: error: no anchor '&x' is defined above this alias; put '&x' before the value it repeats, or quote a text that begins with '*'
            a: *x
               ^
        a.yaml:2:4: error: no anchor '&y' is defined above this alias; put '&y' before the value it repeats, or quote a text that begins with '*'
            b: *y
               ^
        a.yaml:3:7: error: text after a complete value; quote the whole, or begin a new line
            c: &z *q
                  ^
        """),
    ] as [ErrorCase])
  func wrongAliasesAreReported(_ error: ErrorCase) { error.check() }

  @Test(
    arguments: [
      ErrorCase(
        "a: 1\nb: \u{0}\n",
        """
        a.yaml:2:4: error: character U+0000 is not permitted in a declaration; inside double quotes write it as '\\u0000'
            b: \u{20}
               ^
        """),
      ErrorCase(
        "a: x\u{2028}y\n",
        """
        a.yaml:1:5: error: character U+2028 is not permitted in a declaration; inside double quotes write it as '\\u2028'
            a: x y
                ^
        """),
      ErrorCase(
        "a: 1 # \u{85}\n",
        """
        a.yaml:1:8: error: character U+0085 is not permitted in a declaration; inside double quotes write it as '\\u0085'
            a: 1 # \u{20}
                   ^
        """),
      ErrorCase(
        "a: \"\u{7}\"\n",
        """
        a.yaml:1:5: error: character U+0007 is not permitted in a declaration; inside double quotes write it as '\\u0007'
            a: " "
                ^
        """),
      ErrorCase(
        "aé: \u{FEFF}b\n",
        """
        a.yaml:1:5: error: character U+FEFF is not permitted in a declaration; inside double quotes write it as '\\uFEFF'
            aé:  b
                ^
        """),
      ErrorCase(
        "a: ퟿\u{FFFF}\n",
        """
        a.yaml:1:5: error: character U+FFFF is not permitted in a declaration; inside double quotes write it as '\\uFFFF'
            a: \u{D7FF}\u{20}
                ^
        """),
      ErrorCase(
        "a: 1\r\nb: \u{1}\r\n",
        """
        a.yaml:2:4: error: character U+0001 is not permitted in a declaration; inside double quotes write it as '\\u0001'
            b: \u{20}
               ^
        """),
      ErrorCase(
        "a: 1\rb: \u{1}\r",
        """
        a.yaml:2:4: error: character U+0001 is not permitted in a declaration; inside double quotes write it as '\\u0001'
            b: \u{20}
               ^
        """),
    ] as [ErrorCase])
  func forbiddenCharactersAreReported(_ error: ErrorCase) { error.check() }
}
