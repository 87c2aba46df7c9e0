public import Datasets
public import NNExp

extension Objective {
  /// The heads of this network, after checking that its outputs fit the data's targets. Throws
  /// every error.
  public func bound(
    to graph: Graph, targets: [TargetPort], registry: Registry
  ) throws -> [Head] {
    var errors = Diagnostics()
    var heads: [Head] = []
    for (index, declaration) in declarations.enumerated() {
      do {
        let node = graph.heads[index]
        let target = try declaration.target(among: targets, node: graph.nodes[node])
        heads.append(
          try declaration.head(graph.nodes[node], at: node, target, targets[target], registry))
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
    for (index, target) in targets.enumerated()
    where !heads.contains(where: { $0.targetIndex == index }) {
      errors.add(
        Diagnostic(
          "no loss learns the target '\(target.name)'; leave it out of the data, or name it as a "
            + "loss's target", at: declarations.first?.location))
    }
    try errors.throwIfAny()
    return heads
  }
}

extension Objective.HeadDeclaration {
  /// The index of the target of this head.
  fileprivate func target(among targets: [TargetPort], node: Graph.Node) throws -> Int {
    let names = targets.map(\.name)
    // Created only for an error.
    var known: Diagnostic.Note { .init("the targets are: " + listed(names)) }
    if let target {
      if let position = names.firstIndex(ofText: target.name) { return position }
      throw Diagnostic(
        "loss of '\(node.name)': the data have no target '\(target.name)'"
          + suggestion(for: target.name, among: names), at: target.location, notes: [known])
    }
    if let head = self.node, let position = names.firstIndex(ofText: head.name) {
      return position
    }
    if targets.count == 1, self.node == nil || names[0] == "target" { return 0 }
    guard let head = self.node else {
      throw Diagnostic(
        "the data have \(targets.count) targets, and there is one loss; give a mapping from nodes "
          + "to losses, such as loss: {\(names[0]): \(lossName)}", at: location, notes: [known])
    }
    throw Diagnostic(
      "the head '\(head.name)' has no target: the data have no target with that name; give its loss a "
        + "'target'" + suggestion(for: head.name, among: names), at: head.location, notes: [known])
  }

  /// Matches the loss and the metrics with the output and the target.
  fileprivate func head(
    _ node: Graph.Node, at position: Int, _ targetIndex: Int, _ port: TargetPort,
    _ registry: Registry
  ) throws -> Head {
    var errors = Diagnostics()
    let (output, target) = (node.plan.output, port.target)
    func reject(_ fact: Diagnostic, _ subject: String, at location: SourceLocation?) {
      var diagnostic = fact.located(at: location)
      diagnostic.message = "\(subject): \(fact.message)"
      diagnostic.notes.append(.init("'\(node.name)' produces \(output)", at: node.location))
      errors.add(diagnostic)
    }
    do {
      try loss.plan(output: output, target: target)
    } catch let fact as Diagnostic {
      reject(fact, "loss '\(lossName)'", at: location)
    }
    var bound: [BoundMetric] = []
    if let metrics {
      for metric in metrics {
        do {
          let size = try metric.metric.plan(output: output, target: target)
          bound.append(BoundMetric(name: metric.name, metric: metric.metric, tallySize: size))
        } catch let fact as Diagnostic {
          reject(fact, "metric '\(metric.name)'", at: metric.location)
        }
      }
    } else if case .classes = target, let type = registry.metrics["accuracy"] {
      // By default, the accuracy is recorded for targets that are classes.
      var options = Options()
      let metric = try type.make(&options)
      if let size = try? metric.plan(output: output, target: target) {
        bound.append(BoundMetric(name: type.name, metric: metric, tallySize: size))
      }
    }
    try errors.throwIfAny()
    return Head(
      name: self.node?.name, node: position, outputShape: output, targetIndex: targetIndex,
      target: target, loss: loss, lossName: lossName, reduction: reduction, weight: weight,
      skipsMissing: missingTarget == .skip, metrics: bound)
  }
}
