import NNExp

/// The derivation of a formula's gradient, rule by rule, as `nnexp explain` writes it.
struct FormulaSteps {
  private(set) var graph: Expression
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

  /// The longest way from each node to a number, an input or a parameter.
  func heights() -> [Int] {
    graph.nodes.reduce(into: []) { heights, node in
      let below = Expression.operands(of: node).map { heights[$0] }.max()
      heights.append(below.map { $0 + 1 } ?? 0)
    }
  }

  /// ∂L/∂ of every input and parameter, as nodes.
  mutating func gradients() -> Expression.Gradients {
    graph.outputLevel = graph.levels[value]
    let seed = graph.insert(.cotangent)
    return graph.differentiate(value, seed: seed, combines: hasGroups)
  }

  // MARK: LaTeX

  private enum Precedence: Int { case sum, product, power, operand }

  private func precedence(_ id: Expression.ID, _ details: Details?) -> Precedence {
    switch graph.nodes[id] {
    case .reduce(.sum, _) where details != nil: .sum
    case .reduce(.max, _) where details != nil, .reduce(.min, _) where details != nil: .operand
    case .binary(.add, _, _), .binary(.subtract, _, _), .unary(.negate, _),
      .binary(.less, _, _), .binary(.lessOrEqual, _, _), .binary(.equal, _, _):
      .sum
    case .binary(.multiply, _, _), .reduce: .product
    case .binary(.power, _, _), .unary(.square, _): .power
    case .number(let bits): Double(bitPattern: bits) < 0 ? .sum : .operand
    default: .operand
    }
  }

  private func bracketed(
    _ text: String, _ id: Expression.ID, _ least: Precedence = .product, _ details: Details? = nil
  ) -> String {
    precedence(id, details).rawValue < least.rawValue ? "(\(text))" : text
  }

  /// The formula of a node.
  ///
  /// - Parameters:
  ///   - named: the nodes that are letters.
  ///   - details: the entry of a group that is written, and its letters and numbers. Sums are
  ///     then written term by term.
  func text(
    _ id: Expression.ID, named: [Expression.ID] = [], isDefinition: Bool = false,
    _ details: Details? = nil
  ) -> String {
    if !isDefinition, named.contains(id) { return letter(of: id) }
    if let details, graph.value(of: id) == nil, details.known.contains(id) {
      return WorkedEntry.number(details.numbers[id][details.entry])
    }
    func operand(_ id: Expression.ID, _ least: Precedence) -> String {
      let text = text(id, named: named, details)
      let isShort =
        named.contains(id) || graph.value(of: id) == nil && details?.known.contains(id) == true
      return bracketed(text, id, isShort ? .sum : least, details)
    }
    /// An operand between delimiters, where a negative number needs no brackets.
    func inner(_ id: Expression.ID) -> String {
      let text = operand(id, .sum)
      let isNumber = graph.value(of: id) == nil && details?.known.contains(id) == true
      return isNumber && text.hasPrefix("(") ? String(text.dropFirst().dropLast()) : text
    }
    switch graph.nodes[id] {
    case .number(let bits):
      let value = Double(bitPattern: bits)
      if value == Double.pi { return #"\pi"# }
      if value == Expression.e { return "e" }
      return value == .infinity ? #"\infty"# : Equations.number(value)
    case .input(let k): return details?.inputs[k][details?.entry ?? 0] ?? letters[k]
    case .parameter(let k): return details?.parameters[k][details?.entry ?? 0] ?? parameters[k]
    case .cotangent: return details?.cotangents[details?.entry ?? 0] ?? #"\delta_y"#
    case .entryCount: return "n"
    case .unary(let kind, let u): return text(kind, inner(u), operand(u, .operand))
    case .binary(let kind, let u, let v):
      switch kind {
      case .add: return "\(operand(u, .sum)) + \(operand(v, .sum))"
      case .subtract: return "\(operand(u, .sum)) - \(operand(v, .product))"
      case .multiply:
        let areTensors =
          details == nil && graph.levels[u] == .entry && graph.levels[v] == .entry
        let sign = areTensors ? times : " "
        let (left, right) = (operand(u, .product), operand(v, .product))
        // Numbers next to each other would be one number.
        let isDigit = details != nil && right.first?.isNumber == true
        return left + (isDigit ? #" \cdot "# : sign) + right
      case .divide: return #"\frac{\#(inner(u))}{\#(inner(v))}"#
      case .power: return "\(operand(u, .operand))^{\(inner(v))}"
      case .min: return #"\min(\#(inner(u)), \#(inner(v)))"#
      case .max: return #"\max(\#(inner(u)), \#(inner(v)))"#
      case .less: return "[\(operand(u, .sum)) < \(operand(v, .sum))]"
      case .lessOrEqual: return #"[\#(operand(u, .sum)) \le \#(operand(v, .sum))]"#
      case .equal: return "[\(operand(u, .sum)) = \(operand(v, .sum))]"
      }
    case .reduce(let kind, let u):
      if let details { return expansion(of: kind, u, details) }
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
    case .productOfOthers(let u):
      if let details { return expansion(of: .product, u, details, omitting: details.entry) }
      return #"\prod_{j \ne i} \#(operand(u, .operand))"#
    case .norm, .normSlope, .normPowerSlope, .softmax, .logSoftmax: return "y"
    }
  }

  /// A reduction, term by term; the smaller terms of a long one are left out.
  private func expansion(
    of kind: Expression.Reduction, _ u: Expression.ID, _ details: Details, omitting own: Int? = nil
  ) -> String {
    let all = details.numbers[u].indices.filter { $0 != own }
    let values = details.numbers[u]
    let isLong = all.count > 6
    let shown =
      isLong
      ? all.sorted { (abs(values[$1]), $0) < (abs(values[$0]), $1) }.prefix(4).sorted() : all
    let least: Precedence = kind == .sum || kind == .product ? .product : .sum
    var terms = shown.map { entry in
      var details = details
      details.entry = entry
      let text = bracketed(
        text(u, details), u, details.known.contains(u) ? .sum : least, details)
      let isBare = details.known.contains(u) && least == .sum && text.hasPrefix("(")
      return isBare ? String(text.dropFirst().dropLast()) : text
    }
    if isLong {
      let rest = all.filter { !shown.contains($0) }
      let sum = rest.reduce(0) { $0 + values[$1] }
      let areNumbers = kind == .sum && details.known.contains(u)
      terms.append(
        #"\text{… \#(rest.count) more\#(areNumbers ? ", in sum \(rounded(sum, digits: 6))" : "")}"#)
    }
    switch kind {
    case .sum: return terms.joined(separator: " + ")
    case .product: return terms.joined(separator: #" \cdot "#)
    case .max: return #"\max(\#(terms.joined(separator: ", ")))"#
    case .min: return #"\min(\#(terms.joined(separator: ", ")))"#
    case .logSumExp: return #"\ln(\#(terms.map { "e^{\($0)}" }.joined(separator: " + ")))"#
    }
  }

  /// Only one form of the operand is written: both together would take time exponential in the depth.
  private func text(
    _ kind: Expression.Unary, _ inner: @autoclosure () -> String,
    _ operand: @autoclosure () -> String
  ) -> String {
    switch kind {
    case .negate: "-\(operand())"
    case .abs: "|\(inner())|"
    case .sign: #"\operatorname{sign}(\#(inner()))"#
    case .square: "\(operand())^2"
    case .sqrt: #"\sqrt{\#(inner())}"#
    case .exp: "e^{\(inner())}"
    case .log: #"\ln(\#(inner()))"#
    case .tanh: #"\tanh(\#(inner()))"#
    case .logistic: #"\sigma(\#(inner()))"#
    case .floor: #"\lfloor \#(inner()) \rfloor"#
    case .gaussian: "e^{-\(operand())^2}"
    case .expm1, .log1p, .softplus, .erf, .erfc, .sin, .cos, .tanhSlope, .logisticSlope:
      #"\operatorname{\#(kind)}(\#(inner()))"#
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
