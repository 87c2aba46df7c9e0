import NNExp

/// Two-dimensional convolution, without the flip: a cross-correlation.
///
///     y[o, r, c]     = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …]
///     ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, r·stride + u·dilation − padding, …]
///     ∂x[i, …]      += Σ w[o, i, u, v] · ∂y[o, r, c]
///     ∂b[o]         += Σ ∂y[o, r, c]
///
/// Padding reads as 0. With groups, output channels are split like the input's
/// and each part sees its own alone.
///
/// ``DirectConvolution`` adds these sums up where it suits. Elsewhere one sample's
/// windows are laid out as the columns of a matrix P
/// `[channels·rows·columns of the window, positions]`, so that the sums become
/// products: y = W P, ∂Wᵀ += P ∂yᵀ, ∂P = Wᵀ ∂y, which is then added back to ∂x.
///
/// - Shape: `[channels, rows, columns]` → `[channels', rows', columns']`;
///   w `[channels', channels/groups, window rows, window columns]`, b `[channels']`
/// - Source: LeCun, Bottou, Bengio, Haffner 1998
struct Convolution: Layer, Component {
  static let typeName = "convolution"
  static let foreignNames = ["conv", "conv1d", "conv2d", "convolution2d"]
  static let documentation = Documentation(
    "every output channel a weighted sum over a window of all input channels",
    equation: """
      y[o, r, c] = b[o] + Σ w[o, i, u, v] · x[i, r·stride + u·dilation − padding, …];
      ∂w[o, i, u, v] += Σ ∂y[o, r, c] · x[i, …],  ∂x[i, …] += Σ w[o, i, u, v] · ∂y[o, r, c],  \
      ∂b[o] += Σ ∂y[o, r, c]
      """,
    shapes: "[channels, rows, columns] → [channels', rows', columns'], "
      + "n' = ⌊(n + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1;  "
      + "weight [channels', channels/groups, window rows, window columns], bias [channels']",
    example: "- {type: convolution, channels: 8, window: 5, padding: 2}",
    source: "LeCun, Bottou, Bengio, Haffner 1998, \"Gradient-based learning applied to document "
      + "recognition\"")

  private let channels: Int
  private let groups: Int
  private let rows: Window
  private let columns: Window
  private let hasBias: Bool

  init(from options: inout Options) {
    channels = options.int("channels", in: Window.range, "number of output channels")
    let window = options.pair("window", in: Window.range, "entries under the weights")
    options.suggest("channels", for: "filters", "out_channels")
    options.suggest("window", for: "kernel_size", "kernel", "filter_size")
    let stride = options.pair(
      "stride", default: (1, 1), in: Window.range, "from one window to the next")
    let padding = options.pair(
      "padding", default: (0, 0), in: Window.paddingRange, "zeros at both ends")
    let dilation = options.pair(
      "dilation", default: (1, 1), in: Window.range, "from one entry of a window to the next")
    groups = options.int(
      "groups", default: 1, in: Window.range, "parts that the channels are split into")
    hasBias = options.bool("bias", default: true, "add a learned offset to every channel")
    rows = Window(size: window.0, stride: stride.0, padding: padding.0, dilation: dilation.0)
    columns = Window(size: window.1, stride: stride.1, padding: padding.1, dilation: dilation.1)
    if channels % groups != 0 {
      options.reject("groups", "groups \(groups) does not divide the \(channels) output channels")
    }
  }

  func plan(for inputs: [Shape]) throws -> Plan {
    let input = inputs[0]
    guard input.rank == 3, let x = Planes(input) else {
      throw Diagnostic("expected [channels, rows, columns], found \(input)")
    }
    guard input.count > 0 else { throw Diagnostic("the input \(input) has no numbers") }
    guard x.channels % groups == 0 else {
      throw Diagnostic("groups \(groups) does not divide the \(x.channels) input channels")
    }
    let output: Shape = [
      channels, try rows.count(over: x.rows, named: "rows"),
      try columns.count(over: x.columns, named: "columns"),
    ]
    let weight: Shape = [channels, x.channels / groups, rows.size, columns.size]
    let sizes = sizes(input, output)
    var plan = Plan(
      output: output, parameters: [.init("weight", weight, initial: .glorotUniform)],
      takesFunction: true, work: output.count.times(sizes.depth))
    if DirectConvolution<Double>.suits(sizes) {
      plan.scratch = DirectConvolution<Double>.scratch(for: sizes)
    } else {
      plan.scratch = [.fixed(weight.count)]
      if !sizes.isPointwise {
        plan.scratch.append(.fixed(sizes.depth.times(sizes.positions)))
        if sizes.isBordered { plan.scratch.append(.fixed(sizes.border)) }
      }
    }
    if hasBias { plan.parameters.append(.init("bias", [channels], initial: .zeros)) }
    return plan
  }

  private func sizes(_ input: Shape, _ output: Shape) -> ConvolutionSizes {
    ConvolutionSizes(rows: rows, columns: columns, groups: groups, input: input, output: output)
  }

  func equations(for inputs: [Shape]) -> Equations {
    // Where the weight at u, v of the window at r, c reads.
    let place = "\(rows.formula("r", "u")), \(columns.formula("c", "v"))"
    let y = hasBias ? "b_o + " : ""
    return Equations(
      hasBias ? #"\rho_\star[W, b]"# : #"\rho_\star[W]"#,
      output: #"y_{o,r,c} = \#(y)\sum_{i,u,v} W_{o,i,u,v} x_{i, \#(place)}"#,
      inputs: [
        .init(
          derivative: "",
          delta: #"\delta_{x_{i, m, n}} = \sum_{(m, n) = (\#(place))} W_{o,i,u,v} "#
            + #"\delta_{y_{o,r,c}}"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "W",
          gradient: #"\frac{\partial L}{\partial W_{o,i,u,v}} = \sum_{r,c} \delta_{y_{o,r,c}} "#
            + #"x_{i, \#(place)}"#),
        .init(
          "bias", symbol: "b",
          gradient: #"\frac{\partial L}{\partial b_o} = \sum_{r,c} \delta_{y_{o,r,c}}"#),
      ],
      remark: "Output channel o, input channel i, position r, c, place u, v in the window; all "
        + "count from 0, and x is 0 outside"
        + (groups > 1
          ? ". Each of the \(groups) groups of channels sees its own inputs alone." : "."))
  }

  func forward<S: Scalar>(_ pass: Forward<S>) {
    let (x, y) = (pass.x, pass.y)
    let sizes = sizes(x.shape, y.shape)
    if DirectConvolution<S>.suits(sizes) {
      return DirectConvolution(sizes, scratch: pass.scratch).forward(pass, hasBias: hasBias)
    }
    let weight = pass.parameters[0]
    for s in 0..<pass.samples {
      for g in 0..<groups {
        let part = s &* groups &+ g
        let from = x.start + part &* sizes.inputPart
        let to = y.start + part &* sizes.outputPart
        if hasBias {
          let bias = pass.parameters[1].start + g &* sizes.units
          for o in 0..<sizes.units {
            (to + o &* sizes.positions).update(repeating: bias[o], count: sizes.positions)
          }
        }
        let patches = sizes.isPointwise ? from : pass.scratch[1].start
        if !sizes.isPointwise { gather(from, into: patches, sizes, pass.scratch) }
        multiply(
          sizes.weight(weight, group: g),
          Matrix(start: patches, rows: sizes.depth, columns: sizes.positions),
          into: Matrix(start: to, rows: sizes.units, columns: sizes.positions),
          accumulating: hasBias)
        pass.applyFunction(to: part &* sizes.outputPart..<(part &+ 1) &* sizes.outputPart)
      }
    }
  }

  func backward<S: Scalar>(_ pass: Backward<S>) {
    pass.pullFunction()
    let (x, dy, dx) = (pass.x, pass.dy, pass.dx)
    let sizes = sizes(x.shape, dy.shape)
    if DirectConvolution<S>.suits(sizes) {
      return DirectConvolution(sizes, scratch: pass.scratch).backward(pass, hasBias: hasBias)
    }
    let weight = pass.parameters[0]
    // ∂Wᵀ += P ∂yᵀ: the BLAS is up to half as fast again as with ∂W += ∂y Pᵀ.
    let dw = pass.scratch[0]
    dw.fill(0)
    for s in 0..<pass.samples {
      for g in 0..<groups {
        let part = s &* groups &+ g
        let from = x.start + part &* sizes.inputPart
        let slope = dy.start + part &* sizes.outputPart
        let dyPart = Matrix(start: slope, rows: sizes.units, columns: sizes.positions)
        if hasBias {
          let db = pass.gradients[1].start + g &* sizes.units
          for o in 0..<sizes.units {
            db[o] += sum(of: slope + o &* sizes.positions, count: sizes.positions)
          }
        }
        let patches = sizes.isPointwise ? from : pass.scratch[1].start
        if !sizes.isPointwise { gather(from, into: patches, sizes, pass.scratch) }
        let columns = Matrix(start: patches, rows: sizes.depth, columns: sizes.positions)
        multiply(
          columns, dyPart.transposed, into: sizes.transposedWeight(dw, group: g),
          accumulating: true)
        guard pass.needsInputGradient else { continue }
        let transposedWeight = sizes.weight(weight, group: g).transposed
        let to = dx.start + part &* sizes.inputPart
        if sizes.isPointwise {
          multiply(
            transposedWeight, dyPart,
            into: Matrix(start: to, rows: sizes.depth, columns: sizes.positions),
            accumulating: true)
        } else {
          multiply(transposedWeight, dyPart, into: columns)
          scatter(patches, to: to, sizes, pass.scratch)
        }
      }
    }
    for g in 0..<groups {
      let from = dw.start + g &* sizes.weights
      let to = pass.gradients[0].start + g &* sizes.weights
      for o in 0..<sizes.units {
        for k in 0..<sizes.depth { to[o &* sizes.depth &+ k] += from[k &* sizes.units &+ o] }
      }
    }
  }
}

extension ConvolutionSizes {
  fileprivate func weight<S: Scalar>(_ weight: Tensor<S>, group: Int) -> Matrix<S> {
    Matrix(start: weight.start + group &* weights, rows: units, columns: depth)
  }

  fileprivate func transposedWeight<S: Scalar>(_ weight: Tensor<S>, group: Int) -> Matrix<S> {
    Matrix(start: weight.start + group &* weights, rows: depth, columns: units)
  }

  /// The windows one place apart, over an input that has its padding.
  fileprivate var windows: Windows {
    Windows(
      channels: inputs, rows: paddedRows, columns: paddedColumns, window: (rows.size, columns.size),
      dilation: (rows.dilation, columns.dilation))
  }
}

extension Convolution {
  /// Lays the windows of one part of a sample out as the columns of `patches`.
  private func gather<S: Scalar>(
    _ x: UnsafePointer<S>, into patches: UnsafeMutablePointer<S>, _ sizes: ConvolutionSizes,
    _ scratch: Tensors<S>
  ) {
    if sizes.isBordered {
      sizes.copy(x, into: scratch[2].start)
      return S.gather(sizes.windows, scratch[2].start, into: patches)
    }
    if sizes.isDense { return S.gather(sizes.windows, x, into: patches) }
    var to = patches
    for i in 0..<sizes.inputs {
      for u in 0..<rows.size {
        for v in 0..<columns.size {
          let (low, high) = columns.placesInside(
            entry: v, over: sizes.x.columns, of: sizes.y.columns)
          for r in 0..<sizes.y.rows {
            let row = r &* rows.stride &+ u &* rows.dilation &- rows.padding
            if row < 0 || row >= sizes.x.rows {
              to.update(repeating: 0, count: sizes.y.columns)
            } else {
              let from =
                x
                + ((i &* sizes.x.rows &+ row) &* sizes.x.columns
                  &+ v &* columns.dilation &- columns.padding)
              for c in 0..<low { to[c] = 0 }
              for c in low..<high { to[c] = from[c &* columns.stride] }
              for c in high..<sizes.y.columns { to[c] = 0 }
            }
            to += sizes.y.columns
          }
        }
      }
    }
  }

  /// Adds every column of `patches` to the window that it came from.
  private func scatter<S: Scalar>(
    _ patches: UnsafePointer<S>, to dx: UnsafeMutablePointer<S>, _ sizes: ConvolutionSizes,
    _ scratch: Tensors<S>
  ) {
    if sizes.isBordered {
      let border = scratch[2]
      border.fill(0)
      S.scatter(sizes.windows, patches, to: border.start)
      return sizes.add(border.start, to: dx)
    }
    if sizes.isDense { return S.scatter(sizes.windows, patches, to: dx) }
    var from = patches
    for i in 0..<sizes.inputs {
      for u in 0..<rows.size {
        for v in 0..<columns.size {
          let (low, high) = columns.placesInside(
            entry: v, over: sizes.x.columns, of: sizes.y.columns)
          for r in 0..<sizes.y.rows {
            let row = r &* rows.stride &+ u &* rows.dilation &- rows.padding
            if row >= 0 && row < sizes.x.rows {
              let to =
                dx
                + ((i &* sizes.x.rows &+ row) &* sizes.x.columns
                  &+ v &* columns.dilation &- columns.padding)
              for c in low..<high { to[c &* columns.stride] += from[c] }
            }
            from += sizes.y.columns
          }
        }
      }
    }
  }

  /// Σ x in eight interleaved sums, then those in order: the same for the same
  /// count, and eight times as fast as one after the other.
  private func sum<S: Scalar>(of x: UnsafePointer<S>, count: Int) -> S {
    var lanes = SIMD8<S>(repeating: 0)
    let whole = count & ~7
    var i = 0
    while i < whole {
      for lane in 0..<8 { lanes[lane] += x[i &+ lane] }
      i &+= 8
    }
    var sum: S = 0
    for lane in 0..<8 { sum += lanes[lane] }
    while i < count {
      sum += x[i]
      i &+= 1
    }
    return sum
  }
}
