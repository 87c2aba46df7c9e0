import NNExp

/// Local response normalization: every number is divided by a power of the sum of squares of the
/// channels beside its own.
///
///     s_c   = k + (α/n) Σ x_j²,  j from c − ⌊(n − 1)/2⌋ to c + ⌈(n − 1)/2⌉, n = size
///     y_c   = x_c · s_c^(−β)
///     ∂x_c += ∂y_c · s_c^(−β) − (2αβ/n) x_c Σ ∂y_j · x_j · s_j^(−β−1)   over the j whose sum has c
///
/// - Shape: `[channels, …]` → the same
/// - Source: Krizhevsky, Sutskever, Hinton 2012; for an even n the channels of ONNX's LRN
struct LocalResponseNormalization: Layer, Component {
  static let typeName = "local_response_normalization"
  static let foreignNames = ["lrn", "local_response_norm", "cross_map_lrn2d"]
  static let documentation = Documentation(
    "every number divided by a power of the sum of squares of the channels beside its own",
    equation: """
      y_c = x_c·s_c^(−β), s_c = k + (α/n) Σ x_j², j from c − ⌊(n − 1)/2⌋ to c + ⌈(n − 1)/2⌉, n = size;
      ∂x_c += ∂y_c·s_c^(−β) − (2αβ/n) x_c Σ ∂y_j·x_j·s_j^(−β−1)
      """,
    shapes: "[channels, …] → the same shape",
    example: "- {type: local_response_normalization, size: 5}",
    source: "Krizhevsky, Sutskever, Hinton 2012, \"ImageNet classification with deep "
      + "convolutional neural networks\"; ONNX's LRN")

  static let examples = [Example(["size": 3, "alpha": 0.5], inputs: [5, 2, 2])]

  private let size: Int
  private let alpha: Double
  private let beta: Double
  private let k: Double

  init(from options: inout Options) {
    options.suggest("k", for: "bias")
    size = options.int("size", in: 1..., "n: the number of channels in a sum")
    alpha = options.double("alpha", default: 1e-4, in: .nonnegative, "α: the factor of the squares")
    beta = options.double("beta", default: 0.75, in: .nonnegative, "β: the exponent")
    k = options.double("k", default: 1, in: .positive, "added to the sum")
  }

  /// Scratch memory: s, s^(−β), and ∂y·x·s^(−β−1).
  func plan(for inputs: [Port]) throws -> Plan {
    let shape = inputs[0].shape
    guard shape.rank > 0, shape.count > 0 else {
      throw Diagnostic("the input \(shape) has no numbers")
    }
    return Plan(
      output: shape, scratch: Array(repeating: .perSample(shape.count), count: 3),
      work: shape.count.times(min(size, shape[0])))
  }

  func equations(for inputs: [Port]) -> Equations {
    let number = Equations.number
    return Equations(
      #"\nu"#, output: #"y_c = x_c s_c^{-\#(number(beta))}"#,
      where: [
        #"s_c = \#(number(k)) + \frac{\#(number(alpha))}{\#(size)} \sum_{j \in N_c} x_j^2"#
      ],
      inputs: [
        .init(
          derivative: "",
          delta: #"\delta_{x_c} = \delta_{y_c} s_c^{-\#(number(beta))} - "#
            + #"\#(doubledShare) x_c \sum_{j : c \in N_j} "#
            + #"\delta_{y_j} x_j s_j^{-\#(number(beta + 1))}"#)
      ],
      remark: "N_c are the \(size) channels around the channel c, at the same position.",
      work: { entry($0, $1, $2, shape: inputs[0].shape) })
  }

  /// 2αβ/n as a formula.
  private var doubledShare: String {
    #"\frac{2 \cdot \#(Equations.number(alpha)) \cdot \#(Equations.number(beta))}{\#(size)}"#
  }

  /// Single entries with their numbers, for explanations.
  private func entry(
    _ tensor: WorkedEntry.Tensor, _ index: Int, _ sample: WorkedEntry.Sample, shape: Shape
  ) -> WorkedEntry? {
    let number = WorkedEntry.number
    let (x, dy) = (sample.x, sample.outputGradient)
    let positions = shape.count / shape[0]
    func letter(_ name: String, _ i: Int) -> String { WorkedEntry.letter(name, i, of: shape) }
    func delta(_ i: Int) -> String { #"\delta_{\#(letter("y", i))}"# }
    func neighbors(_ i: Int) -> [Int] {
      self.neighbors(of: i / positions, of: shape[0]).map { $0 * positions + i % positions }
    }
    func sum(_ i: Int) -> WorkedEntry {
      let terms = neighbors(i).map { j in
        WorkedEntry.Term(
          x[j] * x[j], "\(letter("x", j))^2", "\(WorkedEntry.base(x[j]))^2")
      }
      let share = #"\frac{\#(Equations.number(alpha))}{\#(size)}"#
      let step = WorkedEntry.Step.sum(
        open: #"\#(Equations.number(k)) + \#(share) ("#, close: ")")
      return WorkedEntry(
        letter("s", i), terms: terms, steps: [step, step],
        value: k + alpha / Double(size) * terms.reduce(0) { $0 + $1.value })
    }
    func power(_ i: Int, _ exponent: Double, _ s: WorkedEntry) -> (letters: String, text: String) {
      let exponent = WorkedEntry.bare(exponent)
      return ("\(letter("s", i))^{\(exponent)}", "\(WorkedEntry.base(s.value))^{\(exponent)}")
    }
    switch tensor {
    case .output:
      let s = sum(index)
      let power = power(index, -beta, s)
      return .sum(
        letter("y", index),
        [
          .init(
            x[index] * Double.pow(s.value, -beta), "\(letter("x", index)) \(power.letters)",
            #"\#(number(x[index])) \cdot \#(power.text)"#, uses: [s])
        ])
    case .inputGradient:
      let s = sum(index)
      let own = power(index, -beta, s)
      let first = dy[index] * Double.pow(s.value, -beta)
      let factor = 2 * alpha * beta / Double(size)
      // The channels whose sums have this one.
      let readers = (0..<shape[0]).map { $0 * positions + index % positions }
        .filter { neighbors($0).contains(index) }
      let terms = readers.map { j in
        let s = sum(j)
        let power = power(j, -beta - 1, s)
        return WorkedEntry.Term(
          dy[j] * x[j] * Double.pow(s.value, -beta - 1),
          "\(delta(j)) \(letter("x", j)) \(power.letters)",
          #"\#(number(dy[j])) \cdot \#(number(x[j])) \cdot \#(power.text)"#, uses: [s])
      }
      let share = doubledShare
      return WorkedEntry(
        #"\delta_{\#(letter("x", index))}"#, terms: terms,
        steps: [
          .sum(
            open: #"\#(delta(index)) \#(own.letters) - \#(share) \#(letter("x", index)) ("#,
            close: ")"),
          .sum(
            open: #"\#(number(dy[index])) \cdot \#(own.text) - \#(share) \cdot "#
              + #"\#(number(x[index])) \cdot ("#, close: ")"),
        ], value: first - factor * x[index] * terms.reduce(0) { $0 + $1.value })
    case .parameterGradient: return nil
    }
  }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    // ONNX's operator has its numbers in float32, and at least one axis after the channels.
    let shape = node.inputPorts[0].shape
    let x = node.inputs[0]
    let channels = shape[0]
    let rows = (0..<channels).flatMap { c in
      (0..<channels).map { neighbors(of: c, of: channels).contains($0) ? alpha / Double(size) : 0 }
    }
    let flat = graph.reshape(x, to: [channels, shape.count / channels])
    let sums = graph.add(
      "MatMul", graph.constant(rows, [channels, channels]), graph.add("Mul", flat, flat))
    let s = graph.add("Add", sums, graph.constant(k))
    let y = graph.add("Mul", flat, graph.add("Pow", s, graph.constant(-beta)))
    return [graph.reshape(y, to: shape)]
  }

  private func neighbors(of c: Int, of channels: Int) -> Range<Int> {
    max(0, c &- (size &- 1) / 2)..<min(channels, c &+ size / 2 &+ 1)
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) {
    let shape = pass.x.shape
    let (channels, positions) = (shape[0], shape.count / shape[0])
    let (sums, powers) = (pass.scratch[0].start, pass.scratch[1].start)
    sums.update(repeating: S(k), count: pass.y.count)
    let factor = S(alpha / Double(size))
    for sample in 0..<pass.samples {
      let first = sample &* shape.count
      for c in 0..<channels {
        let s = sums + (first &+ c &* positions)
        for j in neighbors(of: c, of: channels) {
          let x = pass.x.start + (first &+ j &* positions)
          for i in 0..<positions { s[i] += factor * (x[i] * x[i]) }
        }
      }
    }
    S.power(sums, -beta, into: powers, count: pass.y.count)
    for i in pass.y.indices { pass.y[i] = pass.x[i] * powers[i] }
  }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) {
    let shape = pass.x.shape
    let (channels, positions) = (shape[0], shape.count / shape[0])
    let (x, dx, dy) = (pass.x, pass.dx, pass.dy)
    let (sums, powers, terms) = (pass.scratch[0], pass.scratch[1], pass.scratch[2])
    for i in dx.indices {
      dx[i] += dy[i] * powers[i]
      terms[i] = dy[i] * x[i] * powers[i] / sums[i]
    }
    let factor = S(2 * alpha * beta / Double(size))
    for sample in 0..<pass.samples {
      let first = sample &* shape.count
      for j in 0..<channels {
        let t = terms.start + (first &+ j &* positions)
        for c in neighbors(of: j, of: channels) {
          let at = first &+ c &* positions
          let (x, dx) = (x.start + at, dx.start + at)
          for i in 0..<positions { dx[i] -= factor * x[i] * t[i] }
        }
      }
    }
  }
}
