public import Datasets
public import NNExp

/// The reduction of the samples' losses ℓ to the loss L.
public enum Reduction: String, CaseIterable, Sendable {
  /// L = (1/n) Σ ℓ
  case mean
  /// L = Σ ℓ
  case sum
  /// L = 1/(2n) Σ ℓ
  case halfMean = "half_mean"

  /// The factor of each sample's loss in a batch of n samples.
  public func scale(_ n: Int) -> Double { scale(total: Double(n)) }

  /// The factor of each sample's weighted loss, if the weights of a batch add up to `total`.
  public func scale(total: Double) -> Double {
    switch self {
    case .mean: 1 / total
    case .sum: 1
    case .halfMean: 0.5 / total
    }
  }
}

/// The keys `loss` and `metrics` of an experiment file, before they are matched with the
/// network's outputs and the data's targets by `bound(to:targets:registry:)`.
public struct Objective: Sendable {
  /// The treatment of a sample that has no value of a head's target.
  enum MissingTarget: String, CaseIterable, Sendable { case error, skip }

  /// A metric with the name of its columns.
  struct NamedMetric: Sendable {
    let name: String
    let metric: any Metric
    let location: SourceLocation?
  }

  /// A loss with its metrics.
  struct HeadDeclaration: Sendable {
    /// Its node; nil for a single loss, which reads the last node.
    let node: NodeDeclaration.Reference?
    /// The port of the data to learn; nil for the port with the head's name, or for the only
    /// port.
    let target: NodeDeclaration.Reference?
    let weight: Double
    let missingTarget: MissingTarget
    /// The value of the target that means that there is none; nil if there is no such value.
    let ignore: (text: String, location: SourceLocation?)?
    /// The lowest probability at which a single output is class 1; nil for the loss's threshold.
    let threshold: (value: Double, location: SourceLocation?)?
    let loss: any Loss
    /// The name of the loss's type, such as `squared_error`.
    let lossName: String
    let reduction: Reduction
    let location: SourceLocation?
    /// Nil if the file specifies no metrics for this head; the default is used then.
    var metrics: [NamedMetric]?
  }

  let declarations: [HeadDeclaration]

  /// The losses, in the file's order.
  public var losses: [any Loss] { declarations.map(\.loss) }

  /// For each loss, the names of its metrics in the file; nil for the default.
  public var metricNames: [[String]?] { declarations.map { $0.metrics?.map(\.name) } }

  /// The nodes that the losses read; empty for a single loss, which reads the last node.
  public var heads: [NodeDeclaration.Reference] { declarations.compactMap(\.node) }

  /// The target ports whose values may be missing in some samples; `target` is the name of an
  /// unnamed target.
  public var incompleteTargets: Set<String> {
    Set(
      declarations.filter { $0.missingTarget == .skip }.flatMap { head in
        // A head without the key 'target' learns the port with its name, or the only one.
        head.target.map { [$0.name] } ?? [head.node?.name ?? "target", "target"]
      })
  }

  /// The requirements of the losses for their targets, by the name of the data's port.
  public var targetNeeds: [String: TargetNeeds] {
    var needs: [String: TargetNeeds] = [:]
    for head in declarations {
      let own = TargetNeeds(
        loss: head.lossName, demand: head.loss.targetDemand, learnsClasses: head.loss.learnsClasses,
        ignore: head.ignore?.text)
      for name in head.target.map({ [$0.name] }) ?? [head.node?.name ?? "target", "target"] {
        needs[name] = own
      }
    }
    return needs
  }

  /// Reads `loss` and `metrics`. Nil after an error in the loss, which is recorded.
  ///
  /// - Parameter checksNames: false for a run's resolved.yaml, because version 0.1.0 accepted
  ///   metrics with any name.
  public init?(from options: inout Options, registry: Registry, checksNames: Bool = true) {
    var declarations = Objective.losses(from: &options, registry)
    let metrics = MetricList(
      from: &options, registry, heads: declarations?.compactMap(\.node?.name) ?? [],
      checksNames: checksNames)
    guard declarations?.isEmpty == false else { return nil }
    for index in declarations!.indices {
      declarations![index].metrics = metrics.of(head: declarations![index].node?.name)
    }
    self.declarations = declarations!
  }

  private static func losses(
    from options: inout Options, _ registry: Registry
  ) -> [HeadDeclaration]? {
    let known = options.diagnostics.list.count
    let explanation = "what training minimizes"
    if case .map(let entries)? = options.entry("loss")?.content, isByHead(entries) {
      return heads(entries, from: &options, explanation, registry)
    }
    let loss = options.component("loss", of: registry.losses, explanation) { type, options in
      try HeadDeclaration(type, from: &options)
    }
    options.documentMapping("loss")
    if loss == nil, options.diagnostics.list.count == known {
      options.reject(
        "loss", "missing 'loss': a loss is required",
        notes: [.init("known types: " + registry.losses.names.joined(separator: ", "))])
    }
    return loss.map { [$0] }
  }

  /// True if a mapping has names of nodes as keys, and is not a loss itself.
  private static func isByHead(_ entries: [ConfigValue.Entry]) -> Bool {
    let ownKeys = ["type", "reduction", "missing_target", "ignore", "threshold"]
    return !entries.isEmpty && !entries.contains { ownKeys.contains(text: $0.key) }
      && entries.allSatisfy {
        switch $0.value.content {
        case .map, .string: true
        default: false
        }
      }
  }

  private static func heads(
    _ entries: [ConfigValue.Entry], from options: inout Options, _ explanation: String,
    _ registry: Registry
  ) -> [HeadDeclaration]? {
    _ = options.value(
      "loss", "a loss, or a mapping from nodes to losses", explanation, default: nil,
      of: .either([.component(registry.losses.kind), .mapping(.component(registry.losses.kind))]))
    var heads: [HeadDeclaration] = []
    var resolved: [(String, ConfigValue)] = []
    for entry in entries {
      let node = NodeDeclaration.Reference(name: entry.key, location: entry.keyLocation)
      var reader = options.reader(at: entry.value.location)
      if ColumnName.isReserved(entry.key) {
        options.reject(
          "loss",
          Diagnostic(
            "a node with a loss cannot be named '\(entry.key)': the name is reserved",
            at: entry.keyLocation))
      }
      let head = reader.component("loss", reading: entry.value, of: registry.losses) {
        type, options in
        try HeadDeclaration(type, of: node, from: &options)
      }
      options.adopt(reader, under: "loss")
      resolved.append((entry.key, reader.resolved["loss"] ?? entry.value))
      if let head { heads.append(head) }
    }
    options.resolve("loss", ConfigValue.map(resolved))
    return heads.count == entries.count ? heads : nil
  }
}

extension Objective.HeadDeclaration {
  /// Reads the options of a loss: those of all losses, then those of its type.
  ///
  /// - Parameter node: nil for a single loss, which has neither a weight nor a target.
  fileprivate init(
    _ type: ComponentType<any Loss>, of node: NodeDeclaration.Reference? = nil,
    from options: inout Options
  ) throws {
    location = options.location
    self.node = node
    lossName = type.name
    reduction = options.choice(
      "reduction", default: .mean, of: Reduction.self,
      "over the samples: mean (1/n)Σℓ, sum Σℓ, half_mean 1/(2n)Σℓ")
    if node != nil {
      weight = options.double(
        "weight", default: 1, in: .positive, "the factor of its loss in the total")
      target = options.optionalString(
        "target", "the port of the data that it learns (default: the port with the node's name)"
      ).map { .init(name: $0, location: options.location(of: "target")) }
    } else {
      (weight, target) = (1, nil)
    }
    let explanation =
      "what to do with a sample that lacks the target: error, or skip, which leaves it out of "
      + "the loss and its metrics"
    if options.contains("missing_target") {
      missingTarget = options.choice(
        "missing_target", default: .error, of: Objective.MissingTarget.self, explanation)
    } else {
      _ = options.value(
        "missing_target", "error or skip", explanation, default: "error",
        of: .words(Objective.MissingTarget.allCases.map(\.rawValue)))
      missingTarget = .error
    }
    ignore = Objective.HeadDeclaration.ignoredValue(from: &options)
    let meaning =
      "the probability from which on a single output is class 1; the output itself if the loss "
      + "gives no probabilities, with the loss's default"
    if options.contains("threshold") {
      threshold = (
        options.double("threshold", in: .finite, meaning), options.location(of: "threshold")
      )
    } else {
      _ = options.value(
        "threshold", "a number (finite)", meaning, default: "0.5", of: .numbers(.finite))
      threshold = nil
    }
    loss = try type.make(&options)
  }

  /// Reads the option `ignore`; nil if it is absent or wrong.
  private static func ignoredValue(
    from options: inout Options
  ) -> (text: String, location: SourceLocation?)? {
    options.suggest("ignore", for: "ignore_index", "ignore_class")
    let range = "a number or a text"
    guard
      let config = options.value(
        "ignore", range, "a target that is none: its samples add nothing to the loss and metrics",
        of: .either([.numbers(.finite), .text, .null]))
    else { return nil }
    options.resolve("ignore", config)
    switch config.content {
    case .null: return nil
    case .string(let text) where !text.isEmpty: return (text, config.location)
    case .int(let value): return (String(value), config.location)
    case .double(let value) where value.isFinite: return (shortest(value), config.location)
    default:
      options.reject("ignore", "ignore must be \(range), found \(config.kind)")
      return nil
    }
  }
}
