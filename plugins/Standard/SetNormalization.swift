import NNExp

/// The normalization of sets of numbers of a sample, which are described by axes.
///
///     x̂    = (x − μ) / √(σ² + ε)      (μ, σ² over the set; without centering μ = 0, σ² = mean x²)
///     y    = w ⊗ x̂ + b
///     ∂b  += Σ ∂y,  ∂w += Σ ∂y ⊗ x̂
///     ∂x  += (g − mean g − x̂·mean(g ⊗ x̂)) / √(σ² + ε),  g = w ⊗ ∂y   (without centering no mean g)
///
/// The numbers along the normalized axes form a set, one for each position of the others. The
/// weights run over the weighted axes. Group normalization, for example, sees `[groups, channels of a
/// group, positions]`, normalizes the last two axes, and has weights over the first two.
struct SetNormalization {
  /// The sample with at most four axes.
  let shape: Shape
  /// Bit k is set if axis k is normalized, or weighted.
  let normalized: Int
  let weighted: Int
  let isCentered: Bool
  let epsilon: Double
  let hasWeight: Bool
  let hasBias: Bool

  /// The shape with an extent of 1 for each axis whose bit is not in `mask`.
  private func part(_ mask: Int) -> Shape {
    var extents = SIMD4<Int>(repeating: 1)
    for k in 0..<shape.rank where mask & (1 << k) != 0 { extents[k] = shape[k] }
    return Shape(extents: extents, rank: shape.rank)
  }

  /// The axes of the list of sets.
  var setShape: Shape {
    Shape((0..<shape.rank).filter { normalized & (1 << $0) == 0 }.map { shape[$0] })
  }

  /// The set, and the weight, of every number of a sample.
  var setOfEachNumber: [Int] { positions(part(~normalized)) }
  var weightOfEachNumber: [Int] { positions(part(weighted)) }

  private func positions(_ small: Shape) -> [Int] {
    let lines = BroadcastAxes(small, over: shape)
    var found: [Int] = []
    lines.forEachLine { _, j in
      for k in 0..<lines.length { found.append(j + k * lines.step) }
    }
    return found
  }

  /// The number of sets, and of weights.
  var sets: Int { part(~normalized).count }
  var weights: Int { part(weighted).count }

  /// The mean and 1/√(σ² + ε) of every set, and two sums of the backward pass.
  var scratch: [Plan.Scratch] { Array(repeating: .perSample(sets), count: 4) }

  private var setLines: BroadcastAxes { BroadcastAxes(part(~normalized), over: shape) }
  private var weightLines: BroadcastAxes { BroadcastAxes(part(weighted), over: shape) }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (count, sets) = (shape.count, sets)
    let n = S(count / sets)
    let (lines, weightLines) = (setLines, weightLines)
    for s in 0..<pass.samples {
      let (x, y) = (pass.x.start + s &* count, pass.y.start + s &* count)
      let mean = pass.scratch[0].start + s &* sets
      let inverse = pass.scratch[1].start + s &* sets
      mean.update(repeating: 0, count: sets)
      inverse.update(repeating: 0, count: sets)
      if isCentered {
        lines.addSums(to: mean) { x[$0] }
        for j in 0..<sets { mean[j] /= n }
      }
      lines.addSums(to: inverse, with: mean) { (x[$0] - $1) * (x[$0] - $1) }
      for j in 0..<sets { inverse[j] = 1 / (inverse[j] / n + S(epsilon)).squareRoot() }
      lines.forEachLine { i, j in
        for k in 0..<lines.length {
          let set = j &+ k &* lines.step
          y[i &+ k] = (x[i &+ k] - mean[set]) * inverse[set]
        }
      }
      guard hasWeight else { continue }
      let w = pass.parameters[0].start
      weightLines.forEachLine { i, j in
        for k in 0..<weightLines.length { y[i &+ k] *= w[j &+ k &* weightLines.step] }
      }
      guard hasBias else { continue }
      let b = pass.parameters[1].start
      weightLines.forEachLine { i, j in
        for k in 0..<weightLines.length { y[i &+ k] += b[j &+ k &* weightLines.step] }
      }
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (count, sets) = (shape.count, sets)
    let n = S(count / sets)
    let (lines, weightLines) = (setLines, weightLines)
    for s in 0..<pass.samples {
      let (x, dx) = (pass.x.start + s &* count, pass.dx.start + s &* count)
      let dy = pass.dy.start + s &* count
      let mean = pass.scratch[0].start + s &* sets
      let inverse = pass.scratch[1].start + s &* sets
      let (a, b) = (pass.scratch[2].start + s &* sets, pass.scratch[3].start + s &* sets)
      a.update(repeating: 0, count: sets)
      b.update(repeating: 0, count: sets)
      // Every line of x with the set and the weight of its numbers.
      let weight = hasWeight ? pass.parameters[0].start : nil
      let dw = hasWeight ? pass.gradients[0].start : nil
      let db = hasBias ? pass.gradients[1].start : nil
      lines.forEachLine(with: weightLines) { i, j, w in
        // The sums of a line with one weight, so that a batch adds them as single samples do.
        if lines.step == 0 {
          let (m, scale) = (mean[j], inverse[j])
          let (sum, product) = interleavedSums(lines.length) { k in
            let normal = (x[i &+ k] - m) * scale
            let slope = dy[i &+ k]
            if weightLines.step == 0 { return (slope, slope * normal) }
            if let dw { dw[w &+ k] += slope * normal }
            if let db { db[w &+ k] += slope }
            let g = weight.map { $0[w &+ k] * slope } ?? slope
            return (g, g * normal)
          }
          var factor: S = 1
          if weightLines.step == 0 {
            if let dw { dw[w] += product }
            if let db { db[w] += sum }
            if let weight { factor = weight[w] }
          }
          a[j] += factor * sum
          b[j] += factor * product
          return
        }
        var (sum, product): (S, S) = (0, 0)
        for k in 0..<lines.length {
          let (set, own) = (j &+ k, w &+ k &* weightLines.step)
          let normal = (x[i &+ k] - mean[set]) * inverse[set]
          let slope = dy[i &+ k]
          if weightLines.step == 0 {
            sum += slope
            product += slope * normal
          } else {
            if let dw { dw[own] += slope * normal }
            if let db { db[own] += slope }
          }
          let g = weight.map { $0[own] * slope } ?? slope
          a[set] += g
          b[set] += g * normal
        }
        guard weightLines.step == 0 else { return }
        if let dw { dw[w] += product }
        if let db { db[w] += sum }
      }
      for j in 0..<sets {
        a[j] = isCentered ? a[j] / n : 0
        b[j] /= n
      }
      lines.forEachLine(with: weightLines) { i, j, w in
        for k in 0..<lines.length {
          let set = j &+ k &* lines.step
          let normal = (x[i &+ k] - mean[set]) * inverse[set]
          let g = weight.map { $0[w &+ k &* weightLines.step] * dy[i &+ k] } ?? dy[i &+ k]
          dx[i &+ k] += inverse[set] * (g - a[set] - normal * b[set])
        }
      }
    }
  }

  /// Adds the operators; `y` has the shape of a sample.
  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value] {
    let x = graph.reshape(node.inputs[0], to: shape)
    let axes = graph.integers(
      (0..<shape.rank).filter { normalized & (1 << $0) != 0 }.map { $0 + 1 })
    let centered = isCentered ? graph.add("Sub", x, graph.add("ReduceMean", x, axes)) : x
    let variance = graph.add("ReduceMean", graph.add("Mul", centered, centered), axes)
    let s = graph.add("Sqrt", graph.add("Add", variance, graph.constant(epsilon)))
    var y = graph.add("Div", centered, s)
    let own = graph.integers(part(weighted).axes)
    if hasWeight {
      y = graph.add(
        "Mul", y, graph.add("Reshape", graph.constant(node.parameters[0]), own))
    }
    if hasBias {
      y = graph.add(
        "Add", y, graph.add("Reshape", graph.constant(node.parameters[1]), own))
    }
    return [graph.reshape(y, to: node.outputPorts[0].shape)]
  }

  /// The formulas; `set` names the numbers that belong together.
  ///
  /// - Parameter weight: the shape of w and b.
  func equations(for input: Shape, weight: Shape, set: String) -> Equations {
    let center = isCentered ? #"x - \mu"# : "x"
    return Equations(
      hasWeight ? hasBias ? #"\nu[w, b]"# : #"\nu[w]"# : #"\nu"#,
      output: hasWeight ? #"w \otimes \hat{x}"# + (hasBias ? " + b" : "") : #"\hat{x}"#,
      where: [#"\hat{x} = \frac{\#(center)}{s}"#]
        + (isCentered ? [#"\mu = \frac{1}{n} \sum_i x_i"#] : [])
        + [
          isCentered
            ? #"s = \sqrt{\frac{1}{n} \sum_i (x_i - \mu)^2 + \epsilon}"#
            : #"s = \sqrt{\frac{1}{n} \sum_i x_i^2 + \epsilon}"#,
          #"\epsilon = \#(Equations.number(epsilon))"#,
          hasWeight ? #"g = w \otimes \delta_y"# : #"g = \delta_y"#,
        ],
      inputs: [
        .init(
          derivative: "",
          delta: #"\frac{1}{s} (g - "# + (isCentered ? #"\frac{1}{n} \sum_i g_i - "# : "")
            + #"\hat{x} \cdot \frac{1}{n} \sum_i g_i \hat{x}_i)"#)
      ],
      parameters: [
        .init(
          "weight", symbol: "w",
          gradient: #"\frac{\partial L}{\partial w} = \sum \delta_y \otimes \hat{x}"#),
        .init("bias", symbol: "b", gradient: #"\frac{\partial L}{\partial b} = \sum \delta_y"#),
      ], remark: "The sums over i run over \(set).", work: work(for: input, weight: weight))
  }
}

extension BroadcastAxes {
  /// Adds the term of every number of the large tensor to the small one.
  @inline(__always)
  fileprivate func addSums<S: Scalar>(
    to sums: UnsafeMutablePointer<S>, _ term: (Int) -> S
  ) {
    forEachLine { i, j in
      if step == 0 {
        sums[j] += interleavedSum(length) { term(i &+ $0) }
      } else {
        for k in 0..<length { sums[j &+ k] += term(i &+ k) }
      }
    }
  }

  /// The same, with the number of `other` at each position of the small tensor.
  @inline(__always)
  fileprivate func addSums<S: Scalar>(
    to sums: UnsafeMutablePointer<S>, with other: UnsafeMutablePointer<S>, _ term: (Int, S) -> S
  ) {
    forEachLine { i, j in
      if step == 0 {
        let other = other[j]
        sums[j] += interleavedSum(length) { term(i &+ $0, other) }
      } else {
        for k in 0..<length { sums[j &+ k] += term(i &+ k, other[j &+ k]) }
      }
    }
  }
}

/// The axes of `axes:`, as bits; all axes if the list is empty.
struct NormalizedAxes: Sendable {
  private let axes: [Int]

  init(from options: inout Options) {
    options.suggest("axes", for: "axis", "normalized_shape", "dim")
    axes = options.ints(
      "axes", default: [], in: 0..<Shape.maximumRank, count: 0...Shape.maximumRank,
      "the axes to normalize; an empty list means all")
    if Set(axes).count != axes.count {
      options.reject("axes", "axes must have each number once, found \(axes)")
    }
  }

  var isAll: Bool { axes.isEmpty }

  func check(_ shape: Shape) throws {
    if let axis = axes.first(where: { $0 >= shape.rank }) {
      throw Diagnostic("the input \(shape) has no axis \(axis)")
    }
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
  }

  func mask(_ shape: Shape) -> Int {
    var mask = 0
    for axis in axes { mask |= 1 << axis }
    return axes.isEmpty ? (1 << min(shape.rank, Shape.maximumRank)) - 1 : mask
  }

  /// The shape of the weights: the extents of these axes, in order.
  func weightShape(_ shape: Shape) -> Shape {
    let mask = mask(shape)
    return Shape(
      (0..<min(shape.rank, Shape.maximumRank)).filter { mask & (1 << $0) != 0 }.map { shape[$0] })
  }
}

extension Options {
  /// ε of a normalization.
  mutating func epsilon(addedTo number: String) -> Double {
    suggest("epsilon", for: "eps")
    return double("epsilon", default: 1e-5, in: .positive, "added to the \(number)")
  }

  /// True if a normalization has `parameters`.
  mutating func affine(learning parameters: String) -> Bool {
    suggest("affine", for: "elementwise_affine", "center", "scale")
    return bool("affine", default: true, "learn \(parameters)")
  }
}
