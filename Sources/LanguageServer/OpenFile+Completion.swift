import Files
import NNExp
import Reference

extension OpenFile {
  /// A character that is inserted at the cursor, so that what is being typed is always a scalar.
  private static let marker = "\u{E000}"

  /// The texts that can be typed at a position.
  func completion(
    at position: TextDocument.Position, _ reference: FileReference
  ) -> JSON {
    var marked = text
    marked.replace(from: position, to: position, by: OpenFile.marker)
    let offset = text.offset(of: position)
    let tree = LooseReader.read(marked.bytes)
    guard let cursor = Cursor(at: offset + OpenFile.marker.utf8.count, in: tree, reference) else {
      return ["isIncomplete": false, "items": []]
    }
    var items: [Item] = []
    switch cursor.role {
    case .key(let entry):
      items = keys(cursor, isColonThere: entry.hasColon, reference)
      items += names(forKeysOf: cursor, isColonThere: entry.hasColon, reference)
    case .value:
      items = values(cursor, reference)
      // The text can become a key if its line contains nothing else.
      let line = text.line(position.line)
      let before = text.bytes[line.startIndex..<max(line.startIndex, min(offset, line.endIndex))]
      let isAlone =
        before.allSatisfy {
          $0 == 0x20 || $0 == UInt8(ascii: "-")
        } || !before.contains(UInt8(ascii: ":")) && !before.contains(UInt8(ascii: "["))
      if isAlone {
        items += keys(cursor, isColonThere: false, reference)
        items += names(forKeysOf: cursor, isColonThere: false, reference)
      }
    }
    // The word that is replaced: the scalar without the marker.
    let length = OpenFile.marker.utf8.count
    let start = min(cursor.text.range.lowerBound, offset)
    let end = max(offset, cursor.text.range.upperBound - length)
    let range = json(start..<end)
    var seen: Set<String> = []
    return [
      "isIncomplete": false,
      "items": .array(
        items.filter { seen.insert($0.label).inserted }.prefix(1000).enumerated().map {
          $1.json(order: $0, range)
        }),
    ]
  }

  /// One line of the list, by the numbers of the protocol's kinds.
  private struct Item {
    enum Kind: Int {
      case field = 5, variable = 6, type = 7, property = 10, word = 12, reference = 18
    }
    let label: String
    let kind: Kind
    var detail = ""
    var documentation = ""
    var inserted: String?

    func json(order: Int, _ range: JSON) -> JSON {
      var number = String(order)
      number = String(repeating: "0", count: 4 - min(4, number.count)) + number
      var members: [JSON.Member] = [
        .init("label", .string(label)), .init("kind", .int(kind.rawValue)),
        .init("sortText", .string(number)), .init("filterText", .string(label)),
        .init("textEdit", ["range": range, "newText": .string(inserted ?? label)]),
      ]
      if !detail.isEmpty { members.append(.init("detail", .string(detail))) }
      if !documentation.isEmpty {
        members.append(
          .init("documentation", ["kind": "markdown", "value": .string(documentation)]))
      }
      return .object(members)
    }
  }

  // MARK: Keys

  private func keys(
    _ cursor: Cursor, isColonThere: Bool, _ reference: FileReference
  ) -> [Item] {
    let present = Set(cursor.value.entries.map(\.key.text))
    return reference.keys(at: cursor.place, of: cursor.value)
      .filter { !present.contains($0.key) }
      .map { key in
        Item(
          label: key.key, kind: .property, detail: key.range,
          documentation: FileReference.text(of: key),
          inserted: isColonThere ? nil : key.key + ": ")
      }
  }

  /// Names of nodes, columns or quantities as keys.
  private func names(
    forKeysOf cursor: Cursor, isColonThere: Bool, _ reference: FileReference
  ) -> [Item] {
    let present = Set(cursor.value.entries.map(\.key.text))
    let names: [(String, String)]
    switch cursor.place.path {
    case "loss", "metrics", "start_from.nodes": names = nodeNames
    case "expect": names = (["epochs"] + columns).map { ($0, "a column of metrics.csv") }
    case "data.csv.columns": names = columnNames(reference)
    default: return []
    }
    return names.filter { !present.contains($0.0) }.map { name, detail in
      Item(
        label: name, kind: .field, detail: detail,
        inserted: quoted(name) + (isColonThere ? "" : ": "))
    }
  }

  // MARK: Values

  private func values(_ cursor: Cursor, _ reference: FileReference) -> [Item] {
    var items = names(forValueOf: cursor, reference)
    for domain in cursor.place.domain.alternatives {
      items += values(domain, cursor, reference)
      // A list may be written as its only element.
      if case .list(let element, _) = domain {
        for inner in element.alternatives { items += values(inner, cursor, reference) }
      }
    }
    return items
  }

  private func values(
    _ domain: Options.Description.Domain, _ cursor: Cursor, _ reference: FileReference
  ) -> [Item] {
    switch domain {
    case .words(let words): return words.map { Item(label: $0, kind: .word) }
    case .truth: return ["true", "false"].map { Item(label: $0, kind: .word) }
    case .null: return []
    case .component(let kind):
      let isType = cursor.steps.last == "type"
      return (reference.types[kind] ?? []).map { type in
        let required = type.options.filter { $0.fallback == nil }
        let documentation = type.documentation
        let equation =
          documentation.equation.isEmpty ? "" : "\n\n```text\n\(documentation.equation)\n```"
        var item = Item(
          label: type.name, kind: .type, detail: documentation.summary,
          documentation: documentation.summary + equation)
        // A type with required keys cannot be written as a bare name.
        if !isType, !required.isEmpty {
          item.inserted =
            "{type: \(type.name), " + required.map { "\($0.key): " }.joined(separator: ", ") + "}"
        }
        return item
      }
    default: return []
    }
  }

  /// Names of nodes, ports or columns as values.
  private func names(forValueOf cursor: Cursor, _ reference: FileReference) -> [Item] {
    let steps = cursor.steps.filter { Int($0) == nil }
    switch cursor.place.path {
    case "model.inputs", "model.layer.inputs", "blocks.inputs", "model.block.inputs":
      let own = tree.nodesOfBlock(at: cursor.steps)
      return
        ([("input", own == nil ? "the data" : "the node that feeds the block")]
        + (own ?? []).map { ($0.name, $0.type.text) }
        + tree.ports.map { ($0.text, "a port of the data") } + nodeNames)
        .map { Item(label: $0, kind: .reference, detail: $1) }
    case "model.block" where steps.last == "block" && cursor.steps.last == "block":
      return (tree["blocks"]?.entries ?? []).map {
        Item(label: $0.key.text, kind: .reference, detail: "a block of layers")
      }
    case "data.csv.inputs", "data.csv.targets", "data.csv.exclude", "data.csv.id",
      "data.csv.weight", "data.csv.categorical", "data.split.column", "data.split.group",
      "data.split.ordered":
      return columnItems(reference)
    case "train.early_stopping.monitor", "sweep.halving.monitor":
      return columns.map { Item(label: $0, kind: .field, detail: "a column of metrics.csv") }
    default:
      if steps.count > 2, steps[0] == "data", ["inputs", "targets"].contains(steps[2]) {
        return columnItems(reference)
      }
      if steps.first == "model", steps.contains("inputs") {
        return nodeNames.map { Item(label: $0, kind: .reference, detail: $1) }
      }
      return []
    }
  }

  private var nodeNames: [(String, String)] {
    tree.nodes.map { ($0.name, $0.type.text) }
  }

  private func columnNames(_ reference: FileReference) -> [(String, String)] {
    tableColumns(reference.registry).prefix(500).map { ($0, "a column of the table") }
  }

  private func columnItems(_ reference: FileReference) -> [Item] {
    columnNames(reference).map {
      Item(label: $0, kind: .field, detail: $1, inserted: quoted($0))
    }
  }

  private func quoted(_ name: String) -> String { ConfigValue.quoted(name) }
}
