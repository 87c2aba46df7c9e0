import Files
public import NNExp

/// `summary.json`: the status and the results of a run. It contains no clock times, so that
/// runs can be compared byte by byte.
public struct Summary: Sendable, Equatable {
  public static let file = "summary.json"

  public enum Status: String, Sendable, CaseIterable {
    case running
    /// The run is complete, and every expectation is met.
    case completed
    /// The run has ended, but missed an expectation or failed a gradient check.
    case fellShort = "fell_short"
    case failed
    case interrupted
    /// A sweep that searches stopped the run before its end; it can be resumed.
    case stopped
  }

  /// The value of a column in the newest row; nil if it was not measured.
  public struct Final: Sendable, Equatable {
    public var column: MetricColumn
    public var value: Double?

    public init(_ column: MetricColumn, _ value: Double?) {
      self.column = column
      self.value = value
    }
  }

  /// The value of a column in the best epoch.
  public struct Best: Sendable, Equatable {
    public var column: MetricColumn
    public var value: Double
    public var epoch: Int

    public init(_ column: MetricColumn, _ value: Double, epoch: Int) {
      self.column = column
      self.value = value
      self.epoch = epoch
    }
  }

  /// The weights that the run's outputs are computed with.
  public struct Delivered: Sendable, Equatable {
    /// The checkpoint: `best` or `last`.
    public var weights: String
    public var epoch: Int
    /// The column that determines the best weights; nil for the last.
    public var column: String?

    public init(weights: String, epoch: Int, column: String?) {
      (self.weights, self.epoch, self.column) = (weights, epoch, column)
    }

    /// `the weights of epoch 17 (best validation_loss)`.
    public var text: String {
      "the weights of epoch \(epoch) (\(column.map { "best \($0)" } ?? weights))"
    }
  }

  /// An entry of `expect:`.
  public struct Expectation: Sendable, Equatable {
    /// The name, such as `train_loss` or `gradient_check`.
    public var name: String
    /// The bound in the notation of the file: `< 0.01`, `pass`.
    public var bound: String
    /// The result of the run: a number or a word; null if the run did not produce it.
    public var found: JSON
    public var isMet: Bool

    public init(_ name: String, bound: String, found: JSON, isMet: Bool) {
      self.name = name
      self.bound = bound
      self.found = found
      self.isMet = isMet
    }
  }

  /// True if the run cannot be resumed: it is complete, or it diverged, which would happen
  /// again.
  public var isOver: Bool {
    switch status {
    case .completed, .fellShort: true
    case .failed: exitStatus == 1
    case .running, .interrupted, .stopped: false
    }
  }

  public var status: Status
  /// Nil while the run is executed.
  public var exitStatus: Int?
  /// The reason in a sentence; nil if the status is sufficient.
  public var reason: String?
  public var epochs: Int
  public var steps: Int
  /// Nil before there are any, and in records of version 0.1.0.
  public var delivered: Delivered?
  public var final: [Final]
  public var best: [Best]
  public var expectations: [Expectation]
  /// The number of trainable and of frozen parameters.
  public var trainableParameters: Int
  public var frozenParameters: Int

  public init(
    status: Status, exitStatus: Int? = nil, reason: String? = nil, epochs: Int = 0, steps: Int = 0,
    delivered: Delivered? = nil,
    final: [Final] = [], best: [Best] = [], expectations: [Expectation] = [],
    trainableParameters: Int, frozenParameters: Int = 0
  ) {
    self.status = status
    self.exitStatus = exitStatus
    self.reason = reason
    self.epochs = epochs
    self.steps = steps
    self.delivered = delivered
    self.final = final
    self.best = best
    self.expectations = expectations
    self.trainableParameters = trainableParameters
    self.frozenParameters = frozenParameters
  }
}

extension Summary {
  /// Replaces `summary.json`.
  ///
  /// - Parameter durably: true to wait for the disk; by default, true if the run has ended and
  ///   `isWorthFlushing`.
  public func write(in run: RunDirectory, durably: Bool? = nil) throws {
    let durably = durably ?? (status != .running && run.isWorthFlushing)
    try run.write(json, to: Summary.file, durably: durably)
  }

  /// The columns of the newest row.
  private var columns: [MetricColumn] { final.map(\.column) }

  public var json: JSON {
    [
      "status": .string(status.rawValue),
      "exit_status": JSON(exitStatus),
      "reason": JSON(reason),
      "epochs": .int(epochs),
      "steps": .int(steps),
      "delivered": delivered.map {
        ["weights": .string($0.weights), "epoch": .int($0.epoch), "column": JSON($0.column)]
      } ?? .null,
      "columns": MetricColumn.json(columns),
      "final": .object(final.map { .init($0.column.name, JSON($0.value)) }),
      "best": .object(
        best.map { .init($0.column.name, ["value": .number($0.value), "epoch": .int($0.epoch)]) }),
      "expectations": .array(
        expectations.map {
          [
            "name": .string($0.name), "bound": .string($0.bound), "found": $0.found,
            "met": .bool($0.isMet),
          ]
        }),
      "parameters": [
        "total": .int(trainableParameters + frozenParameters),
        "trainable": .int(trainableParameters),
        "frozen": .int(frozenParameters),
      ],
    ]
  }

  /// Reads the `summary.json` of a run; nil if there is none yet.
  public static func ifThere(in run: RunDirectory) throws -> Summary? {
    try run.folder.readIfThere(Summary.file, limit: 1 << 26).map {
      try Summary(RecordReader(parsing: $0, from: run.folder.path(of: Summary.file)))
    }
  }

  /// Reads the `summary.json` of a run.
  public init(of run: RunDirectory) throws {
    try self.init(run.record(Summary.file))
  }

  /// Reads a summary and checks it; see `RecordReader`.
  public init(_ file: RecordReader) throws {
    let parameters = try file.member("parameters")
    let columns = try file.metricColumns("columns")
    func column(_ name: String) -> MetricColumn {
      columns?.named(name) ?? .unknown(named: name)
    }
    self.init(
      status: try file.value("status") { $0.string.flatMap(Status.init) },
      exitStatus: try file.optional("exit_status") { $0.int.flatMap { 0...255 ~= $0 ? $0 : nil } },
      reason: try file.optional("reason", \.string),
      epochs: try file.count("epochs"),
      steps: try file.count("steps"),
      delivered: try file.memberIfThere("delivered").flatMap {
        if case .null = $0.json { return nil }
        return Delivered(
          weights: try $0.value("weights") { json in
            json.string.flatMap { ["best", "last"].contains($0) ? $0 : nil }
          },
          epoch: try $0.count("epoch"), column: try $0.optional("column", \.string))
      },
      final: try file.members("final").map {
        Final(column($0.key), try $0.value.optional(\.double))
      },
      best: try file.members("best").map {
        Best(
          column($0.key), try $0.value.value("value", \.double),
          epoch: try $0.value.count("epoch"))
      },
      expectations: try file.items("expectations").map {
        Expectation(
          try $0.value("name", \.string), bound: try $0.value("bound", \.string),
          found: try $0.member("found").json, isMet: try $0.value("met", \.bool))
      },
      trainableParameters: try parameters.count("trainable"),
      frozenParameters: try parameters.count("frozen"))
  }
}
