public import NNExp

/// How the samples' losses make the one loss L.
public enum Reduction: String, CaseIterable, Sendable {
  /// L = (1/n) Σ ℓ
  case mean
  /// L = Σ ℓ
  case sum
  /// L = 1/(2n) Σ ℓ
  case halfMean = "half_mean"

  /// What each sample's loss is multiplied by in a batch of n.
  public func scale(_ n: Int) -> Double {
    switch self {
    case .mean: 1 / Double(n)
    case .sum: 1
    case .halfMean: 0.5 / Double(n)
    }
  }
}

/// The `loss:` and `metrics:` of an experiment file.
public struct Objective: Sendable {
  /// A metric and the name of its columns.
  public struct NamedMetric: Sendable {
    public let name: String
    public let metric: any Metric
  }

  public let loss: any Loss
  /// `squared_error`: the name of the loss's type.
  public let lossName: String
  public let reduction: Reduction
  /// Nil where the file has no `metrics:`; `bound(to:)` then chooses.
  public let metrics: [NamedMetric]?
  let lossPlace: Place?
  let metricPlaces: [Place?]

  /// Reads both; nil where the loss has a mistake, which is recorded.
  ///
  /// - Parameter checksNames: false for a run's resolved.yaml: version 0.1.0 accepted
  ///   metrics of any name.
  public init?(from options: inout Options, registry: Registry, checksNames: Bool = true) {
    lossPlace = options.place(of: "loss")
    var reduction = Reduction.mean
    var lossName = ""
    let known = options.diagnostics.list.count
    let loss = options.component("loss", of: registry.losses, "what training makes small") {
      type, options in
      reduction = options.choice(
        "reduction", default: .mean, of: Reduction.self,
        "over the samples: mean (1/n)Σℓ, sum Σℓ, half_mean 1/(2n)Σℓ")
      lossName = type.name
      return try type.make(&options)
    }
    if loss == nil, options.diagnostics.list.count == known {
      options.reject(
        "loss", "missing 'loss': a loss is required",
        notes: [.init("known types: " + registry.losses.names.joined(separator: ", "))])
    }

    var metrics: [NamedMetric]?
    var places: [Place?] = []
    if let list = options.node("metrics", "a list of metrics", "figures to record beside the loss")
    {
      metrics = []
      var resolved: [Node] = []
      let items: [Node]
      switch list.content {
      case .list(let several): items = several
      case .null: items = []
      default: items = [list]
      }
      var names: Set<ByteText> = []
      for item in items {
        var reader = Options(Node(.null, at: item.place))
        let metric = reader.component("metric", reading: item, of: registry.metrics) {
          type, options in
          let name = options.string("name", default: type.name, "its columns' name")
          if checksNames, let fault = ColumnName.fault(in: name) {
            options.reject("name", Objective.mistake(inName: name, of: type.name, fault, options))
          }
          return NamedMetric(name: name, metric: try type.make(&options))
        }
        options.adopt(reader)
        resolved.append(reader.resolved["metric"] ?? item)
        if let metric {
          if !names.insert(ByteText(metric.name)).inserted {
            options.reject(
              "metrics",
              Diagnostic("the metric '\(metric.name)' is named twice", at: item.place))
          }
          metrics!.append(metric)
          places.append(item.place)
        }
      }
      options.resolve("metrics", Node(.list(resolved)))
    }
    guard let loss else { return nil }
    self.loss = loss
    self.lossName = lossName
    self.reduction = reduction
    self.metrics = metrics
    metricPlaces = places
  }

  private static func mistake(
    inName name: String, of typeName: String, _ fault: String, _ options: Options
  ) -> Diagnostic {
    let isDefault = !options.contains("name")
    let note =
      if isDefault {
        "give it a name: {type: \(typeName), name: …}"
      } else if ColumnName.fault(in: typeName) == nil {
        "without a name it is called '\(typeName)'"
      } else { "" }
    return Diagnostic(
      "a metric cannot be named '\(name)': \(fault)", at: isDefault ? options.place : nil,
      notes: note.isEmpty ? [] : [.init(note)])
  }

  /// The metrics in force, once the network's output and the targets are known
  /// to fit; throws where they do not.
  public func bound(to graph: Graph, target: Target, registry: Registry) throws -> [BoundMetric] {
    var mistakes = Diagnostics()
    let notes = [
      Diagnostic.Note(
        "'\(graph.nodes.last!.name)' produces \(graph.outputShape)", at: graph.nodes.last!.place)
    ]
    do {
      try loss.plan(output: graph.outputShape, target: target)
    } catch let fact as Diagnostic {
      var diagnostic = fact.located(at: lossPlace)
      diagnostic.message = "loss '\(lossName)': \(fact.message)"
      diagnostic.notes += notes
      mistakes.add(diagnostic)
    }
    var bound: [BoundMetric] = []
    if let metrics {
      for (metric, place) in zip(metrics, metricPlaces) {
        do {
          let size = try metric.metric.plan(output: graph.outputShape, target: target)
          bound.append(BoundMetric(name: metric.name, metric: metric.metric, tallySize: size))
        } catch let fact as Diagnostic {
          var diagnostic = fact.located(at: place)
          diagnostic.message = "metric '\(metric.name)': \(fact.message)"
          diagnostic.notes += notes
          mistakes.add(diagnostic)
        }
      }
    } else if case .classes = target, let type = registry.metrics["accuracy"] {
      // Whoever has classes wants to know how many are right.
      var options = Options()
      let metric = try type.make(&options)
      if let size = try? metric.plan(output: graph.outputShape, target: target) {
        bound.append(BoundMetric(name: type.name, metric: metric, tallySize: size))
      }
    }
    try mistakes.throwIfAny()
    return bound
  }
}

/// A metric that fits the network and the data.
public struct BoundMetric: Sendable {
  public let name: String
  public let metric: any Metric
  public let tallySize: Int

  /// The column that records a split's measurement of it.
  func column(of split: MetricColumn.Split) -> MetricColumn {
    MetricColumn(split, quantity: name, largerIsBetter: metric.isBetterHigher)
  }

  public init(name: String, metric: any Metric, tallySize: Int) {
    self.name = name
    self.metric = metric
    self.tallySize = tallySize
  }
}
