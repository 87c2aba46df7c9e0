import NNExp

/// A straight way through a tensor's values: x + t·v with v = ±1 at its members and 0
/// elsewhere.
final class DirectionWalk<Subject: GradientSubject> {
  private let subject: Subject
  private let tensor: Int
  private let values: [Double]

  /// The entries that it moves, and v there.
  let members: [Int]
  let signs: [Double]

  init(_ subject: Subject, tensor: Int, members: [Int], signs: [Double]) {
    self.subject = subject
    self.tensor = tensor
    self.members = members
    self.signs = signs
    values = members.map { subject.value(of: tensor, at: $0) }
  }

  /// v drawn at random, 128 signs from each block of random bits.
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

  /// ‖v‖.
  var length: Double { Double(members.count).squareRoot() }

  /// h₀: the way is then as long as that of a single entry of median size.
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

  /// Moves every member by this part of its size; of 0, by the part.
  func move(by part: Double) {
    for (i, x) in values.enumerated() {
      subject.setValue(x + part * (x == 0 ? 1 : x), of: tensor, at: members[i])
    }
  }

  func restore() {
    for (i, x) in values.enumerated() { subject.setValue(x, of: tensor, at: members[i]) }
  }

  /// v·g.
  func derivative(from gradient: [Double]) -> Double {
    zip(members, signs).reduce(0) { $0 + $1.1 * gradient[$1.0] }
  }

  /// The error of the loss at t because each xᵢ + t·vᵢ is rounded: at most ε|xᵢ|/2 an entry,
  /// of either sign.
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

  /// The same way over some of the members.
  func part(_ positions: Range<Int>) -> DirectionWalk {
    DirectionWalk(
      subject, tensor: tensor, members: Array(members[positions]), signs: Array(signs[positions]))
  }
}
