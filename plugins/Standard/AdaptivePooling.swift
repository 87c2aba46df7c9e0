import NNExp

/// The mean or maximum of windows whose number is given.
///
///     mean   y_i = (1/n_i) Σ x_j,   ∂x_j += ∂y_i / n_i      over j in R_i
///     max    y_i = max x_j,         ∂x_j += ∂y_i for the first j with x_j = y_i
///
/// Along an axis of n entries with m outputs, window i covers the entries from ⌊i·n/m⌋ to
/// ⌈(i + 1)·n/m⌉ − 1.
///
/// - Shape: `[channels, …]` → `[channels, output]` with one to three axes after the channels
/// - Source: He, Zhang, Ren, Sun 2014
struct AdaptivePooling: Layer, Component {
  static let typeName = "adaptive_pooling"
  static let foreignNames = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "adaptive_average_pooling",
    "adaptive_max_pooling",
  ]
  static let documentation = Documentation(
    "the mean or maximum of windows whose number is given",
    equation: "y_i = (1/n_i) Σ x_j;  ∂x_j += ∂y_i / n_i;  max: y_i = max x_j, ∂x_j += ∂y_i for the "
      + "first j with x_j = y_i",
    shapes:
      "[channels, …] → [channels, output] with one to three axes after the channels (for one, "
      + "the output is a list: [4]);  window i covers ⌊i·n/output⌋ to ⌈(i + 1)·n/output⌉ − 1",
    example: "- {type: adaptive_pooling, output: [4, 4]}",
    source: "He, Zhang, Ren, Sun 2014, \"Spatial pyramid pooling in deep convolutional networks\"")

  static let examples = [
    Example(["output": [2, 3]], inputs: [2, 5, 4]),
    Example(["output": [2], "by": "max"], inputs: [2, 5]),
  ]

  private enum Rule: String, CaseIterable, Sendable { case mean, max }

  private let output: [Int]
  private let isListed: Bool
  private let rule: Rule

  init(from options: inout Options) {
    options.suggest("output", for: "output_size")
    options.suggest("by", for: "mode", "reduction")
    output = options.extents("output", in: Window.range, "m: number of windows along each axis")
    if case .list? = options.entry("output")?.content {
      isListed = true
      options.resolve("output", ConfigValue(.list(output.map { ConfigValue(.int($0)) })))
    } else {
      isListed = false
    }
    rule = options.choice("by", default: Rule.mean, "what is computed of a window")
  }

  private func count(_ axis: Int) -> Int { output.count == 1 ? output[0] : output[axis] }

  /// Scratch memory: for the maximum, the position of each.
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard Volume(shape) != nil else {
      throw Diagnostic("\(ConvolutionCore.expected), found \(shape)")
    }
    guard shape.count > 0 else { throw Diagnostic("the input \(shape) has no numbers") }
    guard shape.rank > 2 || isListed else {
      throw Diagnostic(
        "the input \(shape) has one axis after the channels; write output: \(output) if this is "
          + "meant; for images of one channel write data: {shape: [1, \(shape[0]), \(shape[1])]}")
    }
    guard output.count == 1 || output.count == shape.rank - 1 else {
      throw Diagnostic(
        "the input \(shape) has \(shape.rank - 1) image axes, but output has \(output.count) numbers"
      )
    }
    let y = Shape([shape[0]] + (0..<shape.rank - 1).map(count))
    // A position is stored in the bits of a float32.
    guard rule == .mean || shape.count / shape[0] <= Int(Int32.max) else {
      throw Diagnostic("the input \(shape) has more than \(Int32.max) numbers in a channel")
    }
    return Plan(
      output: y, scratch: rule == .max ? [.perSample(y.count)] : [],
      work: max(shape.count, y.count)
    ).with(.ofInput)
  }

  func equations(for inputs: [Port]) -> Equations {
    switch rule {
    case .mean:
      return Equations(
        "m", output: #"y_r = \frac{1}{n_r} \sum_{i \in R_r} x_i"#,
        inputs: [
          .init(
            derivative: "",
            delta: #"\delta_{x_i} = \sum_{r : i \in R_r} \frac{1}{n_r} \delta_{y_r}"#)
        ], remark: Pooling.remark + " nᵣ is the number of these.",
        work: work(for: inputs[0].shape))
    case .max:
      return Equations(
        #"\max"#, output: #"y_r = \max_{i \in R_r} x_i"#,
        inputs: [
          .init(
            derivative: "",
            delta:
              #"\delta_{x_i} = \sum_r \delta_{y_r} [i = \operatorname*{argmax}_{j \in R_r} x_j]"#)
        ], remark: Pooling.remark + " […] is 1 if the condition is true, otherwise 0.",
        work: work(for: inputs[0].shape))
    }
  }

  private func work(for input: Shape) -> Equations.Work? {
    guard let output = try? plan(for: [Port(input)]).output, let volume = Volume(input) else {
      return nil
    }
    var windows: [[Int]] = []
    forEachWindow(of: input, samples: 1) { _, base, a, b, c in
      var entries: [Int] = []
      for i in a {
        for j in b { entries += c.map { base + (i * volume.rows + j) * volume.columns + $0 } }
      }
      windows.append(entries)
    }
    let entries = PoolingEntries(
      windows: windows, sizes: windows.map(\.count), input: input, output: output,
      normalizes: false)
    return rule == .mean ? entries.mean : entries.maximum
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // One reduction per axis: the windows of an axis do not depend on the others.
    let input = node.inputPorts[0].shape
    var y = node.inputs[0]
    for axis in 1..<input.rank {
      let (n, m) = (input[axis], count(axis - 1))
      let parts = (0..<m).map { i in
        let part = graph.add(
          "Slice", y, graph.integers([i * n / m]), graph.integers([((i + 1) * n + m - 1) / m]),
          graph.integers([axis + 1]))
        return graph.add(
          rule == .mean ? "ReduceMean" : "ReduceMax", part, graph.integers([axis + 1]))
      }
      y =
        parts.count == 1
        ? parts[0] : graph.add("Concat", parts, attributes: [("axis", .integer(axis + 1))])
    }
    return [y]
  }

  /// Calls `body` for each window: its number, and the ranges of its entries.
  @inline(__always)
  private func forEachWindow(
    of shape: Shape, samples: Int,
    _ body: (_ window: Int, _ base: Int, _ a: Range<Int>, _ b: Range<Int>, _ c: Range<Int>) -> Void
  ) {
    guard let x = Volume(shape) else { return }
    let axes = shape.rank - 1
    let columns = count(axes - 1)
    let rows = axes > 1 ? count(axes - 2) : 1
    let slices = axes > 2 ? count(0) : 1
    func range(_ i: Int, _ m: Int, over n: Int) -> Range<Int> {
      (i &* n / m)..<(((i &+ 1) &* n &+ m &- 1) / m)
    }
    var window = 0
    for plane in 0..<(samples &* x.channels) {
      let base = plane &* x.slices &* x.rows &* x.columns
      for i in 0..<slices {
        let a = range(i, slices, over: x.slices)
        for j in 0..<rows {
          let b = range(j, rows, over: x.rows)
          for k in 0..<columns {
            body(window, base, a, b, range(k, columns, over: x.columns))
            window &+= 1
          }
        }
      }
    }
  }

  func forward<S: Scalar>(_ pass: ForwardPass<S>) {
    let (x, y) = (pass.x.start, pass.y.start)
    guard let volume = Volume(pass.x.shape) else { return }
    let (rows, columns) = (volume.rows, volume.columns)
    let positions = rule == .max ? pass.scratch[0].start : nil
    forEachWindow(of: pass.x.shape, samples: pass.samples) { window, base, a, b, c in
      var (sum, most, top): (S, S, Int) = (0, -.infinity, -1)
      for i in a {
        for j in b {
          let line = (i &* rows &+ j) &* columns
          for k in c {
            let value = x[base &+ line &+ k]
            sum += value
            // NaN is larger than any number.
            if top < 0 || (!(value <= most) && !most.isNaN) {
              (most, top) = (value, line &+ k)
            }
          }
        }
      }
      guard let positions else {
        y[window] = sum / S(a.count &* b.count &* c.count)
        return
      }
      y[window] = most
      positions[window] = S(bitsOf: top)
    }
  }

  func backward<S: Scalar>(_ pass: BackwardPass<S>) {
    let (dx, dy) = (pass.dx.start, pass.dy.start)
    guard let volume = Volume(pass.x.shape) else { return }
    let (rows, columns) = (volume.rows, volume.columns)
    let positions = rule == .max ? pass.scratch[0].start : nil
    forEachWindow(of: pass.x.shape, samples: pass.samples) { window, base, a, b, c in
      if let positions {
        dx[base &+ positions[window].integerBits] += dy[window]
        return
      }
      let share = dy[window] / S(a.count &* b.count &* c.count)
      for i in a {
        for j in b {
          let line = base &+ (i &* rows &+ j) &* columns
          for k in c { dx[line &+ k] += share }
        }
      }
    }
  }
}

extension Scalar {
  /// A number whose bits are an integer that fits 32 bits.
  fileprivate init(bitsOf integer: Int) {
    var value: Self = 0
    withUnsafeMutableBytes(of: &value) { $0.storeBytes(of: Int32(integer), as: Int32.self) }
    self = value
  }

  fileprivate var integerBits: Int {
    Int(withUnsafeBytes(of: self) { $0.load(as: Int32.self) })
  }
}
