import Foundation
import TestSupport

/// The files that Tests/References/datasets_fixtures.py wrote into Tests/References/datasets.
struct Fixtures<Cases: Decodable>: Decodable {
  let numpy: String
  let cases: Cases

  static func read(_ name: String) throws -> Cases {
    try Repository.reference("datasets/\(name).json", as: Fixtures.self).cases
  }
}

/// An array file and the numbers in it.
struct ArrayFixture: Decodable {
  let name: String
  let bytes: Data
  let values: [Double]
  let shape: [Int]?
  let targets: [Double]?
}
