import NNExp
import Sweeps

/// The options of `nnexp plot`: the columns to draw, smoothing and scale.
public struct PlotOptions: Sendable {
  /// Columns of metrics.csv (`train_loss`) or quantities of all splits (`loss`); empty draws
  /// every metric of the model.
  public var columns: [String]
  /// The number of rows over which each drawn value is averaged; 1 draws the recorded values.
  public var smoothing: Int
  /// Whether the vertical axis is logarithmic.
  public var isLogarithmic: Bool

  public init(columns: [String] = [], smoothing: Int = 1, isLogarithmic: Bool = false) {
    (self.columns, self.smoothing, self.isLogarithmic) = (columns, smoothing, isLogarithmic)
  }

  /// The recorded columns to draw, in the requested order; by default, in the order of the
  /// file.
  func selection(among recorded: [MetricColumn]) throws -> [MetricColumn] {
    let recorded = recorded.reduce(into: [MetricColumn]()) { known, column in
      if known.named(column.name) == nil { known.append(column) }
    }
    guard !columns.isEmpty else {
      let measured = recorded.filter { $0.split != nil }
      return measured.isEmpty ? recorded : measured
    }
    return try columns.flatMap { name in
      let found = recorded.filter { column in
        let quantity = [column.head, column.quantity].compactMap { $0 }.joined(separator: "_")
        return column.name.hasSameBytes(as: name) || quantity.hasSameBytes(as: name)
          || column.quantity.hasSameBytes(as: name)
      }
      if found.isEmpty {
        let names = (recorded.map(\.quantity) + recorded.map(\.name)).uniquedTexts()
        throw Diagnostic(
          "no run recorded a column '\(name)'\(suggestion(for: name, among: names))",
          notes: [.init("the columns are: " + listed(names))])
      }
      return found
    }
  }
}
