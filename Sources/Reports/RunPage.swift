import Charts
import Files
import NNExp
public import Results

/// The report of one run as a page: `nnexp report RUN`.
public struct RunPage {
  private let run: RunDirectory
  private let recorded: RecordedRun

  /// Opens a run in any state: completed, failed, interrupted or in progress.
  public init(_ run: RunDirectory) throws {
    self.run = run
    recorded = try RecordedRun(run)
  }

  /// The page as one HTML file.
  public func html(in frame: PageFrame = PageFrame()) throws -> String {
    var page = Page(run.path)
    page.heading(run.path)
    addVerdict(to: &page)
    try addMetrics(to: &page)
    try addConfusion(to: &page)
    try addClasses(to: &page)
    try addPredictions(to: &page)
    try addColumns(to: &page)
    try addGradientCheck(to: &page)
    try addRecord(to: &page)
    return page.html(in: frame)
  }

  private func addVerdict(to page: inout Page) {
    let summary = recorded.summary
    let (word, isGood): (String, Bool?) =
      switch summary.status {
      case .completed: ("completed", true)
      case .fellShort: ("fell short", false)
      case .failed: ("failed", false)
      case .running: ("running", nil)
      case .interrupted: ("interrupted", nil)
      case .stopped: ("stopped", nil)
      }
    var sentence = "after \(summary.epochs) epochs, \(summary.steps) steps"
    if let delivered = summary.delivered { sentence += "; it delivers \(delivered.text)" }
    if let reason = summary.reason { sentence += ": " + reason }
    page.verdict(word, isGood: isGood, sentence)
    page.table(
      ["expectation", "bound", "found", ""],
      summary.expectations.map {
        [$0.name, $0.bound, Self.text($0.found), $0.isMet ? "met" : "not met"]
      })
  }

  private static func text(_ json: JSON) -> String {
    switch json {
    case .null: ""
    case .string(let text): text
    case .int(let value): "\(value)"
    case .number(let value): rounded(value, digits: 6)
    case .bool(let value): "\(value)"
    case .array, .object: ""
    }
  }

  private func addMetrics(to page: inout Page) throws {
    page.section("Metrics")
    let curves = Curves(runs: [recorded], options: PlotOptions())
    page.charts(try curves.charts())
    let summary = recorded.summary
    page.table(
      ["column", "last epoch", "best", "best epoch", "better"],
      summary.final.map { final in
        let best = summary.best.first { $0.column.name == final.column.name }
        let better = final.column.largerIsBetter.map { $0 ? "larger" : "smaller" }
        return [
          final.column.name, final.value.map { rounded($0, digits: 6) } ?? "",
          best.map { rounded($0.value, digits: 6) } ?? "", best.map { "\($0.epoch)" } ?? "",
          better ?? "",
        ]
      })
  }

  private func table(_ file: String) throws -> TextTable? {
    guard let bytes = try run.folder.readIfThere(file, limit: 1 << 30) else { return nil }
    return try TextTable(bytes, path: run.folder.path(of: file))
  }

  private func files(withPrefix prefix: String) throws -> [(split: String, file: String)] {
    try run.folder.entries().filter { $0.hasPrefix(bytes: prefix) && $0.hasSuffix(bytes: ".csv") }
      .sorted().map { (String($0.dropFirst(prefix.count).dropLast(4)), $0) }
  }

  private func addConfusion(to page: inout Page) throws {
    let charts = try files(withPrefix: "confusion_").compactMap { split, file -> Chart? in
      guard let table = try table(file), !table.rows.isEmpty else { return nil }
      let names = table.columns.dropFirst().map {
        $0.hasPrefix(bytes: "predicted_") ? String($0.dropFirst("predicted_".count)) : $0
      }
      return Chart(
        "confusion, \(split)",
        .heatMap(
          HeatMap(
            xLabel: "predicted", yLabel: "true", columns: names, rows: table.rows.map { $0[0] },
            values: table.rows.map { $0.dropFirst().map { Double($0) } }, showsValues: true)))
    }
    if charts.isEmpty { return }
    page.section("Classes")
    page.charts(charts, height: 340)
  }

  private func addClasses(to page: inout Page) throws {
    for (split, file) in try files(withPrefix: "classes_") {
      guard let table = try table(file) else { continue }
      page.paragraph("Per class, \(split):")
      page.table(table.columns, table.rows.map { $0.map(TextTable.brief) })
    }
  }

  private func addPredictions(to page: inout Page) throws {
    guard let table = try table("predictions.csv") else { return }
    let splits = PredictionCharts.splits(of: table)
    let isOfClasses = try !files(withPrefix: "confusion_").isEmpty
    let charts = splits.flatMap { $0.charts(isOfClasses: isOfClasses) }
    let worst = splits.last.flatMap { $0.worst(10, isOfClasses: isOfClasses) }
    if charts.isEmpty, worst == nil { return }
    page.section("Predictions")
    page.charts(charts, height: 340)
    guard let worst else { return }
    page.paragraph("The worst predictions:")
    page.table(worst.columns, worst.rows)
  }

  private func addColumns(to page: inout Page) throws {
    let file = "columns.json"
    guard let bytes = try run.folder.readIfThere(file, limit: 1 << 26) else { return }
    page.section("Columns as read")
    page.file(file, String(decoding: bytes, as: UTF8.self))
  }

  private func addGradientCheck(to page: inout Page) throws {
    guard let table = try table("gradient_check_summary.csv"), !table.rows.isEmpty else { return }
    page.section("Gradient check")
    let shown = [
      "at", "node", "type", "tensor", "kind", "entries", "checked", "max_relative_error",
      "sensitivity", "verdict",
    ].compactMap { name in table.index(of: name).map { (name, $0) } }
    page.table(
      shown.map { $0.0.replacing(byte: UInt8(ascii: "_"), with: UInt8(ascii: " ")) },
      table.rows.map { row in shown.map { TextTable.brief(row[$0.1]) } })
  }

  private func addRecord(to page: inout Page) throws {
    page.section("How to repeat it")
    page.command("nnexp run \(run.path)/resolved.yaml")
    let record = try RunRecord(of: run)
    var rows = [
      ["nnexp", record.nnexpVersion], ["Swift", record.swiftVersion],
      ["processor", record.cpu ?? ""], ["instruction set", record.isa], ["BLAS", record.blas],
      ["seed", "\(record.seed)"], ["started", record.started],
    ]
    if let seconds = record.seconds { rows.append(["seconds", rounded(seconds, digits: 4)]) }
    if let commit = record.gitCommit { rows.append(["commit", commit]) }
    rows += (record.data + record.plugins).map { [$0.path, "SHA-256 " + $0.sha256] }
    page.table(["", ""], rows)
    for file in ["experiment.yaml", "resolved.yaml", RunRecord.file] {
      guard let bytes = try run.folder.readIfThere(file, limit: 1 << 26) else { continue }
      page.file(file, String(decoding: bytes, as: UTF8.self))
    }
  }
}

extension String {
  fileprivate func replacing(byte: UInt8, with other: UInt8) -> String {
    String(decoding: utf8.map { $0 == byte ? other : $0 }, as: UTF8.self)
  }
}
