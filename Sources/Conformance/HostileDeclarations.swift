import NNExp

/// Extreme declarations: a type must refuse them with a message, or work with them as with
/// any other.
enum HostileDeclarations {
  /// The options of an example, with one option at a time replaced by a wrong value.
  static func options(
    like good: ConfigValue, described: [Options.Description]
  ) -> [ConfigValue] {
    guard case .map(let entries) = good.content else { return [] }
    return described.map(\.key).flatMap { key in
      values.map { value in
        ConfigValue(.map(entries.filter { $0.key != key } + [.init(key: key, value: value)]))
      }
    }
  }

  private static let values: [ConfigValue] = [
    ConfigValue(.null), true, -1, 0, 1, 3, ConfigValue(.int(.max)), ConfigValue(.int(.min)), 1e-300,
    0.5,
    ConfigValue(.double(.nan)), ConfigValue(.double(.infinity)), ConfigValue(.double(-1e300)), "",
    "nonsense", [],
    [0, 0], [-1, 7], ConfigValue.map([]),
  ]

  /// Shapes for a layer with `count` inputs.
  static func inputs(_ count: Int) -> [[Shape]] {
    let shapes: [Shape] = [
      [0], [1], [3], [0, 4], [2, 3], [1, 1, 1], [2, 5, 7], [3, 0, 2], [1, 1, 1, 1], [2, 2, 3, 2],
      [1 << 40], [1 << 31, 1 << 31, 4],
    ]
    return shapes.map { Array(repeating: $0, count: count) }
      + (count > 1 ? [Array(shapes[1..<1 + min(count, 4)])] : [])
  }

  /// The largest number of elements with which a declaration is run; larger ones are only
  /// planned.
  static let mostNumbers = 1 << 16
}

extension Plan {
  /// The number of elements for two samples; `Int.max` if it overflows.
  var numbers: Int {
    var total = 0
    let counts =
      outputs.map(\.count) + parameters.map(\.shape.count) + state.map(\.shape.count)
      + scratch.map(\.count)
    for count in counts {
      let (sum, overflow) = total.addingReportingOverflow(count)
      if overflow { return .max }
      total = sum
    }
    return total
  }
}
