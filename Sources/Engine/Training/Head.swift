public import Datasets
public import NNExp

/// An output of the network with its loss.
///
/// The total loss is Σ weight · L over the heads, where L is the reduction of the head's losses
/// over the samples that have its target. With a weight w per sample, the mean is Σ w ℓ / Σ w
/// and the sum is Σ w ℓ.
public struct Head: Sendable {
  /// The name of its node. Nil if the file has a single loss without a name; the columns are
  /// then called `train_loss`, not `train_<head>_loss`.
  public let name: String?

  /// The index of its node in the graph.
  public let node: Int

  /// The shape of its node's first output, per sample.
  public let outputShape: Shape

  /// The shape of its predictions: that of the output without variances.
  public var predictionShape: Shape {
    loss.outputMeaning.hasVariances ? target.shape : outputShape
  }

  /// The index of its target among the targets of the data.
  public let targetIndex: Int
  public let target: Target

  public let loss: any Loss
  /// The name of the loss's type, such as `squared_error`.
  public let lossName: String
  public let reduction: Reduction
  public let weight: Double

  /// The threshold of a single output: class 1 at or above it.
  public let threshold: Double

  /// Whether samples without the target are skipped; its loss and metrics then ignore them.
  public let skipsMissing: Bool

  /// Whether the data have a weight per sample. The loss is then reduced with these weights;
  /// metrics are not.
  public var isWeighted = false

  public let metrics: [BoundMetric]

  /// The location of the loss in the file.
  public var location: SourceLocation?

  /// The conversion of values to the units of the data; nil if they are in these units.
  public let units: TargetUnits?

  /// The name in reports: `loss`, or `loss.price`.
  public var reportName: String { name.map { "loss.\($0)" } ?? "loss" }

  /// The suffix of the names of files and columns: `_price`; empty for an unnamed head.
  public var suffix: String { name.map { "_\($0)" } ?? "" }

  public init(
    name: String? = nil, node: Int, outputShape: Shape, targetIndex: Int = 0, target: Target,
    loss: any Loss, lossName: String, reduction: Reduction = .mean, weight: Double = 1,
    skipsMissing: Bool = false, metrics: [BoundMetric] = [], units: TargetUnits? = nil,
    threshold: Double? = nil
  ) {
    self.name = name
    self.node = node
    self.outputShape = outputShape
    self.targetIndex = targetIndex
    self.target = target
    self.loss = loss
    self.lossName = lossName
    self.reduction = reduction
    self.weight = weight
    self.skipsMissing = skipsMissing
    self.metrics = metrics
    self.units = units
    self.threshold = threshold ?? loss.decisionThreshold
  }

  /// The columns of one split: the loss, then the metrics.
  public func columns(of split: MetricColumn.Split) -> [MetricColumn] {
    [MetricColumn(split, head: name, quantity: "loss", largerIsBetter: false)]
      + metrics.map {
        MetricColumn(
          split, head: name, quantity: $0.name, largerIsBetter: $0.metric.isBetterHigher)
      }
  }
}

extension Sequence where Element == Head {
  /// The targets of the data in their order, then the weight of a sample if there are weights.
  /// Each target is used by at least one head.
  var targets: [Target] {
    let targets: [Target] = sorted { $0.targetIndex < $1.targetIndex }.reduce(into: []) {
      if $1.targetIndex == $0.count { $0.append($1.target) }
    }
    return contains(where: \.isWeighted) ? targets + [.values([1])] : targets
  }
}

/// A metric that has been checked against the network and the data.
public struct BoundMetric: Sendable {
  public let name: String
  public let metric: any Metric
  public let tallySize: Int
  /// The number of additional numbers of the tally per sample.
  public let numbersPerSample: Int

  public init(name: String, metric: any Metric, tallySize: Int, numbersPerSample: Int = 0) {
    self.name = name
    self.metric = metric
    self.tallySize = tallySize
    self.numbersPerSample = numbersPerSample
  }
}
