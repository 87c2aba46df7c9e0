import NNExp

/// A copy of the parameters and the state of a network.
final class Snapshot<S: Scalar> {
  private let storage: UnsafeMutablePointer<S>
  private let parameters: Int
  private let state: Int
  /// The input whose weight is arranged by column in this copy; nil if there is none.
  private var sparseInput: SparseInput<S>?

  /// - Parameter isEmpty: true for a copy that is never used.
  init(_ network: Network<S>, isEmpty: Bool = false) {
    parameters = isEmpty ? 0 : network.parameters.count
    state = isEmpty ? 0 : network.state.count
    storage = .allocate(capacity: max(1, parameters + state))
    copy(network)
  }

  deinit { storage.deallocate() }

  func copy(_ network: Network<S>) {
    if parameters > 0 {
      let isByColumn = network.forEachParameter { part, first in
        (storage + first).update(from: part.start, count: part.count)
      }
      sparseInput = isByColumn ? network.sparseInput : nil
    }
    (storage + parameters).update(from: network.state.start, count: state)
  }

  /// The parameters and the state in the order of the network.
  private var numbers: UnsafeMutablePointer<S> {
    if let sparseInput { sparseInput.arrangeByRow(storage + sparseInput.range.lowerBound) }
    sparseInput = nil
    return storage
  }

  var count: Int { parameters + state }

  /// The parameters, then the state.
  var values: [S] { Array(UnsafeBufferPointer(start: numbers, count: count)) }

  /// - Precondition: `values` is as long as the copy.
  func restore(_ values: [S]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { storage[i] = value }
    sparseInput = nil
  }

  func put(into network: Network<S>) {
    network.parameters.start.update(from: numbers, count: parameters)
    network.state.start.update(from: numbers + parameters, count: state)
  }
}
