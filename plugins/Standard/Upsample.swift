import NNExp

/// An image with f times as many numbers along each axis.
///
///     nearest   y[c, i, j] = x[c, ⌊i/f⌋, ⌊j/f⌋]
///     bilinear  y[c, i, j] = Σ w_r(i) w_s(j) x[c, r, s],  linear between the centers of the numbers
///
/// The number at position r of x is at (r + 1/2)·f − 1/2 in y; before the first and after the last
/// center, the interpolation is constant, as in PyTorch with `align_corners=False`. With one axis
/// the interpolation is linear, and with three trilinear.
struct Upsample: SelectingLayer {
  static let typeName = "upsample"
  static let foreignNames = [
    "upsampling1d", "upsampling2d", "upsampling3d", "upsampling_nearest2d",
    "upsampling_bilinear2d", "interpolate", "resize",
  ]
  static let documentation = Documentation(
    "an image with several times as many numbers along each axis",
    equation: "nearest: y[c, i, j] = x[c, ⌊i/f⌋, ⌊j/f⌋];  bilinear: y[c, i, j] = Σ w_r(i) w_s(j) "
      + "x[c, r, s];  ∂x += the sum of ∂y with the same weights",
    shapes: "[n] → [f·n];  [channels, rows, columns] → [channels, f·rows, f·columns]",
    example: "- {type: upsample, factor: 2}",
    source: "ONNX's operator Resize")

  static let examples = [
    Example(["factor": [2, 3]], inputs: [2, 2, 3]),
    Example(["factor": 2, "mode": "bilinear"], inputs: [2, 2, 3]),
  ]

  private enum Mode: String, CaseIterable, Sendable { case nearest, bilinear }

  private let factors: [Int]
  private let mode: Mode

  init(from options: inout Options) {
    options.suggest("factor", for: "scale_factor", "size")
    let range = 1...65_536
    let explanation = "f: a number, or one per image axis"
    if options.entry("factor")?.integer != nil {
      factors = [options.int("factor", in: range, explanation)]
    } else {
      factors = options.ints("factor", in: range, count: 1...Shape.maximumRank, explanation)
    }
    options.document(
      "factor", .either([.integers(range), .list(.integers(range), 1...Shape.maximumRank)]))
    mode = options.choice(
      "mode", default: Mode.nearest,
      "nearest: each number several times; bilinear: linear between the numbers")
  }

  private func factor(_ k: Int, in shape: Shape) -> Int {
    guard shape.imageAxes.contains(k) else { return 1 }
    return factors.count == 1 ? factors[0] : factors[k - shape.imageAxes.lowerBound]
  }

  func check(_ shape: Shape) throws {
    guard shape.rank > 0 else { throw Diagnostic("an input without axes cannot be upsampled") }
    guard factors.count == 1 || factors.count == shape.imageAxes.count else {
      throw Diagnostic(
        "the input \(shape) has \(shape.imageAxes.count) image axes, but factor has "
          + "\(factors.count) numbers")
    }
  }

  func axis(_ k: Int, of shape: Shape) -> SelectedAxis {
    let factor = factor(k, in: shape)
    let (count, overflow) = shape[k].multipliedReportingOverflow(by: factor)
    return SelectedAxis(
      source: k, count: overflow ? .max : count, rule: .repeated(factor: factor))
  }

  // MARK: Bilinear

  func equations(for inputs: [Port]) -> Equations {
    Equations(
      mode == .nearest ? "s" : "u",
      output: mode == .nearest ? "y_i = x_{p(i)}" : #"y_i = \sum_r w_{i,r} x_r"#,
      inputs: [
        .init(
          derivative: "",
          delta: mode == .nearest
            ? #"\delta_{x_r} = \sum_{i : p(i) = r} \delta_{y_i}"#
            : #"\delta_{x_r} = \sum_i w_{i,r} \delta_{y_i}"#)
      ],
      remark: mode == .nearest
        ? "$p(i)$ is the number of the input at the number i of the output."
        : "The weights of a position i add up to 1; they are linear in its distance from the "
          + "numbers of the input beside it.")
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    guard mode == .bilinear else { return exportSelection(node, to: &graph) }
    let shape = node.inputPorts[0].shape
    // Resize with a list of scales; the input without values is the region of interest.
    let scales = [1] + (0..<shape.rank).map { Double(factor($0, in: shape)) }
    return [
      graph.add(
        "Resize", node.inputs[0], graph.constant([], [0], as: .float32),
        graph.constant(scales, [scales.count], as: .float32),
        attributes: [
          ("mode", .text("linear")), ("coordinate_transformation_mode", .text("half_pixel")),
        ])
    ]
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    guard mode == .bilinear else { return select(pass) }
    pass.y.fill(0)
    let (x, y) = (pass.x.start, pass.y.start)
    forEachWeight(of: pass.x.shape, samples: pass.samples) { from, to, weight in
      y[to] += S(weight) * x[from]
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    guard mode == .bilinear else { return addSelection(pass) }
    let (dx, dy) = (pass.dx.start, pass.dy.start)
    forEachWeight(of: pass.dx.shape, samples: pass.samples) { from, to, weight in
      dx[from] += S(weight) * dy[to]
    }
  }

  /// The two positions beside position `i` of an axis of the output, and the weight of the second.
  @inline(__always)
  private func neighbors(_ i: Int, factor: Int, extent: Int) -> (Int, Int, Double) {
    let place = max(0, (Double(i) + 0.5) / Double(factor) - 0.5)
    let first = min(Int(place), extent &- 1)
    let second = min(first &+ 1, extent &- 1)
    return (first, second, second == first ? 0 : place - Double(first))
  }

  /// Calls `body` with the offset in the input, that in the output, and the weight, for each pair
  /// whose weight is not 0.
  @inline(__always)
  private func forEachWeight(
    of shape: Shape, samples: Int, _ body: (_ from: Int, _ to: Int, _ weight: Double) -> Void
  ) {
    // The axes of the image as the last of three; those in front have the extent 1.
    let axes = shape.imageAxes
    func extent(_ k: Int) -> Int { k < axes.count ? shape[axes.upperBound - 1 - k] : 1 }
    func scale(_ k: Int) -> Int {
      k < axes.count ? factor(axes.upperBound - 1 - k, in: shape) : 1
    }
    let (slices, rows, columns) = (extent(2), extent(1), extent(0))
    let (f, g, h) = (scale(2), scale(1), scale(0))
    var to = 0
    for image in 0..<(samples &* (shape.rank > 1 ? shape[0] : 1)) {
      for i in 0..<(slices &* f) {
        let a = neighbors(i, factor: f, extent: slices)
        for j in 0..<(rows &* g) {
          let b = neighbors(j, factor: g, extent: rows)
          for k in 0..<(columns &* h) {
            let c = neighbors(k, factor: h, extent: columns)
            for m in 0..<4 {
              let (slice, u) = m < 2 ? (a.0, 1 - a.2) : (a.1, a.2)
              let (row, v) = m & 1 == 0 ? (b.0, 1 - b.2) : (b.1, b.2)
              if u * v != 0 {
                let line = ((image &* slices &+ slice) &* rows &+ row) &* columns
                body(line &+ c.0, to, u * v * (1 - c.2))
                if c.2 != 0 { body(line &+ c.1, to, u * v * c.2) }
              }
            }
            to &+= 1
          }
        }
      }
    }
  }
}
