import NNExp

/// The nodes of a model in an order in which each follows its inputs.
struct GraphOrder {
  /// An input in the notation of the file: `hidden`, `split.left`, or a port of the data.
  struct Reference {
    let text: String
    let location: SourceLocation?
    /// The part before the dot.
    let node: String
    /// The part after the dot; nil if there is none.
    let output: String?

    init(_ text: String, at location: SourceLocation?) {
      self.text = text
      self.location = location
      if let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")) {
        node = String(text[..<dot])
        output = String(text[text.utf8.index(after: dot)...])
      } else {
        (node, output) = (text, nil)
      }
    }
  }

  private(set) var nodes: [(NodeDeclaration, inputs: [Reference])] = []

  /// - Throws: every error in the references to nodes, ports and heads.
  init(
    _ model: ModelDeclaration, ports: [Port], at portLocations: [SourceLocation?],
    heads: [NodeDeclaration.Reference]
  ) throws {
    let names = model.nodes.map(\.name)
    let positions = Dictionary(zip(names, names.indices)) { first, _ in first }
    let feeds = try GraphOrder.references(model, ports: ports, positions)
    try GraphOrder.check(heads, among: names, positions)
    try GraphOrder.checkUse(model, ports: ports, at: portLocations, heads: heads, feeds)

    // Depth-first, in the file's order. Reaching a node on its own path means a cycle.
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
        guard let feeder = positions[feeds[node][next].node], !isDone[feeder] else { continue }
        if let repeated = path.firstIndex(where: { $0.node == feeder }) {
          let cycle = path[repeated...].map { names[$0.node] } + [names[feeder]]
          throw Diagnostics([
            Diagnostic(
              "the model has a cycle: " + cycle.reversed().joined(separator: " -> "),
              at: model.nodes[feeder].location)
          ])
        }
        path.append((feeder, 0))
      }
    }
    nodes = order.map { (model.nodes[$0], feeds[$0]) }
  }

  /// The inputs of each node; by default, the node before it.
  private static func references(
    _ model: ModelDeclaration, ports: [Port], _ positions: [String: Int]
  ) throws -> [[Reference]] {
    var errors = Diagnostics()
    let portNames = ports.map(\.name)
    let isUnnamed = portNames == [ModelDeclaration.inputName]
    var feeds: [[Reference]] = []
    for (index, node) in model.nodes.enumerated() {
      if !isUnnamed, portNames.contains(text: node.name) {
        errors.add(
          Diagnostic(
            "'\(node.name)' is the name of a port of the data; give the node another one",
            at: node.location))
      }
      guard let references = node.inputs else {
        if index == 0, !isUnnamed {
          errors.add(
            Diagnostic(
              "'\(node.name)' needs 'inputs': the data have named ports", at: node.location,
              notes: [.init("the ports are: " + listed(portNames))]))
        }
        let feeder = index == 0 ? portNames[0] : model.nodes[index - 1].name
        feeds.append([Reference(feeder, at: node.location)])
        continue
      }
      feeds.append(references.map { Reference($0.name, at: $0.location) })
      for reference in feeds[index]
      where positions[reference.node] == nil && !portNames.contains(text: reference.text) {
        // Each error takes time in proportion to the number of nodes, and only some are shown.
        let isShown = errors.list.count < Diagnostics.mostShown
        let names = isShown ? portNames + model.nodes.map(\.name) : []
        let what = isUnnamed ? "is not a node" : "is neither a node nor a port of the data"
        errors.add(
          Diagnostic(
            "'\(node.name)' takes its input from '\(reference.text)', which \(what)"
              + suggestion(for: reference.text, among: names), at: reference.location,
            notes: [
              .init((isUnnamed ? "the nodes are: " : "ports and nodes: ") + listed(names))
            ]))
      }
    }
    try errors.throwIfAny()
    return feeds
  }

  /// Checks that each head is a node, and that no node is named twice.
  private static func check(
    _ heads: [NodeDeclaration.Reference], among names: [String], _ positions: [String: Int]
  ) throws {
    var errors = Diagnostics()
    for head in heads where positions[head.name] == nil {
      errors.add(
        Diagnostic(
          "loss: '\(head.name)' is not a node" + suggestion(for: head.name, among: names),
          at: head.location, notes: [.init("the nodes are: " + listed(names))]))
    }
    try errors.throwIfAny()
  }

  /// Checks that every port is read, and that every node feeds another one or a loss.
  private static func checkUse(
    _ model: ModelDeclaration, ports: [Port], at portLocations: [SourceLocation?],
    heads: [NodeDeclaration.Reference], _ feeds: [[Reference]]
  ) throws {
    var errors = Diagnostics()
    let used = Set(feeds.joined().map(\.node))
    let names = Set(heads.map(\.name))
    for (index, node) in model.nodes.enumerated()
    where !used.contains(node.name) && !names.contains(node.name) {
      if heads.isEmpty {
        if index == model.nodes.count - 1 { continue }
        errors.add(
          Diagnostic(
            "the output of '\(node.name)' is not used; the model's output is its last node, "
              + "'\(model.nodes.last?.name ?? "")'", at: node.location))
      } else {
        errors.add(
          Diagnostic(
            "the output of '\(node.name)' is not used: no node and no loss reads it",
            at: node.location,
            notes: [.init("the losses read: " + listed(heads.map(\.name)))]))
      }
    }
    for (index, port) in ports.enumerated()
    where ports.count > 1 || port.name != ModelDeclaration.inputName {
      if used.contains(port.name) { continue }
      errors.add(
        Diagnostic(
          "no node reads the port '\(port.name)' of the data; leave it out of the data, or name "
            + "it in a node's inputs",
          at: portLocations.indices.contains(index) ? portLocations[index] : model.location))
    }
    try errors.throwIfAny()
  }
}
