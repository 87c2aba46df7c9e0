public import NNExp

/// A planned model: nodes in an order in which each follows its inputs, every
/// shape known, every parameter placed.
public struct Graph: Sendable {
  /// The origin of a node's input: a port of the data, or an output of a node.
  public struct Edge: Hashable, Sendable {
    /// Position of the node; −1 for the data.
    public let node: Int
    /// Position among the node's outputs, or among the ports of the data.
    public let output: Int

    public init(node: Int, output: Int = 0) {
      self.node = node
      self.output = output
    }

    public var isData: Bool { node < 0 }
  }

  /// A node whose shapes are settled. By reference: it is looked at often, and has a dozen
  /// references of its own.
  public final class Node: Sendable {
    public let name: String
    public let typeName: String
    public let layer: any Layer
    public let plan: Plan
    public let inputs: [Edge]
    public let inputPorts: [Port]
    /// Positions within `Graph.parameters`, in the plan's order. Another node may use the
    /// same one.
    public let parameters: [Int]
    /// True if it or a node before it has a parameter that learns.
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

    /// The function that the node computes entry by entry, if that is all it does:
    /// passes then call the function's kernels instead of the layer.
    var function: ElementwiseFunction? {
      inputShapes == [plan.output] && plan.outputs.count == 1 && plan.parameters.isEmpty
        && plan.state.isEmpty && inputPorts[0].kind == .values ? layer.elementwise : nil
    }
  }

  /// A parameter and its position within the one vector of all parameters.
  public struct Parameter: Sendable {
    /// The node that owns it.
    public let node: String
    public let name: String
    public let shape: Shape
    public let isFrozen: Bool
    public let initializer: any Initializer
    /// λ₁ and λ₂; 0 for vectors such as biases.
    public let l1: Double
    public let l2: Double
    /// Selects its random numbers: the number of tensors that the nodes before its own
    /// plan, shared ones included, so that sharing one leaves the others' values alone.
    let randomStream: Int
    /// Position of its first element. Trainable parameters come first.
    public internal(set) var offset: Int
    /// The positions of the nodes that use it, the owner among them.
    public internal(set) var users: [Int] = []
    public let location: SourceLocation?

    public var isShared: Bool { users.count > 1 }
  }

  /// The ports of the data; `input` if the file names none.
  public let ports: [Port]
  public let nodes: [Node]
  public let parameters: [Parameter]

  /// The positions of the nodes that a loss reads, in the file's order; the last node if
  /// the file names none. A loss reads the first output.
  public let heads: [Int]

  /// Whether the file names the nodes that losses read.
  public let namesHeads: Bool

  /// Elements of all parameters together, and of those that learn.
  public let parameterCount: Int
  public let trainableCount: Int

  /// The shape that the first loss reads.
  public var outputShape: Shape { outputShape(of: 0) }

  /// The shape that a loss reads.
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

  /// `input`, `image`, `hidden`, `split.left`: an edge as the experiment file writes it.
  public func name(of edge: Edge) -> String {
    if edge.isData { return ports[edge.output].name }
    let node = nodes[edge.node]
    return edge.output == 0 ? node.name : "\(node.name).\(node.plan.outputs[edge.output].name)"
  }

  /// The port that an edge carries.
  public func port(of edge: Edge) -> Port {
    edge.isData ? ports[edge.output] : nodes[edge.node].plan.outputs[edge.output]
  }

  /// The heads whose losses read an edge.
  public func readingHeads(of edge: Edge) -> [Int] {
    edge.output == 0 ? heads.indices.filter { heads[$0] == edge.node } : []
  }

  /// The parameters that a node uses, in the plan's order.
  public func parameters(of node: Node) -> [Parameter] { node.parameters.map { parameters[$0] } }

  /// Orders and plans the model. Throws every error, each with its location.
  ///
  /// - Parameters:
  ///   - ports: of the data; a single one named `input` if the file names none.
  ///   - portLocations: where the file names each port.
  ///   - heads: the nodes that a loss reads; empty for the last node.
  public init(
    _ model: ModelDeclaration, ports: [Port], at portLocations: [SourceLocation?] = [],
    heads: [NodeDeclaration.Reference] = [], l1: Double = 0, l2: Double = 0, registry: Registry
  ) throws {
    var mistakes = Diagnostics()
    let order = try GraphOrder(model, ports: ports, at: portLocations, heads: heads)
    self.ports = ports

    var nodes: [PlannedNode] = []
    // Ports are −1, −2, …
    var positions: [String: Int] = [:]
    for (index, port) in ports.enumerated() { positions[port.name] = -1 - index }
    for (declaration, references) in order.nodes {
      do {
        // A node behind a failed one cannot be planned; its errors come later.
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
        mistakes.add(error, at: declaration.location)
      }
    }
    try mistakes.throwIfAny()
    let (parameters, used) = try Graph.parameters(of: nodes, l1: l1, l2: l2, registry)

    namesHeads = !heads.isEmpty
    self.heads =
      heads.isEmpty ? [nodes.count - 1] : heads.compactMap { positions[$0.name] }
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

  /// The graph of data with one unnamed port of values, and a single loss.
  public init(
    _ model: ModelDeclaration, inputShape: Shape, l1: Double = 0, l2: Double = 0,
    registry: Registry
  ) throws {
    try self.init(
      model, ports: [Port(ModelDeclaration.inputName, inputShape)], l1: l1, l2: l2,
      registry: registry)
  }

  /// The output that a reference names, of the node or port that it names.
  private static func edge(
    _ found: Edge, _ reference: GraphOrder.Reference, of declaration: NodeDeclaration,
    _ nodes: [PlannedNode]
  ) throws -> Edge {
    guard let output = reference.output else { return found }
    let names = found.isData ? [] : nodes[found.node].plan.outputs.map(\.name)
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
