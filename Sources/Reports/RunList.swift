import Files
import Platform
public import NNExp
import Results
import Sweeps

/// The runs and sweeps below a folder, newest first.
public struct RunList: Sendable {
  /// One run or one sweep.
  public struct Entry: Sendable {
    public let path: String
    public let isSweep: Bool
    /// The status in the run's summary, `killed` if its process ended without one, or the counts
    /// of a sweep's trials by status, after `incomplete: ` if nobody runs the remaining ones.
    public let status: String
    /// True if more results are expected: a process executes the run or the sweep.
    public let isOpen: Bool
    /// The time of its start in ISO 8601; empty if it is not recorded.
    public let started: String
    public let epochs: Int?
    /// The best value of the monitored column, or the last training loss.
    public let metric: (column: MetricColumn, value: Double)?
  }

  public let entries: [Entry]
  /// Why runs and sweeps are left out, a warning each.
  public let faults: [Diagnostic]

  /// Finds runs (folders with a run.json) and sweeps (with a plan.json) at most four folders
  /// below `path`. Links are not followed.
  ///
  /// - Throws: a `Diagnostic` if there is no such folder.
  public init(below path: String) throws {
    let folder = try Self.folder(path)
    var found: [Entry] = []
    var faults: [Diagnostic] = []
    try Self.search(folder, depth: 0, &found, &faults)
    entries = found.sorted(by: Self.isNewer)
    self.faults = faults
  }

  /// Opens a folder of results.
  ///
  /// - Throws: a `Diagnostic` if there is no such folder.
  public static func folder(_ path: String) throws -> Folder {
    guard let folder = try FileSystem.system.currentFolder.openFolderIfThere(path) else {
      throw Diagnostic(
        "there is no folder '\(path)'", notes: [.init("'nnexp run' writes its results there")])
    }
    return folder
  }

  /// The order of the list: the newest first; for equal times, the last path first, because the
  /// number of a run is at its end.
  public static func isNewer(_ a: Entry, _ b: Entry) -> Bool {
    a.started == b.started ? a.path > b.path : a.started > b.started
  }

  /// The number of folders between the folder of results and a run, at most.
  public static let mostLevels = 4

  private static func search(
    _ folder: Folder, depth: Int, _ found: inout [Entry], _ faults: inout [Diagnostic]
  ) throws {
    let names = try folder.entries()
    let isSweep = names.contains(PlanRecord.file)
    if isSweep || names.contains(RunRecord.file) {
      do {
        if let entry = try isSweep ? sweep(folder.path) : run(folder.path) { found.append(entry) }
      } catch {
        var own = Diagnostics()
        own.add(error)
        for fault in own.list {
          faults.append(
            Diagnostic(
              "'\(folder.path)' is left out: \(fault.message)", at: fault.location,
              severity: .warning))
        }
      }
      return
    }
    guard depth < mostLevels else { return }
    for name in names where try folder.kind(of: name) == .folder {
      try search(folder.openFolder(name), depth: depth + 1, &found, &faults)
    }
  }

  /// The files that the entry of a run is read from.
  public static let files = [RunRecord.file, Summary.file, "metrics.csv", ".lock"]

  /// The entry of the run in a folder.
  public static func run(_ path: String) throws -> Entry {
    let run = try RunDirectory.open(path)
    let summary = try Summary.current(of: run)
    return Entry(
      path: path, isSweep: false, status: summary.statusText(of: run),
      isOpen: summary.status == .running && run.isInProgress,
      started: (try? RunRecord(of: run))?.started ?? "", epochs: summary.epochs,
      metric: metric(of: summary))
  }

  private static func metric(of summary: Summary) -> (column: MetricColumn, value: Double)? {
    if let name = summary.delivered?.column,
      let best = summary.best.first(where: { $0.column.name.hasSameBytes(as: name) })
    {
      return (best.column, best.value)
    }
    return summary.final.lazy.compactMap { final in
      final.value.map { (column: final.column, value: $0) }
    }.first
  }

  /// The entry of the sweep in a folder; nil if there is none.
  public static func sweep(_ path: String) throws -> Entry? {
    let folder = SweepFolder(path)
    guard let plan = try PlanRecord(of: folder) else { return nil }
    // A sweep that ends between the two readings appears as complete.
    let isOpen = folder.isInProgress
    let rows = try plan.rows(in: folder)
    let counts = TrialRow.Status.allCases.compactMap { status -> String? in
      let count = rows.count { $0.status == status }
      return count == 0 ? nil : "\(count) \(status.rawValue)"
    }
    let isIncomplete = !isOpen && rows.contains(where: \.isUnfinished)
    // A sweep has no run.json; its first trial has one.
    let started = rows.lazy.compactMap { row in
      (try? RunRecord(of: RunDirectory.open(row.run)))?.started
    }.first
    return Entry(
      path: path, isSweep: true,
      status: (isIncomplete ? "incomplete: " : "") + counts.joined(separator: ", "),
      isOpen: isOpen,
      started: started ?? "", epochs: nil, metric: best(of: rows.filter(\.isComparable), plan))
  }

  /// The positions of the entries with the best metric among the entries of the same folder and
  /// metric. Entries that have no equal, and metrics without a direction, are left out.
  public static func best(of entries: [Entry]) -> [Int] {
    var groups: [[String]: [Int]] = [:]
    for (index, entry) in entries.enumerated() {
      guard let metric = entry.metric, !metric.value.isNaN else { continue }
      groups[[Path.folder(of: entry.path), metric.column.name], default: []].append(index)
    }
    return entries.indices.filter { index in
      guard let metric = entries[index].metric, let larger = metric.column.largerIsBetter,
        let group = groups[[Path.folder(of: entries[index].path), metric.column.name]]
      else { return false }
      let values = group.compactMap { entries[$0].metric?.value }
      guard let best = larger ? values.max() : values.min() else { return false }
      return metric.value == best && values.contains { $0 != best }
    }
  }

  /// The best trial's value of the monitored column.
  private static func best(
    of rows: [TrialRow], _ plan: PlanRecord
  ) -> (column: MetricColumn, value: Double)? {
    guard let column = plan.monitor(of: rows) else { return nil }
    let values = rows.compactMap { $0.value(column.name) }.filter { !$0.isNaN }
    let best = column.largerIsBetter == true ? values.max() : values.min()
    return best.map { (column, $0) }
  }
}
