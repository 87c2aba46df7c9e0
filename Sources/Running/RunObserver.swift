public import Engine
public import NNExp
public import Results

/// Receives a run's messages and its end in addition to the events of its training.
public protocol RunObserver: TrainingObserver {
  /// Called with a message of one or more lines, which is computed only if it is shown.
  func report(_ text: @autoclosure () -> String)

  /// Called with a message before training: a guess or a probable error.
  func announce(_ diagnostic: Diagnostic)

  /// Called with a warning or an error.
  func warn(_ text: String)

  /// Called when the last files of the run are on the disk.
  func concluded(_ summary: Summary)
}

extension RunObserver {
  public func report(_ text: @autoclosure () -> String) {}
  public func announce(_ diagnostic: Diagnostic) {}
  public func warn(_ text: String) {}
  public func concluded(_ summary: Summary) {}
}
