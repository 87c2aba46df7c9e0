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
    forEachLine(of: pass.x.shape, samples: pass.samples) { from, to, weight, columns in
      for (k, column) in columns.enumerated() {
        y[to &+ k] += S(weight * (1 - column.weight)) * x[from &+ column.first]
        // 0·∞ would be NaN.
        if column.weight != 0 {
          y[to &+ k] += S(weight * column.weight) * x[from &+ column.second]
        }
      }
    }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    guard mode == .bilinear else { return addSelection(pass) }
    let (dx, dy) = (pass.dx.start, pass.dy.start)
    forEachLine(of: pass.dx.shape, samples: pass.samples) { from, to, weight, columns in
      for (k, column) in columns.enumerated() {
        dx[from &+ column.first] += S(weight * (1 - column.weight)) * dy[to &+ k]
        if column.weight != 0 {
          dx[from &+ column.second] += S(weight * column.weight) * dy[to &+ k]
        }
      }
    }
  }

  /// The two positions beside a position of an axis of the output, and the weight of the second.
  private struct Neighbors {
    let first: Int
    let second: Int
    let weight: Double

    @inline(__always)
    init(of i: Int, factor: Int, extent: Int) {
      let place = max(0, (Double(i) + 0.5) / Double(factor) - 0.5)
      first = min(Int(place), extent &- 1)
      second = min(first &+ 1, extent &- 1)
      weight = second == first ? 0 : place - Double(first)
    }
  }

  /// Calls `body` with the offset of a line in the input, that of a line in the output, the weight of
  /// one for the other, and the neighbors of each column, for each pair whose weight is not 0.
  @inline(__always)
  private func forEachLine(
    of shape: Shape, samples: Int,
    _ body: (_ from: Int, _ to: Int, _ weight: Double, UnsafeBufferPointer<Neighbors>) -> Void
  ) {
    // The axes of the image as the last of three; those in front have the extent 1.
    let axes = shape.imageAxes
    func extent(_ k: Int) -> Int { k < axes.count ? shape[axes.upperBound - 1 - k] : 1 }
    func scale(_ k: Int) -> Int {
      k < axes.count ? factor(axes.upperBound - 1 - k, in: shape) : 1
    }
    let (slices, rows, columns) = (extent(2), extent(1), extent(0))
    let (f, g, h) = (scale(2), scale(1), scale(0))
    withUnsafeTemporaryAllocation(of: Neighbors.self, capacity: columns &* h) { places in
      for k in places.indices {
        places.initializeElement(at: k, to: Neighbors(of: k, factor: h, extent: columns))
      }
      var to = 0
      for image in 0..<(samples &* (shape.rank > 1 ? shape[0] : 1)) {
        for i in 0..<(slices &* f) {
          let a = Neighbors(of: i, factor: f, extent: slices)
          for j in 0..<(rows &* g) {
            let b = Neighbors(of: j, factor: g, extent: rows)
            for m in 0..<4 {
              let (slice, u) = m < 2 ? (a.first, 1 - a.weight) : (a.second, a.weight)
              let (row, v) = m & 1 == 0 ? (b.first, 1 - b.weight) : (b.second, b.weight)
              if u * v != 0 {
                let from = ((image &* slices &+ slice) &* rows &+ row) &* columns
                body(from, to, u * v, UnsafeBufferPointer(places))
              }
            }
            to &+= columns &* h
          }
        }
      }
    }
  }
}
