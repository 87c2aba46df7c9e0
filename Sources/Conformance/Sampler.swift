public import NNExp

/// How conformance draws numbers. All are rounded to float32, so that both
/// scalar types compute from the same ones.
public struct Sampler: Sendable {
  /// The number at one position of a tensor that has `count` a sample.
  private let draw: @Sendable (RandomStream, _ position: Int, _ count: Int) -> Double

  public init(_ draw: @escaping @Sendable (RandomStream, Int, Int) -> Double) {
    self.draw = draw
  }

  /// Normal numbers of mean 0, negative ones included.
  public static func normal(_ deviation: Double = 1) -> Sampler {
    Sampler { random, position, _ in deviation * random.normal(at: position) }
  }

  public static func uniform(_ lower: Double, _ upper: Double) -> Sampler {
    Sampler { random, position, _ in lower + (upper - lower) * random.uniform(at: position) }
  }

  /// Normal numbers, a quarter of which are exactly 0.
  public static let sparse = Sampler { random, position, _ in
    random.stream(1).uniform(at: position) < 0.25 ? 0 : random.normal(at: position)
  }

  /// −1 or 1.
  public static let signs = Sampler { random, position, _ in
    random.uniform(at: position) < 0.5 ? -1 : 1
  }

  /// 0 or 1.
  public static let bits = Sampler { random, position, _ in
    random.uniform(at: position) < 0.5 ? 0 : 1
  }

  /// One 1 a sample, else 0.
  public static let oneHot = Sampler { random, position, count in
    random.integer(below: count, at: position / count) == position % count ? 1 : 0
  }

  /// A class index.
  public static func classes(_ count: Int) -> Sampler {
    Sampler { random, position, _ in Double(random.integer(below: count, at: position)) }
  }

  func fill<S: Scalar>(_ tensor: Tensor<S>, _ random: RandomStream) {
    for i in tensor.indices { tensor[i] = S(Float(draw(random, i, max(1, tensor.shape.count)))) }
  }
}
