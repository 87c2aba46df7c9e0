import GradientCheck
import NNExp
import RandomNetworks

/// Checks random sound networks and wrong layers, and fails if one is judged wrongly:
/// `Proof [NETWORKS [FIRST]]`.
@main
struct Proof {
  static func main() throws {
    if CommandLine.arguments.count > 3, CommandLine.arguments[1] == "debug" {
      return try debug(Int(CommandLine.arguments[2])!, CommandLine.arguments[3])
    }
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let count = arguments.first ?? 10_000
    let first = arguments.dropFirst().first ?? 0
    var tally = NetworkTally()
    for seed in first..<first + count {
      do { try tally.add(RandomNetwork(seed: seed)) } catch { print("seed \(seed): \(error)") }
      if (seed + 1) % 500 == 0 { print("\(seed + 1): \(tally)") }
    }
    for alarm in tally.alarms { print(alarm) }
    for line in tally.unproven.prefix(60) { print(line) }
    print(tally)
  }
}
