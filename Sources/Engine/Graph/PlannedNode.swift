import NNExp

/// A node with its plan, before its parameters have offsets. It is a class because graphs of
/// many nodes are traversed several times.
final class PlannedNode {
  let declaration: NodeDeclaration
  let plan: Plan
  let inputs: [Graph.Edge]
  let ports: [Port]

  /// The names of its outputs for messages: `s.part_1, s.part_2`.
  var outputNames: String { listed(plan.outputs.map { "\(declaration.name).\($0.name)" }) }

  /// Plans the layer. Its errors are reported with the names of the node and its inputs.
  init(
    _ declaration: NodeDeclaration, _ references: [GraphOrder.Reference], _ inputs: [Graph.Edge],
    _ nodes: [PlannedNode], _ data: [Port]
  ) throws {
    self.declaration = declaration
    self.inputs = inputs
    let ports = inputs.map { $0.isData ? data[$0.output] : nodes[$0.node].plan.outputs[$0.output] }
    self.ports = ports

    func producers() -> [Diagnostic.Note] {
      let most = 16
      let notes = zip(references, zip(ports, inputs)).prefix(most).map { reference, producer in
        let (port, edge) = producer
        if !edge.isData {
          return Diagnostic.Note(
            "'\(reference.text)' produces \(port)", at: nodes[edge.node].declaration.location)
        }
        return data.count == 1 && port.name == ModelDeclaration.inputName
          ? Diagnostic.Note("the data are \(port) per sample")
          : Diagnostic.Note("the port '\(port.name)' is \(port) per sample")
      }
      return references.count > most
        ? notes + [.init("… and \(references.count - most) more inputs")] : notes
    }
    let subject = "'\(declaration.name)' (\(declaration.typeName))"
    let layer = declaration.layer
    let allowed = layer.inputCount
    guard allowed.contains(ports.count) else {
      let wanted =
        if allowed.count == 1 {
          "\(allowed.lowerBound)"
        } else if allowed.upperBound == .max {
          "\(allowed.lowerBound) or more"
        } else {
          "\(allowed.lowerBound) to \(allowed.upperBound)"
        }
      throw Diagnostic(
        "\(subject) takes \(wanted) input\(wanted == "1" ? "" : "s"), found \(ports.count)",
        at: declaration.location, notes: producers())
    }
    for (position, port) in ports.enumerated()
    where port.kind != .values && !layer.takesIndices(at: position) {
      throw Diagnostic(
        "\(subject) takes values, but '\(references[position].text)' has indices",
        at: references[position].location, notes: producers())
    }
    do {
      plan = try layer.plan(for: ports)
      try plan.requireFourAxes()
      try plan.requireNumbers(of: ports)
    } catch let fact as Diagnostic {
      var diagnostic = fact.located(at: declaration.location)
      diagnostic.message = "\(subject): \(fact.message)"
      diagnostic.notes += producers()
      throw diagnostic
    }
  }
}
