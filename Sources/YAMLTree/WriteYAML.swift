public import NNExp

/// The node as YAML that reads back as the same values: block style, with short
/// lists of scalars on one line.
public func writeYAML(_ node: Node) -> String {
  var lines: [String] = []
  write(node, indent: 0, to: &lines)
  return lines.joined(separator: "\n") + "\n"
}

private let lineLimit = 100

private func write(_ node: Node, indent: Int, to lines: inout [String]) {
  let margin = String(repeating: " ", count: indent)
  switch node.content {
  case .map(let entries) where !entries.isEmpty:
    for entry in entries {
      let written = Node.quoted(entry.key)
      var key = margin + written + ":"
      if written.unicodeScalars.count > TreeBuilder.keyLimit {
        // Quotes and escapes made it longer than a key may be beside its value.
        lines.append(margin + "? " + written)
        key = margin + ":"
      }
      if entry.value.isWrittenOnOneLine(after: key) {
        lines.append(key + " " + entry.value.flow)
      } else {
        lines.append(key)
        write(entry.value, indent: indent + 2, to: &lines)
      }
    }
  case .list(let items) where !items.isEmpty:
    for item in items {
      if item.isWrittenOnOneLine(after: margin + "-") {
        lines.append(margin + "- " + item.flow)
      } else {
        // The first line of the element follows the dash.
        let first = lines.count
        write(item, indent: indent + 2, to: &lines)
        lines[first] = margin + "- " + lines[first].dropFirst(indent + 2)
      }
    }
  default: lines.append(margin + node.flow)
  }
}

extension Node {
  /// True for scalars, and for lists of scalars that fit the line.
  fileprivate func isWrittenOnOneLine(after start: String) -> Bool {
    switch content {
    case .map(let entries): return entries.isEmpty
    case .list(let items):
      let isFlat = items.allSatisfy { item in
        switch item.content {
        case .list, .map: false
        default: true
        }
      }
      return items.isEmpty || (isFlat && start.count + 1 + flow.count <= lineLimit)
    default: return true
    }
  }
}
