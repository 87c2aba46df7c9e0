import Datasets
import Engine
import NNExp

extension PreparedExperiment {
  /// Messages about an experiment's undeclared choices and probable errors, one line each.
  func announcementsOfSetup() -> [Diagnostic] {
    var found: [Diagnostic] = []
    func announce(_ message: String, at location: SourceLocation?) {
      found.append(Diagnostic(message, at: location, severity: .warning))
    }
    for port in graph.ports where port.count == 0 {
      announce(
        "the samples of '\(port.name)', \(port), have no numbers", at: experiment.data.location)
    }
    for node in graph.nodes where !node.inputShapes.contains(where: { $0.count == 0 }) {
      for output in node.plan.outputs where output.count == 0 {
        announce(
          "the output \(output.shape) of '\(node.name)' has no numbers", at: node.location)
      }
    }
    for head in heads {
      let port = data.targets[head.targetIndex]
      if port.isGuess {
        let key = head.name == nil ? "" : "\(port.name): "
        func line(_ kind: String) -> String {
          "data: {target_kind: " + (key.isEmpty ? kind : "{\(key)\(kind)}") + "}"
        }
        announce(
          "the targets \(listed(port.classNames)) are read as classes; write \(line("classes")) "
            + "if they are, or \(line("values"))", at: head.location)
      }
      let node = graph.nodes[head.node]
      guard let range = graph.outputRange(of: head.node) else { continue }
      let isWithin = range.lowerBound >= 0 && range.upperBound <= 1
      switch head.loss.outputMeaning {
      case .logits, .jointLogits:
        if isWithin {
          announce(
            "the loss '\(head.lossName)' requires logits, but the outputs of '\(node.name)' are "
              + "already between 0 and 1; leave '\(node.name)' out, or write from: probabilities",
            at: node.location)
        }
      case .probabilities:
        if !isWithin {
          announce(
            "the loss '\(head.lossName)' requires probabilities, but the outputs of "
              + "'\(node.name)' are not limited to 0 to 1", at: node.location)
        }
      case .values:
        if !isWithin, let metric = head.metrics.first(where: \.metric.needsProbabilities) {
          announce(
            "the metric '\(metric.name)' reads the outputs of '\(node.name)' as probabilities, but they "
              + "are not limited to 0 to 1", at: node.location)
        }
      case .scores, .distances, .meansAndVariances, .meansAndLogVariances: break
      }
    }
    if let coupling = graph.nodes.first(where: \.plan.couplesSamples) {
      let size = min(experiment.training.batchSize ?? data.train.count, data.train.count)
      if size == 1 {
        announce(
          "'\(coupling.name)' needs several samples per batch, but each batch has one; set a "
            + "larger batch_size", at: coupling.location)
      } else if data.train.count % size == 1 {
        announce(
          "the last batch would contain one sample, too few for '\(coupling.name)'; it is merged into "
            + "the one before", at: coupling.location)
      }
    }
    if experiment.training.earlyStopping != nil, data.validation == nil {
      announce(
        "early stopping has no validation data; it monitors \(trainer.monitor.name)",
        at: experiment.training.location)
    }
    let epochs = experiment.training.epochs
    if case .fromEpoch(let first)? = experiment.training.averaging, first > epochs {
      announce(
        "the average of the weights begins at epoch \(first), and the training has \(epochs); the "
          + "results are computed without it", at: experiment.training.location)
    }
    if experiment.training.accumulate > batchesPerEpoch {
      announce(
        "accumulate is \(experiment.training.accumulate), and an epoch has \(batchesPerEpoch) batches; "
          + "each epoch is one step", at: experiment.training.location)
    }
    if let length = experiment.training.schedule.plannedLength {
      let (planned, whole, unit) =
        switch length {
        case .epochs(let count): (count, epochs, "epochs")
        case .steps(let count): (count, stepLimit, "steps")
        }
      if planned > whole {
        announce(
          "the schedule plans \(planned) \(unit), and the training has \(whole); make it shorter, or "
            + "the training longer", at: experiment.training.location)
      }
    }
    return found
  }

  private var batchesPerEpoch: Int {
    let size = min(experiment.training.batchSize ?? data.train.count, data.train.count)
    return (data.train.count - 1) / size + 1
  }

  /// The maximum number of steps of the training.
  private var stepLimit: Int {
    let all = (batchesPerEpoch - 1) / experiment.training.accumulate + 1
    let (steps, isTooLarge) = all.multipliedReportingOverflow(by: experiment.training.epochs)
    return min(isTooLarge ? .max : steps, experiment.training.maxSteps ?? .max)
  }
}
