import Engine

/// A node of a file's model, with the locations of its type and its name.
struct LooseNode {
  let name: String
  let type: LooseText
  /// The scalar that names it: the key `name`, otherwise the type.
  let nameText: LooseText
  let value: LooseValue
}

extension LooseValue {
  /// The nodes of the key `model`, with the names that nnexp gives them.
  var nodes: [LooseNode] {
    let items = self["model"]?.items ?? []
    let declared = items.map { $0["name"]?.text }
    var names = DefaultNames(taken: declared.compactMap { $0?.text })
    return zip(items, declared).compactMap { item, name in
      guard let type = item.text ?? item["type"]?.text else { return nil }
      return LooseNode(
        name: name?.text ?? names.next(for: type.text), type: type, nameText: name ?? type,
        value: item)
    }
  }

  /// The names of the ports of the data, with the locations of their keys.
  var ports: [LooseText] {
    let sources = self["data"]?.entries.map(\.value) ?? []
    return sources.flatMap { source in
      ["inputs", "targets"].flatMap { source[$0]?.entries.map(\.key) ?? [] }
    }
  }
}
