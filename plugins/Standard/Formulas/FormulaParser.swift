import NNExp

/// Reads the text of a formula into an ``Expression``.
///
///     sum      = product (("+" | "-") product)*
///     product  = signed (("*" | "/") signed)*
///     signed   = "-" signed | power
///     power    = operand ("^" signed)?
///     operand  = number | name | function "(" … ")" | reduction | "(" … ")" | "|" … "|" | "√" operand
///
/// A comparison is 1 if it is true, otherwise 0. A reduction with an index (`Σᵢ`, `max_i`)
/// extends to the end of the product, and over the following terms of the sum up to the last one
/// that has the index. One without an index, such as `sum(x)`, has its argument in brackets.
struct FormulaParser {
  /// A name and its node.
  typealias Name = (name: String, node: Expression.ID)

  private let tokens: [FormulaToken]
  private let names: [Name]
  private var position = 0
  private var depth = 0
  /// The indices that enclosing reductions bind, innermost last.
  private var bound: [Character] = []
  /// The index of y, if some name has one that no reduction binds.
  private var free: Character?
  private(set) var expression: Expression
  /// The names that occur.
  private(set) var used: Set<String> = []

  /// The largest text, in bytes, and the deepest nesting.
  static let mostBytes = 4096
  static let mostNested = 64

  /// Parses a formula. `names` are the inputs, parameters and constants.
  ///
  /// - Returns: the expression, its value's node, and the names that occur.
  static func parse(
    _ text: String, names: [Name], in expression: Expression
  ) throws(FormulaError) -> (expression: Expression, value: Expression.ID, used: Set<String>) {
    guard text.utf8.count <= mostBytes else {
      throw FormulaError(
        message: "a formula has at most \(mostBytes) bytes, found \(text.utf8.count)",
        position: 0)
    }
    var parser = FormulaParser(
      tokens: try FormulaToken.tokens(of: text), names: names, expression: expression)
    if case .end = parser.token.kind {
      throw FormulaError(message: "the formula is empty", position: 0)
    }
    let value = try parser.comparison()
    guard case .end = parser.token.kind else { throw parser.unexpected() }
    return (parser.expression, value, parser.used)
  }

  private init(
    tokens: [FormulaToken], names: [Name], expression: Expression
  ) {
    self.tokens = tokens
    self.names = names
    self.expression = expression
  }

  private var token: FormulaToken { tokens[position] }

  private mutating func accept(_ symbol: Character) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  private func unexpected() -> FormulaError {
    let found: String
    switch token.kind {
    case .end: found = "the formula ends here, but an operand is missing"
    case .number, .name, .open, .raised:
      found =
        position > 0
        ? "an operator such as '*' is missing here" : "an operand is missing before this"
    case .symbol(","): found = "a comma separates the arguments of a function only"
    case .symbol(let symbol): found = "an operand is missing before '\(symbol)'"
    case .close(let bracket): found = "an operand is missing before '\(bracket)'"
    }
    return FormulaError(message: found, position: token.position)
  }

  // MARK: Levels of precedence

  private mutating func comparison() throws(FormulaError) -> Expression.ID {
    let left = try sum()
    guard case .symbol(let symbol) = token.kind, "<>≤≥=≠".contains(symbol) else { return left }
    position += 1
    let right = try sum()
    switch symbol {
    case "<": return expression.binary(.less, left, right)
    case ">": return expression.binary(.less, right, left)
    case "≤": return expression.binary(.lessOrEqual, left, right)
    case "≥": return expression.binary(.lessOrEqual, right, left)
    case "=": return expression.binary(.equal, left, right)
    default:
      let equal = expression.binary(.equal, left, right)
      return expression.select(equal, expression.number(0), expression.number(1))
    }
  }

  private mutating func sum() throws(FormulaError) -> Expression.ID {
    try sum(to: nil)
  }

  /// Reads terms up to the token at `end`, or all of them.
  private mutating func sum(to end: Int?) throws(FormulaError) -> Expression.ID {
    var value = try product()
    while end.map({ position < $0 }) ?? true {
      if accept("+") {
        value = expression.add(value, try product())
      } else if accept("-") {
        value = expression.subtract(value, try product())
      } else {
        break
      }
      try checkSize()
    }
    return value
  }

  private mutating func product() throws(FormulaError) -> Expression.ID {
    var value = try signed()
    while true {
      if accept("*") {
        value = expression.multiply(value, try signed())
      } else if accept("/") {
        value = expression.divide(value, try signed())
      } else if isJuxtaposed {
        value = expression.multiply(value, try signed())
      } else {
        return value
      }
      try checkSize()
    }
  }

  /// True after a number that a name or a bracket follows directly: `2x`, `½(1 + x)`.
  private var isJuxtaposed: Bool {
    guard position > 0, case .number = tokens[position - 1].kind else { return false }
    switch token.kind {
    case .name, .open, .symbol("√"): return true
    default: return false
    }
  }

  private mutating func signed() throws(FormulaError) -> Expression.ID {
    depth += 1
    defer { depth -= 1 }
    guard depth <= FormulaParser.mostNested else {
      throw FormulaError(
        message: "a formula is nested at most \(FormulaParser.mostNested) levels deep",
        position: token.position)
    }
    if accept("-") { return expression.negate(try signed()) }
    if accept("+") { return try signed() }
    return try power()
  }

  private mutating func power() throws(FormulaError) -> Expression.ID {
    let base = try operand()
    if case .raised(let text) = token.kind {
      let place = token.position
      position += 1
      let exponent: Expression.ID
      if let number = Double(text) {
        exponent = expression.number(number)
      } else {
        exponent = try node(named: text, index: nil, at: place)
      }
      return expression.power(base, exponent)
    }
    guard accept("^") else { return base }
    return expression.power(base, try signed())
  }

  // MARK: Operands

  private mutating func operand() throws(FormulaError) -> Expression.ID {
    let first = token
    switch first.kind {
    case .number(let value):
      position += 1
      return expression.number(value)
    case .name(let name):
      position += 1
      if let reduction = FormulaParser.reductions[name], first.index != nil || !isCall {
        return try indexed(reduction, first)
      }
      if isCall, meaning(of: name) == nil { return try call(name, at: first) }
      return try node(named: name, index: first.index, at: first.position)
    case .open(let bracket):
      position += 1
      let value = try comparison()
      guard case .close = token.kind else { throw unexpected() }
      position += 1
      return bracket == "|" ? expression.unary(.abs, value) : value
    case .symbol("√"):
      position += 1
      return expression.unary(.sqrt, try power())
    default: throw unexpected()
    }
  }

  private var isCall: Bool { token.kind == .open("(") }

  private func meaning(of name: String) -> Expression.ID? {
    names.first { $0.name == name }?.node
  }

  /// The input, parameter or constant of a name.
  private mutating func node(
    named name: String, index: Character?, at place: Int
  ) throws(FormulaError) -> Expression.ID {
    guard let meaning = meaning(of: name) else {
      if let constant = FormulaParser.constants.first(where: { $0.key == name })?.value {
        return expression.number(constant)
      }
      throw FormulaError(message: unknown(name), position: place)
    }
    used.insert(name)
    if let index, !bound.contains(index) { try bind(index, at: place) }
    return meaning
  }

  /// Checks an index that no reduction binds: it counts the entries of y.
  private mutating func bind(_ index: Character, at place: Int) throws(FormulaError) {
    if let innermost = bound.last {
      throw FormulaError(
        message:
          "the index \(index) is not the \(innermost) of the reduction around it; "
          + "write the factor outside",
        position: place)
    }
    if let free, free != index {
      throw FormulaError(
        message: "the indices \(free) and \(index) both count the entries of the result; use one",
        position: place)
    }
    free = index
  }

  static let constants: KeyValuePairs<String, Double> = [
    "π": Double.pi, "e": Expression.e, "∞": Double.infinity,
  ]

  // MARK: Functions

  private static let functions: KeyValuePairs<String, Expression.Unary> = [
    "σ": .logistic, "sigmoid": .logistic, "exp": .exp, "expm1": .expm1, "log": .log, "ln": .log,
    "log1p": .log1p, "sqrt": .sqrt, "abs": .abs, "sign": .sign, "tanh": .tanh,
    "softplus": .softplus, "erf": .erf, "erfc": .erfc, "sin": .sin, "cos": .cos,
    "floor": .floor,
  ]

  /// A function of the entries of a group.
  enum Combination: Sendable { case sum, product, mean, max, min }

  static let reductions: [String: Combination] = [
    "Σ": .sum, "∑": .sum, "sum": .sum, "Π": .product, "∏": .product, "prod": .product,
    "mean": .mean, "max": .max, "min": .min,
  ]

  private func unknown(_ name: String) -> String {
    if FormulaParser.functions.contains(where: { $0.key.hasSameBytes(as: name) })
      || FormulaParser.reductions[name] != nil
    {
      return "'\(name)' is a function: write its argument in parentheses, as in \(name)(x)"
    }
    let own = names.map { $0.name } + FormulaParser.functions.map { $0.key }
    let spelled = FormulaToken.greek.map { $0.key }.filter {
      let letter = FormulaToken.canonical($0)
      return own.contains(letter)
    }
    let known = own + spelled + ["sum", "prod", "mean", "max", "min", "pi"]
    var hint = suggestion(for: name, among: known)
    if hint.isEmpty {
      hint = "; the names are: " + listed(names.map { $0.name })
    }
    return "unknown name '\(name)'\(hint)"
  }

  private mutating func call(_ name: String, at first: FormulaToken) throws(FormulaError)
    -> Expression.ID
  {
    let reduction = FormulaParser.reductions[name]
    let function = FormulaParser.functions.first { $0.key == name }?.value
    guard reduction != nil || function != nil else {
      throw FormulaError(message: unknown(name), position: first.position)
    }
    position += 1
    var arguments = [try comparison()]
    while accept(",") { arguments.append(try comparison()) }
    guard case .close = token.kind else { throw unexpected() }
    position += 1
    if let reduction { return try combine(reduction, arguments, name, at: first) }
    guard let function, arguments.count == 1 else {
      throw FormulaError(
        message: "\(name) has one argument, found \(arguments.count)", position: first.position)
    }
    if let index = first.index {
      throw FormulaError(
        message: "a function has no index, found \(index)", position: first.position)
    }
    return expression.unary(function, arguments[0])
  }

  /// `max(x)` over the group; `max(a, b, …)` of the arguments.
  private mutating func combine(
    _ kind: Combination, _ arguments: [Expression.ID], _ name: String, at first: FormulaToken
  ) throws(FormulaError) -> Expression.ID {
    if arguments.count == 1 { return reduce(kind, arguments[0]) }
    guard kind == .max || kind == .min else {
      throw FormulaError(
        message: "\(name) has one argument, found \(arguments.count)", position: first.position)
    }
    return arguments.dropFirst().reduce(arguments[0]) {
      expression.binary(kind == .max ? .max : .min, $0, $1)
    }
  }

  private mutating func reduce(_ kind: Combination, _ value: Expression.ID) -> Expression.ID {
    switch kind {
    case .sum: expression.reduce(.sum, value)
    case .product: expression.reduce(.product, value)
    case .mean: expression.mean(value)
    case .max: expression.reduce(.max, value)
    case .min: expression.reduce(.min, value)
    }
  }

  /// `Σᵢ …`, and `Σ …` without an index.
  private mutating func indexed(
    _ kind: Combination, _ first: FormulaToken
  ) throws(FormulaError) -> Expression.ID {
    if let index = first.index {
      if bound.contains(index) {
        throw FormulaError(
          message: "the index \(index) is already that of the reduction around this one",
          position: first.position)
      }
      bound.append(index)
    }
    defer { if first.index != nil { bound.removeLast() } }
    let end = try endOfBody(of: first)
    let value = try sum(to: end)
    return reduce(kind, value)
  }

  /// The token after the last term that belongs to a reduction.
  private func endOfBody(of first: FormulaToken) throws(FormulaError) -> Int {
    var nesting = 0
    var firstEnd: Int?
    var lastEnd: Int?
    var hasIndex = false
    var at = position
    while true {
      let token = tokens[at]
      var isEnd = false
      switch token.kind {
      case .open: nesting += 1
      case .close:
        nesting -= 1
        isEnd = nesting < 0
      case .end: isEnd = true
      case .symbol(let symbol) where nesting == 0:
        if "<>≤≥=≠,".contains(symbol) { isEnd = true }
        // A sign after an operator does not separate terms.
        let separates = "+-".contains(symbol) && at > position && !isOperator(tokens[at - 1])
        if separates || isEnd {
          if firstEnd == nil { firstEnd = at }
          if hasIndex { lastEnd = at }
          hasIndex = false
        }
      default: break
      }
      if isEnd {
        if firstEnd == nil { firstEnd = at }
        if hasIndex { lastEnd = at }
        break
      }
      if let index = token.index, index == first.index { hasIndex = true }
      at += 1
    }
    return max(firstEnd ?? at, lastEnd ?? 0)
  }

  private func isOperator(_ token: FormulaToken) -> Bool {
    if case .symbol = token.kind { true } else { false }
  }

  private func checkSize() throws(FormulaError) {
    guard expression.nodes.count <= Expression.mostOperations else {
      throw FormulaError(
        message: "a formula has at most \(Expression.mostOperations) operations",
        position: token.position)
    }
  }
}
