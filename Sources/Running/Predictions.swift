public import Datasets
public import Engine
public import NNExp
import Results

/// predictions.csv: one row per sample with the target, if it is known, the predicted class
/// and the outputs of each head.
public struct Predictions<S: Scalar> {
  private let heads: [HeadPredictions<S>]
  private let hasTargets: Bool
  private let hasSplits: Bool
  private var table: CSVText

  public init(_ prepared: PreparedExperiment<S>, hasTargets: Bool, hasSplits: Bool) {
    self.hasTargets = hasTargets
    self.hasSplits = hasSplits
    var offsets: [Int] = []
    var width = 0
    for target in prepared.data.targets {
      offsets.append(width)
      width += target.target.shape.count
    }
    heads = prepared.heads.map { head in
      HeadPredictions(
        head, prepared.data.targets[head.targetIndex], offset: offsets[head.targetIndex],
        rowWidth: width)
    }
    let columns = hasSplits ? ["split", "sample"] : ["sample"]
    table = CSVText(columns: columns + heads.flatMap { $0.columns(hasTargets: hasTargets) })
  }

  public var csv: [UInt8] { table.bytes }

  /// Adds the rows of one split. Only the samples and outputs of a few passes are in memory at
  /// a time.
  public mutating func add(
    _ samples: Dataset<S>, by evaluator: Evaluator<S>, split: String = ""
  ) throws {
    let step = evaluator.chunk * max(1, 4096 / evaluator.chunk)
    for first in stride(from: 0, to: samples.count, by: step) {
      let part = try samples.held(first..<min(first + step, samples.count))
      add(part, outputs: try evaluator.predict(part), first: first, split)
    }
  }

  private mutating func add(
    _ samples: Dataset<S>, outputs: [[S]], first: Int, _ split: String
  ) {
    var row: [Cell] = []
    for sample in 0..<samples.count {
      row.removeAll(keepingCapacity: true)
      if hasSplits { row.append(.text(split)) }
      row.append(.int(first + sample))
      for (head, outputs) in zip(heads, outputs) {
        head.add(sample, of: hasTargets ? samples.targets : [], outputs, to: &row)
      }
      table.append(row)
    }
  }
}

/// The cells of one head.
private struct HeadPredictions<S: Scalar> {
  private let head: Head
  private let port: TargetPort
  /// The index of its target within a sample's targets, and the number of values per sample.
  private let offset: Int
  private let rowWidth: Int
  private let threshold: Double

  init(_ head: Head, _ port: TargetPort, offset: Int, rowWidth: Int) {
    self.head = head
    self.port = port
    self.offset = offset
    self.rowWidth = rowWidth
    threshold = head.loss.decisionThreshold
  }

  private var outputCount: Int { head.outputShape.count }

  /// True if the head's name alone identifies its single number.
  private var isSingle: Bool {
    if case .values(let shape) = port.target { head.name != nil && shape.count == 1 } else { false }
  }

  func columns(hasTargets: Bool) -> [String] {
    var columns: [String] = []
    var outputs = (0..<outputCount).map { "output_\($0)" }
    let names: [String]
    switch port.target {
    case .classes:
      if hasTargets { columns.append("target") }
      columns.append("prediction")
      names = port.classNames
    case .values:
      names = port.numberNames
      if hasTargets { columns += names.map { isSingle ? "target" : "target_\($0)" } }
    }
    if outputCount == names.count {
      outputs = names.map { isSingle ? "output" : "output_\($0)" }
    }
    return (columns + outputs).map { $0 + head.suffix }
  }

  /// - Parameter targets: the targets of all samples, row by row; empty if they are not known.
  func add(_ sample: Int, of targets: [S], _ outputs: [S], to row: inout [Cell]) {
    let first = sample * rowWidth + offset
    switch port.target {
    case .classes:
      if !targets.isEmpty {
        row.append(Int(exactly: targets[first]).map(className) ?? .empty)
      }
      row.append(className(prediction(outputs, sample)))
    case .values(let shape):
      if !targets.isEmpty {
        for index in 0..<shape.count {
          let target = targets[first + index]
          row.append(target.isNaN ? .empty : cell(target))
        }
      }
    }
    for index in 0..<outputCount { row.append(cell(outputs[sample * outputCount + index])) }
  }

  private func cell(_ value: S) -> Cell {
    (value as? Float).map(Cell.float) ?? .number(Double(value))
  }

  private func className(_ index: Int) -> Cell {
    .text(port.classNames.indices.contains(index) ? port.classNames[index] : "\(index)")
  }

  /// The class with the largest output; for a single output, the class according to the loss's
  /// threshold.
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

/// A confusion matrix as CSV: one row per target class, one column per predicted class.
func confusionCSV(_ tally: [Double], classes: [String]) -> [UInt8] {
  var text = CSVText(columns: ["target"] + classes.map { "predicted_\($0)" })
  for (row, name) in classes.enumerated() {
    text.append(
      [.text(name)] + classes.indices.map { .int(Int(tally[row * classes.count + $0])) })
  }
  return text.bytes
}
