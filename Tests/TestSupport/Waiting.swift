import Glibc
import Testing

/// Seconds after which a process counts as hanging: no machine is as slow as that.
package let patience = 300.0

/// Waits until a condition holds; false if it did not within `patience`.
package func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
  let start = ContinuousClock.now
  while start.duration(to: .now) < .seconds(patience) {
    if try condition() { return true }
    usleep(5_000)
  }
  return false
}

/// Acts in the middle of work: `attempt` returns false if the work was over too soon, and
/// then gets the next, larger amount. No test depends on the speed of the machine.
package func midway(of amounts: [Int], _ attempt: (_ amount: Int) throws -> Bool) rethrows {
  for amount in amounts where try attempt(amount) { return }
  Issue.record("the work was over each time before anything could happen to it")
}
