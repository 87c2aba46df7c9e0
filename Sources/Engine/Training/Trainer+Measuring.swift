import NNExp

// Measurements at the end of an epoch.

extension Trainer {
  /// Fills a row; returns the loss on validation data, or else on training data if it is
  /// measured after the epoch.
  @inline(never)
  func measure(
    into row: inout [Double], rate: Double
  ) throws -> Double? {
    let train = training.measuresTraining ? try evaluator.measure(data.train) : nil
    let validation = try data.validation.map(evaluator.measure)
    let test = try data.test.map(evaluator.measure)
    if train != nil || validation != nil || test != nil { batches.invalidate() }
    for (index, source) in layout.sources.enumerated() {
      row[index] =
        switch source {
        case .epoch: Double(epoch)
        case .step: Double(step)
        case .learningRate: rate
        case .total(.train): train.map(totalLoss) ?? totals.mean
        case .total(.validation): validation.map(totalLoss) ?? .nan
        case .total(.test): test.map(totalLoss) ?? .nan
        case .measurement(.train, let head, let quantity):
          if let train {
            train[head][quantity]
          } else {
            quantity == 0 ? totals.mean(of: head) : tallies.values(of: head)[quantity - 1]
          }
        case .measurement(.validation, let head, let quantity):
          validation?[head][quantity] ?? .nan
        case .measurement(.test, let head, let quantity): test?[head][quantity] ?? .nan
        case .layer(let quantity, let layer): layerRecord?.value(quantity, of: layer) ?? .nan
        }
    }
    return (validation ?? train).map(totalLoss)
  }

  /// Σ weight · L of a measurement.
  public func totalLoss(_ measured: [[Double]]) -> Double {
    var total = measured[0][0] * heads[0].weight
    for head in heads.indices.dropFirst() { total += measured[head][0] * heads[head].weight }
    return total
  }

  /// If the row of the last weights is the best so far, records this and keeps its weights. Returns
  /// whether it is an improvement for early stopping.
  @inline(never)
  func improves(_ row: [Double]) -> Bool {
    let value = row[monitorIndex]
    guard value.isFinite else { return false }
    func change(from earlier: Double) -> Double {
      monitor.largerIsBetter == true ? value - earlier : earlier - value
    }
    if best.map({ change(from: $0.value) > 0 }) ?? true {
      best = (epoch, value)
      Trainer<S>.copy(row, to: &bestRow)
      bestIsLast = true
    }
    let minimum = training.earlyStopping?.minimumChange ?? 0
    guard patienceReference.isNaN || change(from: patienceReference) > minimum else { return false }
    patienceReference = value
    return true
  }
}
