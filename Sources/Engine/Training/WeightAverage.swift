import NNExp

/// An average of the parameters and the state of a network over steps or epochs.
///
/// Source: Polyak and Juditsky 1992 (averages of iterates); Izmailov et al. 2018 (mean over epochs).
final class WeightAverage<S: Scalar> {
  private let rule: TrainingDeclaration.Averaging
  private let network: Network<S>
  private let storage: UnsafeMutablePointer<S>
  /// The number of weights that are part of the average.
  private var count = 0

  /// The numbers of the average.
  let size: Int

  init(_ rule: TrainingDeclaration.Averaging, _ network: Network<S>) {
    self.rule = rule
    self.network = network
    size = network.parameters.count + network.state.count
    storage = .allocate(capacity: max(1, size))
    storage.initialize(repeating: 0, count: size)
  }

  deinit { storage.deallocate() }

  func stepEnded() {
    guard case .decay(let decay) = rule else { return }
    count &+= 1
    add(share: count == 1 ? 1 : S(1 - decay))
  }

  func epochEnded(_ epoch: Int) {
    guard case .fromEpoch(let first) = rule, epoch >= first else { return }
    count &+= 1
    add(share: 1 / S(count))
  }

  /// a ← a + share · (w − a)
  private func add(share: S) {
    var average = storage
    for values in [network.parameters, network.state] {
      let w = values.start
      if share == 1 {
        average.update(from: w, count: values.count)
      } else {
        for i in 0..<values.count { average[i] += share * (w[i] - average[i]) }
      }
      average += values.count
    }
  }

  /// Exchanges the network's weights with the average, if there is one. The next call undoes it.
  func exchange() {
    if count == 0 { return }
    var average = storage
    for values in [network.parameters, network.state] {
      for i in 0..<values.count { swap(&average[i], &values.start[i]) }
      average += values.count
    }
  }

  var values: [S] { Array(UnsafeBufferPointer(start: storage, count: size)) }

  /// - Precondition: `values` is as long as the average.
  func restore(_ values: [S], step: Int, epoch: Int) {
    precondition(values.count == size)
    for (i, value) in values.enumerated() { storage[i] = value }
    count =
      switch rule {
      case .decay: step
      case .fromEpoch(let first): max(0, epoch - first + 1)
      }
  }
}
