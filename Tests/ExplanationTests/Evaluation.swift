import Foundation

@testable import Explanation

/// Evaluates formulas of numbers, to compare what is written with the stated results.
enum Evaluation {
  typealias Matrix = [[Double]]

  struct Unknown: Error { let formula: Formula }

  static func value(_ formula: Formula) throws -> Matrix {
    switch formula {
    case .number(let text): return [[try number(text, formula)]]
    case .matrix(let rows): return try rows.map { try $0.map { try number($0, formula) } }
    case .scripts(let base, sub: nil, sup: .letter("T")): return transposed(try value(base))
    case .fenced("[", let inside, "]"): return try bracketed(inside)
    case .fenced(_, let inside, _): return try value(inside)
    case .fraction(let a, let b): return combined(try value(a), try value(b), /)
    case .row(let parts): return try sum(parts)
    default: throw Unknown(formula: formula)
    }
  }

  private static func number(_ text: String, _ formula: Formula) throws -> Double {
    guard let value = Double(text) else { throw Unknown(formula: formula) }
    return value
  }

  /// Evaluates terms with + and − between them.
  private static func sum(_ parts: [Formula]) throws -> Matrix {
    var total: Matrix?
    var term: [Formula] = []
    var sign = 1.0
    func close() throws {
      guard !term.isEmpty else { return }
      let value = try product(term).map { $0.map { $0 * sign } }
      total = total.map { combined($0, value, +) } ?? value
      term = []
    }
    for part in parts {
      switch part {
      case .sign("+"):
        try close()
        sign = 1
      case .sign("−"):
        try close()
        sign = -1
      default: term.append(part)
      }
    }
    try close()
    return total ?? [[0]]
  }

  /// Evaluates factors: adjacent ones as a matrix product, with ⊗ entry by entry.
  private static func product(_ parts: [Formula]) throws -> Matrix {
    var factors: [Matrix] = []
    for group in parts.split(separator: .sign("⊗")) {
      var product: Matrix?
      var function: String?
      for part in group {
        if case .letter(let name) = part {
          guard function == nil else { throw Unknown(formula: part) }
          function = name
          continue
        }
        var factor = try value(part)
        if let name = function {
          factor = try apply(name, factor, part)
          function = nil
        }
        product = product.map { multiplied($0, factor) } ?? factor
      }
      guard function == nil else { throw Unknown(formula: .row(parts)) }
      if let product { factors.append(product) }
    }
    guard !factors.isEmpty else { throw Unknown(formula: .row(parts)) }
    return factors.dropFirst().reduce(factors[0]) { combined($0, $1, *) }
  }

  private static func apply(_ name: String, _ x: Matrix, _ formula: Formula) throws -> Matrix {
    switch name {
    case "σ": return x.map { $0.map { 1 / (1 + exp(-$0)) } }
    case "tanh": return x.map { $0.map { tanh($0) } }
    case "relu": return x.map { $0.map { max($0, 0) } }
    case "sign": return x.map { $0.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 } }
    case "softmax":
      let total = x.joined().reduce(0) { $0 + exp($1) }
      return x.map { $0.map { exp($0) / total } }
    default: throw Unknown(formula: formula)
    }
  }

  /// Evaluates [x > 0] as 0 and 1, [a; b] as a column, and other brackets as their content.
  private static func bracketed(_ inside: Formula) throws -> Matrix {
    let parts = inside.parts
    for (sign, holds) in [(">", { $0 > $1 }), ("≤", { $0 <= $1 })]
      as [(String, (Double, Double) -> Bool)]
    {
      guard let middle = parts.firstIndex(of: .sign(sign)) else { continue }
      return combined(
        try sum(Array(parts[..<middle])), try sum(Array(parts[(middle + 1)...]))
      ) { holds($0, $1) ? 1 : 0 }
    }
    if parts.contains(.sign(";")) {
      return Array(try parts.split(separator: .sign(";")).map { try sum(Array($0)) }.joined())
    }
    return try value(inside)
  }

  private static func transposed(_ a: Matrix) -> Matrix {
    a[0].indices.map { column in a.map { $0[column] } }
  }

  private static func multiplied(_ a: Matrix, _ b: Matrix) -> Matrix {
    if a.count == 1, a[0].count == 1 { return b.map { $0.map { $0 * a[0][0] } } }
    precondition(a[0].count == b.count, "a product of \(a[0].count) columns and \(b.count) rows")
    return a.map { row in
      b[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * b[$1][column] } }
    }
  }

  /// Combines two matrices entry by entry; a single number is combined with every entry.
  private static func combined(
    _ a: Matrix, _ b: Matrix, _ operation: (Double, Double) -> Double
  ) -> Matrix {
    if a.count == 1, a[0].count == 1, b.count * b[0].count > 1 {
      return b.map { $0.map { operation(a[0][0], $0) } }
    }
    if b.count == 1, b[0].count == 1 { return a.map { $0.map { operation($0, b[0][0]) } } }
    precondition(a.count == b.count && a[0].count == b[0].count, "shapes differ")
    return zip(a, b).map { zip($0, $1).map(operation) }
  }
}
