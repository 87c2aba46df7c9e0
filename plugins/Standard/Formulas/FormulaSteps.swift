import NNExp

/// The derivation of a formula's gradient, rule by rule, as `nnexp explain` writes it.
struct FormulaSteps {
  private var graph: Expression
  /// The node of y.
  let value: Expression.ID
  private let letters: [String]
  private let parameters: [String]
  private let hasGroups: Bool

  /// The nodes that are computed on the way to y, in order; each has a letter u₁, u₂, ….
  private var parts: [Expression.ID] = []

  /// - Parameters:
  ///   - letters: the LaTeX of each input.
  init?(_ formula: Formula, letters: [String]) {
    self.letters = letters
    parameters = formula.parameters.map { FormulaSteps.latex(name: $0.name) }
    hasGroups = formula.grouping != .none
    guard let (graph, value) = try? formula.literal() else { return nil }
    (self.graph, self.value) = (graph, value)
    parts = graph.reachable(from: value).sorted().filter { id in
      switch graph.nodes[id] {
      case .number, .input, .parameter, .cotangent, .entryCount: false
      default: graph.value(of: id) == nil && id != value
      }
    }
  }

  /// y as a formula of x.
  var output: String { text(value, named: []) }

  /// `u_1 = \beta x`, ….
  var definitions: [String] {
    parts.enumerated().map { k, id in "\(name(k)) = \(text(id, named: parts, isDefinition: true))" }
  }

  /// A step of the derivation: an equation, and the rule that it follows.
  typealias Step = (equation: String, rule: String)

  /// ∂y/∂u for every u from the last to the first, then for the inputs and parameters.
  mutating func steps() -> [Step] {
    let seed = graph.number(1)
    var steps: [Step] = []
    let names = parts
    var terms: [Expression.ID: [(String, String)]] = [:]
    for id in (parts + [value]).reversed() {
      let isLast = id == value
      if !isLast {
        guard let found = terms[id] else { continue }
        steps.append(step(of: id, found))
      }
      let local = graph.contributions(of: id, seed)
      for (operand, slope) in local where graph.value(of: operand) == nil {
        let slopeText = text(slope, named: names + [value])
        let rule = FormulaSteps.rule(of: graph.nodes[id])
        let outer = isLast ? "" : derivative(id)
        let isOne = graph.isNumber(slope, 1)
        let term =
          outer.isEmpty
          ? slopeText
          : isOne
            ? outer
            : outer + times + (parts.contains(slope) ? slopeText : bracketed(slopeText, slope))
        terms[operand, default: []].append((term, isLast ? rule : "chain rule, \(rule)"))
      }
    }
    for id in graph.nodes.indices {
      switch graph.nodes[id] {
      case .input, .parameter:
        if let found = terms[id] { steps.append(step(of: id, found)) }
      default: break
      }
    }
    return steps
  }

  private var times: String { hasGroups ? " " : #" \otimes "# }

  private func step(of id: Expression.ID, _ terms: [(String, String)]) -> Step {
    let sum = terms.map { $0.0 }.reduce("") { text, term in
      if text.isEmpty { return term }
      return term.hasPrefix("-") ? "\(text) - \(term.dropFirst())" : "\(text) + \(term)"
    }
    let rule = terms.count > 1 ? "sum over \(terms.count) uses" : terms[0].1
    return ("\(derivative(id)) = \(sum)", rule)
  }

  private func derivative(_ id: Expression.ID) -> String {
    #"\frac{\partial y}{\partial \#(letter(of: id))}"#
  }

  private func letter(of id: Expression.ID) -> String {
    if let k = parts.firstIndex(of: id) { return name(k) }
    switch graph.nodes[id] {
    case .input(let k): return letters[k]
    case .parameter(let k): return parameters[k]
    default: return "y"
    }
  }

  private func name(_ k: Int) -> String { parts.count == 1 ? "u" : "u_\(k + 1)" }

  /// The rule that gives the slopes of a node.
  private static func rule(of node: Expression.Node) -> String {
    switch node {
    case .binary(.add, _, _), .binary(.subtract, _, _): "sum rule"
    case .binary(.multiply, _, _): "product rule"
    case .binary(.divide, _, _): "quotient rule"
    case .binary(.power, _, _), .unary(.square, _), .unary(.sqrt, _): "power rule"
    case .reduce: "sum over the entries"
    default: "slope of the function"
    }
  }

  // MARK: Numbers

  /// The computation of y at one entry: the formula, then the formula with more and more of its
  /// parts as numbers.
  ///
  /// - Parameter numbers: the values of the nodes at the entry.
  func computation(of id: Expression.ID, _ numbers: [Expression.ID: Double]) -> [String] {
    let heights = heights()
    var lines = [text(id, named: [])]
    // The last line, the value itself, is the caller's.
    for height in 0..<heights[id] {
      let line = text(id, named: [], numbers: numbers.filter { heights[$0.key] <= height })
      if line != lines.last { lines.append(line) }
    }
    return lines
  }

  /// The longest way from each node to a number, an input or a parameter.
  private func heights() -> [Int] {
    graph.nodes.reduce(into: []) { heights, node in
      let below = Expression.operands(of: node).map { heights[$0] }.max()
      heights.append(below.map { $0 + 1 } ?? 0)
    }
  }

  /// The values of all nodes at one entry of a group.
  ///
  /// - Parameters:
  ///   - inputs: each input's entries of the group.
  ///   - parameters: the same of each parameter.
  func values(
    inputs: [[Double]], parameters: [[Double]], cotangent: [Double], at entry: Int
  ) -> [Expression.ID: Double] {
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
    return Dictionary(
      uniqueKeysWithValues: all.enumerated().map { ($0.offset, $0.element[entry % count]) })
  }

  /// ∂L/∂xₖ or ∂L/∂θₖ as a node.
  mutating func gradient(ofInput k: Int) -> Expression.ID? {
    let seed = graph.insert(.cotangent)
    return graph.differentiate(value, seed: seed, combines: hasGroups).inputs[k]
  }

  // MARK: LaTeX

  private enum Precedence: Int { case sum, product, power, operand }

  private func precedence(_ id: Expression.ID) -> Precedence {
    switch graph.nodes[id] {
    case .binary(.add, _, _), .binary(.subtract, _, _), .unary(.negate, _),
      .binary(.less, _, _), .binary(.lessOrEqual, _, _), .binary(.equal, _, _):
      .sum
    case .binary(.multiply, _, _), .reduce: .product
    case .binary(.power, _, _), .unary(.square, _): .power
    case .number(let bits): Double(bitPattern: bits) < 0 ? .sum : .operand
    default: .operand
    }
  }

  private func bracketed(_ text: String, _ id: Expression.ID, _ least: Precedence = .product)
    -> String
  {
    precedence(id).rawValue < least.rawValue ? "(\(text))" : text
  }

  /// The formula of a node, in which the nodes of `named` are letters.
  private func text(
    _ id: Expression.ID, named: [Expression.ID], isDefinition: Bool = false,
    numbers: [Expression.ID: Double] = [:]
  ) -> String {
    if !isDefinition, named.contains(id) { return letter(of: id) }
    if graph.value(of: id) == nil, let number = numbers[id] { return WorkedEntry.number(number) }
    // Below a reduction, each entry has its own number.
    var inner = numbers
    if case .reduce = graph.nodes[id] { inner = numbers.filter { graph.levels[$0.key] < .entry } }
    func operand(_ id: Expression.ID, _ least: Precedence) -> String {
      let text = text(id, named: named, numbers: inner)
      let isShort = named.contains(id) || graph.value(of: id) == nil && inner[id] != nil
      return bracketed(text, id, isShort ? .sum : least)
    }
    switch graph.nodes[id] {
    case .number(let bits):
      let value = Double(bitPattern: bits)
      if value == Double.pi { return #"\pi"# }
      if value == Expression.e { return "e" }
      return value == .infinity ? #"\infty"# : Equations.number(value)
    case .input(let k): return letters[k]
    case .parameter(let k): return parameters[k]
    case .cotangent: return #"\delta_y"#
    case .entryCount: return "n"
    case .unary(let kind, let u): return text(kind, operand(u, .sum), operand(u, .operand))
    case .binary(let kind, let u, let v):
      switch kind {
      case .add: return "\(operand(u, .sum)) + \(operand(v, .sum))"
      case .subtract: return "\(operand(u, .sum)) - \(operand(v, .product))"
      case .multiply:
        let sign = graph.levels[u] == .entry && graph.levels[v] == .entry ? times : " "
        return operand(u, .product) + sign + operand(v, .product)
      case .divide: return #"\frac{\#(operand(u, .sum))}{\#(operand(v, .sum))}"#
      case .power: return "\(operand(u, .operand))^{\(operand(v, .sum))}"
      case .min: return #"\min(\#(operand(u, .sum)), \#(operand(v, .sum)))"#
      case .max: return #"\max(\#(operand(u, .sum)), \#(operand(v, .sum)))"#
      case .less: return "[\(operand(u, .sum)) < \(operand(v, .sum))]"
      case .lessOrEqual: return #"[\#(operand(u, .sum)) \le \#(operand(v, .sum))]"#
      case .equal: return "[\(operand(u, .sum)) = \(operand(v, .sum))]"
      }
    case .reduce(let kind, let u):
      switch kind {
      case .sum: return #"\sum_i \#(operand(u, .product))"#
      case .product: return #"\prod_i \#(operand(u, .operand))"#
      case .max: return #"\max_i \#(operand(u, .operand))"#
      case .min: return #"\min_i \#(operand(u, .operand))"#
      case .logSumExp: return #"\ln \sum_i e^{\#(operand(u, .sum))}"#
      }
    case .isFirst(let u, let v):
      return "[\(operand(u, .sum)) = \(operand(v, .sum))]"
    case .select(let c, let u, let v):
      let condition = operand(c, .sum)
      if graph.isNumber(v, 0) { return "\(condition) \(operand(u, .product))" }
      if graph.isNumber(u, 0) { return "(1 - \(condition)) \(operand(v, .product))" }
      return "\(condition) \(operand(u, .product)) + (1 - \(condition)) \(operand(v, .product))"
    case .productOfOthers(let u): return #"\prod_{j \ne i} \#(operand(u, .operand))"#
    case .norm, .normSlope, .normPowerSlope, .softmax, .logSoftmax: return "y"
    }
  }

  private func text(_ kind: Expression.Unary, _ inner: String, _ operand: String) -> String {
    switch kind {
    case .negate: "-\(operand)"
    case .abs: "|\(inner)|"
    case .sign: #"\operatorname{sign}(\#(inner))"#
    case .square: "\(operand)^2"
    case .sqrt: #"\sqrt{\#(inner)}"#
    case .exp: "e^{\(inner)}"
    case .log: #"\ln(\#(inner))"#
    case .tanh: #"\tanh(\#(inner))"#
    case .logistic: #"\sigma(\#(inner))"#
    case .gaussian: "e^{-\(operand)^2}"
    case .expm1, .log1p, .softplus, .erf, .erfc, .sin, .cos, .tanhSlope, .logisticSlope:
      #"\operatorname{\#(kind)}(\#(inner))"#
    }
  }

  /// A name in LaTeX: `\beta` for β, `x_1` for x1.
  static func latex(name: String) -> String {
    if let spelled = FormulaToken.greek.first(where: { $0.value == name })?.key {
      return #"\\#(spelled)"#
    }
    let scalars = Array(name.unicodeScalars)
    guard scalars.count > 1, let first = scalars.first else { return name }
    let rest = String(String.UnicodeScalarView(scalars.dropFirst()))
    return Int(rest) != nil ? "\(first)_\(rest)" : #"\text{\#(name)}"#
  }
}
