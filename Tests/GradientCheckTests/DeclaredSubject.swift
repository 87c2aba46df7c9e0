import Datasets
import Engine
import GradientCheck
import NNExp
import Testing
import YAMLTree

/// The network with the sections `model` and `loss` of a text, to be checked on these
/// samples.
///
/// - Parameters:
///   - target: the target; nil for the shape of the output.
///   - input: the number at a position of all samples' inputs, one after another.
///   - goal: the number at a position of all samples' targets.
func networkSubject<S: Scalar>(
  _ text: String, inputShape: Shape, target: Target? = nil, samples: Int, seed: UInt64,
  registry: Registry, input: (Int) -> S, goal: (Int) -> S
) throws -> NetworkSubject {
  var options = Options(try parseYAML(Array(text.utf8), name: "model.yaml"))
  let model = ModelDeclaration(from: &options, registry: registry)
  let objective = Objective(from: &options, registry: registry)
  try options.finish()
  let graph = try Graph(model, inputShape: inputShape, registry: registry)
  let target = target ?? .values(graph.outputShape)
  let heads = try #require(objective).bound(
    to: graph, targets: [TargetPort(target: target)], registry: registry)
  let network = try Network<S>(graph, heads: heads, capacity: samples, seed: seed)
  return try NetworkSubject(
    of: network,
    samples: Dataset(
      inputs: (0..<samples * inputShape.count).map(input),
      targets: (0..<samples * target.shape.count).map(goal), count: samples),
    seed: seed)
}
