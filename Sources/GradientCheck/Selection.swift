public import Engine
import NNExp

extension GradientCheckSettings {
  /// Throws if `only` contains a name that the model lacks, or if a check is requested
  /// although there are no parameters to train.
  public func requireSense(for graph: Graph) throws {
    if moments.isEmpty { return }
    if isExplicit && graph.parameters.isEmpty {
      throw Diagnostic(
        "the model has no parameters, so there is no gradient to check",
        at: graph.nodes.first?.location,
        notes: [.init("add a layer that learns, or write gradient_check: false")])
    }
    let names = graph.tensorNames
    let losses = graph.namesHeads ? graph.heads.map { "loss.\(graph.nodes[$0].name)" } : ["loss"]
    let known = graph.nodes.map(\.name) + losses + names
    var errors = Diagnostics()
    for name in only where !known.contains(text: name) {
      let node = name.split(atByte: ".", omittingEmptySubsequences: false)[0]
      let siblings = names.filter { $0.hasPrefix(bytes: node + ".") }
      var diagnostic = Diagnostic(
        "only: no node or tensor is called '\(name)'" + suggestion(for: name, among: known),
        at: onlyLocation)
      diagnostic.notes = [
        siblings.isEmpty
          ? .init("the nodes are: " + listed(graph.nodes.map(\.name)))
          : .init("'\(node)' has: " + siblings.joined(separator: ", "))
      ]
      errors.add(diagnostic)
    }
    try errors.throwIfAny()
  }

  /// True if the check is requested.
  private var isExplicit: Bool { !isGuard }
}

extension Graph {
  /// The names in reports, such as `hidden.x` and `hidden.weight`. An activation is listed at
  /// the first node that reads it.
  fileprivate var tensorNames: [String] {
    var names: [String] = []
    var listed: Set<Graph.Edge> = []
    for node in nodes {
      for (position, source) in node.inputs.enumerated()
      where !node.inputPorts[position].isIndices && listed.insert(source).inserted {
        names.append("\(node.name).\(NetworkSubject.inputName(position, of: node.inputs.count))")
      }
      names += parameters(of: node).filter { $0.node == node.name }.map {
        "\(node.name).\($0.name)"
      }
    }
    return names + heads.map { namesHeads ? "loss.\(nodes[$0].name).z" : "loss.z" }
  }
}
