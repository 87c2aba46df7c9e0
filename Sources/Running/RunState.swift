import Engine
import Files
import NNExp
import Results

/// The state from which an unfinished run resumes, stored in `checkpoints/state.nnx`: the
/// training's state, the network's numbers, and the lengths of the run's files.
///
/// Integers are in the file's header, and all other numbers are in its tensors, exactly. A
/// tensor of the network has the name `node.name`. The names of the others contain a space,
/// which names of nodes cannot.
struct RunState<S: Scalar> {
  let training: TrainingState<S>
  /// The number of bytes, and their checksum.
  let metrics: (length: Int, checksum: Int)
  let timing: (length: Int, checksum: Int)
  let seconds: Double
  /// The file with the network's numbers; nil if the network itself has them.
  private(set) var file: Checkpoint?

  init(
    training: TrainingState<S>, metrics: (length: Int, checksum: Int),
    timing: (length: Int, checksum: Int), seconds: Double
  ) {
    self.training = training
    self.metrics = metrics
    self.timing = timing
    self.seconds = seconds
  }

  // MARK: Writing

  /// The state with the network's current numbers, as a checkpoint.
  func checkpoint(of prepared: PreparedExperiment<S>) -> Checkpoint {
    let progress = TrainingState<S>.Count.allCases.map {
      JSON.Member($0.rawValue, .int(training.counts[$0] ?? 0))
    }
    func extent(_ file: (length: Int, checksum: Int)) -> JSON {
      ["length": .int(file.length), "checksum": .int(file.checksum)]
    }
    let info: JSON = [
      "experiment": .string(prepared.experiment.name),
      "dtype": .string(S.dtypeName),
      "progress": .object(progress),
      "metrics": extent(metrics),
      "timing": extent(timing),
      "seconds": JSON(seconds),
    ]
    var tensors = prepared.trainer.network.learned.map {
      Checkpoint.Stored("\($0.node).\($0.name)", $0.tensor)
    }
    tensors.append(Checkpoint.Stored("all best", values: training.best))
    tensors.append(Checkpoint.Stored("all last", values: training.last))
    for (index, vector) in training.vectors.enumerated() {
      tensors.append(Checkpoint.Stored(RunState.name(ofVector: index), values: vector))
    }
    for key in TrainingState<S>.Numbers.allCases {
      guard let values = training.numbers[key] else { continue }
      tensors.append(Checkpoint.Stored(RunState.name(of: key), values: values))
    }
    return Checkpoint(info: info, tensors: tensors)
  }

  private static func name(ofVector index: Int) -> String { "optimizer vector \(index)" }

  private static func name(of numbers: TrainingState<S>.Numbers) -> String {
    "numbers of \(numbers.rawValue)"
  }

  // MARK: Reading

  /// Reads the parts of a checkpoint. Throws a diagnostic that states the fact if one is
  /// missing or wrong.
  init(_ checkpoint: Checkpoint) throws {
    let info = checkpoint.info
    func missing(_ what: String) -> Diagnostic {
      Diagnostic("the checkpoint has no '\(what)'", failure: .environment)
    }
    func extent(_ file: String) throws -> (length: Int, checksum: Int) {
      guard let length = info[file]?["length"]?.int, length >= 0,
        let checksum = info[file]?["checksum"]?.int
      else { throw missing(file) }
      return (length, checksum)
    }
    func values<T: Scalar>(_ name: String, as type: T.Type = T.self) throws -> [T] {
      guard let values = checkpoint[name]?.values(as: type) else { throw missing(name) }
      return values
    }
    metrics = try extent("metrics")
    timing = try extent("timing")
    guard let seconds = info["seconds"]?.double, seconds >= 0 else { throw missing("seconds") }
    self.seconds = seconds

    var counts: [TrainingState<S>.Count: Int] = [:]
    for count in TrainingState<S>.Count.allCases {
      counts[count] = info["progress"]?[count.rawValue]?.int
    }
    var numbers: [TrainingState<S>.Numbers: [Double]] = [:]
    for key in TrainingState<S>.Numbers.allCases {
      if key.isOptional, checkpoint[RunState.name(of: key)] == nil { continue }
      numbers[key] = try values(RunState.name(of: key))
    }
    var vectors: [[S]] = []
    while checkpoint[RunState.name(ofVector: vectors.count)] != nil {
      vectors.append(try values(RunState.name(ofVector: vectors.count)))
    }
    training = TrainingState(
      counts: counts, numbers: numbers, best: try values("all best"),
      last: try values("all last"), vectors: vectors)
    file = checkpoint
  }

  /// Restores the experiment to this state. Throws a diagnostic that states the fact if the
  /// state does not fit.
  func put(into prepared: PreparedExperiment<S>) throws {
    if let file { try prepared.load(file) }
    try prepared.trainer.restore(from: training)
  }

  /// Opens the run's tables and removes the rows that were written after the state. Both files
  /// are checked before either is changed.
  func openFiles(
    of columns: [String], in directory: RunDirectory
  ) throws -> (metrics: CSVWriter, timing: TimingWriter) {
    let files = (
      metrics: try CSVWriter(
        continuing: MetricsRecorder.file, columns: columns, length: metrics.length,
        checksum: metrics.checksum, in: directory),
      timing: try TimingWriter(continuing: timing.length, checksum: timing.checksum, in: directory)
    )
    try files.metrics.cut()
    try files.timing.cut()
    return files
  }
}
