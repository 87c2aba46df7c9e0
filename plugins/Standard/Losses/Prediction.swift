import NNExp

/// The input of a cross-entropy: `from: logits | probabilities`.
enum Prediction: String, CaseIterable, Sendable {
  /// Any real numbers; the loss applies the sigmoid or softmax in a numerically stable form.
  case logits
  /// Numbers from 0 to 1, such as the output of a sigmoid or softmax layer.
  case probabilities

  static func read(from options: inout Options, _ layer: String) -> Prediction {
    options.suggest("from", for: "from_logits")
    return options.choice(
      "from", default: Prediction.logits,
      "logits: the output of a linear layer; probabilities: that of a \(layer) layer")
  }

  /// - Parameter logits: the meaning of logits for the loss.
  func meaning(logits: OutputMeaning) -> OutputMeaning {
    self == .logits ? logits : .probabilities
  }

  /// The threshold of a single output: class 1 at or above it.
  var threshold: Double { self == .logits ? 0 : 0.5 }
}

/// max(ln p, −100) and its derivative: 1/p, or 0 where the bound applies, so that p = 0 gives a
/// large loss instead of NaN. NaN for p < 0.
///
/// In float32, 1/p is finite for denormal p. `log` is ln p.
/// - Source: PyTorch's BCELoss has the same bound, but its gradient there is not the
///   derivative.
@inline(__always)
func boundedLog<S: Scalar>(_ p: S, _ log: S) -> (value: S, slope: S) {
  if log <= -100 { return (-100, 0) }
  return (log, 1 / (p > 0 && p < S.leastNormalMagnitude ? S.leastNormalMagnitude : p))
}
