import Foundation
import NNExp
import TestSupport
import Testing

/// The content of the file that `Tests/References/vector_math.py` wrote.
struct VectorMathReference: Decodable {
  struct Function: Decodable {
    let function: String
    let precision: String
    let cases: [Case]
  }

  struct Power: Decodable {
    let exponent: Number
    let precision: String
    let cases: [Case]
  }

  /// f(x) = y + rest.
  struct Case: Decodable {
    let x: Double
    let y: Double
    let rest: Double

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      (x, y, rest) = (
        try list.decode(Number.self).value, try list.decode(Number.self).value,
        try list.decode(Number.self).value
      )
    }
  }

  /// A number, or `inf`, `-inf` or `nan` as text.
  struct Number: Decodable {
    let value: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        value = number
      } else {
        value = try #require(Double(try container.decode(String.self)))
      }
    }
  }

  let functions: [Function]
  let powers: [Power]

  static func read() throws -> VectorMathReference {
    try Repository.reference("vector_math.json")
  }
}
