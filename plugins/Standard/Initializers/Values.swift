import NNExp

/// Explicit initial values: nested lists of the parameter's shape, or one flat list, row-major.
struct Values: Initializer, Component {
  static let typeName = "values"
  static let documentation = Documentation(
    "explicit initial values, for worked examples and comparisons",
    shapes: "nested lists of the parameter's shape, or one flat list, row-major",
    example: "initial: {weight: {type: values, values: [[0.15, 0.20], [0.25, 0.30]]}}")

  private let node: ConfigValue

  init(from options: inout Options) {
    guard
      let node = options.value(
        "values", "a list of numbers, nested or flat", "the numbers", of: .list(.anything))
    else {
      options.reject("values", "missing 'values': a list of numbers, nested or flat, is required")
      self.node = ConfigValue(.list([]))
      return
    }
    self.node = node
    options.resolve("values", node)
    if case .list = node.content {
      Values.checkNumbers(node, &options)
    } else {
      options.reject("values", "values must be a list of numbers, found \(node.kind)")
    }
  }

  private static func checkNumbers(_ node: ConfigValue, _ options: inout Options) {
    if case .list(let items) = node.content {
      for item in items { checkNumbers(item, &options) }
    } else if !(node.number?.isFinite ?? false) {
      options.reject(
        "values", Diagnostic("values must be finite numbers, found \(node.kind)", at: node.location)
      )
    }
  }

  func fill(_ values: Tensor<Double>, random: RandomStream) throws {
    guard case .list(let items) = node.content else { return }
    let isFlat = items.allSatisfy { $0.number != nil }
    if isFlat && values.shape.rank != 1 {
      if items.count != values.count {
        throw Diagnostic(
          "values has \(numbers(items.count)), but shape \(values.shape) needs \(values.count)",
          at: node.location)
      }
      for (i, item) in items.enumerated() { values[i] = item.number ?? 0 }
      return
    }
    var next = 0
    try fill(values, from: node, axis: 0, next: &next)
  }

  /// Reads the list of one axis and the lists inside it.
  private func fill(
    _ values: Tensor<Double>, from node: ConfigValue, axis: Int, next: inout Int
  ) throws {
    if axis == values.shape.rank {
      guard let number = node.number else {
        throw Diagnostic(
          "values is nested deeper than the shape \(values.shape)", at: node.location)
      }
      values[next] = number
      next += 1
      return
    }
    guard case .list(let items) = node.content else {
      throw Diagnostic(
        "values must be lists nested as the shape \(values.shape), found \(node.kind)",
        at: node.location)
    }
    if items.count != values.shape[axis] {
      throw Diagnostic(
        "found a list of \(items.count) in values, but axis \(axis + 1) of the shape"
          + " \(values.shape) needs \(values.shape[axis])", at: node.location)
    }
    for item in items { try fill(values, from: item, axis: axis + 1, next: &next) }
  }

  private func numbers(_ count: Int) -> String { count == 1 ? "1 number" : "\(count) numbers" }
}
