import Platform
import GradientCheck
import NNExp
import RandomNetworks

/// Checks random sound networks and wrong layers, and fails if one is judged wrongly: `Proof
/// [NETWORKS [FIRST]]`.
@main
struct Proof {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let count = arguments.first ?? 10_000
    let first = arguments.dropFirst().first ?? 0

    var misjudged: [String] = []
    for mutant in NetworkMutant.all {
      for seed in 0..<5 {
        if let text = try mutant.misjudgement(seed: seed) { misjudged.append(text) }
      }
    }
    for text in misjudged { print(text) }
    print("\(NetworkMutant.all.count) mutants with 5 seeds each, \(misjudged.count) misjudged")

    var tally = NetworkTally()
    for seed in first..<first + count {
      try tally.add(RandomNetwork(seed: seed))
      if (seed + 1 - first) % 1000 == 0 { print(tally) }
    }
    for alarm in tally.alarms { print(alarm) }
    for line in tally.unproven.prefix(60) { print(line) }
    print(tally)
    let isProven =
      misjudged.isEmpty && tally.alarms.isEmpty && tally.passedPart >= 0.97
      && tally.settledPart >= 0.99
    exit(isProven ? 0 : 1)
  }
}
