import Files
public import NNExp

/// `summary.json`: how a run ended, or that it has not yet. No clock in it, so
/// that runs can be compared byte by byte.
public struct Summary: Sendable, Equatable {
  public static let file = "summary.json"

  public enum Status: String, Sendable, CaseIterable {
    case running
    /// Done, and every expectation met.
    case completed
    /// Done, or ended, short of an expectation or of a gradient check.
    case fellShort = "fell_short"
    case failed
    case interrupted
    /// Stopped before its end by a sweep that searches; it can be resumed.
    case stopped
  }

  /// A column's value in the newest row; nil if it was not measured.
  public struct Final: Sendable, Equatable {
    public var column: MetricColumn
    public var value: Double?

    public init(_ column: MetricColumn, _ value: Double?) {
      self.column = column
      self.value = value
    }
  }

  /// A column's value in the best epoch.
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

  /// The weights that the run's outputs are of.
  public struct Delivered: Sendable, Equatable {
    /// `best` or `last`: which checkpoint they are.
    public var weights: String
    public var epoch: Int
    /// The column by which they are the best; nil for the last.
    public var column: String?

    public init(weights: String, epoch: Int, column: String?) {
      (self.weights, self.epoch, self.column) = (weights, epoch, column)
    }

    /// `the weights of epoch 17 (best validation_loss)`.
    public var text: String {
      "the weights of epoch \(epoch) (\(column.map { "best \($0)" } ?? weights))"
    }
  }

  /// One line of `expect:`.
  public struct Expectation: Sendable, Equatable {
    /// `train_loss`, `gradient_check`.
    public var name: String
    /// As the file has it: `< 0.01`, `pass`.
    public var bound: String
    /// What the run reached: a number or a word; null where it did not get there.
    public var found: JSON
    public var isMet: Bool

    public init(_ name: String, bound: String, found: JSON, isMet: Bool) {
      self.name = name
      self.bound = bound
      self.found = found
      self.isMet = isMet
    }
  }

  /// Whether there is nothing to go on with: the run came to its end, or to a
  /// number that is not finite, as it would again.
  public var isOver: Bool {
    switch status {
    case .completed, .fellShort: true
    case .failed: exitStatus == 1
    case .running, .interrupted, .stopped: false
    }
  }

  public var status: Status
  /// nil while running.
  public var exitStatus: Int?
  /// Why, in a sentence; nil where the status says it all.
  public var reason: String?
  public var epochs: Int
  public var steps: Int
  /// Nil before there are any, and in records of version 0.1.0.
  public var delivered: Delivered?
  public var final: [Final]
  public var best: [Best]
  public var expectations: [Expectation]
  /// Numbers that are learned, and numbers that are not.
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
  /// - Parameter durably: wait for the disk; unless said, if the run has ended
  ///   and `isWorthFlushing`.
  public func write(in run: RunDirectory, durably: Bool? = nil) throws {
    let durably = durably ?? (status != .running && run.isWorthFlushing)
    try run.write(json, to: Summary.file, durably: durably)
  }

  /// Those of the newest row.
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

  /// Reads the `summary.json` of a run; nil where there is none yet.
  public static func ifThere(in run: RunDirectory) throws -> Summary? {
    try run.folder.readIfThere(Summary.file, limit: 1 << 26).map {
      try Summary(RecordReader(parsing: $0, from: run.folder.path(of: Summary.file)))
    }
  }

  /// Reads the `summary.json` of a run.
  public init(of run: RunDirectory) throws {
    try self.init(run.record(Summary.file))
  }

  /// Reads a summary's text, checked; see `RecordReader`.
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
