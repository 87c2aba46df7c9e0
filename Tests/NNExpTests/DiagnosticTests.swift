import NNExp
import Testing

private let source = SourceFile(
  name: "experiments/xor.yaml",
  lines: [
    "model:", "  - type: dense", "    units: 2", "  - type: sigmoyd", "", "\tx: [1,\t2]",
  ])

@Test func diagnosticsShowLocationFactAndRemedy() {
  let diagnostic = Diagnostic(
    "unknown layer type 'sigmoyd'; did you mean 'sigmoid'?",
    at: NNExp.SourceLocation(source: source, line: 4, column: 11),
    notes: [.init("known types: dense, sigmoid")])
  #expect(
    "\(diagnostic)" == """
      experiments/xor.yaml:4:11: error: unknown layer type 'sigmoyd'; did you mean 'sigmoid'?
          - type: sigmoyd
                  ^
      note: known types: dense, sigmoid
      """)
}

@Test func notesHaveTheirOwnLocations() {
  let diagnostic = Diagnostic(
    "'output' expects [4]", at: NNExp.SourceLocation(source: source, line: 4, column: 5),
    notes: [
      .init("'hidden' produces [8]", at: NNExp.SourceLocation(source: source, line: 2, column: 5))
    ])
  #expect(
    "\(diagnostic)" == """
      experiments/xor.yaml:4:5: error: 'output' expects [4]
          - type: sigmoyd
            ^
      experiments/xor.yaml:2:5: note: 'hidden' produces [8]
          - type: dense
            ^
      """)
}

@Test func diagnosticsWithoutALocationAreOneLine() {
  #expect("\(Diagnostic("no space left", failure: .environment))" == "error: no space left")
  #expect("\(Diagnostic("slow", severity: .warning))" == "warning: slow")
}

@Test func locationsOutsideTheTextShowNoLine() {
  for line in [0, -3, 7, 1000] {
    let text = "\(Diagnostic("x", at: NNExp.SourceLocation(source: source, line: line, column: 1)))"
    #expect(text == "experiments/xor.yaml:\(line):1: error: x")
  }
  #expect(
    "\(Diagnostic("x", at: NNExp.SourceLocation(source: source, line: 5, column: 1)))"
      == "experiments/xor.yaml:5:1: error: x")
}

@Test func caretsCanPointPastTheEndOfALine() {
  #expect(
    "\(Diagnostic("unclosed", at: NNExp.SourceLocation(source: source, line: 1, column: 7)))" == """
      experiments/xor.yaml:1:7: error: unclosed
          model:
                ^
      """)
}

@Test func tabsCountAsOneCharacter() {
  #expect(
    "\(Diagnostic("x", at: NNExp.SourceLocation(source: source, line: 6, column: 9)))" == """
      experiments/xor.yaml:6:9: error: x
          x: [1, 2]
                 ^
      """)
}

@Test func longLinesAreShownFromShortlyBeforeTheLocation() {
  let long = SourceFile(name: "long.yaml", lines: ["0123456789".repeated(1000)])
  #expect(
    "\(Diagnostic("x", at: NNExp.SourceLocation(source: long, line: 1, column: 5001)))" == """
      long.yaml:1:5001: error: x
          \("0123456789".repeated(9))012345
          \(" ".repeated(40))^
      """)
  // If the column is beyond the end of the line, no line is shown.
  #expect(
    "\(Diagnostic("x", at: NNExp.SourceLocation(source: long, line: 1, column: 20_000)))"
      == "long.yaml:1:20000: error: x")
}

@Test func terminalControlsOfAFileAreEscaped() {
  let bell = SourceFile(name: "a.yaml", lines: ["a\u{1B}[31m\u{9B}31m\u{7F}b: 1"])
  let diagnostic = Diagnostic(
    "unknown key 'a\u{1B}[31m\n\u{9B}'", at: NNExp.SourceLocation(source: bell, line: 1, column: 1),
    notes: [.init("tab\there")])
  #expect(
    "\(diagnostic)" == """
      a.yaml:1:1: error: unknown key 'a\\x1B[31m\\n\\x9B'
          a [31m 31m b: 1
          ^
      note: tab\\there
      """)
}

@Test func diagnosticsAreLocatedOnce() {
  let first = NNExp.SourceLocation(source: source, line: 1, column: 1)
  let second = NNExp.SourceLocation(source: source, line: 2, column: 2)
  #expect(Diagnostic("x").located(at: first).location == first)
  #expect(Diagnostic("x", at: first).located(at: second).location == first)
}

@Test func manyDiagnosticsAreReportedTogether() throws {
  struct Odd: Error, CustomStringConvertible { var description: String { "odd" } }
  var all = Diagnostics()
  try all.throwIfAny()
  #expect(all.failure == .input)
  all.add(Diagnostic("one"))
  all.add(Odd(), at: NNExp.SourceLocation(source: source, line: 1, column: 1))
  all.add(
    Diagnostics([Diagnostic("two"), Diagnostic("three", failure: .environment)]) as any Error)
  #expect(
    "\(all)" == """
      error: one
      experiments/xor.yaml:1:1: error: odd
          model:
          ^
      error: two
      error: three
      """)
  #expect(all.failure == .environment)
  #expect(throws: Diagnostics.self) { try all.throwIfAny() }
}

extension String {
  fileprivate func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}
