/// A formula as a graph of operations. Equal operations on equal operands are one node, so that
/// a derivative uses again what the value has computed.
///
/// Its methods build simplified nodes: they fold numbers, and replace textbook forms that lose
/// digits by ones that do not (``rewrite(_:)``).
struct Expression: Sendable {
  /// A node, by its position; operands come before the nodes that use them.
  typealias ID = Int

  /// A function of one number.
  enum Unary: UInt8, Sendable, CaseIterable {
    case negate, abs, sign, square, sqrt, exp, expm1, log, log1p, tanh, logistic, softplus
    case erf, erfc, sin, cos, floor
    /// e^(−u²).
    case gaussian
    /// The slopes of tanh and of the logistic function.
    case tanhSlope, logisticSlope
  }

  /// A function of two numbers. Comparisons are 1 if they are true, otherwise 0.
  enum Binary: UInt8, Sendable, CaseIterable {
    case add, subtract, multiply, divide, power, min, max, less, lessOrEqual, equal
  }

  /// A function of all entries of a group: those of a window, or the features of a sample.
  enum Reduction: UInt8, Sendable, CaseIterable {
    case sum, max, min, product
    /// ln Σ e^u.
    case logSumExp
  }

  /// One operation and its operands.
  enum Node: Hashable, Sendable {
    /// The number's bits, because −0 and 0 differ, and NaN is equal to itself.
    case number(UInt64)
    /// An entry of the input at this index.
    case input(Int)
    case parameter(Int)
    /// ∂L/∂y.
    case cotangent
    /// The number of entries of the group.
    case entryCount
    case unary(Unary, ID)
    case binary(Binary, ID, ID)
    case reduce(Reduction, ID)
    /// e^u / Σ e^u, and its logarithm.
    case softmax(ID)
    case logSoftmax(ID)
    /// (Σ|u|^p)^(1/p), or ((1/n)Σ|u|^p)^(1/p).
    case norm(ID, power: ID, normalized: Bool)
    /// ∂norm/∂u and ∂norm/∂p.
    case normSlope(ID, power: ID, normalized: Bool)
    case normPowerSlope(ID, power: ID, normalized: Bool)
    /// The product of the other entries of the group.
    case productOfOthers(ID)
    /// 1 at the first entry of the group that is equal to the second operand, otherwise 0.
    case isFirst(ID, equalTo: ID)
    /// The second operand if the first is not 0, otherwise the third.
    case select(ID, ID, ID)
  }

  /// The entities that a node has one number for: all groups, a group or an entry.
  enum Level: Int, Comparable, Sendable {
    /// All groups, such as a constant.
    case all
    /// A group.
    case group
    /// An entry of a group.
    case entry

    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// True if nodes are kept as the formula is written, for an explanation of its derivative; only
  /// zeros and ones are left out.
  let isLiteral: Bool

  private(set) var nodes: [Node] = []
  private(set) var levels: [Level] = []
  private var positions: [Node: ID] = [:]

  /// The level of each input and of each parameter.
  let inputLevels: [Level]
  let parameterLevels: [Level]
  /// The level of y.
  var outputLevel = Level.entry

  init(inputs: [Level], parameters: [Level], isLiteral: Bool = false) {
    self.isLiteral = isLiteral
    inputLevels = inputs
    parameterLevels = parameters
  }

  /// The nodes that a node reads.
  static func operands(of node: Node) -> [ID] {
    switch node {
    case .number, .input, .parameter, .cotangent, .entryCount: []
    case .unary(_, let a), .reduce(_, let a), .productOfOthers(let a), .softmax(let a),
      .logSoftmax(let a):
      [a]
    case .binary(_, let a, let b), .isFirst(let a, let b): [a, b]
    case .norm(let a, let p, _), .normSlope(let a, let p, _), .normPowerSlope(let a, let p, _):
      [a, p]
    case .select(let a, let b, let c): [a, b, c]
    }
  }

  /// Adds a node as it is, unless it exists.
  mutating func insert(_ node: Node) -> ID {
    if let known = positions[node] { return known }
    positions[node] = nodes.count
    nodes.append(node)
    levels.append(level(of: node))
    return nodes.count - 1
  }

  private func level(of node: Node) -> Level {
    switch node {
    case .number: .all
    case .input(let k): inputLevels[k]
    case .parameter(let k): parameterLevels[k]
    case .cotangent: outputLevel
    case .entryCount, .norm, .normPowerSlope, .reduce: .group
    case .productOfOthers, .isFirst, .normSlope, .softmax, .logSoftmax: .entry
    case .unary, .binary, .select:
      Expression.operands(of: node).map { levels[$0] }.max() ?? .all
    }
  }

  // MARK: Building

  mutating func number(_ value: Double) -> ID { insert(.number(value.bitPattern)) }

  /// The value of a node that is a number.
  func value(of id: ID) -> Double? {
    if case .number(let bits) = nodes[id] { Double(bitPattern: bits) } else { nil }
  }

  func isNumber(_ id: ID, _ number: Double) -> Bool { value(of: id) == number }

  /// True for comparisons, whose values are 0 and 1.
  func isCondition(_ id: ID) -> Bool {
    switch nodes[id] {
    case .binary(.less, _, _), .binary(.lessOrEqual, _, _), .binary(.equal, _, _): true
    default: false
    }
  }

  /// The operand of a unary node of this kind.
  func operand(of id: ID, if kind: Unary) -> ID? {
    if case .unary(kind, let a) = nodes[id] { a } else { nil }
  }

  /// The operands of a binary node of this kind.
  func operands(of id: ID, if kind: Binary) -> (ID, ID)? {
    if case .binary(kind, let a, let b) = nodes[id] { (a, b) } else { nil }
  }

  /// The operand of a reduction of this kind.
  func operand(of id: ID, if kind: Reduction) -> ID? {
    if case .reduce(kind, let a) = nodes[id] { a } else { nil }
  }

  mutating func select(_ condition: ID, _ a: ID, _ b: ID) -> ID {
    if let value = value(of: condition) { return value != 0 ? a : b }
    return a == b ? a : insert(.select(condition, a, b))
  }

  /// Σ over the entries of the group: n·u if u is the same for all of them.
  mutating func sum(_ a: ID) -> ID { reduce(.sum, a) }

  mutating func reduce(_ kind: Reduction, _ a: ID) -> ID {
    guard levels[a] == .entry else {
      let count = insert(.entryCount)
      switch kind {
      case .sum: return multiply(a, count)
      case .max, .min: return a
      case .product: return power(a, count)
      case .logSumExp:
        let log = unary(.log, count)
        return add(a, log)
      }
    }
    return insert(.reduce(kind, a))
  }

  mutating func mean(_ a: ID) -> ID {
    guard levels[a] == .entry else { return a }
    return divide(sum(a), insert(.entryCount))
  }

  /// Limits of what a file may contain.
  static let mostOperations = 500
}
