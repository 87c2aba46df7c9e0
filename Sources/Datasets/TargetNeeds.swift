public import NNExp

/// The requirements of a loss on the targets.
public struct TargetNeeds: Sendable, Hashable {
  /// The name of the loss's type, for messages.
  public let loss: String
  public let demand: TargetDemand
  /// Whether targets are read as classes if they are whole numbers with few distinct values.
  public let learnsClasses: Bool

  /// The value that means no target, as a text; nil if there is none.
  public let ignore: String?

  public init(loss: String, demand: TargetDemand, learnsClasses: Bool, ignore: String? = nil) {
    (self.loss, self.demand, self.learnsClasses) = (loss, demand, learnsClasses)
    self.ignore = ignore
  }

  /// The largest number of distinct whole numbers that are read as classes.
  static let mostClasses = 20
}

extension SourcePort {
  /// Whether the targets are read as classes. This requires one whole number per sample, with
  /// 2 to 20 distinct values. For a loss on probabilities, the values must be 0 and 1.
  func holdsFewClasses(for needs: TargetNeeds?) throws -> Bool {
    guard let needs, needs.learnsClasses, let distinct = try distinctWholeNumbers() else {
      return false
    }
    if needs.demand == .unitInterval { return distinct == [0, 1] }
    return (2...TargetNeeds.mostClasses).contains(distinct.count)
  }

  /// The distinct numbers, at most `mostClasses` + 1 of them; nil if the targets are not one
  /// whole number per sample.
  private func distinctWholeNumbers() throws -> Set<Double>? {
    guard columns.layout.isNumeric, columns.layout.width == 1 else { return nil }
    var distinct: Set<Double> = []
    var value = [0.0]
    for row in 0..<columns.count {
      try columns.decode(row, into: &value)
      if value[0].isNaN { continue }
      guard value[0] == value[0].rounded(), abs(value[0]) < 0x1p53 else { return nil }
      if distinct.count <= TargetNeeds.mostClasses { distinct.insert(value[0]) }
    }
    return distinct
  }

  /// Throws at the first number that is outside the range of the loss.
  func check(for needs: TargetNeeds?) throws {
    guard let needs, needs.demand != .any else { return }
    let width = columns.layout.width
    if needs.demand == .distribution, width == 1, let distinct = try distinctWholeNumbers() {
      throw Diagnostic(
        "the loss '\(needs.loss)' requires classes or probabilities, and the target has "
          + "\(TargetNeeds.count(of: distinct))", at: location(0, 0), notes: remedies(distinct))
    }
    let slack = 0.01 + 1e-9
    var values = [Double](repeating: 0, count: width)
    for row in 0..<columns.count {
      try columns.decode(row, into: &values)
      for (i, value) in values.enumerated()
      where value < 0 || value > 1 && needs.demand != .nonNegative {
        let column = columns.layout.column(ofNumber: i)
        throw Diagnostic(
          "'\(columns.layout.expandedNames[i])' is \(shortest(value)), but the loss '\(needs.loss)' "
            + "requires \(needs.text)",
          at: location(row, column), notes: try remedies(for: needs))
      }
      let sum = values.reduce(0, +)
      guard needs.demand == .distribution, !sum.isNaN, abs(sum - 1) > slack else { continue }
      throw Diagnostic(
        "the targets of this sample add up to \(rounded(sum, digits: 6)), but the loss "
          + "'\(needs.loss)' requires probabilities, which add up to 1, or classes",
        at: location(row, 0), notes: try remedies(for: needs))
    }
  }

  private func remedies(for needs: TargetNeeds) throws -> [Diagnostic.Note] {
    if !needs.learnsClasses { return [] }
    return try distinctWholeNumbers().map(remedies) ?? []
  }

  private func remedies(_ distinct: Set<Double>) -> [Diagnostic.Note] {
    [
      .init(
        "the target has \(TargetNeeds.count(of: distinct)); if they are classes, write "
          + "target_kind: classes")
    ]
  }
}

extension TargetNeeds {
  /// The targets that the loss requires.
  fileprivate var text: String {
    switch demand {
    case .any: "numbers"
    case .unitInterval: learnsClasses ? "targets from 0 to 1 or two classes" : "targets from 0 to 1"
    case .nonNegative: "targets of at least 0"
    case .distribution: "probabilities or classes"
    }
  }

  /// `3 distinct whole numbers`.
  fileprivate static func count(of distinct: Set<Double>) -> String {
    let number = distinct.count > mostClasses ? "more than \(mostClasses)" : "\(distinct.count)"
    return "\(number) distinct whole number\(distinct.count == 1 ? "" : "s")"
  }
}
