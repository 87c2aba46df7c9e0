import Engine
import NNExp

/// The tensors that an explanation writes in full.
struct FullTensors {
  private var parameters: Set<Int> = []
  private var edges: Set<Graph.Edge> = []

  /// - Parameter names: `node.tensor` for a parameter or an output, `node` for the first output,
  ///   and the name of a port of the data.
  /// - Throws: a `Diagnostic` for an unknown name.
  init(_ names: [String], in graph: Graph) throws {
    var known: [String] = []
    var edgesByName: [String: Graph.Edge] = [:]
    var parametersByName: [String: Int] = [:]
    for (index, port) in graph.ports.enumerated() {
      edgesByName[port.name] = Graph.Edge(node: -1, output: index)
      known.append(port.name)
    }
    for (k, node) in graph.nodes.enumerated() {
      edgesByName[node.name] = Graph.Edge(node: k)
      for (index, output) in node.plan.outputs.enumerated() {
        edgesByName["\(node.name).\(output.name)"] = Graph.Edge(node: k, output: index)
        known.append("\(node.name).\(output.name)")
      }
    }
    for (p, parameter) in graph.parameters.enumerated() {
      let name = "\(parameter.node).\(parameter.name)"
      parametersByName[name] = p
      known.append(name)
    }
    for name in names {
      if let p = parametersByName[name] {
        parameters.insert(p)
      } else if let edge = edgesByName[name] {
        edges.insert(edge)
      } else {
        throw Diagnostic(
          "there is no tensor '\(name)'\(suggestion(for: name, among: known))",
          notes: [.init("the tensors are: " + listed(known))])
      }
    }
  }

  func contains(_ variable: SamplePass.Variable) -> Bool {
    switch variable {
    case .value(let edge): edges.contains(edge)
    case .parameter(let p): parameters.contains(p)
    }
  }
}
