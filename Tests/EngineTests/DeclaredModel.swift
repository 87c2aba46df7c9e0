import Datasets
import Engine
import NNExp
import TestSupport
import YAMLTree

/// Reads the sections `model`, `loss`, `metrics` and `train` of a text.
struct Declared {
  let model: ModelDeclaration
  let objective: Objective
  let training: TrainingDeclaration

  init(_ text: String) throws {
    var options = Options(try parseYAML(Array(text.utf8), name: "test.yaml"))
    model = ModelDeclaration(from: &options, registry: standardRegistry)
    let objective = Objective(from: &options, registry: standardRegistry)
    let training = TrainingDeclaration(from: &options, registry: standardRegistry)
    try options.finish()
    self.objective = objective!
    self.training = training!
  }
}

/// The data's only port.
let dataEdge = Graph.Edge(node: -1)

/// A squared error, or a cross entropy, of the last node.
func heads(of graph: Graph, target: Target) throws -> [Head] {
  let name = if case .classes = target { "cross_entropy" } else { "squared_error" }
  return [
    Head(
      node: graph.nodes.count - 1, outputShape: graph.outputShape, target: target,
      loss: try standardRegistry.losses.type(named: name, at: nil).value(), lossName: name)
  ]
}

extension Declared {
  /// The heads on data with one target.
  func heads(_ graph: Graph, _ target: Target) throws -> [Head] {
    try objective.bound(to: graph, targets: [TargetPort(target: target)], registry: registry)
  }
}

/// Plans the model of a text that contains only a model.
func graph(_ model: String, input: Shape, registry: Registry = standardRegistry) throws -> Graph {
  var options = Options(try parseYAML(Array(model.utf8), name: "test.yaml"))
  let declaration = ModelDeclaration(from: &options, registry: registry)
  try options.finish()
  return try Graph(declaration, inputShape: input, registry: registry)
}

/// The errors in planning the model, as they are shown.
func errors(_ model: String, input: Shape) -> String {
  errorText { try graph(model, input: input) }
}

/// The gradients of some steps of gradient descent, before each of which `load` is called.
func gradients<S: Scalar>(
  ofSteps count: Int, of network: Network<S>, samples: Int, rate: S, random: RandomStream,
  load: (Int) -> Void = { _ in }
) -> [S] {
  let passes = network.passes(samples, isTraining: true)
  var found: [S] = []
  for step in 0..<count {
    load(step)
    network.zero()
    passes.draw(random, step: step)
    passes.forward()
    passes.losses(gradient: true).evaluate()
    passes.backward()
    let (w, g) = (network.trainable, network.trainableGradients)
    for i in w.indices { w[i] -= rate * g[i] }
    found += g.indices.map { g[$0] }
  }
  return found
}
