import NNExp

extension WorkedEntry.Term {
  /// The term a·b, with the letters of its factors and with their numbers.
  static func product(
    _ a: Double, _ b: Double, _ left: String, _ right: String
  ) -> WorkedEntry.Term {
    WorkedEntry.Term(
      a * b, "\(left) \(right)", #"\#(WorkedEntry.number(a)) \cdot \#(WorkedEntry.number(b))"#)
  }
}

extension WorkedEntry {
  /// An entry that is the sum of its terms.
  static func sum(_ entry: String, _ terms: [Term]) -> WorkedEntry {
    WorkedEntry(
      entry, terms: terms, steps: [.sum(), .sum()], value: terms.reduce(0) { $0 + $1.value })
  }
}
