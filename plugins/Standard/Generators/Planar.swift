import NNExp

/// A generator of classes of points in the plane. Sample i is a point of class i mod k, and
/// normal noise is added to both coordinates.
protocol PlanarGenerator: Generator, Component {
  var classes: Int { get }
  var noise: Double { get }

  /// The point `index` of the `count` points of class c, before noise.
  func point(_ index: Int, of count: Int, class c: Int) -> (x: Double, y: Double)
}

extension PlanarGenerator {
  var inputShape: Shape { [2] }
  var target: Target { .classes(classes) }

  func generate(inputs: Tensor<Double>, targets: Tensor<Double>, random: RandomStream) {
    for i in 0..<samples {
      let c = i % classes
      // If the samples do not divide evenly, the first classes have one more.
      let count = samples / classes + (c < samples % classes ? 1 : 0)
      let (x, y) = point(i / classes, of: count, class: c)
      inputs[2 * i] = x + noise * random.normal(at: 2 * i)
      inputs[2 * i + 1] = y + noise * random.normal(at: 2 * i + 1)
      targets[i] = Double(c)
    }
  }
}

extension Options {
  /// Reads the number of samples, which must be at least one per class.
  mutating func samples(default fallback: Int, classes: Int = 1) -> Int {
    let samples = int("samples", default: fallback, in: 1...10_000_000, "number of samples")
    if samples < classes {
      let found = samples == 1 ? "1 sample is" : "\(samples) samples are"
      reject("samples", "\(found) too few for \(classes) classes")
    }
    return samples
  }

  /// Reads the standard deviation of the noise in each coordinate.
  mutating func noise(default fallback: Double) -> Double {
    double("noise", default: fallback, in: .nonnegative, "standard deviation of the noise")
  }
}

/// Spiral arms around the origin, one per class.
///
///     u = (n + 1)/N,  φ = 2π(turns·u + c/k)
///     (x, y) = u·(cos φ, sin φ) + noise
///
/// - Source: after Lang and Witbrock 1988, "Learning to tell two spirals apart".
struct Spirals: PlanarGenerator {
  static let typeName = "spirals"
  static let documentation = Documentation(
    "spiral arms around the origin, one per class",
    equation: """
      u = (n + 1)/N,  φ = 2π(turns·u + c/k)
      (x, y) = u·(cos φ, sin φ) + noise      (sample n of N of class c of k)
      """,
    shapes: "inputs [2], `classes` classes",
    example: "data: {generated: {type: spirals, samples: 400, turns: 1.5, noise: 0.02}}",
    source: "after Lang and Witbrock 1988")

  let classes: Int
  let samples: Int
  let turns: Double
  let noise: Double

  init(from options: inout Options) {
    classes = options.int("classes", default: 2, in: 2...1000, "number of arms")
    samples = options.samples(default: 400, classes: classes)
    turns = options.double("turns", default: 1.5, in: .nonnegative, "number of turns of each arm")
    noise = options.noise(default: 0.02)
  }

  func point(_ index: Int, of count: Int, class c: Int) -> (x: Double, y: Double) {
    let u = Double(index + 1) / Double(count)
    let φ = 2 * Double.pi * (turns * u + Double(c) / Double(classes))
    return (u * Double.cos(φ), u * Double.sin(φ))
  }
}

/// Two interleaved half circles.
///
///     θ = πn/(N − 1)
///     class 0: (cos θ, sin θ),  class 1: (1 − cos θ, ½ − sin θ)
///
/// - Source: scikit-learn's make_moons.
struct Moons: PlanarGenerator {
  static let typeName = "moons"
  static let foreignNames = ["make_moons", "two_moons"]
  static let documentation = Documentation(
    "two interleaved half circles",
    equation: """
      θ = πn/(N − 1)      (sample n of N of its class)
      class 0: (cos θ, sin θ),  class 1: (1 − cos θ, ½ − sin θ),  plus noise
      """,
    shapes: "inputs [2], 2 classes",
    example: "data: {generated: {type: moons, samples: 200, noise: 0.1}}",
    source: "scikit-learn's make_moons")

  let samples: Int
  let noise: Double

  var classes: Int { 2 }

  init(from options: inout Options) {
    samples = options.samples(default: 200, classes: 2)
    noise = options.noise(default: 0.1)
  }

  func point(_ index: Int, of count: Int, class c: Int) -> (x: Double, y: Double) {
    let θ = Double.pi * Double(index) / Double(max(1, count - 1))
    return c == 0
      ? (Double.cos(θ), Double.sin(θ)) : (1 - Double.cos(θ), 0.5 - Double.sin(θ))
  }
}

/// Two concentric circles.
///
///     φ = 2πn/N
///     class 0: (cos φ, sin φ),  class 1: factor·(cos φ, sin φ)
///
/// - Source: scikit-learn's make_circles.
struct Circles: PlanarGenerator {
  static let typeName = "circles"
  static let foreignNames = ["make_circles"]
  static let documentation = Documentation(
    "a circle within a circle",
    equation: """
      φ = 2πn/N      (sample n of N of its class)
      class 0: (cos φ, sin φ),  class 1: factor·(cos φ, sin φ),  plus noise
      """,
    shapes: "inputs [2], 2 classes",
    example: "data: {generated: {type: circles, samples: 200, factor: 0.5}}",
    source: "scikit-learn's make_circles")

  let samples: Int
  let factor: Double
  let noise: Double

  var classes: Int { 2 }

  init(from options: inout Options) {
    samples = options.samples(default: 200, classes: 2)
    factor = options.double("factor", default: 0.5, in: .fraction, "radius of the inner circle")
    noise = options.noise(default: 0.05)
  }

  func point(_ index: Int, of count: Int, class c: Int) -> (x: Double, y: Double) {
    let φ = 2 * Double.pi * Double(index) / Double(count)
    let radius = c == 0 ? 1 : factor
    return (radius * Double.cos(φ), radius * Double.sin(φ))
  }
}
