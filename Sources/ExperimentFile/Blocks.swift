import Engine
import NNExp

/// The blocks of layers that `model:` repeats, written out as nodes.
///
///     blocks:
///       residual:
///         - {type: convolution, name: conv, channels: 8, window: 3, padding: same}
///         - relu
///         - {type: add, inputs: [relu, input]}
///     model:
///       - {block: residual, repeat: 3}
///
/// The nodes are named `residual_1_conv`, `residual_1_relu`, …. Within a block, a name of the block
/// means the node of the same repetition, and `input` the node that feeds the block. The block of a
/// single place may be written there: `{block: [relu, …], repeat: 2}`; its name is then `block`. A
/// block may contain others, whose nodes have names in it as nodes of a block have in the model:
/// `stage_1_residual_2_conv`.
struct Blocks {
  private static let keys = ["block", "inputs", "name", "repeat"]
  private static let mostNodes = 10_000
  private static let mostLevels = 64

  private let declared: [ConfigValue.Entry]
  private var used: Set<String> = []
  /// The layers of each block, without blocks; nil after an error.
  private var expanded: [String: [ConfigValue]?] = [:]
  /// The blocks that are being expanded, from the outermost.
  private var path: [String] = []
  private var numbers: [String: Int] = [:]
  private var nodes: [ConfigValue] = []
  private var names: DefaultNames
  private var last = ModelDeclaration.inputName
  private var errors = Diagnostics()

  /// Returns the file with every block of `model` written out, and without `blocks`.
  static func expanded(_ root: ConfigValue) throws -> ConfigValue {
    guard case .map(var entries) = root.content,
      let index = entries.firstIndex(where: { $0.key == "model" }),
      case .list(let items) = entries[index].value.content
    else { return root }
    let section = entries.first { $0.key == "blocks" }
    guard section != nil || items.contains(where: { $0["block"] != nil }) else { return root }
    var blocks = try Blocks(section, items: items)
    for item in items { blocks.add(item) }
    blocks.rejectUnused()
    try blocks.errors.throwIfAny()
    entries[index].value.content = .list(blocks.nodes)
    entries.removeAll { $0.key == "blocks" }
    return ConfigValue(.map(entries), at: root.location, text: root.text)
  }

  private init(_ section: ConfigValue.Entry?, items: [ConfigValue]) throws {
    names = DefaultNames(taken: items.compactMap(\.givenName))
    guard let section else {
      declared = []
      return
    }
    guard case .map(let entries) = section.value.content else {
      throw Diagnostic(
        "blocks must be a mapping from names to lists of layers, found \(section.value.kind)",
        at: section.value.location)
    }
    declared = entries
  }

  private mutating func reject(_ message: String, at value: ConfigValue?) {
    errors.add(Diagnostic(message, at: value?.location))
  }

  private mutating func rejectUnused() {
    for entry in declared where !used.contains(entry.key) {
      errors.add(
        Diagnostic("the block '\(entry.key)' is not used in model", at: entry.keyLocation))
    }
  }

  /// Adds an item of `model`.
  private mutating func add(_ item: ConfigValue) {
    guard let block = item["block"] else {
      let name = names.name(of: item)
      last = name
      return nodes.append(item.named(name))
    }
    if case .map(let entries) = item.content {
      for entry in entries where !Blocks.keys.contains(entry.key) {
        errors.add(
          Diagnostic(
            "unknown key '\(entry.key)' of a block\(suggestion(for: entry.key, among: Blocks.keys))",
            at: entry.keyLocation,
            notes: [.init("known keys: \(Blocks.keys.joined(separator: ", "))")]))
      }
    }
    guard let (layers, ownName) = layers(of: block) else { return }
    var prefix = ownName
    if let name = item["name"] {
      guard case .string(let text) = name.content else {
        return reject("the name of a block must be a text, found \(name.kind)", at: name)
      }
      prefix = text
    }
    var count = 1
    if let repetitions = item["repeat"] {
      guard let number = repetitions.integer, (1...1000).contains(number) else {
        return reject(
          "repeat must be an integer from 1 to 1000, found \(repetitions.kind)", at: repetitions)
      }
      count = number
    }
    var feed = last
    if let inputs = item["inputs"] {
      guard case .string(let name) = inputs.content else {
        return reject("inputs of a block must be one name, found \(inputs.kind)", at: inputs)
      }
      feed = name
    }
    guard nodes.count + count * layers.count <= Blocks.mostNodes else {
      return reject("the blocks have more than \(Blocks.mostNodes) nodes", at: item)
    }
    for _ in 0..<count {
      let number = numbers[prefix, default: 0] + 1
      numbers[prefix] = number
      feed = addBlock(layers, "\(prefix)_\(number)_", feed: feed, isGiven: feed != last)
    }
  }

  /// The layers of a block and its name; nil after an error.
  private mutating func layers(of block: ConfigValue) -> ([ConfigValue], String)? {
    var (list, name) = (block, "block")
    if case .string(let text) = block.content {
      if path.contains(text) {
        let chain = path.drop { $0 != text } + [text]
        reject("the block '\(text)' contains itself: \(chain.joined(separator: " → "))", at: block)
        return nil
      }
      if path.count == Blocks.mostLevels {
        reject("blocks contain each other in more than \(Blocks.mostLevels) levels", at: block)
        return nil
      }
      if let known = expanded[text] { return known.map { ($0, text) } }
      guard let entry = declared.first(where: { $0.key == text }) else {
        reject(
          "unknown block '\(text)'\(suggestion(for: text, among: declared.map(\.key)))", at: block)
        return nil
      }
      used.insert(text)
      (list, name) = (entry.value, text)
    }
    guard case .list(let layers) = list.content else {
      reject("a block must be a name or a list of layers, found \(list.kind)", at: list)
      return nil
    }
    if layers.isEmpty {
      reject("the block has no layers", at: list)
      return nil
    }
    for layer in layers where layer.givenName == ModelDeclaration.inputName {
      reject(
        "the name 'input' is reserved for the node before the block; choose another",
        at: layer["name"])
      return nil
    }
    guard case .string = block.content else { return withoutBlocks(layers).map { ($0, name) } }
    path.append(name)
    let found = withoutBlocks(layers)
    path.removeLast()
    expanded[name] = .some(found)
    return found.map { ($0, name) }
  }

  /// The layers of a block with the blocks that it contains written out, as if they were a model;
  /// nil after an error.
  private mutating func withoutBlocks(_ layers: [ConfigValue]) -> [ConfigValue]? {
    guard layers.contains(where: { $0["block"] != nil }) else { return layers }
    let outer = (names, numbers, nodes, last, errors.list.count)
    names = DefaultNames(taken: layers.compactMap(\.givenName))
    (numbers, nodes, last) = ([:], [], ModelDeclaration.inputName)
    for layer in layers { add(layer) }
    let found = errors.list.count == outer.4 ? nodes : nil
    (names, numbers, nodes, last) = (outer.0, outer.1, outer.2, outer.3)
    return found
  }

  /// Adds one repetition, and returns the name of its last node.
  private mutating func addBlock(
    _ layers: [ConfigValue], _ prefix: String, feed: String, isGiven: Bool
  ) -> String {
    var local = DefaultNames(taken: layers.compactMap(\.givenName))
    let own = layers.map { local.name(of: $0) }
    for (k, layer) in layers.enumerated() {
      var node = layer.named(prefix + own[k], replacesName: true)
      node.replaceReferences { name in
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? "." + parts[1] : ""
        if parts.first.map(String.init) == ModelDeclaration.inputName { return feed + rest }
        return own.contains { $0 == parts.first.map(String.init) } ? prefix + name : name
      }
      if k == 0, isGiven, node["inputs"] == nil {
        node = node.adding("inputs", ConfigValue(.string(feed), at: layer.location))
      }
      nodes.append(node)
    }
    last = prefix + (own.last ?? "")
    return last
  }
}

extension Experiment {
  /// The keys of an item of `model` that repeats a block.
  package static func blockKeys(_ registry: Registry) -> [Options.Description] {
    let layers = Options.Description.Domain.list(
      .component(registry.layers.kind), 1...Int.max)
    return [
      .init(
        key: "block", range: "a name of blocks, or a list of layers", fallback: nil,
        explanation: "the layers to repeat", domain: .either([.text, layers])),
      .init(
        key: "repeat", range: "an integer in 1...1000", fallback: "1",
        explanation: "the number of repetitions", domain: .integers(1...1000)),
      .init(
        key: "name", range: "a text", fallback: "none",
        explanation: "the beginning of the nodes' names; by default, that of the block",
        domain: .text),
      .init(
        key: "inputs", range: "the name of a node", fallback: "none",
        explanation: "the node that feeds the first repetition; by default, the one before",
        domain: .text),
    ]
  }
}

extension DefaultNames {
  /// The name of a layer that is written as a text or a mapping.
  fileprivate mutating func name(of item: ConfigValue) -> String {
    if case .string(let name)? = item["name"]?.content { return name }
    if case .string(let type)? = item["type"]?.content { return next(for: type) }
    if case .string(let type) = item.content { return next(for: type) }
    return next(for: "layer")
  }
}

extension ConfigValue {
  /// The name that the file gives a layer.
  fileprivate var givenName: String? {
    if case .string(let name)? = self["name"]?.content { name } else { nil }
  }

  /// The layer as a mapping with a name.
  fileprivate func named(_ name: String, replacesName: Bool = false) -> ConfigValue {
    if case .string = content {
      return ConfigValue(.map([Entry(key: "type", value: self)]), at: location)
        .adding("name", ConfigValue(.string(name), at: location))
    }
    guard case .map(var entries) = content else { return self }
    if let index = entries.firstIndex(where: { $0.key == "name" }) {
      if replacesName, case .string = entries[index].value.content {
        entries[index].value.content = .string(name)
      }
      return ConfigValue(.map(entries), at: location)
    }
    return adding("name", ConfigValue(.string(name), at: location))
  }

  /// The mapping with another entry.
  fileprivate func adding(_ key: String, _ value: ConfigValue) -> ConfigValue {
    guard case .map(let entries) = content else { return self }
    return ConfigValue(.map(entries + [Entry(key: key, value: value)]), at: location)
  }

  /// Replaces the names of nodes in `inputs` and `parameters`.
  fileprivate mutating func replaceReferences(_ replace: (String) -> String) {
    guard case .map(var entries) = content else { return }
    for k in entries.indices where ["inputs", "parameters"].contains(entries[k].key) {
      entries[k].value.replaceTexts(replace)
    }
    content = .map(entries)
  }

  private mutating func replaceTexts(_ replace: (String) -> String) {
    switch content {
    case .string(let text): content = .string(replace(text))
    case .list(var items):
      for k in items.indices { items[k].replaceTexts(replace) }
      content = .list(items)
    case .map(var entries):
      for k in entries.indices {
        if case .string(let text) = entries[k].value.content {
          entries[k].value.content = .string(replace(text))
        }
      }
      content = .map(entries)
    default: break
    }
  }
}
