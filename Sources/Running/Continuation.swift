import Engine
import ExperimentFile
import Files
import NNExp
import Results

/// The state that another run saved at its end, and the rows that it had written, for a new run
/// that continues it.
///
/// The new run continues training as if the other one had not ended. Both have the same data,
/// model, optimizer and batches; only their epochs differ.
public struct Continuation<S: Scalar> {
  let state: RunState<S>
  let checkpoint: Checkpoint
  let metrics: [UInt8]
  let timing: [UInt8]
  /// The message about the continuation.
  let text: String

  /// Reads the state of a run. Throws if it kept none, or one of another training.
  public init(of path: String, for prepared: PreparedExperiment<S>) throws {
    let directory = try RunDirectory.open(path)
    func failure(_ fact: String, _ notes: [String] = []) -> Diagnostic {
      Diagnostic("cannot continue from '\(path)': \(fact)", notes: notes.map { .init($0) })
    }
    guard let found = try directory.checkpoint(.state) else {
      throw failure(
        "it did not keep its state",
        [
          "a run keeps it with train: {checkpoint: {keep_state: true}}",
          "to start from its weights instead, write start_from: {run: \(path)}",
        ])
    }
    checkpoint = found.checkpoint
    let record = try RunRecord(of: directory)
    try FileHash.requireSame(
      record.data, prepared.dataHashes, "data file", "cannot continue from '\(path)'")
    let epoch = checkpoint.info["progress"]?["epoch"]?.int ?? 0
    guard epoch < prepared.trainer.epochs else {
      throw failure(
        "it has trained \(epoch) epochs, and this training ends after \(prepared.trainer.epochs)",
        ["give more, such as train.epochs=\(2 * max(1, epoch))"])
    }
    do {
      state = try RunState<S>(checkpoint)
      // Checked now, so that nothing is created after an error. The run writes it after its
      // gradient check.
      let initial = prepared.trainer.state().map {
        RunState(training: $0, metrics: (0, 0), timing: (0, 0), seconds: 0).checkpoint(of: prepared)
      }
      try state.put(into: prepared)
      if let initial { try RunState<S>(initial).put(into: prepared) }
    } catch let fact as Diagnostic { throw failure(fact.message) }
    metrics = try Continuation.rows(MetricsRecorder.file, state.metrics.length, in: directory)
    timing = try Continuation.rows(TimingWriter.file, state.timing.length, in: directory)
    let header = metrics.prefix { $0 != UInt8(ascii: "\n") }
    let columns = CSVText(columns: prepared.trainer.columns.map(\.name)).bytes.dropLast()
    guard header.elementsEqual(columns) else {
      throw failure("its metrics.csv has other columns")
    }
    text = "continues from '\(path)', after epoch \(epoch)"
  }

  private static func rows(
    _ file: String, _ length: Int, in directory: RunDirectory
  ) throws -> [UInt8] {
    let bytes = try directory.read(file, limit: 1 << 33)
    guard bytes.count >= length else {
      throw Diagnostic(
        "'\(directory.folder.path(of: file))' is shorter than the run left it",
        failure: .environment)
    }
    return Array(bytes.prefix(length))
  }
}
