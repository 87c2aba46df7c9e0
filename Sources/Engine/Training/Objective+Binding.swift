public import Datasets
public import NNExp

extension Objective {
  /// The heads of this network, after checking that its outputs fit the data's targets. Throws
  /// every error.
  ///
  /// - Parameter isWeighted: whether the data have a weight per sample.
  public func bound(
    to graph: Graph, targets: [TargetPort], isWeighted: Bool = false, registry: Registry,
    classes: (Int) throws -> TargetClasses? = { _ in nil }
  ) throws -> [Head] {
    var errors = Diagnostics()
    var heads: [Head] = []
    for (index, declaration) in declarations.enumerated() {
      do {
        let node = graph.heads[index]
        let target = try declaration.target(among: targets, node: graph.nodes[node])
        heads.append(
          try declaration.head(
            graph.nodes[node], at: node, target, targets[target], registry
          ) { try classes(target) })
      } catch { errors.add(error) }
    }
    try errors.throwIfAny()
    for (declaration, head) in zip(declarations, heads) {
      guard let ignore = declaration.ignore else { continue }
      let others = zip(declarations, heads).filter { $1.targetIndex == head.targetIndex }
      if others.contains(where: { $0.0.ignore?.text != ignore.text }) {
        errors.add(
          Diagnostic(
            "the losses of the target '\(targets[head.targetIndex].name)' ignore different values",
            at: ignore.location))
      }
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
    for index in heads.indices { heads[index].isWeighted = isWeighted }
    return heads
  }
}

extension Objective.HeadDeclaration {
  /// The index of the target of this head.
  fileprivate func target(among targets: [TargetPort], node: Graph.Node) throws -> Int {
    let names = targets.map(\.name)
    // The note is created only if there is an error.
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
    _ registry: Registry, classes: () throws -> TargetClasses?
  ) throws -> Head {
    var errors = Diagnostics()
    let (output, target) = (node.plan.output, port.target)
    func reject(_ fact: Diagnostic, _ subject: String, at location: SourceLocation?) {
      var diagnostic = fact.located(at: location)
      diagnostic.message = "\(subject): \(fact.message)"
      diagnostic.notes.append(.init("'\(node.name)' produces \(output)", at: node.location))
      errors.add(diagnostic)
    }
    var loss = loss
    do {
      if port.units != nil, loss.targetDemand != .any {
        throw Diagnostic("its targets cannot be scaled; leave them out of data: {scale: …}")
      }
      if output.count == 0 { throw Diagnostic("the output \(output) has no numbers") }
      loss = try loss.fitted(to: classes)
      try loss.plan(output: output, target: target)
      if loss.outputMeaning.hasVariances, port.units?.areLogs.contains(true) == true {
        throw Diagnostic(
          "the scale log of its targets has no standard deviation; choose another scale, such as "
            + "data: {scale: {targets: standardize}}")
      }
    } catch let fact as Diagnostic {
      reject(fact, "loss '\(lossName)'", at: location)
    }
    let predictions = loss.outputMeaning.hasVariances ? target.shape : output
    var bound: [BoundMetric] = []
    if let metrics {
      for metric in metrics {
        do {
          bound.append(try BoundMetric(metric.name, metric.metric, predictions, target))
          if metric.metric.needsProbabilities, [.scores, .distances].contains(loss.outputMeaning) {
            throw Diagnostic("it needs probabilities, and the loss '\(lossName)' gives none")
          }
        } catch let fact as Diagnostic {
          reject(fact, "metric '\(metric.name)'", at: metric.location)
        }
      }
    } else if case .classes = target, let type = registry.metrics["accuracy"] {
      // By default, the accuracy is recorded for targets that are classes.
      var options = Options()
      let metric = try type.make(&options)
      if let metric = try? BoundMetric(type.name, metric, output, target) { bound.append(metric) }
    }
    if let threshold {
      do { try check(threshold.value, output, target) } catch let fact as Diagnostic {
        reject(fact, "threshold", at: threshold.location)
      }
    }
    try errors.throwIfAny()
    var head = Head(
      name: self.node?.name, node: position, outputShape: output, targetIndex: targetIndex,
      target: target, loss: loss, lossName: lossName, reduction: reduction, weight: weight,
      skipsMissing: missingTarget == .skip || ignore != nil, metrics: bound,
      units: port.units,
      threshold: threshold.map { loss.outputMeaning.output(ofProbability: $0.value) })
    head.location = location
    return head
  }

  private func check(_ threshold: Double, _ output: Shape, _ target: Target) throws {
    if case .classes = target, output.count > 1 {
      throw Diagnostic("of \(output.count) outputs the largest is predicted, without a threshold")
    }
    if loss.outputMeaning.hasProbabilities, threshold <= 0 || threshold >= 1 {
      throw Diagnostic("\(shortest(threshold)) is not a probability between 0 and 1")
    }
  }
}

extension OutputMeaning {
  /// The output for which the probability of class 1 is p.
  fileprivate func output(ofProbability p: Double) -> Double {
    self == .logits ? Double.log(p) - Double.log1p(-p) : p
  }
}

extension BoundMetric {
  /// Throws if the metric does not fit the output and the target.
  fileprivate init(
    _ name: String, _ metric: any Metric, _ output: Shape, _ target: Target
  ) throws {
    self.init(
      name: name, metric: metric, tallySize: try metric.plan(output: output, target: target),
      numbersPerSample: metric.numbersPerSample(output: output, target: target))
  }
}
