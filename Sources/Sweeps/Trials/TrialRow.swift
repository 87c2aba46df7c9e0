import Files
import NNExp
public import Results

/// A trial's row in sweep.csv.
public struct TrialRow: Sendable {
  public enum Status: String, CaseIterable, Sendable {
    case pending, running, completed
    case fellShort = "fell_short"
    case failed, interrupted
    /// The trial stopped at a rung of successive halving.
    case stopped
  }

  public let number: Int
  public let run: String
  public let status: Status
  public let exitStatus: Int?
  public let error: String?
  public let seed: Int
  public let values: [String]
  public let epochs: Int?
  public let final: [Summary.Final]
  public let best: [Summary.Best]
  public let seconds: Double?
  public var delivered: Summary.Delivered? = nil

  /// A column's value in the row of the delivered weights.
  package func value(_ name: String) -> Double? {
    delivered?.weights == "best"
      ? best.first { $0.column.name.hasSameBytes(as: name) }?.value
      : final.first { $0.column.name.hasSameBytes(as: name) }?.value
  }

  /// True if its values are those of a complete training.
  public var isDone: Bool { status == .completed || status == .fellShort }

  /// True if other trials are compared with it: it ended, also at a rung of successive halving.
  package var isComparable: Bool { isDone || status == .stopped }

  /// True if the sweep has to run the trial, or to continue it.
  public var isUnfinished: Bool { [.pending, .running, .interrupted].contains(status) }
}

/// The part of a plan that its table needs; stored in plan.json.
public struct PlanRecord: Sendable {
  public struct Trial: Sendable {
    public let number: Int
    public let hash: TrialHash
    /// The hash of the experiment without its files; nil in a plan of an earlier version, whose
    /// `hash` it is.
    let configuration: String?
    public let seed: Int
    public let values: [String]
  }

  public let name: String
  public let parameters: [String]
  public let trials: [Trial]
  /// The columns that any trial measures. In a plan of version 0.1.0, only the names of those
  /// of which larger values are better.
  let columns: [MetricColumn]
  /// The name of the column that determines which trial is better; nil in an earlier plan.
  let monitor: String?
  /// The data files and plugins of all trials.
  let files: [FileHash]

  public init(_ plan: SweepPlan) {
    monitor = plan.monitor.name
    name = plan.declaration.name
    parameters = plan.declaration.parameterNames
    columns = plan.columns.reduce(into: []) { columns, column in
      guard let index = columns.firstIndex(where: { $0.name == column.name }) else {
        return columns.append(column)
      }
      // If trials disagree, the direction is unknown.
      columns[index] = MetricColumn(
        column.split, head: column.head, quantity: column.quantity, largerIsBetter: nil)
    }
    files = plan.files
    trials = plan.trials.map {
      Trial(
        number: $0.number, hash: $0.hash, configuration: $0.configuration,
        seed: Int(truncatingIfNeeded: $0.seed), values: $0.values)
    }
  }

  public static let file = "plan.json"

  public var json: JSON {
    [
      "name": .string(name), "parameters": .array(parameters.map(JSON.string)),
      "columns": MetricColumn.json(columns), "monitor": JSON(monitor),
      "files": .array(files.map(\.json)),
      "trials": .array(
        trials.map {
          [
            "trial": .int($0.number), "hash": .string($0.hash.description),
            "configuration": JSON($0.configuration), "seed": .int($0.seed),
            "values": .array($0.values.map(JSON.string)),
          ]
        }),
    ]
  }

  /// Reads the plan in a sweep's folder; nil if it is not the folder of a sweep.
  public init?(of folder: SweepFolder) throws {
    guard let bytes = try folder.read(PlanRecord.file) else { return nil }
    try self.init(RecordReader(parsing: bytes, from: folder.path + "/" + PlanRecord.file))
  }

  /// Reads the plan and checks every value: see `RecordReader`.
  public init(_ file: RecordReader) throws {
    name = try file.value("name", \.string)
    parameters = try file.texts("parameters")
    // Members that earlier versions did not write, or wrote differently.
    let rising = try file.memberIfThere("rising") == nil ? [] : file.texts("rising")
    columns =
      try file.metricColumns("columns")
      ?? rising.map { MetricColumn(nil, quantity: $0, largerIsBetter: true) }
    monitor =
      try file.memberIfThere("monitor") == nil ? nil : file.optional("monitor", \.string)
    files =
      try file.memberIfThere("files") == nil ? [] : file.items("files").map(FileHash.init)
    var hashes: Set<TrialHash> = []
    var trials: [Trial] = []
    for item in try file.items("trials") {
      let number = trials.count + 1
      let values = try item.texts("values")
      guard values.count == parameters.count else {
        throw try item.member("values").fault(
          "has \(values.count) items, and parameters has \(parameters.count)")
      }
      let trial = Trial(
        number: try item.count("trial", in: number...number), hash: try item.trialHash("hash"),
        configuration: try item.memberIfThere("configuration") == nil
          ? nil : item.optionalHash("configuration", digits: TrialHash.digits),
        seed: try item.value("seed", \.int), values: values)
      guard hashes.insert(trial.hash).inserted else {
        throw try item.member("hash").fault("is that of another trial")
      }
      trials.append(trial)
    }
    guard !trials.isEmpty else {
      throw try file.member("trials").fault("is empty; a sweep has at least one trial")
    }
    self.trials = trials
  }

  /// The column that determines which trial is better, as the trials recorded it: that of the plan; in
  /// an earlier plan, the one by which trials deliver their weights, or the first.
  package func monitor(of rows: [TrialRow]) -> MetricColumn? {
    let recorded = rows.lazy.flatMap { $0.final.map(\.column) + $0.best.map(\.column) }
    guard let name = monitor ?? rows.lazy.compactMap(\.delivered?.column).first else {
      return recorded.first { $0.split != nil }
    }
    return recorded.first { $0.name.hasSameBytes(as: name) }
  }

  /// The row of every trial, read from the run directories.
  public func rows(in folder: SweepFolder) throws -> [TrialRow] {
    let names = folder.names()
    let rows = Workers.map(trials.count) { index in
      Result { try row(of: trials[index], in: folder, among: names) }
    }
    return try rows.map { try $0.get() }
  }

  private func row(
    of trial: Trial, in folder: SweepFolder, among names: Set<String>
  ) throws -> TrialRow {
    func row(
      _ status: TrialRow.Status, _ exitStatus: Int?, _ error: String?, _ summary: Summary? = nil,
      _ seconds: Double? = nil
    ) -> TrialRow {
      TrialRow(
        number: trial.number, run: folder.run(trial.hash), status: status,
        exitStatus: exitStatus, error: error, seed: trial.seed, values: trial.values,
        epochs: summary?.epochs, final: summary?.final ?? [], best: summary?.best ?? [],
        seconds: seconds, delivered: summary?.delivered)
    }
    switch try folder.state(of: trial.hash, among: names) {
    case .absent: return row(.pending, nil, nil)
    case .failed(let code, let error): return row(.failed, code, error)
    case .found(let summary, let seconds):
      if summary.status == .running, try folder.isAbandoned(trial.hash) {
        return row(.interrupted, nil, "its process ended without a result", summary, seconds)
      }
      return row(
        TrialRow.Status(rawValue: summary.status.rawValue) ?? .failed, summary.exitStatus,
        summary.reason, summary, seconds)
    }
  }
}
