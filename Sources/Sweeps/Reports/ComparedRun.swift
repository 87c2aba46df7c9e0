import Platform
import NNExp
public import Results
import YAMLTree

/// A run in a comparison: its options and its results.
public struct ComparedRun: Sendable {
  public let path: String
  /// Its number in a sweep; nil for a separate run.
  public let trial: Int?
  public let status: String
  /// Its options: `train.optimizer.learning_rate` and the value, as YAML on one line.
  public let options: [(name: String, value: String)]
  public let epochs: Int?
  /// The values of the newest row, in the order of metrics.csv.
  public let final: [Summary.Final]
  public let best: [Summary.Best]
  public let seconds: Double?

  /// The run in a folder, or all trials of the sweep in a folder.
  public static func all(in path: String) throws -> [ComparedRun] {
    func has(_ file: String) -> Bool { access(path + "/" + file, F_OK) == 0 }
    if has(PlanRecord.file), let record = try PlanRecord(of: SweepFolder(path)) {
      return try record.rows(in: SweepFolder(path)).map { ComparedRun($0, record) }
    }
    guard has(RunRecord.file) else {
      throw Diagnostic(
        has("")
          ? "'\(path)' is neither a run nor a sweep: it has no \(RunRecord.file) and no "
            + PlanRecord.file : "there is no folder '\(path)'")
    }
    return [try ComparedRun(RunDirectory.open(path))]
  }

  private init(_ row: TrialRow, _ record: PlanRecord) {
    path = row.run
    trial = row.number
    status = row.status.rawValue
    let values = zip(record.parameters, row.values).filter { $0.0 != "seed" && !$0.1.isEmpty }
    options = [("seed", "\(row.seed)")] + values.map { ($0, $1) }
    epochs = row.epochs
    // The record of a trial of version 0.1.0 lacks its columns, but its plan contains them.
    func known(_ column: MetricColumn) -> MetricColumn {
      if column.largerIsBetter != nil { return column }
      return record.columns.named(column.name)
        ?? MetricColumn(nil, quantity: column.name, largerIsBetter: false)
    }
    final = row.final.map { Summary.Final(known($0.column), $0.value) }
    best = row.best.map { Summary.Best(known($0.column), $0.value, epoch: $0.epoch) }
    seconds = row.seconds
  }

  private init(_ run: RunDirectory) throws {
    let summary = try Summary.current(of: run)
    path = run.path
    trial = nil
    status = summary.statusText(of: run)
    let file = "resolved.yaml"
    // The location of the files is no setting.
    options = ComparedRun.flattened(
      try parseYAML(run.read(file), name: run.folder.path(of: file)), ""
    ).filter { !["data.folder", "start_from.found"].contains($0.name) }
    epochs = summary.epochs
    final = summary.final
    best = summary.best
    seconds = (try? RunRecord(of: run))?.seconds
  }

  /// Every option with its path. An element of a list that has a name is identified by the
  /// name.
  private static func flattened(_ node: ConfigValue, _ path: String) -> [(
    name: String, value: String
  )] {
    func inner(_ key: String, _ node: ConfigValue) -> [(name: String, value: String)] {
      flattened(node, path.isEmpty ? key : "\(path).\(key)")
    }
    switch node.content {
    case .map(let entries): return entries.flatMap { inner($0.key, $0.value) }
    case .list(let items):
      let names = items.map { item -> String? in
        if case .string(let name)? = item["name"]?.content { name } else { nil }
      }
      guard !items.isEmpty, !names.contains(nil) else { return [(path, node.flow)] }
      return zip(names, items).flatMap { inner($0 ?? "", $1) }
        .filter { !$0.name.hasSuffix(bytes: ".name") }
    default: return [(path, node.flow)]
    }
  }
}
