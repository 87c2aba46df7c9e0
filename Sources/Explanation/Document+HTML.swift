import Files

extension Document {
  /// The document as a self-contained page: formulas are MathML, the graph is SVG, and the
  /// style is embedded.
  var html: String {
    htmlDocument(
      title: title, style: Document.style,
      body: """
        <main>
        \(blocks.map(Document.html).joined(separator: "\n"))
        </main>

        """)
  }

  private static func html(_ block: Block) -> String {
    switch block {
    case .heading(let level, let inlines, let anchor):
      return "<h\(level) id=\"\(Escaping.xml(anchor))\">\(html(inlines))</h\(level)>"
    case .paragraph(let inlines): return "<p>\(html(inlines))</p>"
    case .table(let header, let rows):
      let head = header.map { "<th scope=\"col\">\(html($0))</th>" }.joined()
      let body = rows.map { row in
        "<tr>" + row.map { "<td>\(html($0))</td>" }.joined() + "</tr>"
      }
      return """
        <div class="wide"><table>
        <thead><tr>\(head)</tr></thead>
        <tbody>
        \(body.joined(separator: "\n"))
        </tbody>
        </table></div>
        """
    case .derivation(let derivation): return html(derivation)
    case .verbatim(let text): return "<pre>\(Escaping.xml(text))</pre>"
    case .graph(let drawing): return "<figure>\(drawing.svg)</figure>"
    }
  }

  private static func html(_ inlines: [Inline]) -> String {
    inlines.map { inline in
      switch inline {
      case .text(let text): Escaping.xml(text)
      case .code(let name): "<code>\(Escaping.xml(name))</code>"
      case .math(let formula): "<math>\(formula.mathML)</math>"
      }
    }.joined()
  }

  private static func html(_ derivation: Derivation) -> String {
    var rows: [String] = []
    func row(_ left: String, _ relation: String, _ right: String, _ note: String = "") {
      let sign = relation.isEmpty ? "" : "<mo>\(Escaping.xml(relation))</mo>"
      rows.append(
        "<mtr><mtd>\(left)</mtd><mtd>\(sign)</mtd><mtd><mrow>\(right)</mrow></mtd>"
          + "<mtd>\(note)</mtd></mtr>")
    }
    for (index, step) in derivation.steps.enumerated() {
      let left = index == 0 ? derivation.left.mathML : ""
      let note =
        step.note.isEmpty ? "" : "<mtext class=\"note\">\(Escaping.xml(step.note))</mtext>"
      let numeric = step.beside.map { "<mrow class=\"numeric\">\($0.mathML)</mrow>" }
      if step.right.isWide {
        row(left, step.relation, step.right.mathML)
        if let numeric { row("", "≈", numeric) }
        if !note.isEmpty { row("", "", note) }
      } else {
        let beside = numeric.map { "<mspace width=\"0.5em\"/><mo>≈</mo>" + $0 } ?? ""
        row(left, step.relation, step.right.mathML + beside, note)
      }
    }
    return """
      <div class="wide"><math displaystyle="true"><mtable class="steps">
      \(rows.joined(separator: "\n"))
      </mtable></math></div>
      """
  }

  /// A plain style, with dark colors if the reader's system uses them.
  private static let style = """
    :root {
      --paper: #fdfcfa; --ink: #22211f; --faint: #6f6b66; --line: #dcd8d2; --panel: #f5f3ef;
      --forward: #2c5f8a; --back: #a3452f;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #191a1c; --ink: #e4e1dc; --faint: #9a958d; --line: #3a3b3e; --panel: #222326;
        --forward: #8ab8e0; --back: #e59a83;
      }
    }
    html { background: var(--paper); color: var(--ink); }
    body {
      margin: 0; font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Iowan Old Style", Georgia, serif;
    }
    main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 6rem; }
    h1 { font-size: 1.7rem; line-height: 1.25; font-weight: 600; margin: 0 0 1.2rem; }
    h2 {
      font-size: 1.3rem; font-weight: 600; margin: 3.5rem 0 0; padding-bottom: .3rem;
      border-bottom: 1px solid var(--line);
    }
    h3 { font-size: 1.05rem; font-weight: 600; margin: 2.2rem 0 .4rem; }
    h1, h2, h3 { scroll-margin-top: 1rem; }
    p { margin: .8rem 0; max-width: 44rem; }
    code, pre { font: .9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    pre {
      padding: .8rem 1rem; background: var(--panel); border-radius: 4px; white-space: pre-wrap;
    }
    .wide { overflow-x: auto; overflow-y: hidden; padding: .25rem 0; }
    h2 + .wide { margin-top: 1rem; }
    table { border-collapse: collapse; margin: 1rem 0; font-size: .95rem; }
    th, td { text-align: left; padding: .25rem 1.4rem .25rem 0; border-bottom: 1px solid var(--line); }
    th { font-weight: 400; color: var(--faint); }
    math {
      font-family: "Latin Modern Math", "STIX Two Math", "XITS Math", "Cambria Math",
        "Libertinus Math", "DejaVu Math TeX Gyre", math;
      font-size: 1.05em;
    }
    .steps { math-style: normal; }
    /* What is in a cell are boxes, which Chromium aligns by its own values only. */
    .steps > mtr > mtd { text-align: left; text-align: -webkit-left; padding: .35em .25em; }
    .steps > mtr > mtd:first-child { text-align: right; text-align: -webkit-right; padding-left: 0; }
    .steps > mtr > mtd:nth-child(4) { padding-left: 1.4em; }
    .matrix > mtr > mtd { text-align: right; text-align: -webkit-right; padding: .2em .45em; }
    .matrix.small { font-size: .78em; }
    .cases > mtr > mtd { text-align: left; text-align: -webkit-left; padding: .12em .5em; }
    .numeric { color: var(--faint); }
    .note { font: .82rem/1.4 Charter, Georgia, serif; color: var(--faint); }
    figure { margin: 2rem 0; overflow-x: auto; }
    svg { display: block; margin: 0 auto; max-width: none; }
    svg text { fill: var(--ink); font-size: 14px; }
    svg .kind { fill: var(--faint); font-size: 12px; }
    svg rect { fill: var(--panel); stroke: var(--line); }
    svg path { fill: none; stroke: var(--faint); stroke-width: 1.25; }
    svg marker path { fill: var(--faint); stroke: none; }
    svg .letter { font: italic 16px "STIX Two Text", Georgia, serif; }
    svg .letter .low { font-size: 12px; }
    svg .letter .high { font-size: 10px; font-style: normal; }
    svg .value { fill: var(--forward); }
    svg .delta { fill: var(--back); }
    svg a:hover rect { stroke: var(--forward); }
    """
}

extension Formula {
  /// True if a line has little room next to it.
  fileprivate var isWide: Bool {
    switch self {
    case .matrix(let rows): (rows.first?.count ?? 0) > 2
    case .row(let parts): parts.contains(where: \.isWide)
    case .scripts(let base, _, _): base.isWide
    default: false
    }
  }
}
