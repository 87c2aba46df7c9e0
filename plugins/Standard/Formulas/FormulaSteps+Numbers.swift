import NNExp

extension FormulaSteps {
  /// The letters and numbers of a group, for the formula of one of its entries.
  struct Details {
    /// The letters of each input's entries, of each parameter's, and of ∂L/∂y.
    var inputs: [[String]]
    var parameters: [[String]]
    var cotangents: [String]
    /// The number of each node at each entry.
    var numbers: [[Double]]
    /// The entry that is written.
    var entry = 0
    /// The nodes that are written as numbers.
    var known: Set<Expression.ID> = []
  }

  /// The computation of a node at an entry: its formula, then the formula with more and more of
  /// its parts as numbers.
  func computation(of id: Expression.ID, _ details: Details) -> [String] {
    let heights = heights()
    var details = details
    var lines = [text(id, details)]
    // The last line, the value itself, is the caller's.
    for height in 0..<heights[id] {
      details.known = Set(graph.nodes.indices.filter { heights[$0] <= height })
      let line = text(id, details)
      if line != lines.last { lines.append(line) }
    }
    return lines
  }

  /// A node at an entry, with the numbers of what it is computed from, and one number for what
  /// all entries of the group share.
  func term(_ id: Expression.ID, _ details: Details) -> String {
    var details = details
    details.known = Set(
      graph.nodes.indices.filter {
        graph.levels[$0] < .entry || Expression.operands(of: graph.nodes[$0]).isEmpty
      })
    details.known.remove(id)
    return text(id, details)
  }

  /// The value of every node at every entry of a group.
  ///
  /// - Parameters:
  ///   - inputs: each input's entries of the group.
  ///   - parameters: the same of each parameter, or one number.
  ///   - cotangent: ∂L/∂y at each entry, or one number.
  func numbers(
    inputs: [[Double]], parameters: [[Double]], cotangent: [Double]
  ) -> [[Double]] {
    let count = inputs.map(\.count).max() ?? 1
    var all: [[Double]] = []
    func spread(_ values: [Double]) -> [Double] {
      (0..<count).map { values.isEmpty ? .nan : values[$0 % values.count] }
    }
    for node in graph.nodes {
      let operands = Expression.operands(of: node).map { all[$0] }
      func each(_ f: (Int) -> Double) -> [Double] { (0..<count).map(f) }
      switch node {
      case .number(let bits): all.append(spread([Double(bitPattern: bits)]))
      case .input(let k): all.append(spread(inputs[k]))
      case .parameter(let k): all.append(spread(parameters[k]))
      case .cotangent: all.append(spread(cotangent))
      case .entryCount: all.append(spread([Double(count)]))
      case .unary(let kind, _):
        all.append(each { Expression.value(kind, operands[0][$0]) ?? .nan })
      case .binary(let kind, _, _):
        all.append(each { Expression.value(kind, operands[0][$0], operands[1][$0]) })
      case .select:
        all.append(each { operands[0][$0] != 0 ? operands[1][$0] : operands[2][$0] })
      case .isFirst:
        let first = operands[0].firstIndex(of: operands[1][0])
        all.append(each { $0 == first ? 1 : 0 })
      case .productOfOthers:
        all.append(each { k in (0..<count).reduce(1) { $1 == k ? $0 : $0 * operands[0][$1] } })
      case .reduce(let kind, _):
        let terms = operands[0]
        let value: Double =
          switch kind {
          case .sum: terms.reduce(0, +)
          case .product: terms.reduce(1, *)
          case .max: terms.max() ?? .nan
          case .min: terms.min() ?? .nan
          case .logSumExp: Double.log(terms.reduce(0) { $0 + Double.exp($1) })
          }
        all.append(spread([value]))
      case .norm, .normSlope, .normPowerSlope, .softmax, .logSoftmax: all.append(spread([.nan]))
      }
    }
    return all
  }
}
