public import NNExp

/// An entry of a file's `model:` list, which has been read but not planned.
public struct NodeDeclaration: Sendable {
  /// A name in a declaration, with its location.
  public struct Reference: Sendable {
    public let name: String
    public let location: SourceLocation?
  }

  /// The parameters that training does not change.
  public enum Frozen: Sendable {
    case none
    case all
    case some([Reference])
  }

  /// The initial values of a parameter in the file.
  public struct InitialValues: Sendable {
    public let parameter: Reference
    public let initializer: any Initializer
  }

  /// A tensor of another node that this node uses instead of planning one.
  public struct SharedParameter: Sendable {
    public let parameter: Reference
    /// The owner in the notation `node.tensor`.
    public let owner: Reference
  }

  public let name: String
  public let typeName: String
  public let layer: any Layer
  /// Nil if the node's input is the node before it.
  public let inputs: [Reference]?
  public let frozen: Frozen
  public let initial: [InitialValues]
  public let shared: [SharedParameter]
  /// The settings in the file that apply to all tensors of the node, with their locations. A
  /// shared tensor cannot have them.
  let settingsOfAll: [(String, SourceLocation?)]
  /// λ₁ and λ₂ of this node's penalty; nil to use those of the section `train`.
  public let l1: Double?
  public let l2: Double?
  /// The largest length of the weights of one unit or channel; nil for any.
  public let maxNorm: Double?
  public let location: SourceLocation?
}

/// The `model:` list of an experiment file.
public struct ModelDeclaration: Sendable {
  /// The name of the data in the inputs of nodes.
  public static let inputName = "input"

  public let nodes: [NodeDeclaration]
  public let location: SourceLocation?

  /// Reads `model:`. Errors are recorded in `options`.
  public init(from options: inout Options, registry: Registry) {
    location = options.location(of: "model")
    let explanation = "the layers in order"
    guard
      let list = options.value(
        "model", "a list of layers", explanation, default: nil,
        of: .list(.component(registry.layers.kind), 1...Int.max))
    else {
      options.reject("model", "missing 'model': a list of layers is required")
      nodes = []
      return
    }
    guard case .list(let items) = list.content else {
      options.reject("model", "model must be a list of layers, found \(list.kind)")
      nodes = []
      return
    }
    if items.isEmpty { options.reject("model", "model has no layers") }

    var nodes: [NodeDeclaration] = []
    var resolved: [ConfigValue] = []
    var names = DefaultNames(
      taken: items.compactMap { item in
        if case .string(let name)? = item["name"]?.content { name } else { nil }
      })
    for item in items {
      // This limit is far above the number of errors that are shown. The search for similar
      // names takes time for each error.
      if options.diagnostics.list.count >= 10 * Diagnostics.mostShown { break }
      var reader = options.reader(at: item.location)
      let node = reader.component("layer", reading: item, of: registry.layers) { type, options in
        try NodeDeclaration(
          type: type, from: &options, defaultName: names.next(for: type.name),
          registry: registry, location: options.location)
      }
      if let node { nodes.append(node) }
      resolved.append(reader.resolved["layer"] ?? item)
      options.adopt(reader, under: "model")
    }
    options.resolve("model", ConfigValue(.list(resolved)))
    self.nodes = nodes

    var locations: [String: SourceLocation?] = [:]
    for node in nodes {
      if let first = locations[node.name] {
        options.reject(
          "model",
          Diagnostic(
            "the name '\(node.name)' is given to two nodes", at: node.location,
            notes: [.init("the first one is here", at: first)]))
      }
      locations[node.name] = node.location
    }
  }
}

/// Default names for unnamed nodes: `dense`, `dense_2`, ….
package struct DefaultNames {
  private var taken: Set<String>
  /// The last number in the names of each type.
  private var numbers: [String: Int] = [:]

  /// - Parameter names: the names that the file gives.
  package init(taken names: [String]) { taken = Set(names + [ModelDeclaration.inputName]) }

  package mutating func next(for typeName: String) -> String {
    while true {
      let number = numbers[typeName, default: 0] + 1
      numbers[typeName] = number
      let name = number == 1 ? typeName : "\(typeName)_\(number)"
      if taken.insert(name).inserted { return name }
    }
  }
}

extension NodeDeclaration {
  /// Reads the keys of a node, then those of its layer.
  init(
    type: ComponentType<any Layer>, from options: inout Options,
    defaultName: @autoclosure () -> String,
    registry: Registry, location: SourceLocation?
  ) throws {
    typeName = type.name
    self.location = options.location(of: "type") ?? location

    let name =
      options.contains("name")
      ? options.string(
        "name", default: type.name, "its name for other nodes and for overrides")
      : options.string("name", default: defaultName(), "its name for other nodes and for overrides")
    options.document("name", default: "the type, numbered from the second on")
    let isName =
      name.utf8.count <= 64
      && name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || $0 == 0x5F || $0 == 0x2D
      } && name.utf8.first.map { !(0x30...0x39).contains($0) && $0 != 0x2D } ?? false
    if !isName {
      options.reject(
        "name",
        "a node's name is up to 64 letters, digits, '_' and '-', starting with a letter or '_'")
    } else if name == ModelDeclaration.inputName {
      options.reject("name", "the name 'input' is reserved for the data; choose another")
    }
    self.name = name

    inputs = NodeDeclaration.readInputs(from: &options)
    frozen = NodeDeclaration.readFrozen(from: &options)
    initial = NodeDeclaration.readInitial(from: &options, registry: registry)
    shared = NodeDeclaration.readShared(from: &options)
    l1 = options.optionalDouble("l1", in: .nonnegative, "λ₁ of a penalty λ₁·Σ|w| on its weights")
    l2 = options.optionalDouble(
      "l2", in: .nonnegative, "λ₂ of a penalty λ₂/2·Σw² on its weights")
    options.suggest("{block: [{…}], repeat: 2}", for: "repeat")
    options.suggest("max_norm", for: "kernel_constraint", "maxnorm", "max_norm_constraint")
    maxNorm = options.optionalDouble(
      "max_norm", in: .positive,
      "the largest length ‖w‖₂ of the weights of one unit or channel (a position of the first axis)"
    )
    var settings: [(String, SourceLocation?)] = []
    if case .all = frozen { settings.append(("frozen", options.location(of: "frozen"))) }
    for (key, value) in [("l1", l1), ("l2", l2), ("max_norm", maxNorm)] where value != nil {
      settings.append((key, options.location(of: key)))
    }
    settingsOfAll = settings
    layer = try type.make(&options)
    if !options.readsInputNames, case .map? = options.entry("inputs")?.content {
      options.reject("inputs", "inputs must be a name or a list of names, found a mapping")
    }
    if !options.readsParameters { NodeDeclaration.rejectDeclaredParameters(in: &options) }
  }

  /// The nodes that feed it; nil if the key is absent.
  private static func readInputs(from options: inout Options) -> [Reference]? {
    let range = "a name or a list of names"
    guard
      let node = options.value(
        "inputs", range, "the nodes, or ports of the data, that feed it",
        default: "the node before it", of: .either([.texts, .mapping(.text)]))
    else { return nil }
    options.resolve("inputs", node)
    guard case .map(let entries) = node.content else {
      return references("inputs", to: "names of nodes", node, range, &options)
    }
    // A layer may name its inputs.
    if entries.isEmpty { return [] }
    let nodes = ConfigValue(.list(entries.map(\.value)), at: node.location)
    return references("inputs", to: "names of nodes", nodes, range, &options)
  }

  private static func readFrozen(from options: inout Options) -> Frozen {
    let range = "true, false or a list of parameters"
    guard
      let node = options.value(
        "frozen", range, "true, or the parameters that training does not change",
        default: "false", of: .either([.truth, .texts]))
    else {
      options.resolve("frozen", false)
      return .none
    }
    options.resolve("frozen", node)
    if case .bool(let all) = node.content { return all ? .all : .none }
    return .some(references("frozen", to: "names of parameters", node, range, &options))
  }

  /// Reads one name or a list of names.
  private static func references(
    _ key: String, to what: String, _ node: ConfigValue, _ range: String, _ options: inout Options
  ) -> [Reference] {
    switch node.content {
    case .string(let name): return [Reference(name: name, location: node.location)]
    case .list(let items) where !items.isEmpty:
      return items.compactMap { item in
        if case .string(let name) = item.content {
          return Reference(name: name, location: item.location)
        }
        options.reject(
          key, Diagnostic("\(key) must be \(what), found \(item.kind)", at: item.location))
        return nil
      }
    default:
      options.reject(key, "\(key) must be \(range), found \(node.kind)")
      return []
    }
  }

  /// Reads `parameters: {weight: encoder.weight}`.
  private static func readShared(from options: inout Options) -> [SharedParameter] {
    let range = "a mapping from parameters to those of other nodes"
    guard
      let node = options.value(
        "parameters", range, "tensors that are shared with another node: {weight: encoder.weight}",
        of: .mapping(.anything))
    else { return [] }
    options.resolve("parameters", node)
    guard case .map(let entries) = node.content else {
      options.reject("parameters", "parameters must be \(range), found \(node.kind)")
      return []
    }
    return entries.compactMap { entry in
      guard case .string(let owner) = entry.value.content else { return nil }
      return SharedParameter(
        parameter: Reference(name: entry.key, location: entry.keyLocation),
        owner: Reference(name: owner, location: entry.value.location))
    }
  }

  /// Reports entries of `parameters` that are not shared tensors, for a layer that declares its own
  /// parameters.
  private static func rejectDeclaredParameters(in options: inout Options) {
    guard case .map(let entries)? = options.entry("parameters")?.content else { return }
    for entry in entries {
      if case .string = entry.value.content { continue }
      options.reject(
        "parameters",
        Diagnostic(
          "a shared parameter is written node.tensor, found \(entry.value.kind)",
          at: entry.value.location))
    }
  }

  private static func readInitial(
    from options: inout Options, registry: Registry
  ) -> [InitialValues] {
    guard
      let node = options.value(
        "initial", "a mapping from parameters to initial values",
        "initial values: {weight: {type: normal, standard_deviation: 0.1}, bias: {constant: 1}}",
        of: .mapping(.component(registry.initializers.kind)))
    else { return [] }
    guard case .map(let entries) = node.content else {
      var notes: [Diagnostic.Note] = []
      if case .string(let text) = node.content,
        let name = registry.initializers[text]?.name ?? registry.initializers.ownName(of: text)
      {
        notes = [.init("write initial: {weight: \(name)}")]
      }
      options.reject(
        "initial",
        "initial must be a mapping from parameters to initial values, found \(node.kind)",
        notes: notes)
      return []
    }
    var values: [InitialValues] = []
    var resolved: [(String, ConfigValue)] = []
    for entry in entries {
      var reader = options.reader(at: entry.value.location)
      let initializer = reader.component(
        entry.key, reading: spelledOut(entry.value, registry), of: registry.initializers
      ) { type, options in try type.make(&options) }
      options.adopt(reader, under: "initial")
      resolved.append((entry.key, reader.resolved[entry.key] ?? entry.value))
      if let initializer {
        values.append(
          InitialValues(
            parameter: Reference(name: entry.key, location: entry.keyLocation),
            initializer: initializer))
      }
    }
    options.resolve("initial", ConfigValue.map(resolved))
    return values
  }

  /// Expands the short forms of initializers: `{constant: 0.35}` means `{type: constant, value:
  /// 0.35}`, `{values: [[…]]}` means `{type: values, values: [[…]]}`, and `{file: w.npy}` means
  /// `{type: file, path: w.npy}`.
  private static func spelledOut(_ node: ConfigValue, _ registry: Registry) -> ConfigValue {
    guard case .map(let entries) = node.content, entries.count == 1, let only = entries.first,
      only.key != "type"
    else { return node }
    let type = ConfigValue.Entry(
      key: "type", value: ConfigValue(.string(only.key), at: only.keyLocation, text: only.key))
    let key: String
    switch only.value.content {
    case .map(let options): return ConfigValue(.map([type] + options), at: node.location)
    case .list: key = "values"
    case .string: key = "path"
    default: key = "value"
    }
    let option = ConfigValue.Entry(key: key, keyLocation: only.keyLocation, value: only.value)
    return ConfigValue(.map([type, option]), at: node.location)
  }
}
