import Platform
import NNExp

/// The method that distributes the points of a sample in the unit cube.
enum SamplingMethod: String, CaseIterable, Sendable {
  /// Independent uniform numbers.
  case random
  /// Radical inverses in the first prime bases, shifted by the seed modulo 1.
  case halton
  /// Sobol's sequence, with a digital shift (XOR) by the seed.
  case sobol

  /// The maximum number of dimensions with well-distributed points.
  var dimensionLimit: Int { self == .random ? .max : primes.count }

  /// Coordinate `dimension` of point `index`, in [0, 1).
  func coordinate(_ index: Int, _ dimension: Int, _ random: RandomStream) -> Double {
    let stream = random.stream(dimension)
    switch self {
    case .random: return stream.uniform(at: index)
    case .halton:
      let shifted = radicalInverse(index, base: primes[dimension]) + stream.uniform(at: 0)
      return shifted < 1 ? shifted : shifted - 1
    case .sobol:
      return Double(sobolPoint(index, dimension) ^ stream.bits(at: 0)[0]) / 0x1p32
    }
  }
}

/// The bases of Halton's sequence. Sobol's sequence supports the same number of dimensions.
private let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41]

/// The digits of `index` in `base`, mirrored at the radix point.
///
/// - Source: Halton 1960.
func radicalInverse(_ index: Int, base: Int) -> Double {
  var rest = index
  var result = 0.0
  var weight = 1 / Double(base)
  while rest > 0 {
    result += Double(rest % base) * weight
    rest /= base
    weight /= Double(base)
  }
  return result
}

/// The degree, coefficients and first direction numbers of dimensions 2 to 13.
///
/// - Source: Joe and Kuo 2008, new-joe-kuo-6.21201.
private let directions: [(degree: Int, coefficients: UInt32, first: [UInt32])] = [
  (1, 0, [1]), (2, 1, [1, 3]), (3, 1, [1, 3, 1]), (3, 2, [1, 1, 1]), (4, 1, [1, 1, 3, 3]),
  (4, 4, [1, 3, 5, 13]), (5, 2, [1, 1, 5, 5, 17]), (5, 4, [1, 1, 5, 5, 5]),
  (5, 7, [1, 1, 7, 11, 19]), (5, 11, [1, 1, 5, 1, 1]), (5, 13, [1, 1, 1, 3, 11]),
  (5, 14, [1, 3, 5, 5, 31]),
]

/// 2³² times coordinate `dimension` of point `index` of Sobol's sequence, in Gray code order.
func sobolPoint(_ index: Int, _ dimension: Int) -> UInt32 {
  let gray = UInt32(truncatingIfNeeded: index ^ (index >> 1))
  return directionNumbers(dimension).enumerated().reduce(0) { point, direction in
    gray >> UInt32(direction.offset) & 1 == 1 ? point ^ direction.element : point
  }
}

private func directionNumbers(_ dimension: Int) -> [UInt32] {
  guard dimension > 0 else { return (0..<32).map { 1 << (31 - UInt32($0)) } }
  let (degree, coefficients, first) = directions[dimension - 1]
  var v = first.enumerated().map { $1 << (31 - UInt32($0)) }
  for i in degree..<32 {
    var next = v[i - degree] ^ (v[i - degree] >> UInt32(degree))
    for k in 1..<max(degree, 1) where coefficients >> UInt32(degree - 1 - k) & 1 == 1 {
      next ^= v[i - k]
    }
    v.append(next)
  }
  return v
}

/// The distribution of a sampled parameter: `{log_uniform: [1e-4, 1]}`.
enum Distribution: Sendable {
  case uniform(Double, Double)
  case logUniform(Double, Double)
  case integer(Int, Int)
  case choice([ConfigValue])

  static let descriptions = [
    describe("uniform", "[low, high], finite numbers", "a number between, uniformly distributed"),
    describe(
      "log_uniform", "[low, high], numbers > 0",
      "a number between, whose logarithm is uniformly distributed"),
    describe("integer", "[low, high], integers", "an integer from low to high, both included"),
    describe("choice", "a list of values", "one of the values"),
  ]

  static let names = descriptions.map(\.key)

  private static func describe(
    _ key: String, _ range: String, _ explanation: String
  ) -> Options.Description {
    .init(key: key, range: range, fallback: "none", explanation: explanation)
  }

  init(_ config: ConfigValue, of path: String) throws {
    guard case .map(let entries) = config.content, entries.count == 1 else {
      throw Diagnostic(
        "'\(path)' must be one of {uniform: [a, b]}, {log_uniform: [a, b]}, {integer: [a, b]} "
          + "and {choice: […]}, found \(config.kind)", at: config.location)
    }
    let (kind, value) = (entries[0].key, entries[0].value)
    guard Distribution.names.contains(kind) else {
      throw Diagnostic(
        "unknown distribution '\(kind)'\(suggestion(for: kind, among: Distribution.names))",
        at: entries[0].keyLocation ?? config.location,
        notes: [.init("the distributions are: " + Distribution.names.joined(separator: ", "))])
    }
    guard case .list(let items) = value.content else {
      throw Diagnostic("\(kind) must be a list, found \(value.kind)", at: value.location)
    }
    if kind == "choice" {
      guard !items.isEmpty else {
        throw Diagnostic("choice has no values; give it at least one", at: value.location)
      }
      self = .choice(items)
      return
    }
    func ends<Number: Comparable>(_ read: (ConfigValue) -> Number?, _ fact: String) throws -> (
      Number, Number
    ) {
      guard items.count == 2, let low = read(items[0]), let high = read(items[1]), low < high
      else {
        throw Diagnostic("\(kind) must be [low, high], \(fact), low < high", at: value.location)
      }
      return (low, high)
    }
    func finite(_ config: ConfigValue) -> Double? {
      config.number.flatMap { $0.isFinite ? $0 : nil }
    }
    switch kind {
    case "uniform":
      let (low, high) = try ends(finite, "two finite numbers")
      self = .uniform(low, high)
    case "log_uniform":
      let (low, high) = try ends({ finite($0).flatMap { $0 > 0 ? $0 : nil } }, "two numbers > 0")
      self = .logUniform(low, high)
    default:
      let (low, high) = try ends(
        { $0.integer.flatMap { abs($0 / 2) < 1 << 52 ? $0 : nil } }, "two integers below 2^53")
      self = .integer(low, high)
    }
  }

  /// The value at `u` in [0, 1), as YAML. Integers include both ends.
  func value(at u: Double) -> String {
    switch self {
    case .uniform(let low, let high): shortest(low * (1 - u) + high * u)
    case .logUniform(let low, let high):
      shortest(min(max(exp(log(low) * (1 - u) + log(high) * u), low), high))
    case .integer(let low, let high):
      "\(min(high, low + Int(u * (Double(high) - Double(low) + 1))))"
    case .choice(let items): items[min(items.count - 1, Int(u * Double(items.count)))].flow
    }
  }
}
