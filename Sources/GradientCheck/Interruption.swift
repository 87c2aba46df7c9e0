import Synchronization

/// The wish that a check under way ends, for good once it has come: an evaluation
/// is NaN from then on, without any work, and nothing that was found counts.
final class Interruption {
  private let isWished: () -> Bool
  private let wasWished = Atomic<Bool>(false)

  /// - Parameter isWished: asked before every evaluation, by several threads.
  init(_ isWished: @escaping () -> Bool) { self.isWished = isWished }

  var hasCome: Bool {
    if wasWished.load(ordering: .relaxed) { return true }
    guard isWished() else { return false }
    wasWished.store(true, ordering: .relaxed)
    return true
  }
}
