/// The meaning of the numbers of a network's output for a loss.
public enum OutputMeaning: Sendable, Hashable {
  /// Numbers like the targets.
  case values

  /// Probabilities, one per output.
  case probabilities

  /// Logits of yes-or-no questions: σ(zⱼ) is the probability of output j.
  case logits

  /// Logits of one question with k answers: softmax(z)ⱼ is the probability of output j.
  case jointLogits

  /// Scores that are larger for likelier answers and are not probabilities.
  case scores

  /// Distances, which are smaller for likelier answers and are not probabilities.
  case distances

  /// Normal distributions of the targets' numbers: the first half of the outputs is their means, the
  /// second half their variances, of which none is below `least`. The predictions are the means.
  case meansAndVariances(least: Double)

  /// The same with the logarithms of the variances.
  case meansAndLogVariances

  /// Whether the second half of the outputs is variances, so that there are two outputs per number of
  /// the target.
  public var hasVariances: Bool {
    switch self {
    case .meansAndVariances, .meansAndLogVariances: true
    case .values, .probabilities, .logits, .jointLogits, .scores, .distances: false
    }
  }

  /// The standard deviation of one prediction of a sample; NaN if the outputs have no variances.
  ///
  /// - Parameters:
  ///   - count: the number of outputs of a sample.
  ///   - z: the sample's outputs.
  public func standardDeviation(at prediction: Int, of count: Int, _ z: (Int) -> Double) -> Double {
    guard hasVariances else { return .nan }
    let second = z(count / 2 + prediction)
    guard case .meansAndVariances(let least) = self else { return Double.exp(second / 2) }
    return (second < least ? least : second).squareRoot()
  }

  /// Whether the outputs have probabilities.
  public var hasProbabilities: Bool {
    switch self {
    case .probabilities, .logits, .jointLogits: true
    case .values, .scores, .distances, .meansAndVariances, .meansAndLogVariances: false
    }
  }

  /// The prediction at one output of a sample: the probability if the outputs have
  /// probabilities, else the output.
  ///
  /// - Parameters:
  ///   - count: the number of outputs of a sample.
  ///   - z: the sample's outputs.
  @inlinable @inline(__always)
  public func prediction(at output: Int, of count: Int, _ z: (Int) -> Double) -> Double {
    let value = z(output)
    switch self {
    case .values, .probabilities, .scores, .distances, .meansAndVariances, .meansAndLogVariances:
      return value
    case .logits:
      let e = Double.exp(-abs(value))
      return (value < 0 ? e : 1) / (1 + e)
    case .jointLogits:
      var largest = value
      for i in 0..<count { largest = max(largest, z(i)) }
      var sum = 0.0
      for i in 0..<count { sum += Double.exp(z(i) - largest) }
      return Double.exp(value - largest) / sum
    }
  }
}
