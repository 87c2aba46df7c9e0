import NNExp

extension WorkedEntry.Term {
  /// The term a·b, with the letters of its factors and with their numbers.
  static func product(
    _ a: Double, _ b: Double, _ left: String, _ right: String, uses: [WorkedEntry] = []
  ) -> WorkedEntry.Term {
    WorkedEntry.Term(
      a * b, "\(left) \(right)", #"\#(WorkedEntry.number(a)) \cdot \#(WorkedEntry.number(b))"#,
      uses: uses)
  }
}

extension WorkedEntry {
  /// A number without the brackets of a negative one.
  static func bare(_ value: Double) -> String {
    value < 0 ? "-" + number(-value) : number(value)
  }

  /// A number as the base of a power: in brackets unless it is only digits.
  static func base(_ value: Double) -> String {
    let text = bare(value)
    return text.contains { !"0123456789.".contains($0) } ? "(\(text))" : text
  }

  /// An entry that is the sum of its terms.
  static func sum(_ entry: String, _ terms: [Term]) -> WorkedEntry {
    WorkedEntry(
      entry, terms: terms, steps: [.sum(), .sum()], value: terms.reduce(0) { $0 + $1.value })
  }
}
