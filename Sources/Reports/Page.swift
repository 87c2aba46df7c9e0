import Charts
import Files
import NNExp

/// The parts that a server adds to a page, as HTML.
public struct PageFrame: Sendable {
  /// Elements at the end of the head, such as a reference to a script.
  public var head: String
  /// Elements above the content, such as a link to the list of runs.
  public var top: String
  /// True if the page contains its script; otherwise `head` refers to `pageScript`.
  public var hasScript: Bool

  public init(head: String = "", top: String = "", hasScript: Bool = true) {
    (self.head, self.top, self.hasScript) = (head, top, hasScript)
  }
}

/// The style sheet of the pages, for pages that a server adds.
public let pageStyleSheet = Page.style + "\n" + SVGChart.pageStyle

/// The script of the pages, which shows the values of a chart under the pointer.
public let pageScript = Page.script

/// A page of results in HTML: complete in one file, readable without a network and without
/// scripts. Its only script shows the values of a chart under the pointer.
struct Page {
  let title: String
  private var body = ""

  init(_ title: String) { self.title = title }

  /// The whole document.
  func html(in frame: PageFrame) -> String {
    htmlDocument(
      title: title, style: pageStyleSheet, head: frame.head,
      body: """
        \(frame.top)<main>
        \(body)</main>
        \(frame.hasScript ? "<script>\n\(Page.script)\n</script>\n" : "")
        """)
  }

  // MARK: Adding parts

  mutating func heading(_ text: String) { body += "<h1>\(Escaping.xml(text))</h1>\n" }

  mutating func section(_ title: String) { body += "<h2>\(Escaping.xml(title))</h2>\n" }

  mutating func paragraph(_ text: String) { body += "<p>\(Escaping.xml(text))</p>\n" }

  /// Adds the outcome as a colored word, followed by a sentence.
  mutating func verdict(_ word: String, isGood: Bool?, _ sentence: String) {
    let style = isGood.map { $0 ? "good" : "bad" } ?? "open"
    body +=
      "<p class=\"verdict\"><strong class=\"\(style)\">\(Escaping.xml(word))</strong> "
      + "\(Escaping.xml(sentence))</p>\n"
  }

  /// Adds charts, beside each other if they fit.
  mutating func charts(_ charts: [Chart], height: Double = 280) {
    guard !charts.isEmpty else { return }
    body += "<div class=\"charts\">\n"
    for chart in charts {
      let image = SVGChart([chart], width: 440, panelHeight: height, appearance: .page)
      body += "<figure>\(image.text)</figure>\n"
    }
    body += "</div>\n"
  }

  /// A table; columns of numbers are aligned to the right.
  mutating func table(_ columns: [String], _ rows: [[String]]) {
    guard !rows.isEmpty else { return }
    let numeric = columns.indices.map { column in
      rows.allSatisfy { $0[column].isEmpty || Double($0[column]) != nil }
    }
    func cells(_ texts: [String], _ element: String) -> String {
      zip(texts, numeric).map { text, isNumber in
        let style =
          isNumber
          ? " class=\"number\""
          : ["PASS", "ZERO", "met"].contains(text)
            ? " class=\"good\""
            : ["FAIL", "NONFINITE", "NONDETERMINISTIC", "not met", "failed"].contains(text)
              ? " class=\"bad\"" : ""
        return "<\(element)\(style)>\(Escaping.xml(text))</\(element)>"
      }.joined()
    }
    body +=
      "<div class=\"wide\"><table>\n<thead><tr>\(cells(columns, "th"))</tr></thead>\n<tbody>\n"
    for row in rows { body += "<tr>\(cells(row, "td"))</tr>\n" }
    body += "</tbody>\n</table></div>\n"
  }

  /// Small images with a label each, drawn as large pixels.
  mutating func images(_ images: [(label: String, image: PixelImage)]) {
    body += "<div class=\"images\">\n"
    for (label, image) in images {
      body +=
        "<figure><img src=\"\(image.dataURI)\" alt=\"\(Escaping.xmlAttribute(label))\" width=\"72\"/>"
        + "<figcaption>\(Escaping.xml(label))</figcaption></figure>\n"
    }
    body += "</div>\n"
  }

  /// A drawing as SVG, which a narrow page scrolls.
  mutating func drawing(_ svg: String) {
    body += "<div class=\"wide drawing\">\(svg)</div>\n"
  }

  /// The maximum number of bytes of a file that a page contains.
  private static let mostBytes = 200_000

  /// Text as it is in a file, folded until the reader opens it. A long file is cut.
  mutating func file(_ name: String, _ whole: String) {
    var text = whole
    if whole.utf8.count > Self.mostBytes {
      text = String(decoding: whole.utf8.prefix(Self.mostBytes), as: UTF8.self)
      text += "\n… \(whole.utf8.count - Self.mostBytes) bytes more in the file"
    }
    body +=
      "<details><summary>\(Escaping.xml(name))</summary>\n<pre>\(Escaping.xml(text))</pre></details>\n"
  }

  mutating func command(_ text: String) { body += "<pre>\(Escaping.xml(text))</pre>\n" }

  fileprivate static let style = """
    :root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --faint: #57606a;
      --line: #e1e4e8; --panel: #f6f8fa; --good: #116329; --bad: #b3261e; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14171a; --ink: #e6e9ed; --faint: #a3abb5; --line: #2a3037;
        --panel: #1c2126; --good: #56d364; --bad: #ff8a80; }
    }
    html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
    body { margin: 0; font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
    main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 5rem; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin: 2.75rem 0 .75rem; padding-bottom: .3rem;
      border-bottom: 1px solid var(--line); }
    p { margin: .6rem 0; max-width: 48rem; overflow-wrap: anywhere; }
    .verdict { font-size: 1.1rem; }
    .good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--faint); }
    .charts { display: grid; gap: 1rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
    figure { margin: 0; max-width: 34rem; } figure svg { display: block; width: 100%; height: auto; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
    th, td { text-align: left; padding: .3rem 1.25rem .3rem 0; border-bottom: 1px solid var(--line);
      white-space: nowrap; }
    th { font-weight: 500; color: var(--faint); }
    .number { text-align: right; }
    pre { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
      background: var(--panel); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; }
    details { margin: .5rem 0; } summary { cursor: pointer; }
    .images { display: flex; flex-wrap: wrap; gap: .75rem; margin: .5rem 0 1.25rem; }
    .images img { display: block; image-rendering: pixelated; border: 1px solid var(--line); }
    figcaption { font-size: .75rem; color: var(--faint); text-align: center; }
    .drawing svg { display: block; }
    .drawing text { fill: var(--ink); font-size: 14px; } .drawing .kind { fill: var(--faint); font-size: 12px; }
    .drawing rect { fill: var(--panel); stroke: var(--line); }
    .drawing path { fill: none; stroke: var(--faint); stroke-width: 1.25; }
    .drawing marker path { fill: var(--faint); stroke: none; }
    .tip { position: absolute; pointer-events: none; background: var(--panel); color: var(--ink);
      border: 1px solid var(--line); border-radius: 4px; padding: .25rem .5rem; font-size: .8rem;
      white-space: pre; z-index: 1; }
    """

  /// Shows the values of a chart's lines at the position nearest to the pointer.
  fileprivate static let script = """
    for (const svg of document.querySelectorAll("svg.chart")) {
      const data = svg.querySelector("[data-points]");
      if (!data) continue;
      const plot = JSON.parse(data.dataset.points);
      const all = plot.series.flatMap(([name, points]) => points);
      if (!all.length) continue;
      const tip = document.createElement("div");
      tip.className = "tip";
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
        const near = all.reduce((a, b) => Math.abs(a[0] - x) > Math.abs(b[0] - x) ? b : a);
        const lines = plot.series.flatMap(([name, points]) =>
          points.filter((point) => point[2] === near[2]).slice(0, 1).map((point) => name + "  " + point[3]));
        tip.textContent = [(plot.x + " " + near[2]).trim(), ...lines].join("\\n");
        document.body.append(tip);
        const left = Math.min(event.pageX + 14, scrollX + innerWidth - tip.offsetWidth - 8);
        tip.style.left = Math.max(scrollX, left) + "px";
        tip.style.top = event.pageY + 14 + "px";
      });
      svg.addEventListener("pointerleave", () => tip.remove());
    }
    """
}
