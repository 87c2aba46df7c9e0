public import Datasets
public import Engine
public import NNExp
import Results

/// predictions.csv: a row a sample, what was wanted where that is known, what
/// the network says, and its outputs.
public struct Predictions<S: Scalar> {
  private let data: DataSets<S>
  private let outputCount: Int
  private let threshold: Double
  private let hasTargets: Bool
  private let hasSplits: Bool
  private var table: CSVText

  public init(_ prepared: PreparedExperiment<S>, hasTargets: Bool, hasSplits: Bool) {
    data = prepared.data
    outputCount = prepared.graph.outputShape.count
    threshold = prepared.experiment.objective.loss.decisionThreshold
    self.hasTargets = hasTargets
    self.hasSplits = hasSplits
    var columns = hasSplits ? ["split", "sample"] : ["sample"]
    var outputs = (0..<outputCount).map { "output_\($0)" }
    switch data.target {
    case .classes:
      if hasTargets { columns.append("target") }
      columns.append("prediction")
      if outputCount == data.classNames.count { outputs = data.classNames.map { "output_\($0)" } }
    case .values:
      if hasTargets { columns += data.targetNames.map { "target_\($0)" } }
      if outputCount == data.targetNames.count { outputs = data.targetNames.map { "output_\($0)" } }
    }
    table = CSVText(columns: columns + outputs)
  }

  public var csv: [UInt8] { table.bytes }

  /// Adds the rows of one split. What is held of samples and outputs are a few
  /// passes' worth.
  public mutating func add(
    _ samples: Samples<S>, by evaluator: Evaluator<S>, split: String = ""
  ) throws {
    let step = evaluator.chunk * max(1, 4096 / evaluator.chunk)
    for first in stride(from: 0, to: samples.count, by: step) {
      let part = try samples.held(first..<min(first + step, samples.count))
      add(part, outputs: try evaluator.predict(part), first: first, split)
    }
  }

  private mutating func add(
    _ samples: Samples<S>, outputs: [S], first: Int, _ split: String
  ) {
    let width = data.target.shape.count
    var row: [Cell] = []
    for sample in 0..<samples.count {
      row.removeAll(keepingCapacity: true)
      if hasSplits { row.append(.text(split)) }
      row.append(.int(first + sample))
      switch data.target {
      case .classes:
        if hasTargets { row.append(className(Int(samples.targets[sample]))) }
        row.append(className(prediction(outputs, sample)))
      case .values:
        if hasTargets {
          for index in 0..<width { row.append(cell(samples.targets[sample * width + index])) }
        }
      }
      for index in 0..<outputCount { row.append(cell(outputs[sample * outputCount + index])) }
      table.append(row)
    }
  }

  private func cell(_ value: S) -> Cell {
    (value as? Float).map(Cell.float) ?? .number(Double(value))
  }

  private func className(_ index: Int) -> Cell {
    .text(data.classNames.indices.contains(index) ? data.classNames[index] : "\(index)")
  }

  /// The class of the largest output; of a single one, by the loss's threshold.
  private func prediction(_ outputs: [S], _ sample: Int) -> Int {
    let first = sample * outputCount
    if outputCount == 1 { return Double(outputs[first]) >= threshold ? 1 : 0 }
    var best = 0
    for index in 1..<outputCount where outputs[first + index] > outputs[first + best] {
      best = index
    }
    return best
  }
}

/// A confusion matrix as CSV: a row a target class, a column a predicted one.
func confusionCSV(_ tally: [Double], classes: [String]) -> [UInt8] {
  var text = CSVText(columns: ["target"] + classes.map { "predicted_\($0)" })
  for (row, name) in classes.enumerated() {
    text.append(
      [.text(name)] + classes.indices.map { .int(Int(tally[row * classes.count + $0])) })
  }
  return text.bytes
}
