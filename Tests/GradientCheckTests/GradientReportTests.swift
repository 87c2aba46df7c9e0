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
        GradientReport.Tensor(tensor: tensor, records: records, scale: 1)
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

  /// Fault 50.
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
        nondeterministic,max_absolute_error,max_relative_error,max_bound,worst_index,verdict,\
        sensitivity
        end,"a,""b""\",dense,weight,parameter,6,4,2,1,1,0,0,0,0,0.25,0.5,\
        1.909494701772928e-11,5,FAIL,
        end,"a,""b""\",dense,weight,direction,6,1,0,0,0,0,1,0,0,0.25,0.5,\
        1.909494701772928e-11,3,FAIL,

        """)
  }

  /// The verdict on six entries and on directions with the given numbers of members.
  private func verdict(
    _ entries: [Verdict], directions: [(Verdict, members: Int)] = [], zeros: Int = 0
  ) -> Verdict {
    var records = entries.enumerated().map { record($1, $0) }
    for i in 0..<zeros { records[i].value = 0 }
    for (i, (verdict, members)) in directions.enumerated() {
      var direction = record(verdict, i, kind: .direction)
      direction.members = members
      records.append(direction)
    }
    return report(records).tensors[0].verdict
  }

  @Test func aTensorIsProvenIfEveryEntryIsCovered() {
    let cases: [([Verdict], Verdict)] = [
      ([.pass, .pass, .pass, .pass, .pass, .pass], .pass),
      ([.zero, .zero, .zero, .zero, .zero, .zero], .zero),
      ([.pass, .zero, .kink, .kink, .kink, .kink], .pass),
      ([.kink, .kink, .kink, .kink, .kink, .kink], .kink),
      ([.pass, .pass, .pass, .pass, .pass, .inconclusive], .inconclusive),
      ([.pass, .pass, .pass, .pass, .pass], .inconclusive), ([], .inconclusive),
      ([.pass, .pass, .pass, .pass, .pass, .fail], .fail),
      ([.fail, .nondeterministic], .nondeterministic), ([.nonfinite, .fail, .pass], .nonfinite),
    ]
    for (verdicts, expected) in cases { #expect(verdict(verdicts) == expected, "\(verdicts)") }
  }

  @Test func sixteenDirectionsCoverTheEntriesThatTheyMove() {
    let all = [(Verdict, members: Int)](repeating: (.pass, members: 6), count: 16)
    #expect(verdict([.pass, .pass], directions: all) == .pass)
    #expect(verdict([.pass, .inconclusive], directions: all) == .pass)
    #expect(verdict([.pass, .pass], directions: Array(all.dropLast())) == .inconclusive)
    // A direction at kinks has no influence.
    #expect(verdict([.pass], directions: all + [(.kink, members: 6)]) == .pass)
    #expect(verdict([.pass], directions: Array(all.dropLast()) + [(.kink, 6)]) == .inconclusive)
    // The directions leave out two zeros, which must be settled by themselves.
    let part = [(Verdict, members: Int)](repeating: (.pass, members: 4), count: 16)
    #expect(verdict([.kink, .kink, .pass], directions: part, zeros: 2) == .pass)
    #expect(verdict([.kink, .pass], directions: part, zeros: 1) == .inconclusive)
  }

  /// In earlier versions, 1,094 entries that passed outvoted eight directions that did not.
  @Test func evidenceIsNeverOutvoted() {
    var records = (0..<6).map { record(.pass, $0) }
    records.append(record(.inconclusive, 0, kind: .direction, reason: .outsideWithinRoundoff))
    #expect(report(records).tensors[0].verdict == .inconclusive)
    records[6].verdict = .fail
    #expect(report(records).tensors[0].verdict == .fail)
  }

  @Test func sensitivityIsTheSmallestErrorThatWouldHaveBeenDetected() throws {
    // The root mean square of the tensor's gradient is 1; a and n differ by 0.25.
    var records = (0..<6).map { record(.pass, $0) }
    #expect(report(records).tensors[0].sensitivity == 0.25 + records[0].numeric.bound)
    // An entry larger than the root mean square: the error is relative to the entry.
    records[5].analytic = 4.5
    records[5].numeric.value = 4
    #expect(report(records).tensors[0].sensitivity == 0.25 + records[0].numeric.bound)
    records[5].numeric.value = 2.5
    #expect(report(records).tensors[0].sensitivity == (2 + records[0].numeric.bound) / 4.5)
    records[0].verdict = .inconclusive
    #expect(report(records).tensors[0].sensitivity == nil)
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
    #expect(verdict(0.5) { $0.truncation = .nan } == .inconclusive)
    #expect(verdict(0.5) { $0.value = .nan } == .inconclusive)
    #expect(verdict(1e-12) { $0.value = 1e-13 } == .zero)
    #expect(verdict(1e-8) { $0.value = 1e-8 } == .zero)
    // The entry is neither proven by itself nor negligible relative to its tensor.
    #expect(verdict(1e-5) { $0.value = 1e-5 } == .inconclusive)
  }
}
