extension Document {
  /// The document for a terminal, with lines of at most 100 columns if the formulas permit.
  var text: String {
    blocks.map(Document.lines).map { $0.joined(separator: "\n") }
      .filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private static let width = 100
  private static let indent = "    "

  private static func lines(_ block: Block) -> [String] {
    switch block {
    case .heading(let level, let inlines, _):
      let line = plain(inlines)
      switch level {
      case 1: return [line, String(repeating: "=", count: line.count)]
      case 2: return [line, String(repeating: "-", count: line.count)]
      default: return [line]
      }
    case .paragraph(let inlines): return wrapped(plain(inlines))
    case .table(let header, let rows): return table([header] + rows)
    case .derivation(let derivation): return lines(derivation)
    case .verbatim(let text):
      return text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { indent + printable(String($0)) }
    case .graph: return []
    }
  }

  private static func plain(_ inlines: [Inline]) -> String {
    inlines.map { inline in
      switch inline {
      case .text(let text): printable(text)
      case .code(let name): "'\(printable(name))'"
      case .math(let formula): formula.text
      }
    }.joined()
  }

  private static func wrapped(_ text: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.count + word.count >= width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }

  private static func table(_ rows: [[[Inline]]]) -> [String] {
    let cells = rows.map { $0.map { inlines in plainCell(inlines) } }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      var line = indent
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The cell's text. Names have no quotes in tables.
  private static func plainCell(_ inlines: [Inline]) -> String {
    inlines.map { if case .code(let name) = $0 { printable(name) } else { plain([$0]) } }.joined()
  }

  /// The steps below each other, with their relations aligned.
  private static func lines(_ derivation: Derivation) -> [String] {
    let left = derivation.left.textBox
    var lines: [String] = []
    let relationWidth = derivation.steps.map(\.relation.count).max() ?? 1
    func aligned(_ relation: String) -> String {
      String(repeating: " ", count: 1 + relationWidth - relation.count) + relation + " "
    }
    for (index, step) in derivation.steps.enumerated() {
      let head = index == 0 ? left : TextBox(String(repeating: " ", count: left.width))
      let margin = indent + head
      var box = margin + aligned(step.relation) + step.right.textBox
      var rest: [TextBox] = []
      if let beside = step.beside {
        let numeric = " ≈ " + beside.textBox
        if box.width + numeric.width < width {
          box = box + numeric
        } else {
          rest = [aligned("≈") + beside.textBox]
        }
      }
      if !step.note.isEmpty {
        let note = String(repeating: " ", count: 2 + relationWidth) + "(\(printable(step.note)))"
        if rest.isEmpty && box.width + note.count <= width {
          box = box + note
        } else {
          rest.append(TextBox(note))
        }
      }
      let blank = TextBox(String(repeating: " ", count: margin.width))
      for part in [box] + rest.map({ blank + $0 }) {
        lines += part.trimmedLines
      }
    }
    return lines
  }
}
