import NNExp
import Synchronization

/// A layer with a deliberate error: `{type: mutant, kind: dense, units: 3, fault: doubled}`.
///
/// Without a fault it is right. The fault is in the gradient of one part: the weight, the bias
/// or the input.
package struct Mutant: Layer, Component {
  package static let typeName = "mutant"

  package enum Kind: String, CaseIterable, Sendable {
    /// y = W x + b.
    case dense
    /// y = w ⊗ x + b.
    case scale
    /// Elementwise functions.
    case tanh, square, relu, softplus
    /// y = (x − μ) / √(σ² + 0.01) over each sample.
    case normalize
    /// y = √(x₀² + x₁²) over pairs.
    case pool

    package var hasParameters: Bool { self == .dense || self == .scale }
  }

  package enum Part: String, CaseIterable, Sendable { case weight, bias, input }

  let kind: Kind
  let units: Int
  let fault: Fault
  let part: Part

  package init(from options: inout Options) {
    kind = options.choice("kind", default: .dense, of: Kind.self)
    units = options.int("units", default: 3, in: 1...)
    fault = options.choice("fault", default: Fault.none, of: Fault.self)
    part = options.choice("in", default: .input, of: Part.self)
  }

  package func plan(for inputs: [Port]) throws -> Plan {
    let n = inputs[0].count
    switch kind {
    case .dense:
      return Plan(
        output: [units],
        parameters: [
          .init("weight", [units, n], initial: .glorotUniform),
          .init("bias", [units], initial: .zeros),
        ])
    case .scale:
      return Plan(
        output: inputs[0].shape,
        parameters: [
          .init("weight", [n], initial: Initial("uniform", [("minimum", 0.5), ("maximum", 2)])),
          .init("bias", [n], initial: .zeros),
        ])
    case .pool: return Plan(output: [n / 2])
    default: return Plan(output: inputs[0].shape)
    }
  }

  /// The number of calls of a forward pass that is not deterministic.
  private static let calls = Atomic<Int>(0)

  package func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let n = pass.x.shape.count
    for s in 0..<pass.samples {
      switch kind {
      case .dense:
        for i in 0..<units {
          var sum = pass.parameters[1][i]
          for j in 0..<n { sum += pass.parameters[0][i * n + j] * pass.x[s * n + j] }
          pass.y[s * units + i] = sum
        }
      case .pool:
        for i in 0..<n / 2 {
          let (a, b) = (pass.x[s * n + 2 * i], pass.x[s * n + 2 * i + 1])
          pass.y[s * (n / 2) + i] = (a * a + b * b).squareRoot()
        }
      case .normalize:
        let (mean, deviation) = moments(pass.x, s, n)
        for j in 0..<n { pass.y[s * n + j] = (pass.x[s * n + j] - mean) / deviation }
      default:
        for j in 0..<n {
          let x = pass.x[s * n + j]
          switch kind {
          case .scale: pass.y[s * n + j] = pass.parameters[0][j] * x + pass.parameters[1][j]
          case .tanh: pass.y[s * n + j] = S.tanh(x)
          case .square: pass.y[s * n + j] = x * x
          case .relu: pass.y[s * n + j] = max(0, x)
          default: pass.y[s * n + j] = S.log(1 + S.exp(x))
          }
        }
      }
    }
    if fault == .onlyInTraining && !pass.isTraining {
      for i in pass.y.indices { pass.y[i] *= S(1.01) }
    }
    if fault == .notAFunction {
      let call = Mutant.calls.add(1, ordering: .relaxed).newValue
      pass.y[0] += S(Double(call) * 1e-9)
    }
  }

  private func moments<S: Scalar>(_ x: Tensor<S>, _ s: Int, _ n: Int) -> (S, S) {
    var mean: S = 0
    for j in 0..<n { mean += x[s * n + j] }
    mean /= S(n)
    var variance: S = 0
    for j in 0..<n { variance += (x[s * n + j] - mean) * (x[s * n + j] - mean) }
    return (mean, (variance / S(n) + S(0.01)).squareRoot())
  }

  package func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let n = pass.x.shape.count
    for s in 0..<pass.samples {
      switch kind {
      case .dense:
        for i in 0..<units {
          let dy = pass.dy[s * units + i]
          add(dy, .bias, i, s, i, 0, 1, dy, pass)
          for j in 0..<n {
            let (x, w) = (pass.x[s * n + j], pass.parameters[0][i * n + j])
            add(dy * x, .weight, i * n + j, s, i, j, x, dy, pass)
            add(dy * w, .input, s * n + j, s, i, j, x, dy, pass)
          }
        }
      case .pool:
        for j in 0..<n {
          let (x, y) = (pass.x[s * n + j], pass.y[s * (n / 2) + j / 2])
          let dy = pass.dy[s * (n / 2) + j / 2]
          add(y == 0 ? 0 : dy * x / y, .input, s * n + j, s, j, j, x, dy, pass)
        }
      case .normalize:
        let (_, deviation) = moments(pass.x, s, n)
        var (sum, product): (S, S) = (0, 0)
        for j in 0..<n {
          sum += pass.dy[s * n + j]
          product += pass.dy[s * n + j] * pass.y[s * n + j]
        }
        for j in 0..<n {
          let (dy, y) = (pass.dy[s * n + j], pass.y[s * n + j])
          let g = (dy - sum / S(n) - y * product / S(n)) / deviation
          add(g, .input, s * n + j, s, j, j, pass.x[s * n + j], dy, pass)
        }
      default:
        for j in 0..<n {
          let (x, y, dy) = (pass.x[s * n + j], pass.y[s * n + j], pass.dy[s * n + j])
          switch kind {
          case .scale:
            add(dy * x, .weight, j, s, j, j, x, dy, pass)
            add(dy, .bias, j, s, j, j, 1, dy, pass)
            add(dy * pass.parameters[0][j], .input, s * n + j, s, j, j, x, dy, pass)
          case .tanh: add(dy * (1 - y * y), .input, s * n + j, s, j, j, x, dy, pass)
          case .square: add(dy * 2 * x, .input, s * n + j, s, j, j, x, dy, pass)
          case .relu: add(x > 0 ? dy : 0, .input, s * n + j, s, j, j, x, dy, pass)
          default: add(dy / (1 + S.exp(-x)), .input, s * n + j, s, j, j, x, dy, pass)
          }
        }
      }
    }
    if fault == .penalty, part == .weight {
      for i in pass.gradients[0].indices { pass.gradients[0][i] += S(0.01) * pass.parameters[0][i] }
    }
  }

  /// Adds one term of the gradient, with the fault if it is in this part.
  private func add<S: Scalar>(
    _ g: S, _ part: Part, _ index: Int, _ sample: Int, _ row: Int, _ column: Int, _ x: S,
    _ dy: S, _ pass: BackwardPass<S>
  ) {
    let sum = part == .input ? pass.dx : pass.gradients[part == .weight ? 0 : 1]
    guard part == self.part else {
      sum[index] += g
      return
    }
    let position = Fault.Position(
      index: index, sample: sample, samples: pass.samples, row: row,
      rows: kind == .dense ? units : pass.x.shape.count, column: column,
      columns: pass.x.shape.count, x: Double(x), dy: Double(dy))
    var target = index
    if fault == .transposed && part == .weight { target = column * units + row }
    if fault == .shifted { target = (index + 1) % sum.count }
    let term = fault.term(Double(g), at: position)
    if fault == .overwrites { sum[target] = S(term) } else { sum[target] += S(term) }
  }
}
