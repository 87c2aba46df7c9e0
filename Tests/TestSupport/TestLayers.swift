import NNExp

/// Deliberate faults in the backward pass of a layer.
package enum GradientFault: String, CaseIterable {
  case none
  case signDropped
  case flippedSign
  case doubled
  case halved
  case transposed
  case lastRowSkipped
  case lastSampleOnly
  case overwrites
  case neverAdded
  case tenPercent
}

/// y = W x + b, with a fault in the gradient of W, b or x.
package struct TestDense: Layer, Component {
  package static let typeName = "test_dense"
  package enum Target { case weight, bias, input }

  package let units: Int
  package var fault = GradientFault.none
  package var target = Target.weight

  package init(units: Int, fault: GradientFault = .none, in target: Target = .weight) {
    self.units = units
    self.fault = fault
    self.target = target
  }

  package init(from options: inout Options) { units = options.int("units", in: 1...) }

  package func plan(for inputs: [Port]) throws -> Plan {
    Plan(
      output: [units],
      parameters: [
        .init("weight", [units, inputs[0].count], initial: .glorotUniform),
        .init("bias", [units], initial: .zeros),
      ])
  }

  package func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let n = pass.x.shape.count
    for s in 0..<pass.samples {
      for i in 0..<units {
        var sum = pass.parameters[1][i]
        for j in 0..<n { sum += pass.parameters[0][i * n + j] * pass.x[s * n + j] }
        pass.y[s * units + i] = sum
      }
    }
  }

  package func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let n = pass.x.shape.count
    let (w, dw, db) = (pass.parameters[0], pass.gradients[0], pass.gradients[1])
    for s in 0..<pass.samples {
      for i in 0..<units {
        let dy = pass.dy[s * units + i]
        if let g = faulty(.bias, dy, sample: s, row: i, of: pass) { add(g, to: db, i, .bias) }
        for j in 0..<n {
          if let g = faulty(.weight, dy * pass.x[s * n + j], sample: s, row: i, of: pass) {
            let isTransposed = target == .weight && fault == .transposed
            add(g, to: dw, isTransposed ? j * units + i : i * n + j, .weight)
          }
          if let g = faulty(.input, dy * w[i * n + j], sample: s, row: i, of: pass) {
            add(g, to: pass.dx, s * n + j, .input)
          }
        }
      }
    }
  }

  private func add<S: Scalar>(_ g: S, to sum: Tensor<S>, _ i: Int, _ part: Target) {
    if part == target && fault == .overwrites { sum[i] = g } else { sum[i] += g }
  }

  /// The term with the fault; nil if it is omitted.
  private func faulty<S: Scalar>(
    _ part: Target, _ g: S, sample: Int, row: Int, of pass: BackwardPass<S>
  ) -> S? {
    guard part == target else { return g }
    switch fault {
    case .none, .transposed, .overwrites: return g
    case .signDropped: return abs(g)
    case .flippedSign: return -g
    case .doubled: return 2 * g
    case .halved: return g / 2
    case .lastRowSkipped: return row == units - 1 ? nil : g
    case .lastSampleOnly: return sample == pass.samples - 1 ? g : nil
    case .neverAdded: return nil
    case .tenPercent: return S(1.1) * g
    }
  }
}

/// y = (Σᵢ |xᵢ|ᵖ)^(1/p) over pairs of features.
package struct TestLp: Layer, Component {
  package static let typeName = "test_lp"
  package let p: Double
  package var fault = GradientFault.none

  package init(p: Double, fault: GradientFault = .none) {
    self.p = p
    self.fault = fault
  }

  package init(from options: inout Options) { p = options.double("p", in: .atLeast(1)) }

  package func plan(for inputs: [Port]) throws -> Plan { Plan(output: [inputs[0].count / 2]) }

  package func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let p = S(p)
    for i in pass.y.indices {
      pass.y[i] = S.pow(
        S.pow(abs(pass.x[2 * i]), p) + S.pow(abs(pass.x[2 * i + 1]), p), 1 / p)
    }
  }

  package func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let p = S(p)
    for j in pass.dx.indices {
      let (x, y) = (pass.x[j], pass.y[j / 2])
      let slope = y == 0 ? 0 : S.pow(abs(x) / y, p - 1)
      let sign: S = x < 0 && fault != .signDropped ? -1 : 1
      let g = pass.dy[j / 2] * sign * slope
      switch fault {
      case .doubled: pass.dx[j] += 2 * g
      case .flippedSign: pass.dx[j] -= g
      case .overwrites: pass.dx[j] = g
      default: pass.dx[j] += g
      }
    }
  }
}

/// An elementwise function with a selectable fault.
package struct Elementwise: Layer, Component {
  package enum Rule { case sigmoid, square, relu, cube, logarithm, tanh }
  package static let typeName = "elementwise"
  package let rule: Rule

  package init(_ rule: Rule) { self.rule = rule }
  package init(from options: inout Options) { rule = .sigmoid }

  package func plan(for inputs: [Port]) throws -> Plan { Plan(output: inputs[0].shape) }

  package func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    for i in pass.y.indices {
      let x = pass.x[i]
      switch rule {
      case .sigmoid: pass.y[i] = 1 / (1 + S.exp(-x))
      case .square: pass.y[i] = x * x
      case .relu: pass.y[i] = max(0, x)
      case .cube: pass.y[i] = x * x * x
      case .logarithm: pass.y[i] = S.log(x)
      case .tanh: pass.y[i] = S.tanh(x)
      }
    }
  }

  package func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    for i in pass.dx.indices {
      let (x, y) = (pass.x[i], pass.y[i])
      switch rule {
      case .sigmoid: pass.dx[i] += pass.dy[i] * y * (1 - y)
      case .square: pass.dx[i] += pass.dy[i] * 2 * x
      case .relu: pass.dx[i] += x > 0 ? pass.dy[i] : 0
      case .cube: pass.dx[i] += pass.dy[i] * 3 * x * x
      case .logarithm: pass.dx[i] += pass.dy[i] / x
      case .tanh: pass.dx[i] += pass.dy[i] * (1 - y * y)
      }
    }
  }
}
