import NNExp

/// A copy of what a network has learned.
final class Snapshot<S: Scalar> {
  private let copy: UnsafeMutablePointer<S>
  private let parameters: Int
  private let state: Int

  init(_ network: Network<S>) {
    parameters = network.parameters.count
    state = network.state.count
    copy = .allocate(capacity: max(1, parameters + state))
    take(network)
  }

  deinit { copy.deallocate() }

  func take(_ network: Network<S>) {
    copy.update(from: network.parameters.start, count: parameters)
    (copy + parameters).update(from: network.state.start, count: state)
  }

  var count: Int { parameters + state }

  /// The parameters, then the state.
  var values: [S] { Array(UnsafeBufferPointer(start: copy, count: count)) }

  /// - Precondition: as many as `values` has.
  func take(_ values: [S]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { copy[i] = value }
  }

  func put(into network: Network<S>) {
    network.parameters.start.update(from: copy, count: parameters)
    network.state.start.update(from: copy + parameters, count: state)
  }
}
