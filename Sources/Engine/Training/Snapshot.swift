import NNExp

/// A copy of the parameters and the state of a network.
final class Snapshot<S: Scalar> {
  private let storage: UnsafeMutablePointer<S>
  private let parameters: Int
  private let state: Int

  /// - Parameter isEmpty: true for a copy that is never used.
  init(_ network: Network<S>, isEmpty: Bool = false) {
    parameters = isEmpty ? 0 : network.parameters.count
    state = isEmpty ? 0 : network.state.count
    storage = .allocate(capacity: max(1, parameters + state))
    copy(network)
  }

  deinit { storage.deallocate() }

  func copy(_ network: Network<S>) {
    storage.update(from: network.parameters.start, count: parameters)
    (storage + parameters).update(from: network.state.start, count: state)
  }

  var count: Int { parameters + state }

  /// The parameters, then the state.
  var values: [S] { Array(UnsafeBufferPointer(start: storage, count: count)) }

  /// - Precondition: `values` is as long as the copy.
  func restore(_ values: [S]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { storage[i] = value }
  }

  func put(into network: Network<S>) {
    network.parameters.start.update(from: storage, count: parameters)
    network.state.start.update(from: storage + parameters, count: state)
  }
}
