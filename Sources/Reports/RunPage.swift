public import Charts
import Files
public import NNExp
public import Results

/// The report of one run as a page: `nnexp report RUN`.
public struct RunPage {
  private let run: RunDirectory
  private let recorded: RecordedRun
  private let record: RunRecord
  /// The predictions of every head and split.
  private let predictions: [PredictionCharts]
  private let model: Result<RunModel, any Error>

  /// Opens a run in any state: completed, failed, interrupted or in progress.
  ///
  /// - Parameters:
  ///   - registry: the types that the run's model may name.
  ///   - readsData: whether files outside the run's folder are read, to draw samples.
  public init(_ run: RunDirectory, registry: Registry, readsData: Bool = true) throws {
    self.run = run
    let record = try RunRecord(of: run)
    self.record = record
    let heads = try RunPage.heads(of: run)
    predictions =
      try RunPage.table("predictions.csv", of: run).map { PredictionCharts.all(of: $0, heads) }
      ?? []
    let worst = predictions.last { $0.head.name == heads[0].name }?.worst(RunPage.mostWorst)
    let rows = worst.flatMap { worst -> [Int]? in
      guard let row = worst.columns.firstIndex(of: "row"), !worst.columns.contains("file") else {
        return nil
      }
      return worst.rows.compactMap { Int($0[row]) }
    }
    model = Result {
      try RunModel(
        of: run, record: record, rows: rows ?? [], registry: registry, readsData: readsData)
    }
    recorded = try RecordedRun(run, known: (try? model.get())?.metricColumns ?? [])
  }

  private static let mostWorst = 10

  /// The heads; a single one has no name.
  private static func heads(of run: RunDirectory) throws -> [PredictionCharts.Head] {
    let columns = try Summary.current(of: run).final.map(\.column)
    let names = columns.compactMap { $0.split == nil ? nil : $0.head }.uniquedTexts()
    let confusions = try run.folder.entries().filter { $0.hasPrefix(bytes: "confusion_") }
    if names.isEmpty { return [.init(name: nil, isOfClasses: !confusions.isEmpty)] }
    // The whole name, because the name of a head may end with that of another.
    return names.map { name in
      let own = MetricColumn.Split.allCases.map { "confusion_\($0.rawValue)_\(name).csv" }
      return .init(name: name, isOfClasses: own.contains(where: confusions.contains(text:)))
    }
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
    addModel(to: &page)
    try addGradientCheck(to: &page)
    try addRecord(to: &page)
    return page.html(in: frame)
  }

  /// The charts of the page, for one picture.
  public func charts() throws -> [Chart] {
    try Curves(runs: [recorded], options: PlotOptions()).charts() + layerCharts
      + confusionCharts() + predictionCharts
  }

  /// The run and its status in a line.
  public var heading: String {
    "\(run.path): \(verdict.word), \(recorded.newestEpoch ?? 0) epochs"
  }

  private func addVerdict(to page: inout Page) {
    let (word, isGood, sentence) = verdict
    page.verdict(word, isGood: isGood, sentence)
    page.table(
      ["expectation", "bound", "found", ""],
      recorded.summary.expectations.map {
        [$0.name, $0.bound, Self.text($0.found), $0.isMet ? "met" : "not met"]
      })
  }

  private var verdict: (word: String, isGood: Bool?, sentence: String) {
    let summary = recorded.summary
    let isKilled = summary.status == .running && !run.isInProgress
    let (word, isGood): (String, Bool?) =
      switch summary.status {
      case .running where isKilled: ("killed", false)
      case .completed: ("completed", true)
      case .fellShort: ("fell short", false)
      case .failed: ("failed", false)
      case .running: ("running", nil)
      case .interrupted: ("interrupted", nil)
      case .stopped: ("stopped", nil)
      }
    var sentence = "after \(summary.epochs) epochs, \(summary.steps) steps"
    if summary.status == .running {
      // The summary is written at the end.
      sentence = recorded.newestEpoch.map { "after epoch \($0)" } ?? "before its first epoch"
    }
    if isKilled {
      sentence += "; its process ended, and nnexp resume \(quotedForShell(run.path)) continues it"
    }
    if let delivered = summary.delivered { sentence += "; it delivers \(delivered.text)" }
    if let reason = summary.reason { sentence += ": " + reason }
    return (word, isGood, sentence)
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
    page.charts(layerCharts)
    let summary = recorded.summary
    page.table(
      ["column", "last epoch", "best", "best epoch", "better"],
      recorded.columns.filter { $0.split != nil }.map { column in
        let best = summary.best.first { $0.column.name == column.name }
        let better = column.largerIsBetter.map { $0 ? "larger" : "smaller" }
        return [
          column.name, recorded.newestValue(column).map { rounded($0, digits: 6) } ?? "",
          best.map { rounded($0.value, digits: 6) } ?? "", best.map { "\($0.epoch)" } ?? "",
          better ?? "",
        ]
      })
  }

  /// The columns that `record:` adds: a chart per quantity with a line per layer.
  private var layerCharts: [Chart] {
    let columns = recorded.columns.filter { $0.split == nil && $0.head != nil }
    return columns.map(\.quantity).uniquedTexts().map { quantity in
      let own = columns.filter { $0.quantity.hasSameBytes(as: quantity) }
      return Chart(
        quantity,
        .plot(
          Plot(
            x: Axis("epoch", isInteger: true), y: Axis("", .logarithmic),
            series: own.enumerated().map { index, column in
              Series(column.head ?? "", color: index, recorded.points(column, smoothing: 1))
            })))
    }
  }

  private func table(_ file: String) throws -> TextTable? { try Self.table(file, of: run) }

  private static func table(_ file: String, of run: RunDirectory) throws -> TextTable? {
    guard let bytes = try run.folder.readIfThere(file, limit: 1 << 30) else { return nil }
    return try TextTable(bytes, path: run.folder.path(of: file))
  }

  private func files(withPrefix prefix: String) throws -> [(split: String, file: String)] {
    try run.folder.entries().filter { $0.hasPrefix(bytes: prefix) && $0.hasSuffix(bytes: ".csv") }
      .sorted().map { (String($0.dropFirst(prefix.count).dropLast(4)), $0) }
  }

  private func addConfusion(to page: inout Page) throws {
    let charts = try confusionCharts()
    if charts.isEmpty { return }
    page.section("Classes")
    page.charts(charts, height: 340)
  }

  private func confusionCharts() throws -> [Chart] {
    try files(withPrefix: "confusion_").compactMap { split, file -> Chart? in
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
  }

  private func addClasses(to page: inout Page) throws {
    for (split, file) in try files(withPrefix: "classes_") {
      guard let table = try table(file) else { continue }
      page.paragraph("Per class, \(split):")
      page.table(table.columns, table.rows.map { $0.map(TextTable.brief) })
    }
  }

  private func addPredictions(to page: inout Page) throws {
    let charts = predictionCharts
    let heads = Dictionary(grouping: predictions.indices) { predictions[$0].head.name ?? "" }
    // The worst predictions of the last split of each head, in the order of the heads.
    let worst = heads.values.compactMap(\.last).sorted().compactMap { index in
      predictions[index].worst(Self.mostWorst).map { (predictions[index].head.name, $0) }
    }
    if charts.isEmpty, worst.isEmpty { return }
    page.section("Predictions")
    page.charts(charts, height: 340)
    for note in predictions.flatMap(\.classNotes) { page.paragraph(note) }
    for (head, worst) in worst {
      page.paragraph("The worst predictions\(head.map { " of '\($0)'" } ?? ""):")
      page.table(worst.columns, worst.rows)
    }
    guard let model = try? model.get() else { return }
    if !model.samples.isEmpty {
      page.paragraph("The inputs of the worst predictions, by row:")
      page.images(model.samples.map { ("row \($0.row)", $0.image) })
    }
  }

  private var predictionCharts: [Chart] { predictions.flatMap(\.charts) }

  private func addModel(to page: inout Page) {
    page.section("Model")
    let model: RunModel
    do { model = try self.model.get() } catch {
      let reason = (error as? Diagnostic)?.message ?? "\(error)"
      page.paragraph("The model is in resolved.yaml below; it is not drawn: \(reason)")
      return
    }
    page.drawing(model.drawing)
    page.table(model.nodes[0], Array(model.nodes.dropFirst()))
    if let note = model.note { page.paragraph(note) }
    for gallery in model.galleries {
      page.paragraph(gallery.title)
      page.images(gallery.images)
    }
    if let columns = model.columns {
      page.section("Columns as read")
      page.table(columns[0], Array(columns.dropFirst()))
    }
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
    var rows = [
      ["nnexp", record.nnexpVersion], ["Swift", record.swiftVersion],
      ["processor", record.cpu ?? ""], ["instruction set", record.isa], ["BLAS", record.blas],
      ["seed", "\(record.seed)"], ["started", record.started],
    ]
    if let seconds = record.seconds { rows.append(["seconds", rounded(seconds, digits: 4)]) }
    if let commit = record.gitCommit { rows.append(["commit", commit]) }
    rows += (record.data + record.plugins).map { [$0.path, "SHA-256 " + $0.sha256] }
    page.table(["", ""], rows)
    for file in ["experiment.yaml", "base.yaml", "resolved.yaml", "columns.json", RunRecord.file] {
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
