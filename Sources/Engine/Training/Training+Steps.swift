import Datasets
import NNExp

// The keys of `train:` that change single steps.

extension TrainingDeclaration {
  static func readAccumulation(_ train: inout Options) -> Int {
    train.suggest(
      "accumulate", for: "accumulate_grad_batches", "gradient_accumulation_steps",
      "gradient_accumulation", "accumulation_steps")
    let (range, explanation) = (
      "an integer ≥ 1", "batches whose gradients are averaged, by samples, for one step"
    )
    guard train.contains("accumulate") else {
      _ = train.value(
        "accumulate", range, explanation, default: "1", of: .integers(1...Int.max))
      return 1
    }
    return train.int("accumulate", in: 1..., explanation)
  }

  fileprivate static func readFirstEpoch(_ options: inout Options) -> Int? {
    let explanation = "the first epoch whose weights are part of the mean"
    if options.contains("from_epoch") { return options.int("from_epoch", in: 1..., explanation) }
    _ = options.value(
      "from_epoch", "an integer ≥ 1", explanation, of: .integers(1...Int.max))
    return nil
  }

  static func readAveraging(_ train: inout Options) -> Averaging? {
    train.suggest(
      "average", for: "ema", "ema_decay", "use_ema", "swa", "swa_start", "weight_averaging",
      "model_averaging")
    let explanation = "an average of the weights, with which the results are computed"
    return train.value("average", "{decay: …} or {from_epoch: …}", explanation, of: .keys)
      .flatMap { train.component("average", from: $0) { try Averaging(from: &$0) } }
  }

  static func readGroups(_ train: inout Options) -> [Group] {
    train.suggest("groups", for: "param_groups", "parameter_groups", "layer_lr")
    let (range, explanation) = ("a list of groups", "nodes with their own learning rates")
    guard let list = train.value("groups", range, explanation, of: .list(.keys)) else {
      return []
    }
    guard case .list(let items) = list.content else {
      train.reject("groups", "groups must be \(range), found \(list.kind)")
      return []
    }
    var groups: [Group] = []
    var resolved: [ConfigValue] = []
    for item in items {
      guard case .map = item.content else {
        train.reject(
          "groups",
          Diagnostic(
            "a group must be a mapping such as {nodes: encoder*, learning_rate: 1e-4}, found "
              + item.kind, at: item.location))
        continue
      }
      var reader = train.reader(at: item.location)
      let group = reader.component("group", from: item) { try Group(from: &$0) }
      train.adopt(reader, under: "groups")
      resolved.append(reader.resolved["group"] ?? item)
      if let group { groups.append(group) }
    }
    train.resolve("groups", ConfigValue(.list(resolved)))
    return groups
  }
}

extension TrainingDeclaration.Group {
  fileprivate init(from options: inout Options) throws {
    location = options.location
    let names = options.strings(
      "nodes", "a node's name, a pattern such as encoder*, or a list of these")
    nodes = names.map { .init(name: $0, location: options.location(of: "nodes")) }
    if names.isEmpty, options.contains("nodes") {
      options.reject("nodes", "a group needs the name of a node")
    }
    options.suggest("nodes", for: "params", "layers")
    options.suggest("learning_rate", for: "lr", "step_size")
    learningRate = options.double(
      "learning_rate", in: .nonnegative,
      "the learning rate of these nodes, before the schedule's factor")
  }

  func contains(_ node: String) -> Bool {
    nodes.contains { matches(Array(node.unicodeScalars), Array($0.name.unicodeScalars)) }
  }
}

extension TrainingDeclaration.Averaging {
  fileprivate init(from options: inout Options) throws {
    options.suggest("decay", for: "ema_decay", "ema_momentum", "momentum", "beta")
    options.suggest("from_epoch", for: "start", "swa_start", "start_epoch")
    let decay = options.optionalDouble(
      "decay", in: .fraction, "the average's share in a ← decay·a + (1 − decay)·w")
    let epoch = TrainingDeclaration.readFirstEpoch(&options)
    if !options.diagnostics.isEmpty { throw Diagnostics() }
    switch (decay, epoch) {
    case (let decay?, nil): self = .decay(decay)
    case (nil, let epoch?): self = .fromEpoch(epoch)
    default: throw Diagnostic("average must have either decay or from_epoch", at: options.location)
    }
  }
}

extension TrainingDeclaration {
  /// The numbers that are stored per trainable parameter besides it and its gradient: the
  /// optimizer's, the steps' and three copies.
  public var vectors: Int {
    optimizer.memory.vectors + 3 + (accumulate > 1 ? 1 : 0) + (averaging == nil ? 0 : 1)
  }

  /// The ranges of the trainable parameters that have one learning rate, with its ratio to the
  /// optimizer's.
  func parts(of graph: Graph) throws -> [(range: Range<Int>, factor: Double)] {
    if groups.isEmpty { return [(0..<graph.trainableCount, 1)] }
    try requireSense(for: graph)
    var parts: [(range: Range<Int>, factor: Double)] = []
    let owned = graph.parameters.filter { !$0.isFrozen }.sorted { $0.offset < $1.offset }
    for parameter in owned {
      let rate = groups.first { $0.contains(parameter.node) }?.learningRate
      let factor = rate.map { $0 / optimizer.learningRate } ?? 1
      let range = parameter.offset..<parameter.offset + parameter.shape.count
      if let last = parts.last, last.factor == factor {
        parts[parts.count - 1].range = last.range.lowerBound..<range.upperBound
      } else {
        parts.append((range, factor))
      }
    }
    return parts
  }

  /// Throws if a name or pattern of a group matches no node, or two groups match one.
  private func requireSense(for graph: Graph) throws {
    var errors = Diagnostics()
    let names = graph.nodes.map(\.name)
    if optimizer.learningRate == 0 {
      errors.add(
        Diagnostic(
          "groups need an optimizer whose learning_rate is above 0, because the schedule's factor "
            + "is relative to it", at: groups[0].location))
    }
    for group in groups {
      for reference in group.nodes {
        let pattern = Array(reference.name.unicodeScalars)
        let nodes = names.filter { matches(Array($0.unicodeScalars), pattern) }
        if nodes.isEmpty {
          let near = suggestion(for: reference.name, among: names)
          errors.add(
            Diagnostic(
              "no node is named '\(reference.name)'\(near)", at: reference.location,
              notes: [.init("nodes are: " + listed(names))]))
        } else if !graph.parameters.contains(where: { nodes.contains($0.node) && !$0.isFrozen }) {
          errors.add(
            Diagnostic(
              "'\(reference.name)' has no parameter that training changes", at: reference.location))
        }
      }
    }
    for name in names {
      let own = groups.filter { $0.contains(name) }
      if own.count > 1 {
        errors.add(
          Diagnostic(
            "'\(name)' is in two groups; its learning rate is not clear",
            at: own[1].location))
      }
    }
    try errors.throwIfAny()
  }
}
