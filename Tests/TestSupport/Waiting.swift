import Platform
import Testing

/// The number of seconds after which a process counts as hanging, even on a slow machine.
package let patience = 300.0

/// Waits until a condition holds. Returns false if it did not hold within `patience`.
package func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
  let start = ContinuousClock.now
  while start.duration(to: .now) < .seconds(patience) {
    if try condition() { return true }
    usleep(5_000)
  }
  return false
}

/// Repeats an action that must happen during some work: if the work ended too soon, `attempt`
/// returns false and is called with the next, larger amount. Tests therefore do not depend on
/// the machine's speed.
package func midway(of amounts: [Int], _ attempt: (_ amount: Int) throws -> Bool) rethrows {
  for amount in amounts where try attempt(amount) { return }
  Issue.record("the work was over each time before anything could happen to it")
}
