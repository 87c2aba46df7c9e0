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
  ///
  /// - Parameter links: the address that the first cell of each row links to, or nil.
  mutating func table(_ columns: [String], _ rows: [[String]], links: [String?] = []) {
    guard !rows.isEmpty else { return }
    let numeric = columns.indices.map { column in
      rows.allSatisfy { $0[column].isEmpty || Double($0[column]) != nil }
    }
    func cells(_ texts: [String], _ element: String, link: String? = nil) -> String {
      zip(texts, numeric).enumerated().map { index, cell in
        let (text, isNumber) = cell
        let style =
          isNumber
          ? " class=\"number\""
          : ["PASS", "ZERO", "met"].contains(text)
            ? " class=\"good\""
            : ["FAIL", "NONFINITE", "NONDETERMINISTIC", "not met", "failed", "fell short"].contains(
              text)
              ? " class=\"bad\"" : ""
        var content = Escaping.xml(text)
        if index == 0, let link {
          content = "<a href=\"\(Escaping.xmlAttribute(link))\">\(content)</a>"
        }
        return "<\(element)\(style)>\(content)</\(element)>"
      }.joined()
    }
    body +=
      "<div class=\"wide\"><table>\n<thead><tr>\(cells(columns, "th"))</tr></thead>\n<tbody>\n"
    for (index, row) in rows.enumerated() {
      let link = links.indices.contains(index) ? links[index] : nil
      body += "<tr>\(cells(row, "td", link: link))</tr>\n"
    }
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
      --line: #e1e4e8; --panel: #f6f8fa; --good: #116329; --bad: #b3261e; --accent: #0a58a6; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #14171a; --ink: #e6e9ed; --faint: #a3abb5; --line: #2a3037;
        --panel: #1c2126; --good: #56d364; --bad: #ff8a80; --accent: #6cb6ff; }
    }
    html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
    body { margin: 0; font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
    main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 5rem; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin: 2.75rem 0 .75rem; padding-bottom: .3rem;
      border-bottom: 1px solid var(--line); }
    p { margin: .6rem 0; max-width: 48rem; overflow-wrap: anywhere; }
    a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
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
    .mark { fill: none; stroke: var(--ink); stroke-width: 1.5; pointer-events: none; }
    """

  /// Shows the values under the pointer: of lines and bars at the nearest position, of the
  /// nearest point, or of the cell of a heat map.
  fileprivate static let script = """
    for (const svg of document.querySelectorAll("svg.chart")) {
      const data = svg.querySelector("[data-points]");
      if (!data) continue;
      const chart = JSON.parse(data.dataset.points);
      const show = chart.cells ? cellAt : valuesAt;
      const tip = document.createElement("div");
      tip.className = "tip";
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      mark.setAttribute("class", "mark");
      mark.setAttribute("r", 5);
      svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        const scale = svg.viewBox.baseVal.width / box.width;
        const lines = show((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
        if (!lines) { hide(); return; }
        tip.textContent = lines.join("\\n");
        document.body.append(tip);
        const left = Math.min(event.pageX + 14, scrollX + innerWidth - tip.offsetWidth - 8);
        tip.style.left = Math.max(scrollX, left) + "px";
        tip.style.top = event.pageY + 14 + "px";
      });
      svg.addEventListener("pointerleave", hide);
      function hide() { tip.remove(); mark.remove(); }

      function label(name, value) { return (name + "  " + value).trim(); }
      function cellAt(x, y) {
        const [left, top, size] = chart.cells;
        const i = Math.floor((y - top) / size), j = Math.floor((x - left) / size);
        const value = chart.values[i]?.[j];
        return value === undefined ? null
          : [label(chart.y, chart.rows[i] ?? i), label(chart.x, chart.columns[j] ?? j), value];
      }
      function valuesAt(x, y) {
        const points = chart.series.filter((series) => series[1] == 1).flatMap(([name, , all]) =>
          all.map((point) => ({name, point, far: Math.hypot(point[0] - x, point[1] - y)})));
        const near = points.length ? points.reduce((a, b) => a.far > b.far ? b : a) : null;
        const lines = chart.series.filter((series) => series[1] == 0);
        const all = lines.flatMap(([, , points]) => points);
        if (near ? 24 > near.far || !all.length : false) {
          const [px, py, ...texts] = near.point;
          mark.setAttribute("cx", px);
          mark.setAttribute("cy", py);
          svg.append(mark);
          return [...(near.name ? [near.name] : []), label(chart.x, texts[0]),
            label(chart.y, texts[1]), ...(texts[2] ? ["interval  " + texts[2]] : [])];
        }
        mark.remove();
        if (!all.length) return null;
        const at = all.reduce((a, b) => Math.abs(a[0] - x) > Math.abs(b[0] - x) ? b : a)[2];
        return [label(chart.x, at), ...lines.flatMap(([name, , points]) => points
          .filter((point) => point[2] === at).slice(0, 1)
          .map(([, , , value, interval]) =>
            label(name || chart.y, value + (interval ? "  (" + interval + ")" : ""))))];
      }
    }
    """
}
