import Files
import NNExp
import Reports

/// The parts that all pages of the server have in common.
enum ServerPage {
  /// The parts that the server adds to the page of a run or a sweep.
  ///
  /// - Parameters:
  ///   - trail: the folders that lead to the page.
  ///   - events: the address of the page's events; nil if nothing more is expected.
  static func frame(trail: String, events: String?) -> PageFrame {
    PageFrame(
      head: references, top: bar(trail: trail, events: events), hasScript: false)
  }

  static let references = """
    <link rel="icon" href="/icon.svg"/>
    <link rel="stylesheet" href="/style.css"/>
    <script src="/page.js" defer=""></script>
    <script src="/script.js" defer=""></script>

    """

  /// The line at the top of a page: a link to the list, and whether the page is live.
  static func bar(trail: String, events: String?) -> String {
    let live = events.map {
      "<span class=\"live\" id=\"live\" data-events=\"\(Escaping.xmlAttribute($0))\" hidden=\"\">"
        + "live</span>"
    }
    return "<header class=\"bar\"><nav><a class=\"home\" href=\"/\">nnexp</a>"
      + (trail.isEmpty ? "" : "<span class=\"trail\">\(Escaping.xml(trail))</span>")
      + "</nav>\(live ?? "")</header>\n"
  }

  /// A whole page of the server's own.
  ///
  /// - Parameters:
  ///   - content: the elements inside `main`.
  ///   - isWide: true if the content needs the width of the window.
  static func document(
    _ title: String, trail: String = "", events: String? = nil, isWide: Bool = false,
    _ content: String
  ) -> String {
    htmlDocument(
      title: title, style: pageStyleSheet, head: references,
      body: """
        \(bar(trail: trail, events: events))<main\(isWide ? " class=\"full\"" : "")>
        \(content)</main>

        """)
  }

  /// A page that explains why there is nothing to show.
  static func message(_ title: String, _ lines: [String]) -> String {
    document(
      title,
      "<h1>\(Escaping.xml(title))</h1>\n"
        + lines.map { "<p>\(Escaping.xml($0))</p>\n" }.joined()
        + "<p><a href=\"/\">All runs</a></p>\n")
  }
}
