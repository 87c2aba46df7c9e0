import Testing

/// Calls `body` with every value; if an expectation in it fails, prints the value.
///
///     withEvery("seed", in: 0..<200) { seed in #expect(…) }
///
/// prints `with seed = 17` beside the failure.
package func withEvery<Values: Sequence>(
  _ label: String, in values: Values, _ body: (Values.Element) throws -> Void
) rethrows where Values.Element: Sendable {
  for value in values {
    // No issue is a known one: the matcher only hears of each.
    try withKnownIssue(isIntermittent: true) {
      try body(value)
    } matching: { _ in
      print("with \(label) = \(value)")
      return false
    }
  }
}
