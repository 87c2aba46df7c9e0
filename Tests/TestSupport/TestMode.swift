import Foundation

/// True if the long forms of tests are requested: `make test-faults`.
package let isThorough = ProcessInfo.processInfo.environment["NNEXP_FAULTS"] == "all"

/// The seed of all random numbers in tests: 1 by default, a new one in every thorough run.
/// `NNEXP_SEED=… swift test` repeats a seed that was printed.
package let testSeed =
  ProcessInfo.processInfo.environment["NNEXP_SEED"].flatMap { UInt64($0) }
  ?? (isThorough ? UInt64.random(in: 0..<1_000_000) : 1)
