/// A value that training records: a column of metrics.csv, which early stopping can
/// monitor and `expect` can bound.
///
/// The properties are set where the column is declared and recorded with the run. No
/// code derives them from the name.
public struct MetricColumn: Sendable, Hashable {
  /// The part of the data on which a value is measured.
  public enum Split: String, CaseIterable, Sendable { case train, validation, test }

  /// Nil for a value that is not measured on data: `epoch`, `step`, `learning_rate`.
  public let split: Split?

  /// The node whose loss or metric the column contains; nil if the model has a single loss.
  public let head: String?

  /// `loss`, or the name of a metric.
  public let quantity: String

  /// True for accuracy, false for errors. Nil if neither direction is better, or if the run was
  /// recorded by version 0.1.0, which did not store it.
  public let largerIsBetter: Bool?

  /// `<split>_<quantity>` or `<split>_<head>_<quantity>`.
  public let name: String

  public init(
    _ split: Split?, head: String? = nil, quantity: String, largerIsBetter: Bool? = nil
  ) {
    self.split = split
    self.head = head
    self.quantity = quantity
    self.largerIsBetter = largerIsBetter
    name = [split?.rawValue, head, quantity].compactMap { $0 }.joined(separator: "_")
  }

  /// The columns that are not measured on data.
  public static let epoch = MetricColumn(nil, quantity: "epoch")
  public static let step = MetricColumn(nil, quantity: "step")
  public static let learningRate = MetricColumn(nil, quantity: "learning_rate")

  /// The loss on a split; with several heads, their weighted sum.
  public static func loss(_ split: Split) -> MetricColumn {
    MetricColumn(split, quantity: "loss", largerIsBetter: false)
  }
}

extension Sequence where Element == MetricColumn {
  /// The column with this name.
  package func named(_ name: some StringProtocol) -> MetricColumn? {
    first { $0.name.hasSameBytes(as: name) }
  }
}
