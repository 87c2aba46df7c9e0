public import Engine
public import Results

/// Receives a run's messages and its end, besides the events of its training.
public protocol RunObserver: TrainingObserver {
  /// A message on lines of its own; computed only if it is shown.
  func report(_ text: @autoclosure () -> String)

  /// A message about something that is wrong.
  func warn(_ text: String)

  /// Called once the run's last files are on the disk.
  func concluded(_ summary: Summary)
}

extension RunObserver {
  public func report(_ text: @autoclosure () -> String) {}
  public func warn(_ text: String) {}
  public func concluded(_ summary: Summary) {}
}
