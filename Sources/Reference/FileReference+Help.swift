import NNExp

// Help about the sections of an experiment file, in lines of at most 80 columns.

extension FileReference {
  /// The sections that `nnexp help` describes, each with its meaning, in the order of a file.
  package var topics: [(name: String, meaning: String)] {
    let sections = (keys[""] ?? []).filter { keys[$0.key] != nil || sharedPath(of: $0.key) != nil }
    return [("experiment", "every key of an experiment file")]
      + sections.map { ($0.key, $0.explanation) }
  }

  /// The path of the keys of a section's elements: `model.layer` for `model`.
  private func sharedPath(of topic: String) -> String? {
    let paths = [
      "model": "model.layer", "loss": "loss.loss", "metrics": "metrics.metric",
      "plugins": "plugins.plugin",
    ]
    return paths[topic]
  }

  /// The kinds of types that a section names.
  private func kinds(of topic: String) -> [String] {
    switch topic {
    case "model": [registry.layers.plural, registry.initializers.plural]
    case "loss": [registry.losses.plural]
    case "metrics": [registry.metrics.plural]
    case "train": [registry.optimizers.plural, registry.schedules.plural]
    case "data": [registry.generators.plural, registry.columnTypes.plural]
    default: []
    }
  }

  /// The text about a section or one of its mappings, such as `train.checkpoint`; nil if there
  /// is none.
  package func help(_ topic: String) -> String? {
    let path = topic == "experiment" ? "" : topic
    var lines: [String] = []
    guard let own = keys[path] ?? sharedPath(of: path).flatMap({ keys[$0] }) else {
      // `seed` and other keys whose value is no mapping.
      guard let key = key(at: path) else { return nil }
      return wrapped("\(path): \(FileReference.text(of: key))", indent: 0).joined(separator: "\n")
    }
    if let key = key(at: path) {
      lines += wrapped("\(topic): \(key.explanation)", indent: 0)
      lines += wrapped("Value: \(key.range)", indent: 0)
    } else {
      let isFile = path.isEmpty
      lines.append("\(topic): \(isFile ? "every key of an experiment file" : "its keys")")
    }
    lines.append("")
    for key in own {
      let fallback =
        switch key.fallback {
        case nil: "required"
        case "null"?, "none"?: "optional"
        case let words?: "default \(words)"
        }
      lines += wrapped("\(key.key)  (\(fallback))", indent: 2)
      if !key.explanation.isEmpty { lines += wrapped(key.explanation, indent: 6) }
      lines += wrapped("value: \(key.range)", indent: 6)
    }
    let inner = keys.keys.filter { $0.hasPrefix(path + ".") && !path.isEmpty }.sorted()
      .filter { $0 != sharedPath(of: path) }
    var more: [String] = []
    if !inner.isEmpty {
      more += wrapped("nnexp help also describes: \(inner.joined(separator: ", "))", indent: 0)
    }
    for kind in kinds(of: path) { more.append("nnexp types lists the \(kind).") }
    if !more.isEmpty { lines += [""] + more }
    return lines.joined(separator: "\n")
  }

  /// The description of the key at a path.
  private func key(at path: String) -> Options.Description? {
    var parent = ""
    var name = path
    if let dot = path.lastIndex(of: ".") {
      (parent, name) = (String(path[..<dot]), String(path[path.index(after: dot)...]))
    }
    return keys[parent]?.first { $0.key == name }
  }
}

/// Lines of at most 80 columns.
private func wrapped(_ text: String, indent: Int) -> [String] {
  let margin = String(repeating: " ", count: indent)
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if line.isEmpty {
      line = margin + word
    } else if line.count + 1 + word.count <= 80 {
      line += " " + word
    } else {
      lines.append(line)
      line = margin + "  " + word
    }
  }
  return lines + [line]
}
