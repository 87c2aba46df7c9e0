import Charts
import NNExp
import Results
public import Sweeps

/// The report of a sweep as a page: `nnexp report SWEEP`.
public struct SweepPage {
  private let plan: PlanRecord
  private let folder: SweepFolder

  public init(_ plan: PlanRecord, in folder: SweepFolder) {
    (self.plan, self.folder) = (plan, folder)
  }

  /// The maximum number of trials in the page's table; sweep.csv has all of them.
  private static let mostRows = 50

  /// The page, complete in one file.
  public func html(in frame: PageFrame = PageFrame()) throws -> String {
    var page = Page(folder.path)
    page.heading(plan.name + ": " + folder.path)
    let rows = try plan.rows(in: folder)
    addVerdict(rows, to: &page)
    let charts = try? SweepCharts(plan, in: folder, options: PlotOptions()).charts()
    if let charts {
      page.section("Metrics")
      page.charts(charts, height: 320)
    }
    addTrials(rows, to: &page)
    addFailures(rows, to: &page)
    page.section("How to repeat it")
    page.paragraph("Each trial's folder holds its experiment, its record and its weights.")
    return page.html(in: frame)
  }

  private func addVerdict(_ rows: [TrialRow], to page: inout Page) {
    let counts = TrialRow.Status.allCases.compactMap { status -> String? in
      let count = rows.count { $0.status == status }
      return count == 0
        ? nil : "\(count) \(status.rawValue.split(atByte: "_").joined(separator: " "))"
    }
    let isOpen = rows.contains { $0.status == .pending || $0.status == .running }
    let failed = rows.contains { $0.status == .failed || $0.status == .fellShort }
    page.verdict(
      isOpen ? "running" : failed ? "fell short" : "completed", isGood: isOpen ? nil : !failed,
      "\(rows.count) trials: " + counts.joined(separator: ", "))
  }

  /// The trials in the order of their metric, best first.
  private func addTrials(_ rows: [TrialRow], to page: inout Page) {
    let done = rows.filter { $0.isDone || $0.status == .stopped }
    guard let metric = done.first?.best.first?.column ?? done.first?.final.first?.column else {
      return
    }
    func value(_ row: TrialRow) -> Double? {
      row.final.first { $0.column.name.hasSameBytes(as: metric.name) }?.value
    }
    let sign = metric.largerIsBetter == true ? -1.0 : 1.0
    let order = done.filter { value($0) != nil }.sorted { a, b in
      let (x, y) = (sign * (value(a) ?? 0), sign * (value(b) ?? 0))
      return x < y || (x == y && a.number < b.number)
    }
    page.section("Trials by \(metric.name), best first")
    if order.count > Self.mostRows {
      page.paragraph("The best \(Self.mostRows) of \(order.count); sweep.csv has all.")
    }
    let names = order.first?.final.map(\.column.name) ?? []
    page.table(
      ["trial", "seed"] + plan.parameters.filter { $0 != "seed" } + names + ["status"],
      order.prefix(Self.mostRows).map { row in
        let values = zip(plan.parameters, row.values).filter { $0.0 != "seed" }.map { $0.1 }
        let finals = names.map { name in
          row.final.first { $0.column.name == name }?.value.map { rounded($0, digits: 6) } ?? ""
        }
        return ["\(row.number)", "\(row.seed)"] + values + finals + [row.status.rawValue]
      })
  }

  private func addFailures(_ rows: [TrialRow], to page: inout Page) {
    let failures = rows.filter { $0.status == .failed }
    if failures.isEmpty { return }
    page.section("Failures")
    page.table(
      ["trial", "exit code", "error"],
      failures.map { ["\($0.number)", $0.exitStatus.map { "\($0)" } ?? "", $0.error ?? ""] })
  }
}
