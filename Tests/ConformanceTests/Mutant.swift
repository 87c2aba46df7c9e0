import NNExp
import TestSupport

/// y = g·tanh x + b with one g and b per feature, and one error.
struct Mutant: Layer, Component {
  /// The condition under which a term is wrong.
  enum Condition: String, CaseIterable {
    case always, largeInput, smallInput, zeroInput, negativeInput, smallCotangent, laterSamples
    case lastSample, lastFeature, evaluation, float32, millionthEntry, laterShards, singleSample
    case largeBatch
  }

  /// The wrong term: ∂x, ∂g, ∂b, or y itself.
  enum Target: String, CaseIterable { case x, gain, bias, y }

  static let typeName = "mutant"

  let condition: Condition
  let target: Target
  /// The factor of the wrong term.
  let factor: Double

  init(_ condition: Condition, _ target: Target, times factor: Double) {
    (self.condition, self.target, self.factor) = (condition, target, factor)
  }

  init(from options: inout Options) { self.init(.always, .x, times: 1) }

  func plan(for inputs: [Port]) throws -> Plan {
    let n = inputs[0].count
    return Plan(
      output: inputs[0].shape,
      parameters: [.init("gain", [n], initial: .constant(1)), .init("bias", [n], initial: .zeros)])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, gain, bias) = (pass.x, pass.parameters[0], pass.parameters[1])
    for i in pass.y.indices {
      let isWrong =
        target == .y
        && applies(
          x[i], S(1), i, of: gain.count, samples: pass.samples, first: pass.firstSample,
          pass.isTraining)
      let y = gain[i % gain.count] * S.tanh(x[i]) + bias[i % gain.count]
      pass.y[i] = isWrong ? S(factor) * y : y
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, dy, gain) = (pass.x, pass.dy, pass.parameters[0])
    let n = gain.count
    for i in dy.indices {
      let isWrong = applies(
        x[i], dy[i], i, of: n, samples: pass.samples, first: pass.firstSample, pass.isTraining)
      func term(_ part: Target, _ g: S) -> S { isWrong && part == target ? S(factor) * g : g }
      let t = S.tanh(x[i])
      pass.dx[i] += term(.x, dy[i] * gain[i % n] * (1 - t) * (1 + t))
      pass.gradients[0][i % n] += term(.gain, dy[i] * t)
      pass.gradients[1][i % n] += term(.bias, dy[i])
    }
  }

  private func applies<S: Scalar>(
    _ x: S, _ dy: S, _ i: Int, of n: Int, samples: Int, first: Int, _ isTraining: Bool
  ) -> Bool {
    switch condition {
    case .always: true
    case .largeInput: abs(x) > 4
    case .smallInput: abs(x) < 1e-3
    case .zeroInput: x == 0
    case .negativeInput: x < 0
    case .smallCotangent: abs(dy) < 1e-3
    case .laterSamples: i / n + first >= 8
    case .lastSample: samples > 1 && i / n == samples - 1
    case .lastFeature: i % n == n - 1
    case .evaluation: !isTraining
    case .float32: S.self == Float.self
    case .millionthEntry: i == 999_999
    case .laterShards: first > 0
    case .singleSample: samples == 1
    case .largeBatch: samples > 16
    }
  }
}

/// Right layers, each of a kind that a careless check would call wrong.
struct SoundLayer: Layer, Component {
  enum Rule: CaseIterable {
    /// A layer that reads its running mean in training and changes it.
    case runningMean
    /// |x|, which has a kink at 0; the inputs contain zeros.
    case magnitude
    /// max(x, 0) of neighbouring pairs, which are often equal.
    case pairMaximum
    /// ln(1 + eˣ), which cancels in float32 far below 0.
    case plainSoftplus
    /// Softmax as defined in textbooks.
    case plainSoftmax
    /// x/√(mean x² + ε).
    case rootMeanSquare
    /// √|x|, whose slope is infinite at 0.
    case root
    case square
    case reciprocal
  }

  static let typeName = "sound"
  let rule: Rule

  init(_ rule: Rule) { self.rule = rule }
  init(from options: inout Options) { rule = .square }

  func plan(for inputs: [Port]) throws -> Plan {
    Plan(
      output: inputs[0].shape,
      state: rule == .runningMean ? [.init("mean", inputs[0].shape, value: 0)] : [])
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x, pass.y)
    let n = x.shape.count
    switch rule {
    case .runningMean:
      let mean = pass.state[0]
      for i in y.indices { y[i] = x[i] - mean[i % n] }
      if pass.isTraining {
        for i in y.indices { mean[i % n] += S(0.1) * (x[i] - mean[i % n]) / S(pass.samples) }
      }
    case .magnitude: for i in y.indices { y[i] = abs(x[i]) }
    case .pairMaximum: for i in y.indices { y[i] = max(x[i], x[i / 2 * 2]) }
    case .plainSoftplus: for i in y.indices { y[i] = S.log(1 + S.exp(x[i])) }
    case .plainSoftmax:
      for s in 0..<pass.samples {
        var sum: S = 0
        for i in s * n..<(s + 1) * n { sum += S.exp(x[i]) }
        for i in s * n..<(s + 1) * n { y[i] = S.exp(x[i]) / sum }
      }
    case .rootMeanSquare:
      for s in 0..<pass.samples {
        let size = size(x, s, n)
        for i in s * n..<(s + 1) * n { y[i] = x[i] / size }
      }
    case .root: for i in y.indices { y[i] = abs(x[i]).squareRoot() }
    case .square: for i in y.indices { y[i] = x[i] * x[i] }
    case .reciprocal: for i in y.indices { y[i] = 1 / (1 + x[i] * x[i]) }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (x, y, dx, dy) = (pass.x, pass.y, pass.dx, pass.dy)
    let n = x.shape.count
    switch rule {
    case .runningMean: for i in dx.indices { dx[i] += dy[i] }
    case .magnitude: for i in dx.indices { dx[i] += x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0 }
    case .pairMaximum:
      for i in dx.indices { dx[x[i] > x[i / 2 * 2] ? i : i / 2 * 2] += dy[i] }
    case .plainSoftplus: for i in dx.indices { dx[i] += dy[i] / (1 + S.exp(-x[i])) }
    case .plainSoftmax:
      for s in 0..<pass.samples {
        var dot: S = 0
        for i in s * n..<(s + 1) * n { dot += y[i] * dy[i] }
        for i in s * n..<(s + 1) * n { dx[i] += y[i] * (dy[i] - dot) }
      }
    case .rootMeanSquare:
      for s in 0..<pass.samples {
        let size = size(x, s, n)
        var dot: S = 0
        for i in s * n..<(s + 1) * n { dot += x[i] * dy[i] }
        for i in s * n..<(s + 1) * n {
          dx[i] += dy[i] / size - x[i] * dot / (S(n) * size * size * size)
        }
      }
    case .root:
      for i in dx.indices {
        dx[i] += x[i] == 0 ? 0 : (x[i] < 0 ? -dy[i] : dy[i]) / (2 * abs(x[i]).squareRoot())
      }
    case .square: for i in dx.indices { dx[i] += 2 * x[i] * dy[i] }
    case .reciprocal: for i in dx.indices { dx[i] -= 2 * x[i] * y[i] * y[i] * dy[i] }
    }
  }

  private func size<S: Scalar>(_ x: Tensor<S>, _ s: Int, _ n: Int) -> S {
    var sum: S = 0
    for i in s * n..<(s + 1) * n { sum += x[i] * x[i] }
    return (sum / S(n) + S(1e-5)).squareRoot()
  }
}
