/// A request to end a computation, which asks for it between two of its steps.
public struct CancellationToken {
  private let poll: () -> Int32?

  /// - Parameter poll: the signal that asked for the end, if one came. Once it returns one
  ///   it must do so from then on; several threads may call it.
  public init(_ poll: @escaping () -> Int32?) { self.poll = poll }

  /// No request ever comes.
  public static var never: CancellationToken { CancellationToken { nil } }

  /// The signal that asked for the end: SIGINT, SIGTERM.
  public var signal: Int32? { poll() }

  public var isCancelled: Bool { poll() != nil }
}
