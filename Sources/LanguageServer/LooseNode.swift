import Engine

/// A node of a file's model, with the locations of its type and its name.
struct LooseNode {
  let name: String
  let type: LooseText
  /// The scalar that names it: the key `name`, otherwise the type. Each repetition of a block
  /// has the same.
  let nameText: LooseText
  let value: LooseValue

  /// The node of a repetition of a block.
  func named(_ name: String) -> LooseNode {
    LooseNode(name: name, type: type, nameText: nameText, value: value)
  }
}

extension LooseValue {
  private static let mostNodes = 10_000
  private static let mostLevels = 64

  /// The nodes of the key `model`, with the names that nnexp gives them. A block is written out:
  /// see `Blocks`.
  var nodes: [LooseNode] {
    var known: [String: [LooseNode]] = [:]
    return nodes(of: self["model"], &known)
  }

  /// The nodes of a list of layers, in which blocks are written out.
  ///
  /// - Parameter known: the nodes of each block that has been written out; none for one that is being
  ///   written out, as it cannot contain itself.
  private func nodes(
    of list: LooseValue?, _ known: inout [String: [LooseNode]], level: Int = 0
  ) -> [LooseNode] {
    guard level <= LooseValue.mostLevels else { return [] }
    let items = list?.items ?? []
    var names = DefaultNames(taken: items.compactMap { $0["name"]?.text?.text })
    var numbers: [String: Int] = [:]
    var nodes: [LooseNode] = []
    for item in items {
      guard let block = item["block"] else {
        if let node = item.node(&names) { nodes.append(node) }
        continue
      }
      let layers: [LooseNode]
      if let name = block.text?.text {
        if known[name] == nil {
          known[name] = []
          known[name] = self.nodes(of: self["blocks"]?[name], &known, level: level + 1)
        }
        layers = known[name] ?? []
      } else {
        layers = self.nodes(of: block, &known, level: level + 1)
      }
      let prefix = item["name"]?.text?.text ?? block.text?.text ?? "block"
      let count = item["repeat"]?.text.flatMap { Int($0.text) } ?? 1
      for _ in 0..<max(0, min(count, 1000))
      where nodes.count + layers.count <= LooseValue.mostNodes {
        numbers[prefix, default: 0] += 1
        let number = numbers[prefix, default: 0]
        nodes += layers.map { $0.named("\(prefix)_\(number)_\($0.name)") }
      }
    }
    return nodes
  }

  /// The nodes of a block, with their names in it.
  func nodes(ofBlock list: LooseValue) -> [LooseNode] {
    var known: [String: [LooseNode]] = [:]
    return nodes(of: list, &known)
  }

  private func node(_ names: inout DefaultNames) -> LooseNode? {
    guard let type = text ?? self["type"]?.text else { return nil }
    let name = self["name"]?.text
    return LooseNode(
      name: name?.text ?? names.next(for: type.text), type: type, nameText: name ?? type,
      value: self)
  }

  /// The nodes of the block that contains the value at the end of a way; nil outside of blocks.
  func nodesOfBlock(at steps: [String]) -> [LooseNode]? {
    guard steps.count > 2 else { return nil }
    switch steps[0] {
    case "blocks": return self["blocks"]?[steps[1]].map(nodes(ofBlock:))
    case "model" where steps[2] == "block":
      let items = self["model"]?.items ?? []
      guard let index = Int(steps[1]), items.indices.contains(index) else { return nil }
      return items[index]["block"].map(nodes(ofBlock:))
    default: return nil
    }
  }

  /// Whether the file only declares a sweep of another file.
  var isSweep: Bool {
    self["base"] != nil
      && (self["sweep"] != nil || entries.allSatisfy { ["base", "name"].contains($0.key.text) })
  }

  /// The names of the ports of the data, with the locations of their keys.
  var ports: [LooseText] {
    let sources = self["data"]?.entries.map(\.value) ?? []
    return sources.flatMap { source in
      ["inputs", "targets"].flatMap { source[$0]?.entries.map(\.key) ?? [] }
    }
  }
}
