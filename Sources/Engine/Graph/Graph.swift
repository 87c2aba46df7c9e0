public import NNExp

/// A planned model: the nodes in an order in which each follows its inputs, with every shape
/// computed and every parameter assigned an offset.
public struct Graph: Sendable {
  /// The origin of a node's input: a port of the data, or an output of a node.
  public struct Edge: Hashable, Sendable {
    /// The index of the node; −1 for the data.
    public let node: Int
    /// The index among the node's outputs, or among the ports of the data.
    public let output: Int

    public init(node: Int, output: Int = 0) {
      self.node = node
      self.output = output
    }

    public var isData: Bool { node < 0 }
  }

  /// A node whose shapes are computed. It is a class because copies would be frequent, and each
  /// would retain a dozen references.
  public final class Node: Sendable {
    public let name: String
    public let typeName: String
    public let layer: any Layer
    public let plan: Plan
    public let inputs: [Edge]
    public let inputPorts: [Port]
    /// Indices in `Graph.parameters`, in the plan's order. Nodes that share a parameter have
    /// the same index.
    public let parameters: [Int]
    /// True if this node or a node before it has a trainable parameter.
    public let learnsFromBelow: Bool
    public let location: SourceLocation?

    init(
      _ planned: PlannedNode, parameters: [Int], learnsFromBelow: Bool
    ) {
      name = planned.declaration.name
      typeName = planned.declaration.typeName
      layer = planned.declaration.layer
      plan = planned.plan
      inputs = planned.inputs
      inputPorts = planned.ports
      self.parameters = parameters
      self.learnsFromBelow = learnsFromBelow
      location = planned.declaration.location
    }

    public var inputShapes: [Shape] { inputPorts.map(\.shape) }

    /// The function that the node applies to each entry, if it does nothing else. The passes
    /// then call the function's kernels instead of the layer.
    var function: ElementwiseFunction? {
      inputShapes == [plan.output] && plan.outputs.count == 1 && plan.parameters.isEmpty
        && plan.state.isEmpty && inputPorts[0].kind == .values ? layer.elementwise : nil
    }
  }

  /// A parameter, and its offset in the vector of all parameters.
  public struct Parameter: Sendable {
    /// The node that owns it.
    public let node: String
    public let name: String
    public let shape: Shape
    public let isFrozen: Bool
    public let initializer: any Initializer
    /// λ₁ and λ₂; 0 for vectors, such as biases.
    public let l1: Double
    public let l2: Double
    /// The largest length of a row; nil for any, and for vectors.
    public let maxNorm: Double?
    /// The stream of the initial values: the number of tensors that earlier nodes plan,
    /// including shared ones, so that sharing a tensor does not change the values of others.
    let randomStream: Int
    /// The index of its first element. Trainable parameters come first.
    public internal(set) var offset: Int
    /// The indices of the nodes that use it, including the owner.
    public internal(set) var users: [Int] = []
    public let location: SourceLocation?

    public var isShared: Bool { users.count > 1 }
  }

  /// The ports of the data; a single port `input` if the file names none.
  public let ports: [Port]
  public let nodes: [Node]
  public let parameters: [Parameter]

  /// The indices of the nodes that a loss reads, in the file's order; the last node if the file
  /// names none. A loss reads the first output.
  public let heads: [Int]

  /// True if the file names the nodes that losses read.
  public let namesHeads: Bool

  /// The number of elements of all parameters, and of the trainable ones.
  public let parameterCount: Int
  public let trainableCount: Int

  /// The shape of the output that the first loss reads.
  public var outputShape: Shape { outputShape(of: 0) }

  /// The shape of the output that a loss reads.
  public func outputShape(of head: Int) -> Shape { nodes[heads[head]].plan.output }

  /// The interval of the numbers that a node produces; nil if it is not known.
  public func outputRange(of node: Int) -> ClosedRange<Double>? {
    switch nodes[node].plan.outputRange {
    case .unknown: return nil
    case .within(let range): return range
    case .ofInput:
      guard let input = nodes[node].inputs.first, !input.isData else { return nil }
      return outputRange(of: input.node)
    }
  }

  /// True if some node's output for a sample depends on the whole batch.
  public var couplesSamples: Bool { nodes.contains { $0.plan.couplesSamples } }

  /// An edge in the notation of the experiment file: `input`, `image`, `hidden`, `split.left`.
  public func name(of edge: Edge) -> String {
    if edge.isData { return ports[edge.output].name }
    let node = nodes[edge.node]
    let outputs = node.plan.outputs
    return outputs.count == 1 ? node.name : "\(node.name).\(outputs[edge.output].name)"
  }

  /// The port that an edge carries.
  public func port(of edge: Edge) -> Port {
    edge.isData ? ports[edge.output] : nodes[edge.node].plan.outputs[edge.output]
  }

  /// The heads whose losses read this edge.
  public func readingHeads(of edge: Edge) -> [Int] {
    edge.output == 0 ? heads.indices.filter { heads[$0] == edge.node } : []
  }

  /// The parameters that a node uses, in the plan's order.
  public func parameters(of node: Node) -> [Parameter] { node.parameters.map { parameters[$0] } }

  /// Orders and plans the model. Throws every error with its location.
  ///
  /// - Parameters:
  ///   - ports: the ports of the data; a single one named `input` if the file names none.
  ///   - portLocations: the locations of the ports' names in the file.
  ///   - heads: the nodes that losses read; empty for the last node.
  public init(
    _ model: ModelDeclaration, ports: [Port], at portLocations: [SourceLocation?] = [],
    heads: [NodeDeclaration.Reference] = [], l1: Double = 0, l2: Double = 0, registry: Registry
  ) throws {
    var errors = Diagnostics()
    let order = try GraphOrder(model, ports: ports, at: portLocations, heads: heads)
    self.ports = ports

    var nodes: [PlannedNode] = []
    // Ports have the indices −1, −2, ….
    var positions: [String: Int] = [:]
    for (index, port) in ports.enumerated() { positions[port.name] = -1 - index }
    for (declaration, references) in order.nodes {
      do {
        // A node after a failed one cannot be planned; its errors are reported later.
        let inputs = try references.compactMap { reference in
          try positions[reference.node].map { position in
            let edge =
              position < 0 ? Edge(node: -1, output: -1 - position) : Edge(node: position)
            return try Graph.edge(edge, reference, of: declaration, nodes)
          }
        }
        guard inputs.count == references.count else { continue }
        let node = try PlannedNode(declaration, references, inputs, nodes, ports)
        positions[declaration.name] = nodes.count
        nodes.append(node)
      } catch {
        errors.add(error, at: declaration.location)
      }
    }
    try errors.throwIfAny()
    let (parameters, used) = try Graph.parameters(of: nodes, l1: l1, l2: l2, registry)

    namesHeads = !heads.isEmpty
    self.heads =
      heads.isEmpty ? [nodes.count - 1] : heads.compactMap { positions[$0.name] }
    for node in self.heads.map({ nodes[$0] }) where node.plan.outputs.count > 1 {
      errors.add(
        Diagnostic(
          "the loss reads '\(node.declaration.name)', which has several outputs; add a node that "
            + "reads one of them", at: node.declaration.location,
          notes: [.init("the outputs are: " + node.outputNames)]))
    }
    try errors.throwIfAny()
    self.nodes = nodes.indices.reduce(into: []) { done, k in
      let node = nodes[k]
      let learns = used[k].contains { !parameters[$0].isFrozen }
      done.append(
        Node(
          node, parameters: used[k],
          learnsFromBelow: learns
            || node.inputs.contains { !$0.isData && done[$0.node].learnsFromBelow }))
    }
    self.parameters = parameters
    parameterCount = parameters.reduce(0) { saturatingSum($0, $1.shape.count) }
    trainableCount = parameters.reduce(0) {
      $1.isFrozen ? $0 : saturatingSum($0, $1.shape.count)
    }
  }

  /// Creates the graph for data with one unnamed port of values, and a single loss.
  public init(
    _ model: ModelDeclaration, inputShape: Shape, l1: Double = 0, l2: Double = 0,
    registry: Registry
  ) throws {
    try self.init(
      model, ports: [Port(ModelDeclaration.inputName, inputShape)], l1: l1, l2: l2,
      registry: registry)
  }

  /// The output that a reference selects from a node or a port.
  private static func edge(
    _ found: Edge, _ reference: GraphOrder.Reference, of declaration: NodeDeclaration,
    _ nodes: [PlannedNode]
  ) throws -> Edge {
    let names = found.isData ? [] : nodes[found.node].plan.outputs.map(\.name)
    guard let output = reference.output else {
      if names.count < 2 { return found }
      throw Diagnostic(
        "'\(declaration.name)' takes its input from '\(reference.node)', which has several outputs; "
          + "name one of them in its inputs", at: reference.location,
        notes: [
          .init(
            "the outputs are: " + nodes[found.node].outputNames,
            at: nodes[found.node].declaration.location)
        ])
    }
    if let position = names.firstIndex(ofText: output) {
      return Edge(node: found.node, output: position)
    }
    throw Diagnostic(
      "'\(declaration.name)' takes its input from '\(reference.text)', but '\(reference.node)' has "
        + "no output '\(output)'" + suggestion(for: output, among: names),
      at: reference.location,
      notes: found.isData
        ? []
        : [.init("its outputs are: " + listed(names), at: nodes[found.node].declaration.location)]
    )
  }
}
