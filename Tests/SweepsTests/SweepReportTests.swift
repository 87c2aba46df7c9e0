import NNExp
import Results
import Testing

@testable import Sweeps

/// The report at the end of a sweep: for people, in JUnit XML, and for GitHub.
@Suite struct SweepReportTests {
  private static let file = """
    base: y.yaml
    name: rates
    sweep:
      grid: {a.rate: [1, 2, 3], "b": ["x, \\"y\\" <&>", z]}
      expect:
        best: {train_loss: "< 0.1"}
        fraction: {completed: ">= 0.5"}
    """

  private func declaration(expecting: Bool = true) throws -> SweepDeclaration {
    let lines = SweepReportTests.file.split(separator: "\n")
    let text = lines.prefix(expecting ? lines.count : 4).joined(separator: "\n")
    return try SweepDeclaration(path: "ci/x.yaml", arguments: []) {
      Array(($0 == "ci/x.yaml" ? text : "name: y").utf8)
    }
  }

  private func row(
    _ number: Int, _ status: TrialRow.Status, _ values: [String], error: String? = nil,
    loss: Double? = nil, epochs: Int = 10, seconds: Double? = nil
  ) -> TrialRow {
    TrialRow(
      number: number, run: "r/trials/\(number)", status: status, exitStatus: nil, error: error,
      seed: 0, values: values, epochs: epochs, final: [Summary.Final(.loss(.train), loss)],
      best: [], seconds: seconds)
  }

  private var rows: [TrialRow] {
    [
      row(1, .completed, ["1", "z"], loss: 0.25, seconds: 0.0000125),
      row(2, .fellShort, ["1", "\"x, \\\"y\\\" <&>\""], error: "loss > 1;\nsee\t\u{1}", loss: 2),
      row(3, .failed, ["2", "z"], error: "crashed: 100%", seconds: 61.25),
      row(4, .stopped, ["2", ""], error: "stopped after epoch 3", loss: 0.5, seconds: 1),
      row(5, .pending, ["3", "z"]),
      row(6, .interrupted, ["3", "w"], error: "SIGINT", loss: 1),
    ]
  }

  @Test func theJUnitReportListsTrialsAndExpectations() throws {
    #expect(
      try SweepReport(declaration(), rows: rows, columns: []).junit == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="nnexp" tests="8" failures="2" errors="1" skipped="2" time="62.250012">
          <testsuite name="rates" tests="8" failures="2" errors="1" skipped="2" time="62.250012">
            <testcase classname="rates" name="trial 1: a.rate=1 b=z" time="0.000012"/>
            <testcase classname="rates" name="trial 2: a.rate=1 b=&quot;x, \\&quot;y\\&quot; \
        &lt;&amp;&gt;&quot;" time="0.000000"/>
            <testcase classname="rates" name="trial 3: a.rate=2 b=z" time="61.250000"/>
            <testcase classname="rates" name="trial 4: a.rate=2" time="1.000000"><skipped \
        message="stopped after epoch 3"/></testcase>
            <testcase classname="rates" name="trial 5: a.rate=3 b=z" time="0.000000"><skipped \
        message="pending"/></testcase>
            <testcase classname="rates" name="trial 6: a.rate=3 b=w" time="0.000000"><error \
        message="SIGINT" type="interrupted">r/trials/6</error></testcase>
            <testcase classname="rates" name="expect best train_loss &lt; 0.1" time="0.000000">\
        <failure message="best train_loss is 0.25, expected &lt; 0.1" type="expectation">\
        </failure></testcase>
            <testcase classname="rates" name="expect fraction completed &gt;= 0.5" \
        time="0.000000"><failure message="fraction completed is 0.16666666666666666, expected \
        &gt;= 0.5" type="expectation"></failure></testcase>
          </testsuite>
        </testsuites>

        """)
  }

  /// Fault 50: a combining mark does not hide a character that ends a field.
  @Test func syntaxBeforeACombiningMarkIsEscaped() throws {
    let mark = "\u{301}"
    let hostile = "\"\(mark)<\(mark)&\(mark)\n::\(mark)%\(mark),\(mark)"
    let report = SweepReport(
      try declaration(expecting: false), rows: [row(1, .failed, ["1", hostile], error: hostile)],
      columns: [])
    let escaped = "&quot;\(mark)&lt;\(mark)&amp;\(mark)&#10;::\(mark)%\(mark),\(mark)"
    #expect(
      report.junit.utf8.firstRange(of: "name=\"trial 1: a.rate=1 b=\(escaped)\"".utf8) != nil)
    #expect(report.junit.utf8.firstRange(of: "message=\"\(escaped)\"".utf8) != nil)
    let annotation = try #require(report.annotations.first)
    #expect(
      annotation.hasSuffix(bytes: "\"\(mark)<\(mark)&\(mark)%0A::\(mark)%25\(mark),\(mark)"))
  }

  /// If the sweep has no expectations, every trial counts.
  @Test func theJUnitReportWithoutExpectationsCountsEveryTrial() throws {
    let lines = try SweepReport(declaration(expecting: false), rows: rows, columns: []).junit
      .split(separator: "\n")
    #expect(
      lines[1].hasSuffix(
        #"tests="6" failures="1" errors="2" skipped="2" time="62.250012">"#))
    #expect(
      lines[4].hasSuffix(
        #"<failure message="loss &gt; 1;&#10;see&#9;\#u{FFFD}" type="fell_short">"#
          + "r/trials/2</failure></testcase>"))
    #expect(lines[5].contains(#"<error message="crashed: 100%" type="failed">"#))
  }

  /// Each has its file and line, and characters with a special meaning are escaped.
  @Test func annotationsHaveTheirFileAndLine() throws {
    #expect(
      try SweepReport(declaration(), rows: rows, columns: []).annotations == [
        "::error file=ci/x.yaml,line=6,col=24::best train_loss is 0.25, expected < 0.1",
        "::error file=ci/x.yaml,line=7,col=27::fraction completed is 0.16666666666666666, "
          + "expected >= 0.5",
        "::error file=ci/x.yaml,line=4,col=3::trial 6 (a.rate=3 b=w) interrupted: SIGINT",
        "::error file=ci/x.yaml,line=4,col=3::1 trial was not run",
      ])
    #expect(
      try SweepReport(declaration(expecting: false), rows: rows, columns: []).annotations.prefix(2)
        == [
          "::error file=ci/x.yaml,line=4,col=3::trial 2 (a.rate=1 b=\"x, \\\"y\\\" <&>\") "
            + "fell_short: loss > 1;%0Asee\\t\\x01",
          "::error file=ci/x.yaml,line=4,col=3::trial 3 (a.rate=2 b=z) failed: crashed: 100%25",
        ])
  }

  @Test func failuresAreReportedWithTheirLocation() throws {
    var lines: [String] = []
    #expect(
      try !SweepReport(declaration(), rows: rows, columns: []).reportShortfalls { lines.append($0) }
    )
    #expect(
      lines == [
        "error: trial 6 (a.rate=3 b=w) interrupted: SIGINT",
        "error: 1 trial was not run",
        """
        ci/x.yaml:6:24: error: best train_loss is 0.25, expected < 0.1
            best: {train_loss: "< 0.1"}
                               ^
        """,
        """
        ci/x.yaml:7:27: error: fraction completed is 0.16666666666666666, expected >= 0.5
            fraction: {completed: ">= 0.5"}
                                  ^
        """,
      ])
  }

  /// Thousands of failed trials are not reported one by one.
  @Test func thousandsOfFailuresAreSummarized() throws {
    let rows = (1...1000).map { row($0, $0 < 500 ? .failed : .pending, ["1", "z"]) }
    var lines: [String] = []
    let report = try SweepReport(declaration(expecting: false), rows: rows, columns: [])
    #expect(!report.reportShortfalls { lines.append($0) })
    #expect(lines.count == 12)
    #expect(
      lines.suffix(2) == [
        "error: and 489 more trials; see sweep.csv", "error: 501 trials were not run",
      ])
    #expect(report.headline == "1000 trials: 501 pending, 499 failed")
  }

  // MARK: Expectations

  /// The values of the trials that ended: 0.5, 0.25, 1 and 0.75.
  @Test(arguments: [
    ("best: {train_loss: '== 0.25'}", true), ("worst: {train_loss: '== 1'}", true),
    ("mean: {train_loss: '== 0.625'}", true), ("median: {train_loss: '== 0.625'}", true),
    ("best: {train_accuracy: '== 1'}", true), ("worst: {train_accuracy: '== 0.25'}", true),
    ("mean: {epochs: '== 12.5'}", true), ("best: {epochs: ['>= 5', '< 11']}", true),
    ("fraction: {completed: '== 0.5'}", true), ("fraction: {failed: '== 0.25'}", true),
    ("fraction: {stopped: '== 0.125'}", true), ("fraction: {fell_short: '> 0'}", false),
    ("best: {train_loss: '< 0.25'}", false), ("mean: {train_loss: ['> 0.1', '< 0.625']}", false),
    ("best: {validation_loss: '< 1'}", false),
  ])
  func expectationsApplyToTheTrialsThatEnded(_ expect: String, _ isMet: Bool) throws {
    let declaration = try SweepDeclaration(path: "x.yaml", arguments: []) { _ in
      Array("name: x\nsweep: {repeat: 8, expect: {\(expect)}}".utf8)
    }
    let ended = zip([0.5, 0.25, 1, 0.75], [10, 10, 10, 20]).enumerated().map {
      let (loss, epochs) = $0.element
      return TrialRow(
        number: $0.offset + 1, run: "", status: .completed, exitStatus: 0, error: nil, seed: 0,
        values: [], epochs: epochs,
        final: [
          .init(.loss(.train), loss), .init(.loss(.validation), nil), .init(trainAccuracy, loss),
        ], best: [], seconds: nil)
    }
    let others = [TrialRow.Status.failed, .failed, .pending, .stopped].enumerated().map {
      row($0.offset + 5, $0.element, [], loss: -7)
    }
    let expectation = try #require(declaration.expectations.first)
    let miss = expectation.shortfall(of: ended + others, columns: [trainAccuracy])
    #expect((miss == nil) == isMet, "\(miss?.message ?? "")")
  }
}
