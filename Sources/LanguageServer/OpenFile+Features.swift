import Files
import NNExp
import Reference

// The answers of the server about one file, as values of the protocol.

extension OpenFile {
  // MARK: Positions

  func json(_ position: TextDocument.Position) -> JSON {
    ["line": .int(position.line), "character": .int(position.character)]
  }

  func json(_ range: Range<Int>) -> JSON {
    [
      "start": json(text.position(of: range.lowerBound)),
      "end": json(text.position(of: range.upperBound)),
    ]
  }

  // MARK: Errors

  /// The diagnostics of the last check.
  var diagnosticsJSON: JSON {
    .array(diagnostics.prefix(Diagnostics.mostShown).map(json))
  }

  private func json(_ diagnostic: Diagnostic) -> JSON {
    var message = diagnostic.message.visible()
    var related: [JSON] = []
    for note in diagnostic.notes {
      let text = note.message.visible()
      if let location = note.location, location.source.name == path {
        related.append([
          "location": ["uri": .string(uri), "range": json(range(at: location))],
          "message": .string(text),
        ])
      } else {
        message += "\nnote: " + (note.location.map { "\($0.description.visible()): " } ?? "") + text
      }
    }
    var range = 0..<0
    if let location = diagnostic.location {
      if location.source.name == path {
        range = self.range(at: location)
      } else {
        // An error in another file, such as a table.
        message = "\(location.description.visible()): \(message)"
        range = tree.entries.first { $0.key.text == "data" }?.key.range ?? 0..<0
      }
    }
    var members: [JSON.Member] = [
      .init("range", json(range)), .init("severity", diagnostic.severity == .error ? 1 : 2),
      .init("source", "nnexp"), .init("message", .string(message)),
    ]
    if !related.isEmpty { members.append(.init("relatedInformation", .array(related))) }
    return .object(members)
  }

  /// The word at the location of a diagnostic.
  func range(at location: SourceLocation) -> Range<Int> {
    let start = text.offset(line: location.line, column: location.column)
    let line = text.line(text.lineNumber(of: start))
    guard start < line.endIndex else { return start..<start }
    var end = start
    let quote = text.bytes[start]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      end += 1
      while end < line.endIndex, text.bytes[end] != quote { end += 1 }
      return start..<min(end + 1, line.endIndex)
    }
    let stops = Array(" \t,]}{[:#".utf8)
    while end < line.endIndex, !stops.contains(text.bytes[end]) { end += 1 }
    return start..<max(end, min(start + 1, line.endIndex))
  }

  /// The changes that replace a word by the one that a diagnostic suggests.
  func quickFixes(in lines: ClosedRange<Int>) -> JSON {
    var actions: [JSON] = []
    for diagnostic in diagnostics {
      guard let location = diagnostic.location, location.source.name == path,
        lines.contains(location.line - 1), let word = suggestedWord(in: diagnostic.message)
      else { continue }
      var range = range(at: location)
      let old = Array(text.bytes[range])
      if let first = old.first, first == UInt8(ascii: "\"") || first == UInt8(ascii: "'"),
        old.count > 1, old.last == first
      {
        range = range.lowerBound + 1..<range.upperBound - 1
      }
      actions.append([
        "title": .string(
          "replace '\(String(decoding: text.bytes[range], as: UTF8.self))' by '\(word)'"),
        "kind": "quickfix",
        "diagnostics": [json(diagnostic)],
        "isPreferred": true,
        "edit": [
          "changes": .object([.init(uri, [["range": json(range), "newText": .string(word)]])])
        ],
      ])
    }
    return .array(actions)
  }

  /// The word of `did you mean '…'?`. A path such as `optimizer.learning_rate` belongs to
  /// another mapping and is not a replacement.
  private func suggestedWord(in message: String) -> String? {
    let parts = message.split(separator: "did you mean '", omittingEmptySubsequences: false)
    guard parts.count > 1, let end = parts[1].firstIndex(of: "'") else { return nil }
    let word = String(parts[1][..<end])
    let isUnknownKey = message.hasPrefix("unknown key")
    return isUnknownKey && word.contains(".") ? nil : word
  }

  // MARK: Hover

  func hover(at position: TextDocument.Position, _ reference: FileReference) -> JSON {
    guard let cursor = Cursor(at: text.offset(of: position), in: tree, reference) else {
      return .null
    }
    let content: String?
    switch cursor.role {
    case .key(let entry):
      let keys = reference.keys(at: cursor.place, of: cursor.value)
      content =
        keys.first { $0.key == entry.key.text }.map { key in
          var text = "**\(key.key)**: \(key.explanation)\n\n\(key.range)"
          switch key.fallback {
          case nil: text += "; required"
          case "null"?, "none"?: break
          case let words?: text += "; default: `\(words)`"
          }
          return text
        } ?? node(named: entry.key.text, at: cursor.steps)
    case .value:
      let kinds = cursor.place.domain.alternatives.compactMap { domain -> String? in
        if case .component(let kind) = domain { kind } else { nil }
      }
      content =
        kinds.lazy.compactMap { kind in
          self.page(of: cursor.text.text, kind, reference)
        }.first ?? node(named: cursor.text.text, at: cursor.steps)
    }
    guard let content else { return .null }
    return [
      "contents": ["kind": "markdown", "value": .string(content)],
      "range": json(cursor.text.range),
    ]
  }

  private func page(of name: String, _ kind: String, _ reference: FileReference) -> String? {
    guard let type = reference.types[kind]?.first(where: { $0.name == name }) else {
      return nil
    }
    let documentation = type.documentation
    var text = "**\(name)** (\(kind)): \(documentation.summary)"
    if !documentation.equation.isEmpty { text += "\n\n```text\n\(documentation.equation)\n```" }
    if !documentation.shapes.isEmpty { text += "\n\nshapes: \(documentation.shapes)" }
    let options = type.options
    if !options.isEmpty {
      text +=
        "\n\n"
        + options.map { "- `\($0.key)`: \(FileReference.text(of: $0))" }
        .joined(separator: "\n")
    }
    if !documentation.source.isEmpty { text += "\n\nsource: \(documentation.source)" }
    return text
  }

  /// The shape and parameters of a node, for a name in `inputs`, `loss` and other keys.
  ///
  /// - Parameter steps: the way to the name; in a block, a name of the block precedes others.
  private func node(named name: String, at steps: [String]) -> String? {
    let name = name.split(separator: ".").first.map(String.init) ?? name
    let nodes = tree.nodes
    if let own = tree.nodesOfBlock(at: steps)?.first(where: { $0.name == name }) {
      return shapeText(ofAll: nodes.filter { $0.type.range == own.type.range })
        .map { "**\(name)**: \($0)" }
    }
    if steps.last == "block", let block = tree["blocks"]?[name] {
      let names = tree.nodes(ofBlock: block).map(\.name).joined(separator: ", ")
      return "**\(name)**: a block of the layers \(names)"
    }
    return shapeText(ofNode: name).map { "**\(name)**: \($0)" }
  }

  // MARK: Shapes

  private func shapeText(ofNode name: String) -> String? {
    guard let graph, let index = nodeIndices[name] else { return nil }
    let node = graph.nodes[index]
    let shapes = node.plan.outputs.map { "\($0.shape)" }.joined(separator: ", ")
    let count = graph.parameters(of: node).filter { $0.node == name }
      .reduce(0) { $0 + $1.shape.count }
    let parameters = count == 1 ? "1 parameter" : "\(count) parameters"
    return count == 0 ? shapes : "\(shapes), \(parameters)"
  }

  /// The shapes of the repetitions of a layer, each once.
  private func shapeText(ofAll nodes: [LooseNode]) -> String? {
    var shapes: [String] = []
    for node in nodes {
      if let shape = shapeText(ofNode: node.name), !shapes.contains(shape) { shapes.append(shape) }
    }
    return shapes.isEmpty ? nil : shapes.joined(separator: "; ")
  }

  /// The output shape of each node, behind its type. A layer of a block has the shapes of all
  /// repetitions.
  func inlayHints(in lines: ClosedRange<Int>) -> JSON {
    let nodes = Dictionary(grouping: tree.nodes) { $0.type.range.upperBound }
    return .array(
      nodes.sorted { $0.key < $1.key }.compactMap { end, repetitions in
        let position = text.position(of: end)
        guard lines.contains(position.line), let shape = shapeText(ofAll: repetitions) else {
          return nil
        }
        return [
          "position": json(position), "label": .string("→ \(shape)"), "paddingLeft": true,
        ]
      })
  }

  // MARK: Definition

  /// The node or port that a name refers to.
  func definition(at position: TextDocument.Position, _ reference: FileReference) -> JSON {
    guard let cursor = Cursor(at: text.offset(of: position), in: tree, reference) else {
      return .null
    }
    let isName =
      switch cursor.role {
      case .value:
        cursor.steps.contains {
          ["inputs", "parameters", "frozen", "only", "target", "block"].contains($0)
        }
      case .key: ["loss", "metrics", "start_from"].contains(cursor.steps.first ?? "")
      }
    guard isName else { return .null }
    let whole = cursor.text.text
    let name = whole.split(separator: ".").first.map(String.init) ?? whole
    let block = tree["blocks"]?.entries.first { $0.key.text == whole }?.key
    let isBlock = cursor.steps.last == "block"
    let target =
      isBlock
      ? block
      : tree.nodesOfBlock(at: cursor.steps)?.first { $0.name == name }?.nameText
        ?? tree.nodes.first { $0.name == whole || $0.name == name }?.nameText
        ?? tree.ports.first { $0.text == name }
    guard let target, target.range != cursor.text.range else { return .null }
    return ["uri": .string(uri), "range": json(target.range)]
  }
}
