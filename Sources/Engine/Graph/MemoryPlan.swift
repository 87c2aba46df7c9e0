public import NNExp

/// The memory that a training needs, in bytes, computed before any is allocated.
public struct MemoryPlan: Sendable {
  public let parameters: Int
  public let gradients: Int
  public let optimizer: Int
  public let activations: Int

  /// The sum of all; `Int.max` if it overflows.
  public var total: Int {
    [parameters, gradients, optimizer, activations].reduce(0, saturatingSum)
  }

  /// - Parameters:
  ///   - vectors: the number of values that are stored per trainable parameter in addition to the
  ///     parameter and its gradient.
  ///   - use: the passes that the network runs.
  public init(
    _ graph: Graph, heads: [Head], vectors: Int, capacity: Int, scalarSize: Int,
    use: NetworkUse = .training
  ) {
    let network = NetworkLayout(
      graph, heads: heads, fusion: Fusion(graph, heads: heads), use: use, capacity: capacity,
      scalarSize: scalarSize)
    var optimizer = Layout(scalarSize: scalarSize)
    for _ in 0..<vectors { _ = optimizer.add(graph.trainableCount) }
    self.optimizer = optimizer.bytes
    parameters = saturatingProduct(graph.parameterCount, scalarSize)
    gradients = use == .evaluation ? 0 : parameters
    // The gradients of the data's ports are reserved even if no node computes them.
    let unused =
      network.overlaps
      ? 0
      : zip(network.dx, graph.ports.indices).reduce(0) { sum, port in
        graph.addsToGradient(ofPort: port.1)
          ? sum : saturatingSum(sum, saturatingProduct(port.0.count, scalarSize))
      }
    activations =
      network.whole.bytes == .max
      ? .max : network.whole.bytes - parameters - gradients - unused
  }

  /// The memory of a network that only evaluates, and the largest number of samples per pass: half of
  /// those of the training, or a quarter and so on, while large activations take more than a fifth of
  /// the training's.
  static func ofEvaluation(
    _ graph: Graph, heads: [Head], capacity: Int, scalarSize: Int, training: MemoryPlan
  ) -> (plan: MemoryPlan, capacity: Int) {
    var capacity = capacity
    while true {
      let plan = MemoryPlan(
        graph, heads: heads, vectors: 0, capacity: capacity, scalarSize: scalarSize,
        use: .evaluation)
      let isSmall =
        training.activations < 1 << 24 || plan.activations <= training.activations / 5
      if isSmall || capacity <= Shards.fewestSamples { return (plan, capacity) }
      capacity = (capacity + 1) / 2
    }
  }

  /// Throws if the machine has less memory than this. One megabyte is always assumed to be
  /// available.
  public func requireAvailable(at location: SourceLocation?) throws {
    if total < 1 << 20 { return }
    let available = availableMemory()
    if total > available {
      throw Diagnostic(
        "the model needs \(describeBytes(total)) of memory, and \(describeBytes(available)) are available",
        at: location,
        notes: [
          .init(
            "parameters \(describeBytes(parameters)), gradients \(describeBytes(gradients)), "
              + "optimizer \(describeBytes(optimizer)), activations \(describeBytes(activations))")
        ])
    }
  }
}

extension Graph {
  /// True if a training step computes the gradient of a port: a node that learns from another
  /// input computes the gradients of all its inputs.
  fileprivate func addsToGradient(ofPort port: Int) -> Bool {
    nodes.contains { node in
      node.learnsFromBelow && node.inputs.contains(Edge(node: -1, output: port))
        && node.inputs.contains { !$0.isData && nodes[$0.node].learnsFromBelow }
    }
  }

  /// Throws if an extent exceeds 2³¹ − 1, the limit of matrix products.
  func requireCountable() throws {
    let limit = Int(Int32.max)
    for node in nodes {
      let counts =
        node.plan.outputs.map(\.count) + node.inputPorts.map(\.count)
        + parameters(of: node).map(\.shape.count)
      if let count = counts.first(where: { $0 > limit }) {
        throw Diagnostic(
          "'\(node.name)' (\(node.typeName)) has a tensor of \(count) numbers; at most \(limit) are supported",
          at: node.location)
      }
    }
  }
}

extension Plan {
  /// Throws if a tensor has more axes than are supported.
  func requireFourAxes() throws {
    let tensors =
      outputs.map { (outputs.count == 1 ? "its output" : "its output '\($0.name)'", $0.shape) }
      + parameters.map { ("its parameter '\($0.name)'", $0.shape) }
      + state.map { ("its state '\($0.name)'", $0.shape) }
    if let (name, shape) = tensors.first(where: \.1.hasTooManyAxes) {
      throw Diagnostic(
        "\(name) \(shape) has \(shape.rank) axes; at most \(Shape.maximumRank) are supported")
    }
  }

  /// Throws if an input has no numbers and the layer needs some.
  func requireNumbers(of inputs: [Port]) throws {
    if !acceptsEmptyInputs, let input = inputs.first(where: { $0.count == 0 }) {
      throw Diagnostic("the input \(input) has no numbers")
    }
    if let output = outputs.first(where: \.shape.isEmptyButLarge) {
      throw Diagnostic(
        "its output \(output.shape) has no numbers, and its other extents are too large")
    }
  }
}

/// a + b, or `Int.max` if the sum overflows.
public func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? Int.max : sum
}

public func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? Int.max : product
}

/// A size in words, such as `812 bytes`, `3.1 MB` or `4.0 TB`; `more than 9 EB` if it
/// overflowed.
public func describeBytes(_ bytes: Int) -> String {
  if bytes < 1000 { return "\(bytes) bytes" }
  if bytes == Int.max { return "more than 9 EB" }
  var value = Double(bytes)
  var unit = -1
  let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
  while value >= 999.95, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  let tenths = (value * 10).rounded() / 10
  return "\(tenths) \(units[unit])"
}
