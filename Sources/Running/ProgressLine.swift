public import Engine
import NNExp

/// One line about a training in progress, for a terminal of any width.
///
///     ████████░░░░░░░░ epoch 20/40  train_loss 0.0412  validation_accuracy 0.97  ▇▅▃▂▁▁  3 s left
public struct ProgressLine: Sendable {
  private let bar: String
  private let epoch: String
  private let metrics: [String]
  private let chart: String
  private let left: String

  /// - Parameters:
  ///   - seconds: since the training began.
  ///   - losses: the recorded training losses, oldest first.
  public init(_ progress: TrainingProgress, seconds: Double, losses: [Double]) {
    self.init(
      epoch: progress.epoch, epochs: progress.epochs,
      metrics: (progress.newestRow?.measurements ?? []).map { ($0.column.name, $0.value) },
      seconds: seconds, losses: losses)
  }

  init(
    epoch: Int, epochs: Int, metrics: [(name: String, value: Double)], seconds: Double,
    losses: [Double]
  ) {
    let width = 16
    let done = epochs == 0 ? width : min(width, epoch * width / epochs)
    bar = String(repeating: "█", count: done) + String(repeating: "░", count: width - done)
    self.epoch = "epoch \(epoch)/\(epochs)"
    self.metrics = metrics.map { "\($0.name) \(rounded($0.value, digits: 4))" }
    chart = Self.chart(losses, width: 16)
    left =
      epoch == 0 ? "" : durationText(seconds / Double(epoch) * Double(epochs - epoch)) + " left"
  }

  /// The line, at most `width` characters long.
  public func text(width: Int) -> String {
    let (first, others) = (metrics.first ?? "", metrics.dropFirst().prefix(2))
    let parts =
      [(rank: 5, texts: [bar]), (0, [epoch]), (1, [first])] + others.map { (3, [$0]) }
      + [(6, [chart]), (2, [left])]
    return fitted(parts, width: width, separator: "  ")
  }

  /// The losses as a row of blocks, each the mean of a part of the training; empty while
  /// there are fewer than two.
  private static func chart(_ losses: [Double], width: Int) -> String {
    let losses = losses.filter(\.isFinite)
    guard losses.count > 1 else { return "" }
    let count = min(width, losses.count)
    let means = (0..<count).map { part -> Double in
      let range = part * losses.count / count..<(part + 1) * losses.count / count
      return losses[range].reduce(0) { $0 + $1 / Double(range.count) }
    }
    guard let low = means.min(), let high = means.max() else { return "" }
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(
      means.map { mean in
        let share = high > low ? (mean - low) / (high - low) : 0
        return blocks[min(blocks.count - 1, max(0, Int(share * Double(blocks.count))))]
      })
  }
}
