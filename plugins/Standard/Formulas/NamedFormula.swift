import NNExp

/// A named layer with a fixed equation: a ``FormulaLayer`` that the file need not write.
protocol NamedFormula: Layer, Component {
  var layer: FormulaLayer { get }
}

extension NamedFormula {
  func plan(for inputs: [Port]) throws -> Plan { try layer.plan(for: inputs) }

  func equations(for inputs: [Port]) -> Equations { layer.equations(for: inputs) }

  func export(_ node: ExportedNode, to graph: inout OperatorGraph) -> [OperatorGraph.Value]? {
    layer.export(node, to: &graph)
  }

  func forward<S: KernelScalar>(_ pass: ForwardPass<S>) { layer.forward(pass) }

  func backward<S: KernelScalar>(_ pass: BackwardPass<S>) { layer.backward(pass) }
}
