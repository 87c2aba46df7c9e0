import Files

extension Document {
  /// The document as Markdown, with LaTeX between dollar signs.
  var markdown: String {
    blocks.map(Document.markdown).filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private static func markdown(_ block: Block) -> String {
    switch block {
    case .heading(let level, let inlines, _):
      return String(repeating: "#", count: level) + " " + markdown(inlines)
    case .paragraph(let inlines): return markdown(inlines)
    case .table(let header, let rows):
      let lines = [header.map(markdown), header.map { _ in "---" }] + rows.map { $0.map(markdown) }
      return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    case .derivation(let derivation): return markdown(derivation)
    case .verbatim(let text):
      // The fence must be longer than any sequence of backticks in the text.
      let longest = text.utf8.split { $0 != UInt8(ascii: "`") }.map(\.count).max() ?? 0
      let fence = String(repeating: "`", count: max(3, longest + 1))
      return fence + "\n" + text + "\n" + fence
    case .graph: return ""
    }
  }

  private static func markdown(_ inlines: [Inline]) -> String {
    inlines.map { inline in
      switch inline {
      case .text(let text): Escaping.markdown(printable(text))
      case .code(let name): "`\(printable(name))`"
      case .math(let formula): "$\(formula.latex)$"
      }
    }.joined()
  }

  private static func markdown(_ derivation: Derivation) -> String {
    var lines: [String] = []
    for (index, step) in derivation.steps.enumerated() {
      var line = index == 0 ? derivation.left.latex + " " : ""
      line += "&\(step.relation == "+=" ? "\\mathrel{+}=" : step.relation) \(step.right.latex)"
      if let beside = step.beside { line += " \\approx \(beside.latex)" }
      if !step.note.isEmpty { line += " \\quad \(Formula.text("(" + step.note + ")").latex)" }
      lines.append(line)
    }
    return "$$\n\\begin{aligned}\n" + lines.joined(separator: " \\\\\n")
      + "\n\\end{aligned}\n$$"
  }
}
