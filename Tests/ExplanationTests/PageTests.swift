import Foundation
import NNExp
import TestSupport
import Testing

@testable import Explanation

/// The HTML page, and its layout in a browser.
@Suite struct PageTests {
  static let models: [String] = [
    oneLayer, twoLayers,
    experiment(
      """
      [{type: convolution, channels: 2, window: 2, name: see}, relu, {type: lp_pooling, window: 2},
       {type: dense, units: 3}]
      """, inputs: "[[1, 2, 3, 4, 5, 6, 7, 8, 9]]", targets: "[[1, 0, 0]]", loss: "cross_entropy",
      shape: "[1, 3, 3]"),
    experiment(
      """
      [{type: dense, units: 3, name: a}, {type: tanh, name: b, inputs: a},
       {type: sigmoid, name: c, inputs: a}, {type: concatenate, inputs: [b, c, a]},
       layer_normalization, {type: dense, units: 1}]
      """),
  ]

  @Test(arguments: models) func thePageIsWellFormedAndSelfContained(_ yaml: String) throws {
    let page = try explanation(yaml).formatted(as: .html)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">\n"))
    #expect(isWellFormed(page))
    for reference in ["http:", "https:", "src=", "<script", "<link", "url(", "@import"] {
      let allowed = reference == "url(" ? "url(#tip)" : "http://www.w3.org/2000/svg"
      #expect(!page.replacing(allowed, with: "").contains(reference), "\(reference)")
    }
  }

  @Test func namesAreEscapedEverywhere() throws {
    let name = "a<b>&\"c\" | $d$ _e_ `f` \\alpha"
    let yaml = experiment(
      "[{type: dense, units: 2}, softmax]",
      targets: "[[0, 1]]", loss: "{type: cross_entropy, from: probabilities}")
    let seen = try explanation(yaml, name: name)
    #expect(
      seen.text.hasPrefix(name + ": the chain rule of training sample 0\n=====")
    )
    #expect(
      seen.formatted(as: .markdown).hasPrefix(
        #"# a\<b\>\&"c" \| \$d\$ \_e\_ \`f\` \\alpha: the chain rule of training sample 0"#))
    let page = seen.formatted(as: .html)
    #expect(isWellFormed(page))
    #expect(
      page.contains(
        "<title>a&lt;b&gt;&amp;&quot;c&quot; | $d$ _e_ `f` \\alpha: the chain rule of training "
          + "sample 0</title>"))
  }

  /// Fault 50: a combining mark does not hide a character that Markdown or LaTeX would
  /// interpret.
  @Test func syntaxBeforeACombiningMarkIsEscaped() throws {
    let name = "a|\u{301}<\u{301}`\u{301}&\u{301}"
    let seen = try explanation(oneLayer, name: name)
    let markdown = seen.formatted(as: .markdown)
    #expect(
      markdown.hasPrefix(bytes: "# a\\|\u{301}\\<\u{301}\\`\u{301}\\&\u{301}: the chain rule"))
    let page = seen.formatted(as: .html)
    #expect(isWellFormed(page))
    #expect(
      Formula.text("a_\u{301}#\u{301}").latex.hasSameBytes(as: "\\text{a\\_\u{301}\\#\u{301}}"))
  }

  @Test func everyBoxOfTheGraphLinksToItsEquation() throws {
    for yaml in PageTests.models {
      let page = try explanation(yaml).formatted(as: .html)
      let targets = page.matches(of: /<a href="#([^"]+)">/).map { String($0.1) }
      #expect(targets.count >= 4)
      for target in targets { #expect(page.contains("id=\"\(target)\""), "\(target)") }
    }
  }

  // MARK: In a browser

  /// The path of Chromium; nil if it is not installed.
  static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// A script that stores measurements of the page in its title.
  private static let measurement = """
    <script>
    addEventListener("load", () => {
      const sized = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 };
      const all = s => [...document.querySelectorAll(s)];
      const columns = all(".steps mtr").every(row => {
        const edges = [...row.children].map(d => d.getBoundingClientRect().left);
        return edges.every((x, i) => i == 0 || x >= edges[i - 1]);
      });
      const rows = all(".matrix mtr + mtr").every(row =>
        row.getBoundingClientRect().top >=
          row.previousElementSibling.getBoundingClientRect().bottom - 1);
      // Numbers are right-aligned in their columns.
      const flush = all(".matrix").every(m => {
        const ends = [...m.querySelectorAll("mtr")].map(r =>
          r.firstElementChild.firstElementChild.getBoundingClientRect().right);
        return Math.max(...ends) - Math.min(...ends) < 1;
      });
      const fractions = all("mfrac").every(f =>
        f.children[0].getBoundingClientRect().bottom <=
          f.children[1].getBoundingClientRect().top + 2);
      document.title = JSON.stringify({
        formulas: all("math").length, empty: all("math").filter(e => !sized(e)).length,
        mathML: all("mi").every(e => e instanceof MathMLElement), columns, rows, flush, fractions,
        graph: sized(document.querySelector("svg")),
        fetched: performance.getEntriesByType("resource").length,
        overflow: document.documentElement.scrollWidth > innerWidth,
      });
    });
    </script>
    """

  @Test(
    .enabled(if: browser != nil, "Chromium is not installed: apt-get install chromium"),
    arguments: models)
  func chromiumShowsTheFormulas(_ yaml: String) throws {
    let page = try explanation(yaml).formatted(as: .html)
    let scratch = Scratch()
    scratch.put(
      page.replacing("</head>", with: PageTests.measurement + "</head>"), in: "page.html")

    // A crash of the browser says nothing about the page.
    var dom = try dump(scratch)
    if dom.isEmpty { dom = try dump(scratch) }
    let title = try #require(dom.firstMatch(of: /<title>(.*?)<\/title>/)).1
    let formulas = page.matches(of: /<math/).count
    #expect(
      title == """
        {"formulas":\(formulas),"empty":0,"mathML":true,"columns":true,"rows":true,"flush":true,\
        "fractions":true,"graph":true,"fetched":0,"overflow":false}
        """)
  }

  /// The page in the browser after its scripts have run.
  private func dump(_ scratch: Scratch) throws -> String {
    try runCommand(
      try #require(PageTests.browser),
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900",
        "--user-data-dir=\(scratch.path)/profile", "--dump-dom",
        "file://\(scratch.path)/page.html",
      ]
    ).output
  }
}
