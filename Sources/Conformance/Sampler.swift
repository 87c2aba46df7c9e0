public import NNExp

/// A distribution of random numbers. All numbers are rounded to float32, so that both scalar
/// types compute with the same ones.
public struct Sampler: Sendable {
  /// The name of the distribution in messages, such as `N(0, 10²)`.
  let name: String

  /// Whether the numbers are neither 0 nor large. A layer that accepts any number must give
  /// finite numbers for these.
  let isOrdinary: Bool

  /// Draws the number at one position of a tensor with `count` numbers per sample.
  private let draw: @Sendable (RandomStream, _ position: Int, _ count: Int) -> Double

  public init(
    _ name: String = "a distribution of its own", isOrdinary: Bool = true,
    _ draw: @escaping @Sendable (RandomStream, Int, Int) -> Double
  ) {
    (self.name, self.isOrdinary) = (name, isOrdinary)
    self.draw = draw
  }

  /// Normal numbers with mean 0.
  public static func normal(_ deviation: Double = 1) -> Sampler {
    Sampler("N(0, \(shortest(deviation))²)", isOrdinary: deviation <= 1) { random, position, _ in
      deviation * random.normal(at: position)
    }
  }

  public static func uniform(_ lower: Double, _ upper: Double) -> Sampler {
    Sampler("\(shortest(lower))…\(shortest(upper))") { random, position, _ in
      lower + (upper - lower) * random.uniform(at: position)
    }
  }

  public static func constant(_ value: Double) -> Sampler {
    Sampler("all \(shortest(value))", isOrdinary: value != 0) { _, _, _ in value }
  }

  /// Normal numbers, a quarter of which are exactly 0.
  public static let sparse = sparse(1)

  public static func sparse(_ deviation: Double) -> Sampler {
    Sampler("N(0, \(shortest(deviation))²) with zeros", isOrdinary: false) { random, position, _ in
      random.stream(1).uniform(at: position) < 0.25 ? 0 : deviation * random.normal(at: position)
    }
  }

  /// Normal numbers with 0 in every second run of three.
  public static let zeroRuns = Sampler("N(0, 1²) with runs of zeros", isOrdinary: false) {
    random, position, _ in
    position / 3 % 2 == 0 ? 0 : random.normal(at: position)
  }

  /// The integers −3, −2, …, 3.
  public static let integers = Sampler("integers", isOrdinary: false) { random, position, _ in
    Double(random.integer(below: 7, at: position) - 3)
  }

  /// One of −0.7, 0.3 and 1.1, so that most numbers occur more than once.
  public static let ties = Sampler("three values") { random, position, _ in
    [-0.7, 0.3, 1.1][random.integer(below: 3, at: position)]
  }

  /// Numbers of all magnitudes between 1e-5 and 10 with both signs.
  public static let allSizes = Sampler("±1e-5…10", isOrdinary: false) { random, position, _ in
    let size = Double.exp(Double.log(1e-6) * random.uniform(at: position)) * 10
    return random.stream(1).uniform(at: position) < 0.5 ? -size : size
  }

  /// One of −1 and 1.
  public static let signs = Sampler("±1") { random, position, _ in
    random.uniform(at: position) < 0.5 ? -1 : 1
  }

  /// One of 0 and 1.
  public static let bits = Sampler("0 or 1") { random, position, _ in
    random.uniform(at: position) < 0.5 ? 0 : 1
  }

  /// A single 1 per sample; all other numbers are 0.
  public static let oneHot = Sampler("one 1 a sample") { random, position, count in
    random.integer(below: count, at: position / count) == position % count ? 1 : 0
  }

  /// Class indices.
  public static func classes(_ count: Int) -> Sampler {
    Sampler("classes") { random, position, _ in
      Double(random.integer(below: count, at: position))
    }
  }

  func fill<S: Scalar>(_ tensor: Tensor<S>, _ random: RandomStream) {
    for i in tensor.indices { tensor[i] = S(Float(draw(random, i, max(1, tensor.shape.count)))) }
  }
}

extension Sampler {
  /// The inputs of layers that accept any number.
  public static let allInputs: [Sampler] = [
    .normal(), .normal(10), .integers, .normal(0.01), .sparse, .ties, .zeroRuns, .allSizes,
    .constant(0),
  ]

  /// The same distributions within a range.
  public static func inputs(in range: ClosedRange<Double>) -> [Sampler] {
    let (low, high) = (range.lowerBound, range.upperBound)
    @Sendable func at(_ part: Double) -> Double { low + part * (high - low) }
    return [
      .uniform(low, high), .uniform(low, at(0.1)), .uniform(at(0.9), high),
      Sampler("three values") { random, position, _ in
        at([0.2, 0.5, 0.9][random.integer(below: 3, at: position)])
      },
      .constant(at(0.5)),
    ]
  }

  /// Cotangents ∂L/∂y of all sizes. Equal cotangents would cancel in layers that normalize.
  public static let allCotangents: [Sampler] = [
    .normal(), .constant(1), .normal(1e-4), .normal(1e4), .sparse,
  ]

  public static let allParameters: [Sampler] = [
    .normal(0.5), .sparse(0.5), .normal(2), .normal(0.5),
  ]
}
