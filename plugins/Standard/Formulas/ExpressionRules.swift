import NNExp

// The rules by which nodes are simplified and made stable. Each is an identity of real numbers;
// those marked with → are there because the right side keeps digits that the left side loses.
extension Expression {
  mutating func negate(_ a: ID) -> ID { unary(.negate, a) }
  mutating func add(_ a: ID, _ b: ID) -> ID { binary(.add, a, b) }
  mutating func subtract(_ a: ID, _ b: ID) -> ID { binary(.subtract, a, b) }
  mutating func multiply(_ a: ID, _ b: ID) -> ID { binary(.multiply, a, b) }
  mutating func divide(_ a: ID, _ b: ID) -> ID { binary(.divide, a, b) }
  mutating func power(_ a: ID, _ b: ID) -> ID { binary(.power, a, b) }

  mutating func unary(_ kind: Unary, _ a: ID) -> ID {
    if let x = value(of: a), let y = Expression.value(kind, x) { return number(y) }
    if isLiteral {
      if kind == .negate, let u = operand(of: a, if: .negate) { return u }
      return insert(.unary(kind, a))
    }
    return simplified(kind, a) ?? insert(.unary(kind, a))
  }

  mutating func binary(_ kind: Binary, _ a: ID, _ b: ID) -> ID {
    if let x = value(of: a), let y = value(of: b) { return number(Expression.value(kind, x, y)) }
    if isLiteral { return literal(kind, a, b) }
    if let simpler = simplified(kind, a, b) { return simpler }
    switch kind {
    case .add, .multiply, .equal: return insert(.binary(kind, min(a, b), max(a, b)))
    // The slope of max(x, 0) at 0 is that of the second operand.
    case .min, .max: return insert(value(of: a) != nil ? .binary(kind, b, a) : .binary(kind, a, b))
    default: return insert(.binary(kind, a, b))
    }
  }

  /// The operation as it is written, without zeros and ones.
  private mutating func literal(_ kind: Binary, _ a: ID, _ b: ID) -> ID {
    switch kind {
    case .add where isNumber(a, 0): return b
    case .add where isNumber(b, 0), .subtract where isNumber(b, 0): return a
    case .multiply where isNumber(a, 0) || isNumber(b, 1): return a
    case .multiply where isNumber(b, 0) || isNumber(a, 1): return b
    case .multiply where isNumber(a, -1): return negate(b)
    case .multiply where isNumber(b, -1): return negate(a)
    case .divide where isNumber(b, 1), .power where isNumber(b, 1): return a
    case .multiply where value(of: b) != nil: return insert(.binary(kind, b, a))
    default: return insert(.binary(kind, a, b))
    }
  }

  // MARK: Functions of one number

  private mutating func simplified(_ kind: Unary, _ a: ID) -> ID? {
    switch kind {
    case .negate:
      if let u = operand(of: a, if: .negate) { return u }
      if let (u, v) = operands(of: a, if: .subtract) { return subtract(v, u) }
    case .abs, .square:
      if let u = operand(of: a, if: .negate) ?? operand(of: a, if: .abs) { return unary(kind, u) }
      if kind == .abs, operand(of: a, if: .square) ?? operand(of: a, if: .exp) != nil { return a }
    case .sqrt: return simplifiedRoot(of: a)
    case .exp:
      // e^(−u²): the rounding error of u² counts.
      if let u = operand(of: a, if: .negate), let v = operand(of: u, if: .square) {
        return unary(.gaussian, v)
      }
    case .log: return simplifiedLog(of: a)
    case .tanh, .erf, .sin:
      // Odd functions.
      if let u = operand(of: a, if: .negate) { return negate(unary(kind, u)) }
    case .cos, .gaussian, .tanhSlope, .logisticSlope:
      if let u = operand(of: a, if: .negate) { return unary(kind, u) }
    default: break
    }
    return nil
  }

  private mutating func simplifiedRoot(of a: ID) -> ID? {
    // √u² → |u|
    if let u = operand(of: a, if: .square) { return unary(.abs, u) }
    return norm(of: a, power: number(2))
  }

  private mutating func simplifiedLog(of a: ID) -> ID? {
    if let u = operand(of: a, if: .exp) { return u }
    if case .softmax(let u) = nodes[a] { return insert(.logSoftmax(u)) }
    // ln Σ e^u → max u + ln Σ e^(u − max u)
    if let v = operand(of: a, if: .sum), let u = operand(of: v, if: .exp) {
      return reduce(.logSumExp, u)
    }
    // ln σ(u) → −softplus(−u)
    if let u = operand(of: a, if: .logistic) {
      let opposite = negate(u)
      return negate(unary(.softplus, opposite))
    }
    if let (u, v) = operands(of: a, if: .add) {
      for (one, other) in [(u, v), (v, u)] where isNumber(one, 1) {
        // ln(1 + e^u) → softplus(u);  ln(1 + u) → log1p(u)
        if let w = operand(of: other, if: .exp) { return unary(.softplus, w) }
        return unary(.log1p, other)
      }
    }
    // ln(1 − u) → log1p(−u)
    if let (u, v) = operands(of: a, if: .subtract), isNumber(u, 1) {
      let opposite = negate(v)
      return unary(.log1p, opposite)
    }
    return nil
  }

  // MARK: Functions of two numbers

  private mutating func simplified(_ kind: Binary, _ a: ID, _ b: ID) -> ID? {
    switch kind {
    case .add: return simplifiedSum(a, b)
    case .subtract: return simplifiedDifference(a, b)
    case .multiply: return simplifiedProduct(a, b)
    case .divide: return simplifiedQuotient(a, b)
    case .power: return simplifiedPower(a, b)
    case .min, .max: return a == b ? a : nil
    case .less, .lessOrEqual, .equal: return nil
    }
  }

  private mutating func simplifiedSum(_ a: ID, _ b: ID) -> ID? {
    for (u, v) in [(a, b), (b, a)] {
      if isNumber(u, 0) { return v }
      if let w = operand(of: v, if: .negate) { return subtract(u, w) }
      if isNumber(u, 1) {
        // 1 + erf u → erfc(−u);  1 + tanh u → 2σ(2u)
        if let w = operand(of: v, if: .erf) {
          let opposite = negate(w)
          return unary(.erfc, opposite)
        }
        if let w = operand(of: v, if: .tanh) { return twiceLogistic(of: w, negated: false) }
      }
      // (e^u − 1) + 1 and the like are left as they are written.
    }
    return a == b ? multiply(number(2), a) : nil
  }

  private mutating func simplifiedDifference(_ a: ID, _ b: ID) -> ID? {
    if isNumber(b, 0) { return a }
    if isNumber(a, 0) { return negate(b) }
    if let u = operand(of: b, if: .negate) { return add(a, u) }
    // e^u − 1 → expm1(u)
    if isNumber(b, 1), let u = exponent(of: a) { return unary(.expm1, u) }
    guard isNumber(a, 1) else { return nil }
    // 1 − e^u → −expm1(u);  1 − σ(u) → σ(−u);  1 − erf u → erfc u;  1 − tanh u → 2σ(−2u)
    if let u = exponent(of: b) {
      let less = unary(.expm1, u)
      return negate(less)
    }
    if let u = operand(of: b, if: .logistic) {
      let opposite = negate(u)
      return unary(.logistic, opposite)
    }
    if let u = operand(of: b, if: .erf) { return unary(.erfc, u) }
    if let u = operand(of: b, if: .tanh) { return twiceLogistic(of: u, negated: true) }
    // 1 − tanh² u → 4σ(2u)σ(−2u)
    if let u = operand(of: b, if: .square), let v = operand(of: u, if: .tanh) {
      return unary(.tanhSlope, v)
    }
    return nil
  }

  /// u, if the node is e^u.
  private mutating func exponent(of a: ID) -> ID? {
    if let u = operand(of: a, if: .exp) { return u }
    guard let v = operand(of: a, if: .gaussian) else { return nil }
    let square = unary(.square, v)
    return negate(square)
  }

  /// 2σ(2u), or 2σ(−2u).
  private mutating func twiceLogistic(of u: ID, negated: Bool) -> ID {
    let twice = multiply(number(2), u)
    let argument = negated ? negate(twice) : twice
    let share = unary(.logistic, argument)
    return multiply(number(2), share)
  }

  private mutating func simplifiedProduct(_ a: ID, _ b: ID) -> ID? {
    for (u, v) in [(a, b), (b, a)] {
      if isNumber(u, 0) { return u }
      if isNumber(u, 1) { return v }
      if isNumber(u, -1) { return negate(v) }
      if let w = operand(of: u, if: .negate) { return negate(multiply(w, v)) }
      // A condition selects: 0 · ∞ is not computed.
      if isCondition(u) { return select(u, v, number(0)) }
      // A selected 0 stays 0 also if the other factor is infinite.
      if case .select(let condition, let x, let y) = nodes[u] {
        if isNumber(y, 0) { return select(condition, multiply(x, v), y) }
        if isNumber(x, 0) { return select(condition, x, multiply(y, v)) }
      }
      // σ(u)σ(−u) → the slope of σ
      if let x = operand(of: u, if: .logistic), let y = operand(of: v, if: .logistic),
        operand(of: y, if: .negate) == x
      {
        return unary(.logisticSlope, x)
      }
      if let x = value(of: u), let (y, z) = operands(of: v, if: .multiply),
        let factor = value(of: y) ?? value(of: z)
      {
        let rest = value(of: y) == nil ? y : z
        return multiply(number(x * factor), rest)
      }
    }
    return a == b ? unary(.square, a) : nil
  }

  private mutating func simplifiedQuotient(_ a: ID, _ b: ID) -> ID? {
    if isNumber(a, 0) { return a }
    if isNumber(b, 1) { return a }
    if let u = operand(of: a, if: .negate) { return negate(divide(u, b)) }
    if let u = operand(of: b, if: .negate) { return negate(divide(a, u)) }
    // The inverse of a power of two is exact.
    if let x = value(of: b), x.isNormal, (1 / x).isNormal, x.significand == 1 {
      return multiply(number(1 / x), a)
    }
    if let (u, v) = operands(of: b, if: .add) {
      for (one, other) in [(u, v), (v, u)] where isNumber(one, 1) {
        guard let w = operand(of: other, if: .exp) else { continue }
        // e^u / (1 + e^u) → σ(u);  1 / (1 + e^u) → σ(−u)
        if other == a { return unary(.logistic, w) }
        let opposite = negate(w)
        let share = unary(.logistic, opposite)
        return multiply(a, share)
      }
      // (e^u − e^−u) / (e^u + e^−u) → tanh u
      if let (x, y) = operands(of: a, if: .subtract), (x, y) == (u, v) || (x, y) == (v, u),
        let w = operand(of: x, if: .exp), let z = operand(of: y, if: .exp),
        operand(of: z, if: .negate) == w || operand(of: w, if: .negate) == z
      {
        return unary(.tanh, w)
      }
    }
    // e^u / Σ e^u → softmax, scaled by the largest
    if let v = operand(of: b, if: .sum), v == a, let u = operand(of: v, if: .exp) {
      return insert(.softmax(u))
    }
    // A selected 0 stays 0 also if the divisor is 0.
    if case .select(let condition, let u, let v) = nodes[a] {
      if isNumber(v, 0) { return select(condition, divide(u, b), v) }
      if isNumber(u, 0) { return select(condition, u, divide(v, b)) }
    }
    return nil
  }

  private mutating func simplifiedPower(_ a: ID, _ b: ID) -> ID? {
    if let exponent = value(of: b) {
      switch exponent {
      case 0: return number(1)
      case 1: return a
      case 2: return unary(.square, a)
      case 0.5: return unary(.sqrt, a)
      case -1: return divide(number(1), a)
      default: break
      }
      // |u|⁴ → u⁴
      if exponent.truncatingRemainder(dividingBy: 2) == 0, let u = operand(of: a, if: .abs) {
        return power(u, b)
      }
    }
    if let base = value(of: a), base == Expression.e { return unary(.exp, b) }
    // (Σ|u|^p)^(1/p), scaled by the largest |u|
    if let (one, p) = operands(of: b, if: .divide), isNumber(one, 1) {
      return norm(of: a, power: p)
    }
    if let exponent = value(of: b), let p = sumPower(of: a), abs(1 / exponent - p) <= p.ulp {
      return norm(of: a, power: number(p))
    }
    return nil
  }

  /// The base of the natural logarithm.
  static let e = 2.718281828459045

  // MARK: Norms

  /// The norm of u, if `a` is Σ|u|^p or its mean.
  private mutating func norm(of a: ID, power p: ID) -> ID? {
    guard let (terms, isMean) = sumOfTerms(a), let u = base(of: terms, power: p) else { return nil }
    guard value(of: p).map({ $0 > 0 && $0.isFinite }) ?? (levels[p] == .all) else { return nil }
    return insert(.norm(u, power: p, normalized: isMean))
  }

  private func sumOfTerms(_ a: ID) -> (terms: ID, isMean: Bool)? {
    if let terms = operand(of: a, if: .sum) { return (terms, false) }
    if let (sum, count) = operands(of: a, if: .divide), case .entryCount = nodes[count],
      let terms = operand(of: sum, if: .sum)
    {
      return (terms, true)
    }
    return nil
  }

  /// u, if `terms` is |u|^p.
  private func base(of terms: ID, power p: ID) -> ID? {
    if isNumber(p, 1) { return operand(of: terms, if: .abs) }
    if isNumber(p, 2) { return operand(of: terms, if: .square) }
    guard let (u, exponent) = operands(of: terms, if: .power), exponent == p else { return nil }
    if let v = operand(of: u, if: .abs) { return v }
    return value(of: p).map { $0.truncatingRemainder(dividingBy: 2) == 0 } == true ? u : nil
  }

  /// The number p, if `a` is a sum or mean of p-th powers.
  private func sumPower(of a: ID) -> Double? {
    guard let (terms, _) = sumOfTerms(a) else { return nil }
    if operand(of: terms, if: .abs) != nil { return 1 }
    if operand(of: terms, if: .square) != nil { return 2 }
    return operands(of: terms, if: .power).flatMap { value(of: $0.1) }
  }

  // MARK: Numbers

  /// The function's value at a number; nil for functions that are only computed by kernels.
  static func value(_ kind: Unary, _ x: Double) -> Double? {
    switch kind {
    case .negate: -x
    case .abs: Swift.abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .square: x * x
    case .sqrt: x.squareRoot()
    case .exp: Double.exp(x)
    case .expm1: Double.expm1(x)
    case .log: Double.log(x)
    case .log1p: Double.log1p(x)
    case .tanh: Double.tanh(x)
    case .logistic: 1 / (1 + Double.exp(-x))
    case .softplus: Softplus.of(x)
    case .erf: Double.erf(x)
    case .erfc: Double.erfc(x)
    case .sin: Double.sin(x)
    case .cos: Double.cos(x)
    case .floor: x.rounded(.down)
    case .gaussian, .tanhSlope, .logisticSlope: nil
    }
  }

  static func value(_ kind: Binary, _ x: Double, _ y: Double) -> Double {
    switch kind {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .power: Double.pow(x, y)
    case .min: x < y ? x : y
    case .max: x > y ? x : y
    case .less: x < y ? 1 : 0
    case .lessOrEqual: x <= y ? 1 : 0
    case .equal: x == y ? 1 : 0
    }
  }
}
