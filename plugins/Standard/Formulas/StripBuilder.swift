import NNExp

/// Converts the nodes of an expression to operations of the kernels.
struct StripBuilder {
  struct Value: Hashable {
    enum Content: Hashable {
      case number(UInt64)
      case port(StripProgram.Port)
      case operation(StripOperation, [Int])
    }

    let content: Content
    let level: Expression.Level
  }

  let expression: Expression
  let target: StripProgram.Target
  private(set) var values: [Value] = []
  private var positions: [Value: Int] = [:]
  private var lowered: [Int?]

  init(_ expression: Expression, _ target: StripProgram.Target) {
    self.expression = expression
    self.target = target
    lowered = Array(repeating: nil, count: expression.nodes.count)
  }

  private mutating func insert(_ value: Value) -> Int {
    if let known = positions[value] { return known }
    positions[value] = values.count
    values.append(value)
    return values.count - 1
  }

  private mutating func number(_ value: Double) -> Int {
    insert(Value(content: .number(value.bitPattern), level: .all))
  }

  private mutating func port(_ port: StripProgram.Port, _ level: Expression.Level) -> Int {
    insert(Value(content: .port(port), level: level))
  }

  private mutating func apply(_ operation: StripOperation, _ operands: Int...) -> Int {
    let level: Expression.Level
    switch operation {
    case .sum, .product, .largest, .smallest: level = .group
    case .productOfOthers, .first: level = .entry
    default: level = operands.map { values[$0].level }.max() ?? .all
    }
    return insert(Value(content: .operation(operation, operands), level: level))
  }

  /// The value of a node; its operands are lowered before it.
  mutating func lower(_ output: Expression.ID) -> Int {
    var needed = [output]
    var isNeeded = Set(needed)
    while let id = needed.popLast() {
      for operand in Expression.operands(of: expression.nodes[id])
      where isNeeded.insert(operand).inserted { needed.append(operand) }
    }
    for id in isNeeded.sorted() where lowered[id] == nil { lowered[id] = lowerNode(id) }
    return lowered[output] ?? 0
  }

  private func of(_ id: Expression.ID) -> Int { lowered[id] ?? 0 }

  private mutating func lowerNode(_ id: Expression.ID) -> Int {
    let level = expression.levels[id]
    switch expression.nodes[id] {
    case .number(let bits): return number(Double(bitPattern: bits))
    case .input(let k): return port(.input(k), level)
    case .parameter(let k): return port(.parameter(k), level)
    case .cotangent: return port(.cotangent, level)
    case .entryCount: return target.isElementwise ? number(1) : port(.entryCount, level)
    case .unary(let kind, let u): return lower(kind, of(u))
    case .binary(let kind, let u, let v):
      if kind == .power { return power(of(u), of(v), exponent: expression.value(of: v)) }
      return apply(StripBuilder.operation(kind), of(u), of(v))
    case .reduce(let kind, let u): return lower(kind, of(u))
    case .softmax(let u):
      let parts = exponentials(of(u))
      return apply(.divide, parts.terms, parts.sum)
    case .logSoftmax(let u):
      let parts = exponentials(of(u))
      return apply(
        .subtract, apply(.subtract, of(u), parts.shift), apply(.log, parts.sum))
    case .norm(let u, let p, let normalized):
      let norm = self.norm(u, p, normalized)
      return apply(.multiply, norm.largest, norm.root)
    case .normSlope(let u, let p, let normalized): return normSlope(u, p, normalized)
    case .normPowerSlope(let u, let p, let normalized): return normPowerSlope(u, p, normalized)
    case .productOfOthers(let u): return apply(.productOfOthers, masked(of(u), number(1)))
    case .isFirst(let u, let v):
      return apply(.first, masked(of(u), number(.infinity * -1)), of(v))
    case .select(let c, let u, let v): return apply(.select, of(c), of(u), of(v))
    }
  }

  private mutating func lower(_ kind: Expression.Unary, _ u: Int) -> Int {
    switch kind {
    case .negate: return apply(.negate, u)
    case .abs: return apply(.abs, u)
    case .sign: return apply(.sign, u)
    case .square: return apply(.square, u)
    case .sqrt: return apply(.sqrt, u)
    case .exp: return apply(.exp, u)
    case .expm1: return apply(.expm1, u)
    case .log: return apply(.log, u)
    case .log1p: return apply(.log1p, u)
    case .tanh: return apply(.tanh, u)
    case .logistic: return apply(.logistic, u)
    case .erf: return apply(.erf, u)
    case .erfc: return apply(.erfc, u)
    case .sin: return apply(.sin, u)
    case .cos: return apply(.cos, u)
    case .floor: return apply(.floor, u)
    case .gaussian: return apply(.gaussian, u)
    case .softplus:
      // max(u, 0) + ln(1 + e^(−|u|))
      let size = apply(.abs, u)
      let decay = apply(.exp, apply(.negate, size))
      return apply(.add, apply(.max, u, number(0)), apply(.log1p, decay))
    case .logisticSlope:
      guard target.isDouble else { return apply(.logisticSlope, apply(.logistic, u)) }
      return distantLogisticSlope(u)
    case .tanhSlope:
      guard target.isDouble else { return apply(.tanhSlope, apply(.tanh, u)) }
      // 4σ(2u)σ(−2u)
      return apply(.multiply, number(4), distantLogisticSlope(apply(.add, u, u)))
    }
  }

  /// σ(u)σ(−u), where neither factor is 1 less a number close to 1.
  private mutating func distantLogisticSlope(_ u: Int) -> Int {
    apply(.logisticSlope, apply(.logistic, apply(.negate, apply(.abs, u))))
  }

  private static func operation(_ kind: Expression.Binary) -> StripOperation {
    switch kind {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .power: .power
    case .min: .min
    case .max: .max
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .equal: .equal
    }
  }

  /// u^p; small whole and half exponents as products and roots.
  private mutating func power(_ u: Int, _ p: Int, exponent: Double?) -> Int {
    switch exponent {
    case 0: return number(1)
    case 1: return u
    case 2: return apply(.square, u)
    case 3: return apply(.multiply, apply(.square, u), u)
    case 4: return apply(.square, apply(.square, u))
    case 0.5: return apply(.sqrt, u)
    case 1.5: return apply(.multiply, u, apply(.sqrt, u))
    case -1: return apply(.divide, number(1), u)
    case -2: return apply(.divide, number(1), apply(.square, u))
    default: return apply(.power, u, p)
    }
  }

  /// The entry, or `neutral` for entries that the group lacks.
  private mutating func masked(_ u: Int, _ neutral: Int) -> Int {
    guard target.isMasked, values[u].level == .entry else { return u }
    return apply(.select, port(.isValid, .entry), u, neutral)
  }

  /// The rows of a value combined, and then the columns if they belong to the same group.
  private mutating func reduced(_ operation: StripOperation, _ u: Int) -> Int {
    let rows = apply(operation, u)
    guard target.isSample else { return rows }
    switch operation {
    case .sum: return apply(.columnSum, rows)
    case .product: return apply(.columnProduct, rows)
    case .largest: return apply(.columnLargest, rows)
    default: return apply(.columnSmallest, rows)
    }
  }

  private mutating func lower(_ kind: Expression.Reduction, _ u: Int) -> Int {
    switch kind {
    case .sum: return reduced(.sum, masked(u, number(0)))
    case .product: return reduced(.product, masked(u, number(1)))
    case .max: return reduced(.largest, masked(u, number(-Double.infinity)))
    case .min: return reduced(.smallest, masked(u, number(.infinity)))
    case .logSumExp:
      let parts = exponentials(u)
      return apply(.add, parts.shift, apply(.log, parts.sum))
    }
  }

  /// m = max u, e^(u − m), and the sum of these, which neither overflows nor vanishes.
  private mutating func exponentials(_ u: Int) -> (shift: Int, terms: Int, sum: Int) {
    let largest = reduced(.largest, masked(u, number(-Double.infinity)))
    // An infinite shift would give ∞ − ∞.
    let isInfinite = apply(.equal, apply(.abs, largest), number(.infinity))
    let shift = apply(.select, isInfinite, number(0), largest)
    let terms = masked(apply(.exp, apply(.subtract, u, shift)), number(0))
    return (shift, terms, reduced(.sum, terms))
  }

  // MARK: Norms

  /// m = max|u|, r = |u|/m, and (Σ r^p)^(1/p), so that no power overflows.
  private struct Norm {
    var largest: Int
    var ratio: Int
    var powers: Int
    var sum: Int
    var root: Int
  }

  private mutating func norm(
    _ u: Expression.ID, _ p: Expression.ID, _ normalized: Bool
  ) -> Norm {
    let size = apply(.abs, masked(of(u), number(0)))
    let largest = reduced(.largest, size)
    // An infinite entry is one of the largest; so is every entry if all are 0.
    let ratio = apply(.share, size, largest)
    let exponent = expression.value(of: p)
    let powers = masked(power(ratio, of(p), exponent: exponent), number(0))
    var sum = reduced(.sum, powers)
    if normalized { sum = apply(.divide, sum, port(.entryCount, .group)) }
    let root: Int
    switch exponent {
    case 1: root = sum
    case 2: root = apply(.sqrt, sum)
    case 4: root = apply(.sqrt, apply(.sqrt, sum))
    default: root = apply(.power, sum, apply(.divide, number(1), of(p)))
    }
    return Norm(largest: largest, ratio: ratio, powers: powers, sum: sum, root: root)
  }

  /// sign(u)·(|u|/norm)^(p−1), or 1/n of it.
  private mutating func normSlope(
    _ u: Expression.ID, _ p: Expression.ID, _ normalized: Bool
  ) -> Int {
    let norm = self.norm(u, p, normalized)
    let sign = apply(.sign, of(u))
    let share = apply(.divide, norm.ratio, norm.root)
    let exponent = expression.value(of: p)
    var slope: Int
    switch exponent {
    case 1: slope = sign
    case 2: slope = apply(.multiply, sign, share)
    case 3: slope = apply(.multiply, sign, apply(.square, share))
    default:
      // (r/q)^(p−1) = (r^p/r)(q/q^p), where q^p is the sum: no second power.
      let power = apply(
        .multiply, apply(.divide, norm.powers, norm.ratio), apply(.divide, norm.root, norm.sum))
      // At u = 0, this is 0/0.
      slope = apply(
        .select, apply(.equal, sign, number(0)), number(0), apply(.multiply, sign, power))
    }
    if normalized { slope = apply(.divide, slope, port(.entryCount, .group)) }
    return slope
  }

  /// (norm/p)(Σ wᵢ ln rᵢ − ln s), wᵢ = rᵢ^p/Σ rⱼ^p, where s is the p-th root of the sum or mean.
  private mutating func normPowerSlope(
    _ u: Expression.ID, _ p: Expression.ID, _ normalized: Bool
  ) -> Int {
    let norm = self.norm(u, p, normalized)
    let logarithms = apply(.log, norm.ratio)
    let isZero = apply(.equal, norm.powers, number(0))
    let terms = apply(.select, isZero, number(0), apply(.multiply, norm.powers, logarithms))
    let weighted = apply(.divide, reduced(.sum, terms), reduced(.sum, norm.powers))
    let rest = apply(.divide, apply(.log, norm.sum), of(p))
    let value = apply(.multiply, norm.largest, norm.root)
    let slope = apply(
      .multiply, apply(.divide, value, of(p)), apply(.subtract, weighted, rest))
    return apply(.select, apply(.equal, norm.largest, number(0)), number(0), slope)
  }
}
