import GradientCheck
import NNExp

/// The results of requested checks of random sound networks.
package struct NetworkTally: Sendable {
  package private(set) var networks = 0
  package private(set) var ordinary = 0
  package private(set) var passed = 0
  package private(set) var entries = 0
  package private(set) var settled = 0
  /// Descriptions of networks that are called wrong.
  package private(set) var alarms: [String] = []
  /// Descriptions of ordinary networks that are not proven.
  package private(set) var unproven: [String] = []

  package init() {}

  /// True if a network is checked like a larger one: by directions and a few entries.
  private static func isSampled(_ seed: Int) -> Bool { seed % 5 == 0 }

  /// The check of a network, with this seed for its directions.
  package static func report(of subject: NetworkSubject, seed: Int) -> GradientReport {
    let random = RandomStream(seed: UInt64(seed), purpose: "proof")
    var settings = GradientCheckSettings.standard
    if isSampled(seed) { settings.entries = .count(6) }
    return GradientChecker(settings, random: random).check(subject, at: "start")
  }

  package mutating func add(_ network: RandomNetwork) throws {
    let subject = try network.subject()
    let isOrdinary = network.isOrdinary(subject)
    // A loss that overflows has no gradient.
    guard subject.loss(changing: 0).isFinite else { return }
    let report = NetworkTally.report(of: subject, seed: network.seed)
    networks += 1
    if report.outcome == .failed {
      let rows = GradientReport.entriesCSV([report]).split(separator: "\n")
      let wrong = rows.filter { $0.contains(",FAIL,") || $0.contains(",NONFINITE,") }
      alarms.append(
        "seed \(network.seed)\n\(network.text)\(report)\n\(wrong.prefix(3).joined(separator: "\n"))"
      )
    }
    guard isOrdinary, !NetworkTally.isSampled(network.seed) else { return }
    ordinary += 1
    if report.passes { passed += 1 }
    for tensor in report.tensors {
      for record in tensor.records where record.kind != .direction {
        entries += 1
        if record.verdict.isProof || record.verdict == .kink { settled += 1 }
      }
    }
    if report.outcome == .unproven {
      let open = report.tensors.filter { !$0.verdict.isProof }.map { tensor in
        let rows = GradientReport.entriesCSV([
          GradientReport(at: "", tensors: [tensor], evaluations: 0)
        ]).split(separator: "\n").filter { !$0.contains("PASS") && !$0.contains("ZERO") }
        return (rows.dropFirst().prefix(2) + rows.suffix(1)).joined(separator: "\n    ")
      }
      unproven.append("seed \(network.seed): " + open.joined(separator: "\n    "))
    }
  }

  package static func + (a: NetworkTally, b: NetworkTally) -> NetworkTally {
    var sum = a
    sum.networks += b.networks
    sum.ordinary += b.ordinary
    sum.passed += b.passed
    sum.entries += b.entries
    sum.settled += b.settled
    sum.alarms += b.alarms
    sum.unproven += b.unproven
    return sum
  }

  /// The fraction of networks that passed.
  package var passedPart: Double { Double(passed) / Double(max(1, ordinary)) }
  package var settledPart: Double { Double(settled) / Double(max(1, entries)) }
}

extension NetworkTally: CustomStringConvertible {
  package var description: String {
    func percent(_ part: Double) -> String { "\((part * 10_000).rounded() / 100)%" }
    return "\(networks) sound networks, \(alarms.count) called wrong; \(ordinary) of ordinary "
      + "size, \(percent(passedPart)) pass, \(percent(settledPart)) of their \(entries) entries "
      + "are PASS, ZERO or KINK"
  }
}
