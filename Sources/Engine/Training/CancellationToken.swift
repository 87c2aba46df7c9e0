/// A request to end a computation, which polls it between two steps.
public struct CancellationToken {
  private let poll: () -> Int32?

  /// - Parameter poll: returns the signal that requested the end, or nil. Once it has returned
  ///   a signal, it must always return one. Several threads may call it.
  public init(_ poll: @escaping () -> Int32?) { self.poll = poll }

  /// A token that never requests an end.
  public static var never: CancellationToken { CancellationToken { nil } }

  /// The signal that requested the end (SIGINT or SIGTERM); nil if there is none.
  public var signal: Int32? { poll() }

  public var isCancelled: Bool { poll() != nil }
}
