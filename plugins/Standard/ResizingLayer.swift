import NNExp

/// A layer that computes an image of another size, axis by axis.
///
///     y[c, i, j]  = Σ_r Σ_s w(i, r) w(j, s) x[c, r, s], or a fixed number outside
///     ∂x[c, r, s] += Σ_i Σ_j w(i, r) w(j, s) ∂y[c, i, j]
///
/// The weights of an axis are a sparse matrix; those of the backward pass are its transpose. With up
/// to three axes, the last is computed first.
protocol ResizingLayer: Layer, Component {
  /// The axis `k` of an input of `shape`, which `check` has accepted.
  func axis(_ k: Int, of shape: Shape) -> ResizedAxis

  /// Throws if the input cannot have this shape.
  func check(_ shape: Shape) throws

  var rule: ResizeRule { get }

  /// The number at positions outside of the input.
  var fixedNumber: Double { get }
}

extension ResizingLayer {
  var fixedNumber: Double { 0 }

  /// True for an axis of the image whose numbers change; the last axis of an image without any.
  private func isResized(_ k: Int, of shape: Shape) -> Bool {
    let axes = shape.imageAxes
    if !axis(k, of: shape).isIdentity { return true }
    return k == axes.upperBound - 1 && axes.allSatisfy { axis($0, of: shape).isIdentity }
  }

  /// Temporary memory: the matrix of each axis that changes, and the images between two axes.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.rank > 0 else { throw Diagnostic("an input without axes cannot be resized") }
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    try check(shape)
    var extents = shape.axes
    for k in shape.imageAxes {
      let axis = axis(k, of: shape)
      guard axis.count > 0 else {
        throw Diagnostic("nothing of axis \(k) of the input \(shape) is left")
      }
      // Positions are stored in 32 bits.
      guard axis.count.times(axis.mostWeights) <= Int(Int32.max), axis.extent <= Int(Int32.max)
      else {
        throw Diagnostic(
          "axis \(k) of the input \(shape) would need more than \(Int32.max) weights")
      }
      extents[k] = axis.count
    }
    var matrices: [Plan.Scratch] = []
    var images: [Plan.Scratch] = []
    var between = Shape(shape.axes.dropFirst(shape.imageAxes.lowerBound))
    var work = 0
    for k in shape.imageAxes.reversed() where isResized(k, of: shape) {
      let axis = axis(k, of: shape)
      if !matrices.isEmpty { images.append(.temporary(between.count)) }
      matrices.append(.temporary(AxisMatrix<Float>.room(axis)))
      var axes = between.axes
      axes[k - shape.imageAxes.lowerBound] = axis.count
      between = Shape(axes)
      work = work.addingReportingOverflow(between.count.times(axis.mostWeights)).partialValue
    }
    let channels = shape.count / Shape(shape.axes.dropFirst(shape.imageAxes.lowerBound)).count
    var plan = Plan(
      output: Shape(extents), scratch: matrices + images, work: max(0, work).times(channels))
    plan.canStoreInputGradient = true
    plan.backwardReads = []
    // Cubic weights are negative at some distances.
    let isInside = rule.coordinates != .cropAndResize
    return rule.mode != .cubic && isInside ? plan.with(.ofInput) : plan
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    resize(
      pass.x.start, to: pass.y.start, shape: pass.x.shape, samples: pass.samples,
      scratch: pass.scratch, isTransposed: false, adds: false)
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    guard pass.needsInputGradient else { return }
    resize(
      pass.dy.start, to: pass.dx.start, shape: pass.dx.shape, samples: pass.samples,
      scratch: pass.scratch, isTransposed: true, adds: !pass.storesInputGradient)
  }

  /// y from x, or the gradient of x from that of y.
  private func resize<S: KernelScalar>(
    _ from: UnsafePointer<S>, to: UnsafeMutablePointer<S>, shape: Shape, samples: Int,
    scratch: Tensors<S>, isTransposed: Bool, adds: Bool
  ) {
    let axes = shape.imageAxes
    withUnsafeTemporaryAllocation(of: ResizeStep<S>.self, capacity: axes.count) { steps in
      var count = 0
      var (outer, inner) = (1, 1)
      for k in axes { outer &*= shape[k] }
      let ownCount = outer
      for k in axes.reversed() {
        let axis = axis(k, of: shape)
        outer /= axis.extent
        if isResized(k, of: shape) {
          let matrix = AxisMatrix(
            axis, isTransposed: isTransposed, memory: scratch[count].start)
          steps.initializeElement(
            at: count, to: ResizeStep(matrix: matrix, outer: outer, inner: inner))
          count &+= 1
        }
        inner &*= axis.count
      }
      let outside = S(isTransposed ? 0 : fixedNumber)
      let (fromCount, toCount) = isTransposed ? (inner, ownCount) : (ownCount, inner)
      let planes = samples &* (shape.rank > 1 ? shape[0] : 1)
      for plane in 0..<planes {
        var source = from + plane &* fromCount
        for k in 0..<count {
          // The image after step i of the forward pass is that before it in the backward pass.
          let step = steps[isTransposed ? count &- 1 &- k : k]
          let isLast = k == count &- 1
          let image = isTransposed ? count &- 2 &- k : k
          let target = isLast ? to + plane &* toCount : scratch[count &+ image].start
          step.matrix.apply(
            source, outer: step.outer, inner: step.inner, to: target, adds: isLast && adds,
            outside: outside)
          source = UnsafePointer(target)
        }
      }
    }
  }

  // MARK: Explanation and export

  func equations(for inputs: [Port]) -> Equations {
    let shape = inputs[0].shape
    let isNearest = rule.mode == .nearest
    return Equations(
      isNearest ? "s" : "u",
      output: isNearest ? "y_i = x_{p(i)}" : #"y_i = \sum_r w_{i,r} x_r"#,
      inputs: [
        .init(
          derivative: "",
          delta: isNearest
            ? #"\delta_{x_r} = \sum_{i : p(i) = r} \delta_{y_i}"#
            : #"\delta_{x_r} = \sum_i w_{i,r} \delta_{y_i}"#)
      ],
      remark: isNearest
        ? "$p(i)$ is the number of the input at the number i of the output."
        : "The weights of a position i add up to 1; they are \(rule.mode.rawValue) in its distance "
          + "from the numbers of the input beside it.",
      work: ResizeEntries(
        axes: (0..<shape.rank).map { k in
          shape.imageAxes.contains(k) ? axis(k, of: shape) : nil
        }, input: shape, fixedNumber: fixedNumber
      ).entry)
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    let shape = node.inputPorts[0].shape
    if let resized = exportWhole(node, to: &graph) { return [resized] }
    var y = node.inputs[0]
    for k in shape.imageAxes where isResized(k, of: shape) {
      y = export(axis(k, of: shape), k, rank: shape.rank, of: y, to: &graph)
    }
    return [y]
  }

  /// ONNX's Resize, if all factors are whole: others are rounded in it.
  private func exportWhole(
    _ node: ExportedNode, to graph: inout OperatorGraph
  ) -> OperatorGraph.Value? {
    let shape = node.inputPorts[0].shape
    guard rule.mode == .linear, rule.coordinates == .halfPixel, !rule.excludesOutside else {
      return nil
    }
    var scales = [1.0]
    for k in 0..<shape.rank {
      guard shape.imageAxes.contains(k) else {
        scales.append(1)
        continue
      }
      let axis = axis(k, of: shape)
      let factor = axis.distance.denominator / axis.distance.numerator
      guard factor == factor.rounded(), factor >= 1 else { return nil }
      scales.append(factor)
    }
    // The input without values is the region of interest.
    return graph.add(
      "Resize", node.inputs[0], graph.constant([], [0], as: .float32),
      graph.constant(scales, [scales.count], as: .float32),
      attributes: [
        ("mode", .text("linear")), ("coordinate_transformation_mode", .text("half_pixel")),
      ])
  }

  /// One axis: the numbers with the first weight of each position, those with the second, ….
  private func export(
    _ axis: ResizedAxis, _ k: Int, rank: Int, of x: OperatorGraph.Value,
    to graph: inout OperatorGraph
  ) -> OperatorGraph.Value {
    let rows = (0..<axis.count).map { axis.weights(of: $0) }
    let form = [axis.count] + Array(repeating: 1, count: rank - 1 - k)
    var sum: OperatorGraph.Value?
    for t in 0..<max(1, rows.map(\.count).max() ?? 0) {
      let positions = rows.map { t < $0.count ? $0[t].position : 0 }
      let weights = rows.map { t < $0.count ? $0[t].weight : 0 }
      var term = graph.add(
        "Gather", x, graph.integers(positions), attributes: [("axis", .integer(k + 1))])
      if weights.contains(where: { $0 != 1 }) {
        term = graph.add("Mul", term, graph.constant(weights, form))
      }
      sum = sum.map { graph.add("Add", $0, term) } ?? term
    }
    let inside = sum ?? x
    let outside = rows.map { $0.isEmpty ? fixedNumber : 0 }
    guard outside.contains(where: { $0 != 0 }) else { return inside }
    return graph.add("Add", inside, graph.constant(outside, form))
  }
}

/// The map along one axis, for each index of the axes before it and after it.
private struct ResizeStep<S: Scalar> {
  let matrix: AxisMatrix<S>
  let outer: Int
  let inner: Int
}

extension ResizedAxis {
  /// The numbers of the input whose weight for a position is not 0.
  func weights(of i: Int) -> [(position: Int, weight: Double)] {
    var weights: [(Int, Double)] = []
    forEachWeight(of: i) { weights.append(($0, $1)) }
    return weights
  }
}

/// Single entries of a resized image with their numbers, for `nnexp explain`.
///
///     y[i, j]   = Σ w(i, r) w(j, s) · x[r, s]
///     δ_x[r, s] = Σ w(i, r) w(j, s) · δ_y[i, j]
struct ResizeEntries: Sendable {
  /// The resized axes; nil for an axis that is not.
  let axes: [ResizedAxis?]
  let input: Shape
  let fixedNumber: Double

  private var output: Shape {
    Shape(axes.indices.map { axes[$0]?.count ?? input[$0] })
  }

  /// The index and the weight of each number of x for a number of y.
  private func weights(of index: Int) -> [(index: Int, weight: Double)] {
    var found = [(index: 0, weight: 1.0)]
    let output = output
    var size = output.count
    for k in axes.indices {
      size /= output[k]
      let i = index / size % output[k]
      let own = axes[k]?.weights(of: i) ?? [(i, 1)]
      found = found.flatMap { before in
        own.map { (before.index * input[k] + $0.position, before.weight * $0.weight) }
      }
    }
    return found
  }

  func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample
  ) -> WorkedEntry? {
    func term(_ weight: Double, _ value: Double, _ letter: String) -> WorkedEntry.Term {
      let (w, number) = (WorkedEntry.number(weight), WorkedEntry.number(value))
      return weight == 1
        ? WorkedEntry.Term(value, letter, number)
        : WorkedEntry.Term(weight * value, "\(w) \(letter)", #"\#(w) \cdot \#(number)"#)
    }
    switch tensor {
    case .output:
      let weights = weights(of: index)
      let letter = WorkedEntry.letter("y", index, of: output)
      if weights.isEmpty {
        return WorkedEntry(
          letter, terms: [], steps: [.formula(WorkedEntry.number(fixedNumber))],
          value: fixedNumber)
      }
      return .sum(
        letter,
        weights.map {
          term($0.weight, sample.x[$0.index], WorkedEntry.letter("x", $0.index, of: input))
        })
    case .inputGradient:
      return .sum(
        #"\delta_{\#(WorkedEntry.letter("x", index, of: input))}"#,
        (0..<output.count).flatMap { y in
          weights(of: y).filter { $0.index == index }.map {
            term(
              $0.weight, sample.outputGradient[y],
              #"\delta_{\#(WorkedEntry.letter("y", y, of: output))}"#)
          }
        })
    case .parameterGradient: return nil
    }
  }
}
