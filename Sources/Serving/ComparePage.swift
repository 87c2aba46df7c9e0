import Charts
import Files
import NNExp
import Reports
import Results
import Sweeps

/// Several runs together: their curves, settings and results. `GET /compare?run=…&run=…`
struct ComparePage {
  /// The most runs that are shown beside each other.
  static let mostRuns = 20

  let folder: ServedFolder
  let runs: [ComparedRun]
  let options: PlotOptions
  let query: QueryFields
  let showsAll: Bool
  /// True if a process executes one of the runs.
  let isOpen: Bool

  /// - Parameter paths: the runs' folders, which exist.
  init(_ paths: [String], in folder: ServedFolder, _ query: QueryFields) throws {
    self.folder = folder
    self.query = query
    isOpen = paths.contains { (try? RunList.run($0).isOpen) ?? false }
    runs = try paths.flatMap { try ComparedRun.all(in: $0) }
    options = PlotOptions(
      smoothing: query["smooth"].flatMap { Int($0) }.map { min(max($0, 1), 10_000) } ?? 1,
      isLogarithmic: query["log"] == "1")
    showsAll = query["all"] == "1"
  }

  func html() -> String {
    let names = runs.map { folder.address(of: $0.path) }
    let settings = SettingsTable(runs.map(\.options), showsAll: showsAll)
    return ServerPage.document(
      "nnexp: compare \(runs.count) runs", trail: "compare \(runs.count) runs",
      events: isOpen ? "/events/compare" + query.text : nil, isWide: true,
      "<h1 class=\"quiet\">Compare \(runs.count) runs</h1>\n" + controls
        + "<div id=\"updated\">\n" + charts
        + section("Results", table(names, resultRows))
        + section(
          showsAll ? "Settings" : "Settings that differ",
          settings.rows.isEmpty
            ? "<p>All settings are equal.</p>\n" : table(names, settings.rows))
        + allLink(settings) + "</div>\n")
  }

  private func section(_ title: String, _ content: String) -> String {
    "<h2>\(title)</h2>\n" + content
  }

  /// The form for smoothing and the logarithmic axis.
  private var controls: String {
    let kept = query.all("run").map {
      "<input type=\"hidden\" name=\"run\" value=\"\(Escaping.xmlAttribute($0))\"/>"
    }
    return """
      <form class="filter" method="get" action="/compare">\(kept.joined())\
      <label>smoothing, epochs <input type="number" name="smooth" min="1" max="10000" \
      value="\(options.smoothing)"/></label>
      <label><input type="checkbox" name="log" value="1"\(
        options.isLogarithmic ? " checked=\"\"" : "")/> logarithmic axis</label>
      <button>Draw</button>
      </form>

      """
  }

  private var charts: String {
    do {
      let charts = try ResultCharts(runs.map(\.path), options: options).charts
      return "<div class=\"charts\">\n"
        + charts.map { chart in
          let image = SVGChart([chart], width: 440, panelHeight: 300, appearance: .page)
          return "<figure>\(image.text)</figure>\n"
        }.joined() + "</div>\n"
    } catch {
      return "<p>\(Escaping.xml(RunServer.text(of: error)))</p>\n"
    }
  }

  private func allLink(_ settings: SettingsTable) -> String {
    let text = showsAll ? "Show only those that differ" : "Show all \(settings.count) settings"
    let target = query.setting("all", showsAll ? nil : "1").text
    return "<p><a href=\"/compare\(Escaping.xmlAttribute(target))\">\(text)</a></p>\n"
  }

  /// The rows of results: status, epochs, last and best values, the best of each row marked.
  private var resultRows: [ComparedRow] {
    var rows = [
      ComparedRow("status", runs.map { ListPage.readable($0.status) }),
      ComparedRow("epochs", runs.map { $0.epochs.map { "\($0)" } ?? "" }),
    ]
    func add(_ prefix: String, _ columns: [MetricColumn], _ value: (ComparedRun, String) -> Double?)
    {
      for name in columns.map(\.name).uniquedTexts() {
        let values = runs.map { value($0, name) }
        if values.allSatisfy({ $0 == nil }) { continue }
        let known = values.compactMap { $0 }.filter { !$0.isNaN }
        let larger = columns.first { $0.name.hasSameBytes(as: name) }?.largerIsBetter
        let best = larger.flatMap { $0 ? known.max() : known.min() }
        rows.append(
          ComparedRow(
            prefix + name, values.map { $0.map { rounded($0, digits: 6) } ?? "" },
            marked: known.count > 1 ? values.map { $0 != nil && $0 == best } : []))
      }
    }
    add("", runs.flatMap { $0.final.map(\.column) }) { run, name in
      run.final.first { $0.column.name.hasSameBytes(as: name) }?.value
    }
    add("best ", runs.flatMap { $0.best.map(\.column) }) { run, name in
      run.best.first { $0.column.name.hasSameBytes(as: name) }?.value
    }
    rows.append(
      ComparedRow("seconds", runs.map { $0.seconds.map { rounded($0, digits: 4) } ?? "" }))
    return rows
  }

  private func table(_ names: [String], _ rows: [ComparedRow]) -> String {
    let heads = names.map { name in
      "<th><a href=\"/run/\(Escaping.url(name))\">\(Escaping.xml(name))</a></th>"
    }
    let lines = rows.map { row in
      let isNumber = row.values.allSatisfy { $0.isEmpty || Double($0) != nil }
      let cells = row.values.enumerated().map { index, value in
        let styles =
          (isNumber ? ["number"] : [])
          + (row.marked.indices.contains(index) && row.marked[index] ? ["best"] : [])
        return "<td class=\"\(styles.joined(separator: " "))\">\(Escaping.xml(value))</td>"
      }
      return "<tr><th scope=\"row\">\(Escaping.xml(row.name))</th>\(cells.joined())</tr>\n"
    }
    return "<div class=\"wide\"><table class=\"compared\">\n<thead><tr><th></th>"
      + "\(heads.joined())</tr></thead>\n<tbody>\n\(lines.joined())</tbody>\n</table></div>\n"
  }
}

/// A line of a comparison: a name and one value per run.
struct ComparedRow: Equatable {
  let name: String
  let values: [String]
  /// True for the values to mark; empty if none is.
  let marked: [Bool]

  init(_ name: String, _ values: [String], marked: [Bool] = []) {
    (self.name, self.values, self.marked) = (name, values, marked)
  }
}

/// The settings of runs from their resolved.yaml, each option by its path.
struct SettingsTable {
  let rows: [ComparedRow]
  /// The number of all settings, including those that are equal.
  let count: Int

  /// - Parameter settings: the options of each run with their values, in the order of its
  ///   file. An option that a run lacks has an empty value.
  init(_ settings: [[(name: String, value: String)]], showsAll: Bool) {
    let names = settings.flatMap { $0.map(\.name) }.uniquedTexts()
    let values = settings.map { options in
      Dictionary(options.map { ($0.name, $0.value) }) { first, _ in first }
    }
    count = names.count
    rows = names.compactMap { name in
      let found = values.map { $0[name] }
      if !showsAll, found.allSatisfy({ $0 == found[0] }) { return nil }
      return ComparedRow(name, found.map { $0 ?? "" })
    }
  }
}
