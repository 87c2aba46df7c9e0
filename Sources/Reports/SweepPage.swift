import Charts
import Files
import NNExp
import Results
public import Sweeps

/// The report of a sweep as a page: `nnexp report SWEEP`.
public struct SweepPage {
  private let plan: PlanRecord
  private let folder: SweepFolder
  private let link: (String) -> String

  /// - Parameter link: the address that the page gives for the folder of a trial's run.
  public init(
    _ plan: PlanRecord, in folder: SweepFolder, link: @escaping (String) -> String
  ) {
    (self.plan, self.folder, self.link) = (plan, folder, link)
  }

  /// The maximum number of trials in the page's table; sweep.csv has all of them.
  private static let mostRows = 50

  /// The page, complete in one file.
  public func html(in frame: PageFrame = PageFrame()) throws -> String {
    var page = Page(folder.path)
    page.heading(plan.name + ": " + folder.path)
    let isInProgress = folder.isInProgress
    let rows = try plan.rows(in: folder)
    addVerdict(rows, isInProgress: isInProgress, to: &page)
    addRunning(rows, to: &page)
    let charts = try? SweepCharts(plan, in: folder, options: PlotOptions()).charts()
    if let charts {
      page.section("Metrics")
      page.paragraph(
        "The charts show the values of every epoch, and of the last; the tables those of the "
          + "delivered weights.")
      page.charts(charts, height: 320)
    }
    let done = rows.filter(\.isComparable)
    if let metric = plan.monitor(of: done) {
      addFindings(done, metric, to: &page)
      addTrials(done, metric, to: &page)
    }
    addFailures(rows, to: &page)
    page.section("How to repeat it")
    page.paragraph("Each trial's folder holds its experiment, its record and its weights.")
    return page.html(in: frame)
  }

  private func addVerdict(_ rows: [TrialRow], isInProgress: Bool, to page: inout Page) {
    let counts = TrialRow.Status.allCases.compactMap { status -> String? in
      let count = rows.count { $0.status == status }
      return count == 0 ? nil : "\(count) \(words(status))"
    }
    let failed = rows.contains { $0.status == .failed || $0.status == .fellShort }
    var sentence = "\(rows.count) trials: " + counts.joined(separator: ", ")
    let (word, isGood): (String, Bool?)
    if isInProgress {
      (word, isGood) = ("running", nil)
    } else if rows.contains(where: \.isUnfinished) {
      (word, isGood) = ("incomplete", nil)
      sentence += "; no process runs the sweep, and the same command continues it"
    } else {
      (word, isGood) = failed ? ("fell short", false) : ("completed", true)
    }
    page.verdict(word, isGood: isGood, sentence)
  }

  private func words(_ status: TrialRow.Status) -> String {
    status.rawValue.split(atByte: "_").joined(separator: " ")
  }

  /// The values of a trial's parameters, without the seed, which has another column.
  private func values(_ row: TrialRow) -> [String] {
    zip(plan.parameters, row.values).filter { $0.0 != "seed" }.map { $0.1 }
  }

  /// The names of the columns of `values`.
  private var valueNames: [String] { plan.parameters.filter { $0 != "seed" } }

  /// Adds the trials that processes are running, with their newest values.
  private func addRunning(_ rows: [TrialRow], to page: inout Page) {
    let running = rows.filter { $0.status == .running }
    if running.isEmpty { return }
    page.section("Trials in progress")
    page.table(
      ["trial", "seed"] + valueNames + ["epochs", "training loss"],
      running.map { row in
        let summary = try? Summary.current(of: RunDirectory.open(row.run))
        let loss = summary?.final.first { $0.column.split == .train }?.value
        return ["\(row.number)", "\(row.seed)"] + values(row) + [
          (summary?.epochs).map { "\($0)" } ?? "", loss.map { rounded($0, digits: 6) } ?? "",
        ]
      }, links: running.map { link($0.run) })
  }

  /// Adds the influence of each parameter, and the mean of each setting with its interval.
  private func addFindings(_ done: [TrialRow], _ metric: MetricColumn, to page: inout Page) {
    let shown = plan.parameters.indices.filter { plan.parameters[$0] != "seed" }
    let parameters = shown.map { plan.parameters[$0] }
    let trials = done.compactMap { row in
      row.value(metric.name).flatMap { value in
        value.isFinite
          ? SweepFindings.Trial(values: shown.map { row.values[$0] }, metric: value) : nil
      }
    }
    let findings = SweepFindings(
      trials, parameters: parameters, largerIsBetter: metric.largerIsBetter == true)
    let influences = findings.influences
    if influences.count > 1 {
      page.section("What matters most for \(metric.name)")
      page.paragraph(
        "The share of the variance of the trials' ranks that a parameter's values explain, and "
          + "the value with the best mean.")
      page.table(
        ["parameter", "share", "best value", "mean there"],
        influences.map {
          [
            $0.parameter, rounded($0.share, digits: 3), $0.bestValue, rounded($0.mean, digits: 6),
          ]
        })
    }
    let settings = findings.settings
    guard settings.contains(where: { $0.count > 1 }) else { return }
    page.section("Settings by mean \(metric.name), with 95% intervals over seeds")
    if settings.count > Self.mostSettings {
      page.paragraph("The best \(Self.mostSettings) of \(settings.count).")
    }
    page.table(
      parameters + ["trials", "mean", "from", "to"],
      settings.prefix(Self.mostSettings).map { setting in
        setting.values + [
          "\(setting.count)", rounded(setting.mean, digits: 6),
          setting.interval.map { rounded($0.low, digits: 6) } ?? "",
          setting.interval.map { rounded($0.high, digits: 6) } ?? "",
        ]
      })
  }

  private static let mostSettings = 20

  /// The trials in the order of their metric, best first. Values are those of the delivered
  /// weights.
  private func addTrials(_ done: [TrialRow], _ metric: MetricColumn, to page: inout Page) {
    let sign = metric.largerIsBetter == true ? -1.0 : 1.0
    let order = done.filter { $0.value(metric.name) != nil }.sorted { a, b in
      let (x, y) = (sign * (a.value(metric.name) ?? 0), sign * (b.value(metric.name) ?? 0))
      return x < y || (x == y && a.number < b.number)
    }
    page.section("Trials by \(metric.name), best first")
    if order.count > Self.mostRows {
      page.paragraph("The best \(Self.mostRows) of \(order.count); sweep.csv has all.")
    }
    let names = (order.first?.final ?? []).filter { $0.column.split != nil }.map(\.column.name)
      .filter { name in order.contains { $0.value(name) != nil } }
    let shown = order.prefix(Self.mostRows)
    page.table(
      ["trial", "seed"] + valueNames + names + ["status"],
      shown.map { row in
        let metrics = names.map { name in row.value(name).map { rounded($0, digits: 6) } ?? "" }
        return ["\(row.number)", "\(row.seed)"] + values(row) + metrics + [words(row.status)]
      }, links: shown.map { link($0.run) })
  }

  private func addFailures(_ rows: [TrialRow], to page: inout Page) {
    let failures = rows.filter { $0.status == .failed }
    if failures.isEmpty { return }
    page.section("Failures")
    page.table(
      ["trial", "exit code", "error"],
      failures.map { ["\($0.number)", $0.exitStatus.map { "\($0)" } ?? "", $0.error ?? ""] },
      links: failures.map { Path.isThere($0.run + "/" + RunRecord.file) ? link($0.run) : nil })
  }
}
