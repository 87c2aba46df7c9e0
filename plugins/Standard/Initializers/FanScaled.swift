import NNExp

/// U(−a, a), a = gain·√(6/(fan in + fan out)).
///
/// - Source: Glorot and Bengio 2010, eq. 16.
struct GlorotUniform: Initializer, Component {
  static let typeName = "glorot_uniform"
  static let foreignNames = ["xavier", "xavier_uniform", "glorot"]
  static let documentation = Documentation(
    "uniform, scaled by inputs and outputs; suits tanh and sigmoid",
    equation: "U(−a, a), a = gain·√(6/(fan in + fan out))",
    example: "initial: {weight: {type: glorot_uniform, gain: 1}}",
    source: "Glorot and Bengio 2010, eq. 16")

  let gain: Double

  init(from options: inout Options) { gain = options.gain(default: 1) }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    values.fillUniform(
      gain * (6 / (Double(values.fanIn) + Double(values.fanOut))).squareRoot(), random)
  }
}

/// N(0, σ²), σ = gain·√(2/(fan in + fan out)).
///
/// - Source: Glorot and Bengio 2010.
struct GlorotNormal: Initializer, Component {
  static let typeName = "glorot_normal"
  static let foreignNames = ["xavier_normal"]
  static let documentation = Documentation(
    "normal, scaled by inputs and outputs; suits tanh and sigmoid",
    equation: "N(0, σ²), σ = gain·√(2/(fan in + fan out))",
    example: "initial: {weight: glorot_normal}",
    source: "Glorot and Bengio 2010")

  let gain: Double

  init(from options: inout Options) { gain = options.gain(default: 1) }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    values.fillNormal(
      gain * (2 / (Double(values.fanIn) + Double(values.fanOut))).squareRoot(), random)
  }
}

/// U(−a, a), a = gain·√(3/fan); the gain is √2 for rectifiers.
///
/// - Source: He et al. 2015, eqs. 10 and 14.
struct HeUniform: Initializer, Component {
  static let typeName = "he_uniform"
  static let foreignNames = ["kaiming_uniform"]
  static let documentation = Documentation(
    "uniform, scaled by inputs (or outputs); suits rectifiers",
    equation: "U(−a, a), a = gain·√(3/fan)",
    example: "initial: {weight: {type: he_uniform, mode: fan_in}}",
    source: "He et al. 2015, eqs. 10 and 14")

  let gain: Double
  let mode: FanMode

  init(from options: inout Options) {
    gain = options.gain(default: 2.0.squareRoot())
    mode = FanMode.read(from: &options)
  }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    values.fillUniform(gain * (3 / mode.fan(of: values)).squareRoot(), random)
  }
}

/// N(0, σ²), σ = gain/√fan; the gain is √2 for rectifiers.
///
/// - Source: He et al. 2015, eqs. 10 and 14.
struct HeNormal: Initializer, Component {
  static let typeName = "he_normal"
  static let foreignNames = ["he", "kaiming", "kaiming_normal", "msra"]
  static let documentation = Documentation(
    "normal, scaled by inputs (or outputs); suits rectifiers",
    equation: "N(0, σ²), σ = gain/√fan",
    example: "initial: {weight: he_normal}",
    source: "He et al. 2015, eqs. 10 and 14")

  let gain: Double
  let mode: FanMode

  init(from options: inout Options) {
    gain = options.gain(default: 2.0.squareRoot())
    mode = FanMode.read(from: &options)
  }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    values.fillNormal(gain / mode.fan(of: values).squareRoot(), random)
  }
}

/// The fan of a parameter that determines the scale.
enum FanMode: String, CaseIterable, Sendable {
  case fanIn = "fan_in"
  case fanOut = "fan_out"

  static func read(from options: inout Options) -> FanMode {
    options.choice(
      "mode", default: FanMode.fanIn,
      "fan_in keeps the variance of outputs, fan_out that of gradients")
  }

  func fan(of values: Tensor<Double>) -> Double {
    Double(self == .fanIn ? values.fanIn : values.fanOut)
  }
}

extension Options {
  mutating func gain(default fallback: Double) -> Double {
    double("gain", default: fallback, in: .nonnegative, "a factor")
  }
}

extension Tensor<Double> {
  /// Fills with U(−bound, bound); position i of the stream for element i.
  fileprivate func fillUniform(_ bound: Double, _ random: RandomStream) {
    for i in indices { self[i] = bound * (2 * random.uniform(at: i) - 1) }
  }

  /// Fills with N(0, deviation²); position i of the stream for element i.
  fileprivate func fillNormal(_ deviation: Double, _ random: RandomStream) {
    for i in indices { self[i] = deviation * random.normal(at: i) }
  }
}
