import NNExp

/// The columns of a training's rows, in order, with the origin of each value.
struct MetricLayout {
  enum Source {
    case epoch, step, learningRate
    /// The weighted sum of the losses on a split.
    case total(MetricColumn.Split)
    /// The loss (0) or a metric (from 1) of a head on a split.
    case measurement(MetricColumn.Split, head: Int, Int)
    /// The size of a layer's weights, gradients or updates.
    case layer(TrainingDeclaration.LayerQuantity, Int)
  }

  private(set) var columns: [MetricColumn] = []
  private(set) var sources: [Source] = []
  /// True if there are validation data. Their columns exist in any case.
  private let hasValidation: Bool

  /// - Parameter layers: the nodes with the columns of `record`.
  init(
    _ heads: [Head], hasValidation: Bool, hasTest: Bool,
    record: [TrainingDeclaration.LayerQuantity], layers: [String]
  ) {
    self.hasValidation = hasValidation
    append(.epoch, .epoch)
    append(.step, .step)
    append(.learningRate, .learningRate)
    let splits: [MetricColumn.Split] =
      hasTest ? [.train, .validation, .test] : [.train, .validation]
    for split in splits { append(.loss(split), .total(split)) }
    for (index, head) in heads.enumerated() {
      let columns = splits.map { ($0, head.columns(of: $0)) }
      // The loss of a single unnamed head equals the total.
      for quantity in (head.name == nil ? 1 : 0)..<head.metrics.count + 1 {
        for (split, columns) in columns {
          append(columns[quantity], .measurement(split, head: index, quantity))
        }
      }
    }
    for quantity in record {
      for (index, layer) in layers.enumerated() {
        append(quantity.column(of: layer), .layer(quantity, index))
      }
    }
  }

  private mutating func append(_ column: MetricColumn, _ source: Source) {
    columns.append(column)
    sources.append(source)
  }

  /// The columns that are measured on data that exist.
  var measured: [MetricColumn] {
    columns.filter { $0.split != nil && (hasValidation || $0.split != .validation) }
  }

  /// The column that determines the best epoch and early stopping.
  func monitor(_ stopping: TrainingDeclaration.EarlyStopping?) throws -> MetricColumn {
    guard let name = stopping?.monitor else { return .loss(hasValidation ? .validation : .train) }
    if let column = measured.named(name) { return column }
    let known = measured.map(\.name)
    let reason =
      columns.named(name)?.split == .validation
      ? "'\(name)' is never measured: there are no validation data"
      : "unknown column '\(name)'" + suggestion(for: name, among: known)
    throw Diagnostic(
      reason, at: stopping?.location, notes: [.init("the columns are: " + listed(known))])
  }
}
