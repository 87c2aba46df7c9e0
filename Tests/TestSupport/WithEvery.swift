import Foundation
import Testing

/// Calls `body` with every value. If an expectation in it fails, prints the test and the value
/// on standard error.
///
///     withEvery("seed", in: 0..<200) { seed in #expect(…) }
///
/// This prints `bashReadsEveryWordBack(): seed = 17` next to the failure.
package func withEvery<Values: Sequence>(
  _ label: String, in values: Values, _ body: (Values.Element) throws -> Void
) rethrows where Values.Element: Sendable {
  for value in values {
    // The matcher receives every issue and accepts none as known, so that each fails the test.
    try withKnownIssue(isIntermittent: true) {
      try body(value)
    } matching: { _ in
      let trace = "\(Test.current?.name ?? "a test"): \(label) = \(value)\n"
      FileHandle.standardError.write(Data(trace.utf8))
      return false
    }
  }
}
