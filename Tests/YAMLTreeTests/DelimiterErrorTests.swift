import Testing

/// Errors in brackets, quotes and first characters of texts. The whole message of each.
@Suite struct DelimiterErrorTests {
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
