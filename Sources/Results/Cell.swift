import Files
import NNExp

/// A value of a CSV row. An empty cell means that nothing was measured.
public enum Cell: Sendable, Hashable {
  case empty
  case int(Int)
  case number(Double)
  /// Written with the digits that float32 needs: 0.1, not 0.10000000149011612.
  case float(Float)
  case text(String)

  /// Creates an empty cell if there is no value.
  public init(_ value: Double?) { self = value.map(Cell.number) ?? .empty }
  public init(_ value: Int?) { self = value.map(Cell.int) ?? .empty }
  public init(_ value: String?) { self = value.map(Cell.text) ?? .empty }

  /// The value of a number; nil if the cell is empty or a text that is not a number.
  public var number: Double? {
    switch self {
    case .empty: nil
    case .int(let value): Double(value)
    case .number(let value): value
    case .float(let value): Double(value)
    case .text(let text): Double(text)
    }
  }

  /// The cell with the control characters of its text escaped; see `Escaping.line`.
  public var visible: Cell {
    if case .text(let text) = self { .text(Escaping.line(text)) } else { self }
  }
}

extension Cell: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral
{
  public init(nilLiteral: ()) { self = .empty }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}
