public import Engine
public import NNExp
public import Results

/// The weights of a run. A run that has ended or was interrupted has files with its last and
/// best weights. A run that was killed, or that is still being executed, has its newest state,
/// if it has saved one.
public struct RunWeights: Sendable {
  let checkpoint: Checkpoint
  private let isState: Bool
  private let wantsBest: Bool

  /// The epoch of the weights; nil if it is not in the file.
  public var epoch: Int? {
    let (info, best) = (checkpoint.info, TrainingState<Double>.Count.bestEpoch.rawValue)
    if !isState { return info["epoch"]?.int }
    return info["progress"]?[wantsBest ? best : TrainingState<Double>.Count.epoch.rawValue]?.int
  }

  /// A message: that an older file replaces a damaged one, or how far the run had come.
  public let warning: Diagnostic?

  /// Reads the weights. Throws if the run has none.
  public init(_ which: Trainer<Double>.Weights, of directory: RunDirectory) throws {
    wantsBest = which == .best
    if let found = try directory.checkpoint(wantsBest ? .best : .last) {
      (checkpoint, warning, isState) = (found.checkpoint, found.warning, false)
      return
    }
    guard let found = try directory.checkpoint(.state) else {
      throw Diagnostic(
        "'\(directory.path)' has no \(which.rawValue) weights; did the run end before its first "
          + "checkpoint?")
    }
    (checkpoint, isState) = (found.checkpoint, true)
    let step = checkpoint.info["progress"]?["step"]?.int ?? 0
    warning =
      found.warning
      ?? Diagnostic(
        "'\(directory.path)' has not finished; these are its weights after step \(step)",
        severity: .warning)
  }

  /// Sets the weights of a network with the same model.
  public func put<S: Scalar>(into prepared: PreparedExperiment<S>) throws {
    try prepared.load(checkpoint)
    guard isState, wantsBest else { return }
    let state = try RunState<S>(checkpoint)
    if state.training.counts[.bestEpoch] ?? 0 > 0 {
      try prepared.trainer.put(bestOf: state.training)
    }
  }
}
