/// The reverse mode of differentiation on a formula: the sum rule over the nodes that use a node,
/// the chain rule at each.
extension Expression {
  /// ∂L/∂ of the inputs and parameters, as nodes of this graph.
  struct Gradients {
    /// Nil if y does not depend on it.
    var inputs: [ID?]
    var parameters: [ID?]
  }

  /// Adds the derivatives of L with respect to every input and parameter, where `seed` is ∂L/∂y.
  ///
  /// The derivative of a number that all groups share is left as a term per group or entry; its
  /// reader adds them up.
  ///
  /// - Parameter combines: true if a group has several entries.
  mutating func differentiate(_ output: ID, seed: ID, combines: Bool) -> Gradients {
    var adjoints: [ID?] = Array(repeating: nil, count: output + 1)
    adjoints[output] = seed
    for id in stride(from: output, through: 0, by: -1) {
      guard let adjoint = adjoints[id] else { continue }
      for (operand, term) in contributions(of: id, adjoint) {
        guard value(of: operand) == nil else { continue }
        var term = term
        // A number of the group is in every entry of the node, or in every entry's term.
        if combines, levels[operand] < .entry, max(levels[id], levels[term]) == .entry {
          term = sum(term)
        }
        adjoints[operand] = adjoints[operand].map { add($0, term) } ?? term
      }
    }
    var gradients = Gradients(
      inputs: inputLevels.map { _ in nil }, parameters: parameterLevels.map { _ in nil })
    for id in 0...output {
      switch nodes[id] {
      case .input(let k): gradients.inputs[k] = adjoints[id]
      case .parameter(let k): gradients.parameters[k] = adjoints[id]
      default: break
      }
    }
    return gradients
  }

  /// The terms that a node adds to the derivatives of its operands.
  mutating func contributions(of id: ID, _ d: ID) -> [(ID, ID)] {
    switch nodes[id] {
    case .number, .input, .parameter, .cotangent, .entryCount, .normSlope, .normPowerSlope,
      .productOfOthers, .isFirst:
      return []
    case .unary(let kind, let u):
      guard let slope = slope(of: kind, at: u, value: id) else { return [] }
      return [(u, multiply(d, slope))]
    case .binary(let kind, let u, let v): return contributions(of: id, kind, u, v, d)
    case .select(let condition, let u, let v):
      let zero = number(0)
      return [(u, select(condition, d, zero)), (v, select(condition, zero, d))]
    case .reduce(let kind, let u): return [(u, contribution(of: kind, u, value: id, d))]
    case .softmax(let u):
      // y(∂y − Σ ∂y · y)
      let total = sum(multiply(d, id))
      return [(u, multiply(id, subtract(d, total)))]
    case .logSoftmax(let u):
      let share = insert(.softmax(u))
      let total = sum(d)
      return [(u, subtract(d, multiply(share, total)))]
    case .norm(let u, let p, let normalized):
      let slope = insert(.normSlope(u, power: p, normalized: normalized))
      var terms = [(u, multiply(d, slope))]
      if value(of: p) == nil {
        let slope = insert(.normPowerSlope(u, power: p, normalized: normalized))
        terms.append((p, multiply(d, slope)))
      }
      return terms
    }
  }

  /// f′(u), where `value` is f(u); nil if it is 0.
  private mutating func slope(of kind: Unary, at u: ID, value: ID) -> ID? {
    switch kind {
    case .negate: return number(-1)
    case .abs: return unary(.sign, u)
    case .sign, .floor: return nil
    case .square: return multiply(number(2), u)
    case .sqrt:
      let half = number(0.5)
      let slope = divide(half, value)
      // √|u| has the slope 0 at 0.
      guard operand(of: u, if: .abs) != nil, !isLiteral else { return slope }
      let zero = number(0)
      return select(binary(.equal, u, zero), zero, slope)
    case .exp: return value
    case .expm1: return unary(.exp, u)
    case .log: return divide(number(1), u)
    case .log1p:
      let sum = add(number(1), u)
      return divide(number(1), sum)
    case .tanh:
      guard isLiteral else { return unary(.tanhSlope, u) }
      let square = power(value, number(2))
      return subtract(number(1), square)
    case .logistic:
      guard isLiteral else { return unary(.logisticSlope, u) }
      let rest = subtract(number(1), value)
      return multiply(value, rest)
    case .softplus: return unary(.logistic, u)
    case .erf, .erfc:
      // ±2/√π · e^(−u²)
      let bell = unary(.gaussian, u)
      let factor = (kind == .erf ? 2 : -2) / Double.pi.squareRoot()
      return multiply(number(factor), bell)
    case .sin: return unary(.cos, u)
    case .cos:
      let sine = unary(.sin, u)
      return negate(sine)
    case .gaussian:
      let twice = multiply(number(-2), u)
      return multiply(twice, value)
    case .tanhSlope:
      let tanh = unary(.tanh, u)
      let product = multiply(tanh, value)
      return multiply(number(-2), product)
    case .logisticSlope:
      // 1 − 2σ(u) = −tanh(u/2)
      let half = multiply(number(0.5), u)
      let tanh = unary(.tanh, half)
      return negate(multiply(tanh, value))
    }
  }

  private mutating func contributions(
    of id: ID, _ kind: Binary, _ u: ID, _ v: ID, _ d: ID
  ) -> [(ID, ID)] {
    switch kind {
    case .add: return [(u, d), (v, d)]
    case .subtract: return [(u, d), (v, negate(d))]
    case .multiply: return [(u, multiply(d, v)), (v, multiply(d, u))]
    case .divide:
      let quotient = divide(d, v)
      let product = multiply(quotient, id)
      return [(u, quotient), (v, negate(product))]
    case .power:
      var terms: [(ID, ID)] = []
      if value(of: u) == nil { terms.append((u, multiply(d, powerSlope(u, v)))) }
      if value(of: v) == nil {
        // u^v ln u, and 0 at u = 0, where u^v ln u → 0.
        let log = unary(.log, u)
        let product = multiply(id, log)
        let zero = number(0)
        let isZero = binary(.equal, u, zero)
        terms.append((v, multiply(d, select(isZero, zero, product))))
      }
      return terms
    case .min, .max:
      // At a tie, the second operand of max and the first of min has the slope: max(x, 0) has
      // none at 0, and min(x, 0) has 1, so that their sum has the slope of x.
      let isFirst = kind == .max ? binary(.less, v, u) : binary(.lessOrEqual, u, v)
      let zero = number(0)
      return [(u, select(isFirst, d, zero)), (v, select(isFirst, zero, d))]
    case .less, .lessOrEqual, .equal: return []
    }
  }

  /// v·u^(v−1). At u = 0, |u|^v has the slope 0.
  private mutating func powerSlope(_ u: ID, _ v: ID) -> ID {
    let less = subtract(v, number(1))
    let power = power(u, less)
    let slope = multiply(v, power)
    guard operand(of: u, if: .abs) != nil else { return slope }
    let zero = number(0)
    return select(binary(.equal, u, zero), zero, slope)
  }

  private mutating func contribution(
    of kind: Reduction, _ u: ID, value: ID, _ d: ID
  ) -> ID {
    switch kind {
    case .sum: return d
    case .max, .min: return select(insert(.isFirst(u, equalTo: value)), d, number(0))
    case .product: return multiply(d, insert(.productOfOthers(u)))
    case .logSumExp: return multiply(d, insert(.softmax(u)))
    }
  }
}
