import Files
import NNExp
import Reports
import Results

/// The list of runs and sweeps: `GET /`.
struct ListPage {
  let folder: ServedFolder
  let entries: [RunList.Entry]
  let selection: ListSelection

  var html: String {
    ServerPage.document(
      "nnexp: " + folder.path, trail: folder.path, events: "/events", isWide: true,
      filter + "<div id=\"updated\">\n" + list + "</div>\n")
  }

  private static let statuses = Summary.Status.allCases.map(\.rawValue) + ["killed", "incomplete"]

  /// The form of the filter. Without scripts, its button applies it.
  private var filter: String {
    let options = ([""] + Self.statuses).map { status in
      "<option value=\"\(status)\"\(status == selection.status ? " selected=\"\"" : "")>"
        + (status.isEmpty ? "any status" : Self.readable(status)) + "</option>"
    }
    let kept = ["sort", "reverse"].compactMap { name in
      selection.query[name].map {
        "<input type=\"hidden\" name=\"\(name)\" value=\"\(Escaping.xmlAttribute($0))\"/>"
      }
    }
    return """
      <h1 class="quiet">Runs</h1>
      <form class="filter" id="filter" method="get" action="/">
      <input type="search" name="filter" value="\(
        Escaping.xmlAttribute(selection.query["filter"] ?? ""))" \
      placeholder="filter by name or metric" aria-label="filter by name or metric"/>
      <select name="status" aria-label="status">\(options.joined())</select>
      \(kept.joined())<button>Filter</button>
      </form>

      """
  }

  static func readable(_ status: String) -> String {
    status.split(atByte: "_").joined(separator: " ")
  }

  private var list: String {
    let found = selection.apply(to: entries)
    if found.isEmpty {
      return entries.isEmpty
        ? "<p class=\"empty\">No runs below '\(Escaping.xml(folder.path))' yet. "
          + "This page shows them as soon as <code>nnexp run</code> starts one.</p>\n"
        : "<p class=\"empty\">No run matches the filter. <a href=\"/\">Show all</a></p>\n"
    }
    let page = selection.page(of: found.count)
    let first = (page - 1) * ListSelection.pageSize
    let shown = found[first..<min(found.count, first + ListSelection.pageSize)]
    return """
      <form class="list" id="compare" method="get" action="/compare">
      <div class="wide"><table class="runs">
      <thead><tr><th class="pick"></th>\(headers)</tr></thead>
      <tbody>
      \(shown.map(row).joined())</tbody>
      </table></div>
      <div class="foot"><button id="compare-button">Compare selected</button>\
      <button type="button" class="plain" id="clear" hidden="">Clear</button>
      <span class="count">\(count(found.count, first, shown.count))</span>\(
        pages(page, of: found.count))</div>
      </form>

      """
  }

  private func count(_ all: Int, _ first: Int, _ shown: Int) -> String {
    all == shown
      ? "\(Self.grouped(all)) \(all == 1 ? "run" : "runs")"
      : "\(Self.grouped(first + 1))–\(Self.grouped(first + shown)) of \(Self.grouped(all))"
  }

  /// A number with commas: `10,000`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.indices.map { index in
      let rest = digits.count - index
      return index > 0 && rest % 3 == 0 ? "," + String(digits[index]) : String(digits[index])
    }.joined()
  }

  private func pages(_ page: Int, of count: Int) -> String {
    let last = ListSelection.pages(of: count)
    func link(_ text: String, _ number: Int) -> String {
      guard (1...last).contains(number) else { return "<span class=\"off\">\(text)</span>" }
      let query = selection.query.setting("page", number == 1 ? nil : "\(number)").text
      return "<a href=\"/\(Escaping.xmlAttribute(query))\">\(text)</a>"
    }
    if last == 1 { return "" }
    return "<span class=\"pages\">\(link("← Previous", page - 1)) page \(page) of \(last) "
      + "\(link("Next →", page + 1))</span>"
  }

  private var headers: String {
    let columns: [(ListSelection.Order, String, String)] = [
      (.name, "run", ""), (.status, "status", ""), (.started, "started (UTC)", ""),
      (.epochs, "epochs", "number"), (.metric, "metric", ""),
    ]
    return columns.map { order, title, style in
      let isSorted = selection.order == order
      let arrow = isSorted ? (selection.isReversed ? " ↑" : " ↓") : ""
      let sort =
        isSorted ? " aria-sort=\"\(selection.isReversed ? "ascending" : "descending")\"" : ""
      let query = Escaping.xmlAttribute(selection.sorted(by: order).text)
      return "<th class=\"\(style)\"\(sort)><a href=\"/\(query)\">\(title)\(arrow)</a></th>"
    }.joined() + "<th class=\"number\">value</th>"
  }

  private func row(_ entry: RunList.Entry) -> String {
    let address = folder.address(of: entry.path)
    let name = address.isEmpty ? entry.path : address
    let link = (entry.isSweep ? "/sweep/" : "/run/") + Escaping.url(address)
    let pick =
      entry.isSweep
      ? ""
      : "<input type=\"checkbox\" name=\"run\" value=\"\(Escaping.xmlAttribute(address))\" "
        + "aria-label=\"select \(Escaping.xmlAttribute(name))\"/>"
    let value = entry.metric.map { rounded($0.value, digits: 6) } ?? ""
    return "<tr><td class=\"pick\">\(pick)</td>"
      + "<td class=\"name\"><a href=\"\(Escaping.xmlAttribute(link))\">\(Escaping.xml(name))</a>"
      + "\(entry.isSweep ? "<span class=\"tag\">sweep</span>" : "")</td>"
      + "<td>\(Self.badge(entry.status, isOpen: entry.isOpen))</td>"
      + "<td class=\"date\">\(Self.date(entry.started))</td>"
      + "<td class=\"number\">\(entry.epochs.map(Self.grouped) ?? "")</td>"
      + "<td>\(Escaping.xml(entry.metric?.column.name ?? ""))</td>"
      + "<td class=\"number\">\(value)</td></tr>\n"
  }

  /// The words of a status: those of a sweep are `62 completed, 2 failed`.
  static func words(of status: String) -> [String] {
    status.split(atByte: " ").map { word in
      word.hasSuffix(bytes: ",") || word.hasSuffix(bytes: ":")
        ? String(word.dropLast()) : String(word)
    }
  }

  /// A status with the color that the reports use.
  static func badge(_ status: String, isOpen: Bool) -> String {
    let words = words(of: status)
    let style =
      isOpen
      ? "running"
      : words.contains { ["failed", "fell_short", "killed"].contains($0) }
        ? "bad"
        : words.contains("completed") && words[0] != "incomplete" ? "good" : "open"
    return "<span class=\"status \(style)\">\(Escaping.xml(readable(status)))</span>"
  }

  /// `2026-11-28 09:14` of `2026-11-28T09:14:05Z`.
  static func date(_ started: String) -> String {
    guard started.utf8.count >= 16 else { return Escaping.xml(started) }
    let text = String(Substring(started.utf8.prefix(16)))
    return "<time datetime=\"\(Escaping.xmlAttribute(started))\">"
      + Escaping.xml(text.split(atByte: "T").joined(separator: " ")) + "</time>"
  }
}
