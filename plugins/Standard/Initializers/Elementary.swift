import NNExp

/// The uniform distribution U(minimum, maximum).
struct UniformInitializer: Initializer, Component {
  static let typeName = "uniform"
  static let foreignNames = ["random_uniform"]
  static let documentation = Documentation(
    "uniform between two bounds", equation: "U(minimum, maximum)",
    example: "initial: {weight: {type: uniform, minimum: -0.5, maximum: 0.5}}")

  let minimum: Double
  let maximum: Double

  init(from options: inout Options) {
    minimum = options.double("minimum", default: -0.05, "lower bound, included")
    maximum = options.double("maximum", default: 0.05, "upper bound")
    if minimum > maximum {
      options.reject(
        options.contains("maximum") ? "maximum" : "minimum",
        "minimum \(shortest(minimum)) is above maximum \(shortest(maximum))")
    }
  }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    for i in values.indices {
      let u = random.uniform(at: i)
      // The bounds are scaled separately, because their difference may overflow.
      values[i] = min(maximum, max(minimum, (1 - u) * minimum + u * maximum))
    }
  }
}

/// The normal distribution N(mean, standard_deviation²).
struct NormalInitializer: Initializer, Component {
  static let typeName = "normal"
  static let foreignNames = ["gaussian", "random_normal"]
  static let documentation = Documentation(
    "normal distribution around a mean", equation: "N(mean, standard_deviation²)",
    example: "initial: {weight: {type: normal, standard_deviation: 0.01}}")

  let mean: Double
  let deviation: Double

  init(from options: inout Options) {
    mean = options.double("mean", default: 0, "the mean")
    deviation = options.double(
      "standard_deviation", default: 0.05, in: .nonnegative, "the standard deviation")
  }

  func fill(_ values: Tensor<Double>, random: RandomStream) {
    for i in values.indices { values[i] = mean + deviation * random.normal(at: i) }
  }
}

/// The same number for all entries.
struct ConstantInitializer: Initializer, Component {
  static let typeName = "constant"
  static let documentation = Documentation(
    "the same number everywhere", equation: "value",
    example: "initial: {bias: {type: constant, value: 0.35}}")

  let value: Double

  init(from options: inout Options) { value = options.double("value", "the number") }

  func fill(_ values: Tensor<Double>, random: RandomStream) { values.fill(value) }
}

/// 0 for all entries.
struct Zeros: Initializer, Component {
  static let typeName = "zeros"
  static let documentation = Documentation(
    "0 everywhere", equation: "0", example: "initial: {bias: zeros}")

  init(from options: inout Options) {}

  func fill(_ values: Tensor<Double>, random: RandomStream) { values.fill(0) }
}

/// 1 for all entries.
struct Ones: Initializer, Component {
  static let typeName = "ones"
  static let documentation = Documentation(
    "1 everywhere", equation: "1", example: "initial: {scale: ones}")

  init(from options: inout Options) {}

  func fill(_ values: Tensor<Double>, random: RandomStream) { values.fill(1) }
}
