import NNExp

/// Samples of a sine.
///
///     x = minimum + (maximum − minimum)·n/(N − 1)
///     t = sin(frequency·x) + noise
struct Sine: Generator, Component {
  static let typeName = "sine"
  static let documentation = Documentation(
    "a sine to be fitted, at evenly spaced points",
    equation: """
      x = minimum + (maximum − minimum)·n/(N − 1)
      t = sin(frequency·x) + noise
      """,
    shapes: "inputs [1], targets [1]",
    example: "data: {generated: {type: sine, samples: 100, noise: 0.1}}")

  let samples: Int
  let minimum: Double
  let maximum: Double
  let frequency: Double
  let noise: Double

  var inputShape: Shape { [1] }
  var target: Target { .values([1]) }

  init(from options: inout Options) {
    samples = options.samples(default: 100)
    minimum = options.double("minimum", default: -Double.pi, "the first x")
    maximum = options.double("maximum", default: Double.pi, "the last x")
    frequency = options.double("frequency", default: 1, in: .positive, "radians per unit of x")
    noise = options.noise(default: 0)
    if minimum > maximum {
      options.reject(
        options.contains("maximum") ? "maximum" : "minimum",
        "minimum \(shortest(minimum)) is above maximum \(shortest(maximum))")
    }
  }

  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
    for i in 0..<samples {
      let u = Double(i) / Double(max(1, samples - 1))
      let x = (1 - u) * minimum + u * maximum
      inputs[i] = x
      targets[i] = Double.sin(frequency * x) + noise * random.normal(at: i)
    }
  }
}
