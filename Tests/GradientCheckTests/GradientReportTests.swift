import NNExp
import Testing

@testable import GradientCheck

@Suite struct GradientReportTests {
  private func record(
    _ verdict: Verdict, _ index: Int = 0, kind: GradientReport.Kind = .parameter,
    reason: Reason = .none
  ) -> GradientReport.Record {
    var numeric = NumericDerivative()
    numeric.value = 0.5
    numeric.truncation = 1e-12
    numeric.roundoff = 0x1p-40
    numeric.step = 0.01
    numeric.evaluations = 6
    numeric.slopeLeft = 0.25
    numeric.slopeRight = 0.75
    return GradientReport.Record(
      kind: kind, index: index, value: 2, analytic: 0.25, numeric: numeric, verdict: verdict,
      reason: reason)
  }

  private func report(
    _ records: [GradientReport.Record], node: String = "a,\"b\""
  ) -> GradientReport {
    let tensor = SubjectTensor(
      node: node, type: "dense", name: "weight", kind: .parameter, shape: [2, 3])
    return GradientReport(
      at: "end",
      tensors: [
        GradientReport.Tensor(tensor: tensor, records: records, scale: 1, tolerance: 1e-6)
      ], evaluations: 12)
  }

  @Test func entriesAreWrittenAsCSV() {
    let text = GradientReport.entriesCSV([
      report([
        record(.fail, 5, reason: .outsideBound), record(.pass, 1, kind: .direction),
      ])
    ])
    #expect(
      text == """
        at,node,type,tensor,kind,index,value,analytic,numeric,absolute_error,relative_error,\
        error_truncation,error_roundoff,bound,step,evaluations,slope_left,slope_right,verdict,\
        reason
        end,"a,""b""\",dense,weight,parameter,5,2,0.25,0.5,0.25,0.5,1e-12,\
        9.094947017729282e-13,1.909494701772928e-11,0.01,6,0.25,0.75,FAIL,\
        further from the numeric value than the bound
        end,"a,""b""\",dense,weight,direction,1,,0.25,0.5,0.25,0.5,1e-12,\
        9.094947017729282e-13,1.909494701772928e-11,0.01,6,0.25,0.75,PASS,

        """)
  }

  /// FAULTS 50.
  @Test func aQuoteBeforeACombiningMarkIsDoubled() {
    let text = GradientReport.summaryCSV([report([record(.pass)], node: "a\"\u{301},\u{301}")])
    let row = text.split(atByte: "\n")[1]
    #expect(row.hasPrefix(bytes: "end,\"a\"\"\u{301},\u{301}\",dense,"))
  }

  @Test func theSummaryIsWrittenAsCSV() {
    let text = GradientReport.summaryCSV([
      report([
        record(.pass, 0), record(.pass, 2), record(.kink, 5), record(.zero, 1),
        record(.fail, 3, kind: .direction),
      ])
    ])
    #expect(
      text == """
        at,node,type,tensor,kind,entries,checked,pass,zero,kink,inconclusive,fail,nonfinite,\
        nondeterministic,max_absolute_error,max_relative_error,max_bound,worst_index,verdict
        end,"a,""b""\",dense,weight,parameter,6,4,2,1,1,0,0,0,0,0.25,0.5,\
        1.909494701772928e-11,5,PASS
        end,"a,""b""\",dense,weight,direction,6,1,0,0,0,0,1,0,0,0.25,0.5,\
        1.909494701772928e-11,3,FAIL

        """)
  }

  @Test func theVerdictOfATensorFollowsFromThoseOfItsEntries() {
    let cases: [([Verdict], Verdict, GradientReport.Outcome)] = [
      ([.pass, .pass], .pass, .passed), ([.zero], .zero, .passed),
      ([.pass, .zero, .kink], .pass, .passed),
      ([.pass, .pass, .inconclusive], .pass, .passed),
      ([.pass, .inconclusive], .inconclusive, .unproven),
      ([.inconclusive, .kink], .inconclusive, .unproven), ([.kink], .kink, .unproven),
      ([], .inconclusive, .unproven), ([.pass, .fail], .fail, .failed),
      ([.fail, .nondeterministic], .nondeterministic, .failed),
      ([.nonfinite, .fail, .pass], .nonfinite, .failed),
    ]
    for (verdicts, expected, outcome) in cases {
      let report = report(verdicts.map { record($0) })
      #expect(report.tensors[0].verdict == expected, "\(verdicts)")
      #expect(report.outcome == outcome, "\(verdicts)")
    }
    let small =
      [record(.pass)] + (0..<9).map { record(.inconclusive, $0, reason: .smallInItsTensor) }
    #expect(report(small).outcome == .passed)
    #expect(report(Array(small.dropFirst())).outcome == .unproven)
  }

  @Test func theReportIsWrittenForATerminal() throws {
    let text = report([
      record(.pass, 0), record(.fail, 5), record(.fail, 0, kind: .direction),
    ]).description
    #expect(
      text == """
        gradient check at end: failed, 0 of 1 tensors proven (3 derivatives, 12 evaluations)
          a,"b"  dense  weight  2 of 6 + 1 directions  FAIL  off by 0.25 of 0.5 at weight[1, 2]
        """)
  }

  @Test func anEntryGetsTheGravestVerdictThatApplies() {
    func verdict(_ a: Double, _ adjust: (inout NumericDerivative) -> Void = { _ in }) -> Verdict {
      var numeric = record(.pass).numeric  // 0.5 ± 1.9e-11
      adjust(&numeric)
      return Verdict.judge(a, against: numeric, scale: 1, tolerance: 1e-6).0
    }
    #expect(verdict(.nan) { $0.isKinked = true } == .nonfinite)
    #expect(verdict(0.3) { $0.isKinked = true } == .kink)
    #expect(verdict(0.5) { $0.isKinked = true } == .kink)
    #expect(verdict(0.1) { $0.isKinked = true } == .fail)
    #expect(verdict(0.5 + 2e-11) == .fail)
    #expect(verdict(0.5 + 1.8e-11) == .pass)
    #expect(verdict(0.5) { $0.truncation = 1e-4 } == .inconclusive)
    #expect(verdict(1e-12) { $0.value = 1e-13 } == .zero)
    // Almost, but not both below the bound.
    #expect(verdict(2e-11) { $0.value = 1e-11 } == .inconclusive)
  }
}
