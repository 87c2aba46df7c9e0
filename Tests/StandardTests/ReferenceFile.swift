import Foundation
import NNExp
import Testing

/// A tensor of a reference file.
struct ReferenceTensor: Decodable {
  let shape: [Int]
  let values: [Double]
}

/// An option in a reference file, in which `.inf` is a text.
enum ReferenceOption: Decodable {
  case node(ConfigValue)

  init(from decoder: any Decoder) throws {
    if var list = try? decoder.unkeyedContainer() {
      var items: [ConfigValue] = []
      while !list.isAtEnd { items.append(try list.decode(ReferenceOption.self).node) }
      self = .node(ConfigValue(.list(items)))
    } else if let map = try? [String: ReferenceOption](from: decoder) {
      self = .node(ReferenceOption.map(map))
    } else {
      let scalar = try decoder.singleValueContainer()
      if let value = try? scalar.decode(Bool.self) {
        self = .node(ConfigValue(.bool(value)))
      } else if let value = try? scalar.decode(Int.self) {
        self = .node(ConfigValue(.int(value)))
      } else if let value = try? scalar.decode(Double.self) {
        self = .node(ConfigValue(.double(value)))
      } else {
        let text = try scalar.decode(String.self)
        self = .node(ConfigValue(text == ".inf" ? .double(.infinity) : .string(text)))
      }
    }
  }

  var node: ConfigValue {
    switch self {
    case .node(let node): node
    }
  }

  static func map(_ options: [String: ReferenceOption]) -> ConfigValue {
    ConfigValue.map(options.sorted { $0.key < $1.key }.map { ($0.key, $0.value.node) })
  }
}

/// The permitted error of a number: a fraction of its size plus a fraction of the largest
/// number of its tensor.
struct Tolerance: Sendable {
  let relative: Double
  let ofLargest: Double

  /// Both sides have rounding errors; if terms cancel, these are relative to the terms.
  static let float64 = Tolerance(relative: 1e-10, ofLargest: 1e-14)
  static let float32 = Tolerance(relative: 0, ofLargest: 1e-5)

  /// For functions of one number, which must be accurate even for tiny results.
  static let everyEntry = Tolerance(relative: 1e-10, ofLargest: 0)
}

/// Expects two tensors to agree, entry by entry.
func expectAgreement<S: Scalar>(
  _ values: [S], _ reference: [Double], within tolerance: Tolerance, _ what: String,
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  guard values.count == reference.count else {
    Issue.record(
      "\(what): \(values.count) numbers, but PyTorch has \(reference.count)",
      sourceLocation: sourceLocation)
    return
  }
  let largest = reference.lazy.map(abs).max() ?? 0
  for (i, (value, expected)) in zip(values, reference).enumerated() {
    let error = abs(Double(value) - expected)
    let bound = tolerance.relative * abs(expected) + tolerance.ofLargest * largest
    if !(error <= bound) {
      Issue.record(
        "\(what)[\(i)] is \(value), but PyTorch has \(expected): off by \(error), not \(bound)",
        sourceLocation: sourceLocation)
      return
    }
  }
}
