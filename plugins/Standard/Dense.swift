import NNExp

/// A fully connected layer.
///
///     y    = Wx + b
///     ∂W  += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y      (sums over the batch)
///
/// W_ij leads from input j to unit i. An input of any shape is read as its
/// numbers in row-major order.
///
/// - Shape: any → `[units]`; W `[units, inputs]`, b `[units]`
/// - Source: seeds S0–S4; S2 (25) and (28) lack the transposition.
struct Dense: Layer, Component {
  static let typeName = "dense"
  static let foreignNames = ["linear", "fc", "fully_connected", "affine", "inner_product"]
  static let documentation = Documentation(
    "every unit a weighted sum of all inputs, plus a bias",
    equation: "y = W x + b;  ∂W += ∂y xᵀ,  ∂b += ∂y,  ∂x += Wᵀ ∂y",
    shapes: "any shape → [units];  weight [units, inputs], bias [units]",
    example: "- {type: dense, units: 10}",
    source:
      "Rumelhart, Hinton, Williams 1986, \"Learning representations by back-propagating errors\"")

  private let units: Int
  private let hasBias: Bool

  init(from options: inout Options) {
    units = options.int("units", in: 1..., "number of outputs")
    options.suggest("units", for: "out_features", "neurons", "nodes", "hidden_size", "size")
    hasBias = options.bool("bias", default: true, "add a learned offset to every unit")
  }

  func plan(for inputs: [Shape]) throws -> Plan {
    let count = inputs[0].count
    guard count > 0 else { throw Diagnostic("the input \(inputs[0]) has no numbers") }
    let weight = Shape([units, count])
    var plan = Plan(
      output: [units], parameters: [.init("weight", weight, initial: .glorotUniform)],
      takesFunction: true, work: weight.count)
    if hasBias { plan.parameters.append(.init("bias", [units], initial: .zeros)) }
    return plan
  }

  func equations(for inputs: [Shape]) -> Equations {
    Equations(
      hasBias ? #"\rho[W, b]"# : #"\rho[W]"#, output: hasBias ? "W x + b" : "W x",
      inputs: [.init(derivative: "W", delta: #"W^T \delta_y"#)],
      parameters: [
        .init("weight", symbol: "W", gradient: #"\delta_y x^T"#),
        .init("bias", symbol: "b", gradient: #"\delta_y"#),
      ])
  }

  func forward<S: Scalar>(_ pass: Forward<S>) {
    let weight = pass.parameters[0]
    let (units, count) = (weight.shape[0], weight.shape[1])
    if isTiny(weight, pass.samples) {
      forwardTiny(pass, units, count)
      return pass.applyFunction()
    }
    let y = pass.y
    if hasBias {
      let bias = pass.parameters[1]
      for s in 0..<pass.samples { (y.start + s * units).update(from: bias.start, count: units) }
    }
    multiply(
      pass.x.matrix(rows: pass.samples, columns: count),
      weight.matrix(rows: units, columns: count).transposed,
      into: y.matrix(rows: pass.samples, columns: units), accumulating: hasBias)
    pass.applyFunction()
  }

  /// A weight or a bias moves its own unit alone.
  func forward(_ pass: Forward<Double>, changing parameter: Int, at entry: Int) -> Bool {
    let weight = pass.parameters[0]
    let (units, count) = (weight.shape[0], weight.shape[1])
    let i = parameter == 0 ? entry / count : entry
    let row = weight.start + i * count
    for s in 0..<pass.samples {
      let x = pass.x.start + s &* count
      var lanes = SIMD8<Double>(repeating: 0)
      var j = 0
      while j &+ 8 <= count {
        lanes +=
          UnsafeRawPointer(row + j).loadUnaligned(as: SIMD8<Double>.self)
          * UnsafeRawPointer(x + j).loadUnaligned(as: SIMD8<Double>.self)
        j &+= 8
      }
      var sum = lanes.sum() + (hasBias ? pass.parameters[1].start[i] : 0)
      while j < count {
        sum += row[j] * x[j]
        j &+= 1
      }
      pass.y.start[s &* units &+ i] = sum
    }
    return true
  }

  func backward<S: Scalar>(_ pass: Backward<S>) {
    pass.pullFunction()
    let weight = pass.parameters[0]
    let (units, count) = (weight.shape[0], weight.shape[1])
    if isTiny(weight, pass.samples) { return backwardTiny(pass, units, count) }
    let dy = pass.dy.matrix(rows: pass.samples, columns: units)
    multiply(
      dy.transposed, pass.x.matrix(rows: pass.samples, columns: count),
      into: pass.gradients[0].matrix(rows: units, columns: count), accumulating: true)
    if hasBias {
      let db = pass.gradients[1]
      for s in 0..<pass.samples {
        for i in 0..<units { db[i] += pass.dy[s &* units &+ i] }
      }
    }
    if pass.needsInputGradient {
      multiply(
        dy, weight.matrix(rows: units, columns: count),
        into: pass.dx.matrix(rows: pass.samples, columns: count), accumulating: true)
    }
  }

  // MARK: Networks of a few units

  /// So few products that setting up a matrix product costs more than they do.
  @inline(__always)
  private func isTiny<S: Scalar>(_ weight: Tensor<S>, _ samples: Int) -> Bool {
    weight.count &* samples <= 256
  }

  // The number of inputs is a constant in each of the small cases: their inner
  // loops are straight lines.

  @inline(__always)
  private func forwardTiny<S: Scalar>(_ pass: Forward<S>, _ units: Int, _ count: Int) {
    switch count {
    case 1: forwardRows(pass, units, 1)
    case 2: forwardRows(pass, units, 2)
    case 3: forwardRows(pass, units, 3)
    case 4: forwardRows(pass, units, 4)
    default: forwardRows(pass, units, count)
    }
  }

  /// Unit by unit, so that its weights stay in registers.
  @inline(__always)
  private func forwardRows<S: Scalar>(_ pass: Forward<S>, _ units: Int, _ count: Int) {
    let b = hasBias ? pass.parameters[1].start : nil
    var row = pass.parameters[0].start
    var i = 0
    while i < units {
      let bias: S = b?[i] ?? 0
      var (x, y) = (pass.x.start, pass.y.start + i)
      var s = pass.samples
      while s > 0 {
        var sum = bias
        var j = 0
        while j < count {
          sum += row[j] * x[j]
          j &+= 1
        }
        y.pointee = sum
        x += count
        y += units
        s &-= 1
      }
      row += count
      i &+= 1
    }
  }

  @inline(__always)
  private func backwardTiny<S: Scalar>(_ pass: Backward<S>, _ units: Int, _ count: Int) {
    switch count {
    case 1: backwardRows(pass, units, 1)
    case 2: backwardRows(pass, units, 2)
    case 3: backwardRows(pass, units, 3)
    case 4: backwardRows(pass, units, 4)
    default:
      var first = 0
      while count &- first > 4 {
        backwardRows(pass, units, 4, from: first, of: count)
        first &+= 4
      }
      switch count &- first {
      case 1: backwardRows(pass, units, 1, from: first, of: count)
      case 2: backwardRows(pass, units, 2, from: first, of: count)
      case 3: backwardRows(pass, units, 3, from: first, of: count)
      default: backwardRows(pass, units, 4, from: first, of: count)
      }
    }
  }

  /// As above; so do the sums over the batch.
  ///
  /// - Parameters:
  ///   - width: how many of the inputs, 4 at most.
  ///   - first: the first of them.
  ///   - count: how many there are.
  @inline(__always)
  private func backwardRows<S: Scalar>(
    _ pass: Backward<S>, _ units: Int, _ width: Int, from first: Int = 0, of count: Int? = nil
  ) {
    let count = count ?? width
    let db = hasBias && first == 0 ? pass.gradients[1].start : nil
    let needsInputGradient = pass.needsInputGradient
    var w = pass.parameters[0].start + first
    var dw = pass.gradients[0].start + first
    var i = 0
    while i < units {
      var row = InlineArray<4, S>(repeating: 0)
      var sums = row
      var sum: S = 0
      var j = 0
      while j < width {
        row[j] = w[j]
        j &+= 1
      }
      var (x, dx, dy) = (pass.x.start + first, pass.dx.start + first, pass.dy.start + i)
      var s = pass.samples
      while s > 0 {
        let d = dy.pointee
        sum += d
        j = 0
        while j < width {
          sums[j] += d * x[j]
          j &+= 1
        }
        if needsInputGradient {
          j = 0
          while j < width {
            dx[j] += d * row[j]
            j &+= 1
          }
        }
        x += count
        dx += count
        dy += units
        s &-= 1
      }
      if let db { db[i] += sum }
      j = 0
      while j < width {
        dw[j] += sums[j]
        j &+= 1
      }
      w += count
      dw += count
      i &+= 1
    }
  }
}
