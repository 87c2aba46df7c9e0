public import NNExp
import YAMLTree

/// An entry of `expect:`: a column with the bounds for its value.
public struct Expectation: Sendable {
  public enum Relation: String, Sendable, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case below = "<"
    case above = ">"
  }

  /// One bound, such as `< 0.01`.
  public struct Bound: Sendable {
    public let relation: Relation
    public let limit: Double

    /// True if a value satisfies the bound; false for NaN.
    public func holds(_ value: Double) -> Bool {
      switch relation {
      case .atMost: value <= limit
      case .atLeast: value >= limit
      case .equal: value == limit
      case .below: value < limit
      case .above: value > limit
      }
    }
  }

  /// The name for the number of trained epochs, which is not a column of metrics.csv.
  public static let epochs = "epochs"

  /// A column of metrics.csv, or `epochs`.
  public let column: String
  /// The bounds, all of which must hold.
  public let bounds: [Bound]
  /// The bounds in the notation of the file.
  public let text: String
  public let location: SourceLocation?

  public func holds(_ value: Double) -> Bool { bounds.allSatisfy { $0.holds(value) } }

  /// Throws if the expectation's column is neither one of these columns nor `epochs`.
  public func check(among columns: some Sequence<MetricColumn>) throws {
    let known = [Expectation.epochs] + columns.map(\.name)
    if known.contains(text: column) { return }
    throw Diagnostic(
      "nothing measures '\(column)'\(suggestion(for: column, among: known))", at: location,
      notes: [.init("the columns are: " + listed(known))])
  }
}

extension Expectation {
  /// Reads `"< 0.01"` or `["> 0.1", "< 0.2"]`. Throws if it is neither.
  public init(_ column: String, _ node: ConfigValue) throws {
    self.column = column
    location = node.location
    switch node.content {
    case .string(let one):
      bounds = [try Expectation.bound(one, column, node.location)]
      text = one
    case .list(let items) where !items.isEmpty:
      var texts: [String] = []
      bounds = try items.map { item in
        guard case .string(let one) = item.content else {
          throw Expectation.invalidBound(column, item)
        }
        texts.append(one)
        return try Expectation.bound(one, column, item.location)
      }
      text = texts.joined(separator: " and ")
    default: throw Expectation.invalidBound(column, node)
    }
  }

  private static func invalidBound(_ column: String, _ node: ConfigValue) -> Diagnostic {
    Diagnostic(
      "\(column) must be a bound such as \"< 0.01\" or \">= 0.9\", found \(node.kind)",
      at: node.location)
  }

  private static func bound(_ text: String, _ column: String, _ location: SourceLocation?) throws
    -> Bound
  {
    let trimmed = text.trimming(byte: " ")
    guard let relation = Relation.allCases.first(where: { trimmed.hasPrefix(bytes: $0.rawValue) })
    else { throw invalidBound(column, ConfigValue(.string(text), at: location)) }
    let rest = Substring(trimmed.utf8.dropFirst(relation.rawValue.utf8.count))
    guard let limit = ConfigValue(coreSchemaValue(of: String(rest.trimming(byte: " ")))).number,
      !limit.isNaN
    else { throw invalidBound(column, ConfigValue(.string(text), at: location)) }
    return Bound(relation: relation, limit: limit)
  }
}
