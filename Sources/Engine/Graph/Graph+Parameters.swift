import NNExp

extension Graph {
  /// Every tensor that the nodes plan, each once, and the indices of the tensors that each node
  /// uses.
  static func parameters(
    of nodes: [PlannedNode], l1: Double, l2: Double, _ registry: Registry
  ) throws -> (parameters: [Parameter], used: [[Int]]) {
    var errors = Diagnostics()
    var parameters: [Parameter] = []
    var positions: [String: Int] = [:]
    let sharesAny = nodes.contains { !$0.declaration.shared.isEmpty }
    var stream = 0
    for node in nodes {
      do {
        try node.checkReferences()
        for tensor in node.plan.parameters {
          if node.owner(of: tensor.name) == nil {
            if sharesAny {
              positions["\(node.declaration.name).\(tensor.name)"] = parameters.count
            }
            parameters.append(
              try node.parameter(tensor, l1: l1, l2: l2, randomStream: stream, registry))
          }
          stream += 1
        }
      } catch {
        errors.add(error, at: node.declaration.location)
      }
    }
    try errors.throwIfAny()

    let used = try users(of: &parameters, at: positions, nodes)

    // Trainable parameters come first, so that an update loops over one vector.
    var offset = 0
    for frozen in [false, true] {
      for index in parameters.indices where parameters[index].isFrozen == frozen {
        parameters[index].offset = offset
        offset = saturatingSum(offset, parameters[index].shape.count)
      }
    }
    return (parameters, used)
  }
}

extension Graph {
  /// Records the users of each parameter. Returns the indices of each node's parameters.
  private static func users(
    of parameters: inout [Parameter], at positions: [String: Int], _ nodes: [PlannedNode]
  ) throws -> [[Int]] {
    var errors = Diagnostics()
    let owners = SharedParameters(nodes)
    var next = 0
    let used = nodes.enumerated().map { k, node in
      node.plan.parameters.compactMap { tensor -> Int? in
        var position = next
        if node.owner(of: tensor.name) == nil {
          next += 1
        } else {
          do {
            guard let owner = positions[try owners.owner(of: tensor, in: node)] else { return nil }
            position = owner
          } catch {
            errors.add(error, at: node.declaration.location)
            return nil
          }
        }
        parameters[position].users.append(k)
        return position
      }
    }
    try errors.throwIfAny()
    return used
  }
}

extension Plan.Parameter {
  /// Whether penalties and limits of norms apply to it.
  fileprivate var isWeight: Bool { shape.rank >= 2 }
}

extension PlannedNode {
  /// The tensor of another node that this node uses as `parameter`, as the file names it.
  fileprivate func owner(of parameter: String) -> NodeDeclaration.Reference? {
    declaration.shared.first { $0.parameter.name.hasSameBytes(as: parameter) }?.owner
  }

  /// Throws an error for each reference to a tensor that the layer does not plan, and for each
  /// setting of a tensor that another node owns or that the layer lacks.
  fileprivate func checkReferences() throws {
    var errors = Diagnostics()
    let names = plan.parameters.map(\.name)
    func check(_ reference: NodeDeclaration.Reference) {
      if names.contains(text: reference.name) { return }
      let known =
        names.isEmpty ? "it has none" : "its parameters are: " + names.joined(separator: ", ")
      errors.add(
        Diagnostic(
          "'\(declaration.name)' (\(declaration.typeName)) has no parameter '\(reference.name)'"
            + suggestion(for: reference.name, among: names),
          at: reference.location, notes: [.init(known)]))
    }
    func checkIsOwn(_ reference: NodeDeclaration.Reference, _ setting: String) {
      guard let owner = owner(of: reference.name) else { return }
      errors.add(
        Diagnostic(
          "'\(declaration.name)' shares '\(owner.name)', whose node decides about '\(setting)'; "
            + "remove it here", at: reference.location))
    }
    declaration.shared.map(\.parameter).forEach(check)
    if case .some(let references) = declaration.frozen {
      references.forEach(check)
      for reference in references { checkIsOwn(reference, "frozen") }
    }
    declaration.initial.map(\.parameter).forEach(check)
    for initial in declaration.initial { checkIsOwn(initial.parameter, "initial") }
    if let shared = declaration.shared.first {
      for (setting, location) in declaration.settingsOfAll {
        errors.add(
          Diagnostic(
            "'\(declaration.name)' shares '\(shared.owner.name)', whose node decides about "
              + "'\(setting)'; remove it here", at: location))
      }
    } else if !plan.parameters.contains(where: \.isWeight) {
      for (setting, location) in declaration.settingsOfAll where setting != "frozen" {
        errors.add(
          Diagnostic(
            "'\(declaration.name)' (\(declaration.typeName)) has no weights of two or more axes, to "
              + "which '\(setting)' applies; remove it", at: location))
      }
    }
    try errors.throwIfAny()
  }

  /// Creates a parameter that the node owns.
  fileprivate func parameter(
    _ tensor: Plan.Parameter, l1: Double, l2: Double, randomStream: Int, _ registry: Registry
  ) throws -> Graph.Parameter {
    let initializer: any Initializer
    if let given = declaration.initial.first(where: { $0.parameter.name == tensor.name }) {
      initializer = given.initializer
    } else {
      initializer = try registry.initializers.type(
        named: tensor.initial.type, at: declaration.location
      ).value(tensor.initial.options)
    }
    let isFrozen =
      switch declaration.frozen {
      case .none: false
      case .all: true
      case .some(let references): references.contains { $0.name == tensor.name }
      }
    let isWeight = tensor.isWeight
    return Graph.Parameter(
      node: declaration.name, name: tensor.name, shape: tensor.shape, isFrozen: isFrozen,
      initializer: initializer, l1: isWeight ? declaration.l1 ?? l1 : 0,
      l2: isWeight ? declaration.l2 ?? l2 : 0, maxNorm: isWeight ? declaration.maxNorm : nil,
      randomStream: randomStream, offset: 0,
      location: declaration.location)
  }
}

/// Resolves the owners of tensors that nodes share.
private struct SharedParameters {
  private let nodes: [String: PlannedNode]

  init(_ nodes: [PlannedNode]) {
    guard nodes.contains(where: { !$0.declaration.shared.isEmpty }) else {
      self.nodes = [:]
      return
    }
    self.nodes = Dictionary(
      nodes.map { ($0.declaration.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The name `node.tensor` of the tensor's owner, after following any number of references.
  func owner(of tensor: Plan.Parameter, in node: PlannedNode) throws -> String {
    var (current, name) = (node, tensor.name)
    var path = ["\(node.declaration.name).\(tensor.name)"]
    while let reference = current.owner(of: name) {
      let parts = reference.name.split(atByte: ".")
      guard parts.count == 2, let next = nodes[String(parts[0])] else {
        let what = parts.count == 2 ? "'\(parts[0])' is not a node" : "write it as node.tensor"
        let near =
          parts.count == 2 ? suggestion(for: String(parts[0]), among: nodes.keys.sorted()) : ""
        throw Diagnostic(
          "'\(current.declaration.name)' shares '\(reference.name)': \(what)\(near)",
          at: reference.location)
      }
      name = String(parts[1])
      guard let found = next.plan.parameters.first(where: { $0.name.hasSameBytes(as: name) })
      else {
        let names = next.plan.parameters.map(\.name)
        throw Diagnostic(
          "'\(current.declaration.name)' shares '\(reference.name)': '\(parts[0])' "
            + "(\(next.declaration.typeName)) has no parameter '\(name)'"
            + suggestion(for: name, among: names), at: reference.location,
          notes: [
            .init(names.isEmpty ? "it has none" : "its parameters are: " + listed(names))
          ])
      }
      path.append(reference.name)
      if path.dropLast().contains(text: reference.name) {
        throw Diagnostic(
          "nodes share a tensor in a circle: " + path.joined(separator: " -> ")
            + "; one of them must own it", at: reference.location)
      }
      if found.shape != tensor.shape {
        throw Diagnostic(
          "'\(node.declaration.name)' shares '\(reference.name)', but its \(tensor.name) is "
            + "\(tensor.shape) and that one \(found.shape)", at: reference.location,
          notes: [.init("'\(parts[0])' is declared here", at: next.declaration.location)])
      }
      current = next
    }
    return "\(current.declaration.name).\(name)"
  }
}
