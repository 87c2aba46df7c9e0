import NNExp

/// A line through the values of a tensor: x + t·v, where v is ±1 at the members and 0
/// elsewhere.
final class DirectionWalk<Subject: GradientSubject> {
  private let subject: Subject
  private let tensor: Int
  private let values: [Double]

  /// The entries that change; `signs` contains v at each of them.
  let members: [Int]
  let signs: [Double]

  init(_ subject: Subject, tensor: Int, members: [Int], signs: [Double]) {
    self.subject = subject
    self.tensor = tensor
    self.members = members
    self.signs = signs
    values = members.map { subject.value(of: tensor, at: $0) }
  }

  /// A random direction v, with 128 signs per block of random bits.
  convenience init(
    _ subject: Subject, tensor: Int, members: [Int], random: RandomStream
  ) {
    var signs = [Double](repeating: 1, count: members.count)
    var block = SIMD4<UInt32>()
    for i in signs.indices {
      if i % 128 == 0 { block = random.bits(at: i / 128) }
      signs[i] = (block[i / 32 % 4] >> UInt32(i % 32)) & 1 == 0 ? 1 : -1
    }
    self.init(subject, tensor: tensor, members: members, signs: signs)
  }

  /// The norm ‖v‖.
  var length: Double { Double(members.count).squareRoot() }

  /// The first step h₀. The change then has the same norm as the first step of a single entry
  /// of median size.
  private(set) lazy var firstStep: Double = {
    let stride = max(1, values.count / 1000)
    let sizes = Swift.stride(from: 0, to: values.count, by: stride).map { abs(values[$0]) }
    return NumericDerivative.firstStep(at: sizes.sorted()[sizes.count / 2]) / length
  }()

  func move(to t: Double) {
    for (i, x) in values.enumerated() {
      subject.setValue(x + t * signs[i], of: tensor, at: members[i])
    }
  }

  /// Changes every member by this fraction of its value, or by the fraction itself if the
  /// value is 0.
  func move(by part: Double) {
    for (i, x) in values.enumerated() {
      subject.setValue(x + part * (x == 0 ? 1 : x), of: tensor, at: members[i])
    }
  }

  func restore() {
    for (i, x) in values.enumerated() { subject.setValue(x, of: tensor, at: members[i]) }
  }

  /// The directional derivative v·g.
  func derivative(from gradient: [Double]) -> Double {
    zip(members, signs).reduce(0) { $0 + $1.1 * gradient[$1.0] }
  }

  /// The error of the loss at t because each xᵢ + t·vᵢ is rounded, by at most ε|xᵢ|/2 per
  /// entry in either direction.
  func rounding(at t: Double, _ gradient: [Double]) -> Double {
    var size = 0.0
    var square = 0.0
    for (i, member) in members.enumerated() {
      let g = gradient[member]
      size += abs(g)
      let rounding = g * (abs(values[i]) + t)
      square += rounding * rounding
    }
    return Double.ulpOfOne * (square.squareRoot() + size * t)
  }

  /// The same line over some of the members.
  func part(_ positions: Range<Int>) -> DirectionWalk {
    DirectionWalk(
      subject, tensor: tensor, members: Array(members[positions]), signs: Array(signs[positions]))
  }
}
