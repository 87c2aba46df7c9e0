public import NNExp

/// A planned model: nodes in an order in which each follows its inputs, every
/// shape known, every parameter placed.
public struct Graph: Sendable {
  /// A node whose shapes are settled.
  public struct Node: Sendable {
    public let name: String
    public let typeName: String
    public let layer: any Layer
    public let plan: Plan
    /// Positions of the nodes that feed it; −1 for the data.
    public let inputs: [Int]
    public let inputShapes: [Shape]
    /// Positions within `Graph.parameters`.
    public let parameters: Range<Int>
    /// True if it or a node before it has a parameter that learns.
    public let learnsFromBelow: Bool
    public let place: Place?

    /// The function that the node computes entry by entry, if that is all it does:
    /// passes then call the function's kernels instead of the layer.
    var function: ElementwiseFunction? {
      inputShapes == [plan.output] && plan.parameters.isEmpty && plan.state.isEmpty
        ? layer.elementwise : nil
    }
  }

  /// A parameter and its place within the one vector of all parameters.
  public struct Parameter: Sendable {
    public let node: String
    public let name: String
    public let shape: Shape
    public let isFrozen: Bool
    public let initializer: any Initializer
    /// λ₁ and λ₂; 0 for vectors such as biases.
    public let l1: Double
    public let l2: Double
    /// Position of its first element. Trainable parameters come first.
    public internal(set) var offset: Int
    public let place: Place?
  }

  public let inputShape: Shape
  public let nodes: [Node]
  public let parameters: [Parameter]

  /// Elements of all parameters together, and of those that learn.
  public let parameterCount: Int
  public let trainableCount: Int

  public var outputShape: Shape { nodes.last!.plan.output }

  /// True if some node's output for a sample depends on the whole batch.
  public var couplesSamples: Bool { nodes.contains { $0.plan.couplesSamples } }

  /// Orders and plans the model. Throws every mistake, each with its place.
  public init(
    _ model: ModelDeclaration, inputShape: Shape, l1: Double = 0, l2: Double = 0,
    registry: Registry
  ) throws {
    var mistakes = Diagnostics()
    let order = try Graph.ordered(model)
    self.inputShape = inputShape

    var nodes: [Node] = []
    var parameters: [Parameter] = []
    var positions: [String: Int] = [ModelDeclaration.inputName: -1]
    for (declaration, inputNames) in order {
      // A node behind a failed one cannot be planned; its mistakes come later.
      let inputs = inputNames.compactMap { positions[$0] }
      guard inputs.count == inputNames.count else { continue }
      let shapes = inputs.map { $0 < 0 ? inputShape : nodes[$0].plan.output }
      do {
        let plan = try Graph.plan(declaration, inputNames, shapes, nodes, inputs)
        let first = parameters.count
        parameters += try Graph.parameters(of: declaration, plan, l1: l1, l2: l2, registry)
        let learns = parameters[first...].contains { !$0.isFrozen }
        positions[declaration.name] = nodes.count
        nodes.append(
          Node(
            name: declaration.name, typeName: declaration.typeName, layer: declaration.layer,
            plan: plan, inputs: inputs, inputShapes: shapes,
            parameters: first..<parameters.count,
            learnsFromBelow: learns || inputs.contains { $0 >= 0 && nodes[$0].learnsFromBelow },
            place: declaration.place))
      } catch {
        mistakes.add(error, at: declaration.place)
      }
    }
    try mistakes.throwIfAny()

    // Trainable parameters first, so that one pass over one vector updates all.
    var offset = 0
    for frozen in [false, true] {
      for index in parameters.indices where parameters[index].isFrozen == frozen {
        parameters[index].offset = offset
        let (end, overflow) = offset.addingReportingOverflow(parameters[index].shape.count)
        offset = overflow ? Int.max : end
      }
    }
    self.nodes = nodes
    self.parameters = parameters
    parameterCount = offset
    trainableCount = parameters.reduce(0) {
      $1.isFrozen ? $0 : $0.addingReportingOverflow($1.shape.count).partialValue
    }
  }
}

extension Graph {
  /// The declarations in a computable order, with the names that feed each.
  private static func ordered(
    _ model: ModelDeclaration
  ) throws -> [(NodeDeclaration, inputs: [String])] {
    var mistakes = Diagnostics()
    let names = model.nodes.map(\.name)
    let known = Set(names).union([ModelDeclaration.inputName])
    var feeds: [[String]] = []
    for (index, node) in model.nodes.enumerated() {
      guard let references = node.inputs else {
        feeds.append([index == 0 ? ModelDeclaration.inputName : names[index - 1]])
        continue
      }
      for reference in references where !known.contains(reference.name) {
        // Each costs the number of nodes, and only so many are shown.
        let isShown = mistakes.list.count < Diagnostics.mostShown
        let names = isShown ? [ModelDeclaration.inputName] + names : []
        mistakes.add(
          Diagnostic(
            "'\(node.name)' takes its input from '\(reference.name)', which is not a node"
              + suggestion(for: reference.name, among: names), at: reference.place,
            notes: [.init("the nodes are: " + listed(names))]))
      }
      feeds.append(references.map(\.name))
    }
    try mistakes.throwIfAny()

    // Every node but the last must feed another.
    let used = Set(feeds.joined())
    for node in model.nodes.dropLast() where !used.contains(node.name) {
      mistakes.add(
        Diagnostic(
          "the output of '\(node.name)' goes nowhere; the model's output is its last node, '\(names.last!)'",
          at: node.place))
    }

    // Depth-first, in the file's order; a node met again on its own path is a cycle.
    let positions = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
    var order: [Int] = []
    var isDone = [Bool](repeating: false, count: names.count)
    for start in names.indices where !isDone[start] {
      var path: [(node: Int, next: Int)] = [(start, 0)]
      while let (node, next) = path.last {
        if next == feeds[node].count {
          order.append(node)
          isDone[node] = true
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        guard let feeder = positions[feeds[node][next]], !isDone[feeder] else { continue }
        if let repeated = path.firstIndex(where: { $0.node == feeder }) {
          let cycle = path[repeated...].map { names[$0.node] } + [names[feeder]]
          mistakes.add(
            Diagnostic(
              "the model has a cycle: " + cycle.reversed().joined(separator: " -> "),
              at: model.nodes[feeder].place))
          throw mistakes
        }
        path.append((feeder, 0))
      }
    }
    try mistakes.throwIfAny()
    return order.map { (model.nodes[$0], feeds[$0]) }
  }

  /// The layer's plan, its refusal told with the node's name and its inputs'.
  private static func plan(
    _ declaration: NodeDeclaration, _ inputNames: [String], _ shapes: [Shape], _ nodes: [Node],
    _ inputs: [Int]
  ) throws -> Plan {
    func producers() -> [Diagnostic.Note] {
      let most = 16
      let notes = zip(inputNames, zip(shapes, inputs)).prefix(most).map { name, producer in
        let (shape, position) = producer
        return position < 0
          ? Diagnostic.Note("the data are \(shape) a sample")
          : Diagnostic.Note("'\(name)' produces \(shape)", at: nodes[position].place)
      }
      return inputNames.count > most
        ? notes + [.init("… and \(inputNames.count - most) more inputs")] : notes
    }
    let allowed = declaration.layer.inputCount
    guard allowed.contains(shapes.count) else {
      let wanted =
        if allowed.count == 1 {
          "\(allowed.lowerBound)"
        } else if allowed.upperBound == .max {
          "\(allowed.lowerBound) or more"
        } else {
          "\(allowed.lowerBound) to \(allowed.upperBound)"
        }
      throw Diagnostic(
        "'\(declaration.name)' (\(declaration.typeName)) takes \(wanted) input\(wanted == "1" ? "" : "s"), found \(shapes.count)",
        at: declaration.place, notes: producers())
    }
    do {
      let plan = try declaration.layer.plan(for: shapes)
      try plan.requireFourAxes()
      return plan
    } catch let fact as Diagnostic {
      var diagnostic = fact.located(at: declaration.place)
      diagnostic.message = "'\(declaration.name)' (\(declaration.typeName)): \(fact.message)"
      diagnostic.notes += producers()
      throw diagnostic
    }
  }

  private static func parameters(
    of declaration: NodeDeclaration, _ plan: Plan, l1: Double, l2: Double, _ registry: Registry
  ) throws -> [Parameter] {
    var mistakes = Diagnostics()
    let names = plan.parameters.map(\.name)
    func check(_ reference: NodeDeclaration.Reference) {
      if names.contains(reference.name) { return }
      let known =
        names.isEmpty ? "it has none" : "its parameters are: " + names.joined(separator: ", ")
      mistakes.add(
        Diagnostic(
          "'\(declaration.name)' (\(declaration.typeName)) has no parameter '\(reference.name)'"
            + suggestion(for: reference.name, among: names),
          at: reference.place, notes: [.init(known)]))
    }
    var frozen: Set<String> = []
    switch declaration.frozen {
    case .none: break
    case .all: frozen = Set(names)
    case .some(let references):
      references.forEach(check)
      frozen = Set(references.map(\.name))
    }
    declaration.initial.map(\.parameter).forEach(check)

    var parameters: [Parameter] = []
    for parameter in plan.parameters {
      let initializer: any Initializer
      if let given = declaration.initial.first(where: { $0.parameter.name == parameter.name }) {
        initializer = given.initializer
      } else {
        initializer = try registry.initializers.type(
          named: parameter.initial.type, at: declaration.place
        ).value(parameter.initial.options)
      }
      let isWeight = parameter.shape.rank >= 2
      parameters.append(
        Parameter(
          node: declaration.name, name: parameter.name, shape: parameter.shape,
          isFrozen: frozen.contains(parameter.name), initializer: initializer,
          l1: isWeight ? declaration.l1 ?? l1 : 0, l2: isWeight ? declaration.l2 ?? l2 : 0,
          offset: 0, place: declaration.place))
    }
    try mistakes.throwIfAny()
    return parameters
  }
}
