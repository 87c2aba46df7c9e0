import Conformance
import Engine
import ExperimentFile
import NNExp
import Plugins

/// Runs each component that a plugin made once on guarded buffers, with the shapes of this
/// experiment, before it can write to the network's memory.
func checkBuffers(of experiment: Experiment, _ graph: Graph, _ heads: [Head]) throws {
  if experiment.plugins.isEmpty { return }
  var errors = Diagnostics()
  func check(_ made: Any, _ fault: () throws -> String?) {
    guard let made = made as? any PluginMade else { return }
    do {
      guard let fact = try fault() else { return }
      errors.add(Diagnostic("\(made.subject): \(fact)", at: made.location))
    } catch { errors.add(error, at: made.location) }
  }
  for node in graph.nodes {
    check(node.layer) { try BufferCheck.fault(of: node.layer, inputs: node.inputPorts) }
  }
  for head in heads {
    check(head.loss) {
      BufferCheck.fault(of: head.loss, output: head.outputShape, target: head.target)
    }
  }
  let optimizer = experiment.training.optimizer
  check(optimizer) { BufferCheck.fault(of: optimizer) }
  Plugin.checkProcess()
  try errors.throwIfAny()
}
