import GradientCheck
import NNExp
import RandomNetworks
import TestSupport
import Testing

/// A sample of `make test-proof`: random sound networks are never called wrong and are mostly
/// proven, and wrong layers are found and named.
@Suite struct ProofTests {
  @Test func `random sound networks are never called wrong`() throws {
    var tally = NetworkTally()
    for seed in 0..<120 { try tally.add(RandomNetwork(seed: seed)) }
    #expect(tally.alarms.isEmpty, "\(tally.alarms.joined(separator: "\n"))")
    // The fraction is 0.97 for 10,000 networks.
    #expect(tally.passedPart > 0.9, "\(tally.unproven.joined(separator: "\n"))")
    #expect(tally.settledPart > 0.99)
  }

  @Test func `every wrong layer is found and named`() throws {
    #expect(NetworkMutant.all.count >= 150)
    for (k, mutant) in NetworkMutant.all.enumerated() {
      let misjudgement = try mutant.misjudgement(seed: k)
      #expect(misjudgement == nil)
    }
  }
}
