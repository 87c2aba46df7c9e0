public import Datasets
public import Engine
import Files
public import NNExp
import Results

/// predictions.csv: one row per sample with its row in the data, the target, if it is known,
/// and the prediction of each head.
///
///     split,row,target,prediction,probability_no,probability_yes
///     test,3,yes,yes,0.25,0.75
///
/// `row` counts the rows of the data from 1; there is also `file` if the splits are from
/// several files. Classes have their names, numbers the units of the data. With several
/// numbers the columns are `target_<name>` and `prediction_<name>`. `probability_<class>` is
/// `score_<class>`, the output itself, if the loss gives the outputs no probabilities. If the loss
/// learns variances, predictions are means, and `standard_deviation` follows them.
public struct Predictions<S: Scalar> {
  private let heads: [HeadPredictions<S>]
  private let hasTargets: Bool
  private let hasSplits: Bool
  private let hasFiles: Bool
  /// The names of the columns that identify rows of the data.
  private let idNames: [String]
  /// The columns of the input that are copied.
  private let kept: KeptColumns?
  private var table: CSVText

  /// - Parameters:
  ///   - hasTargets: whether the targets are known.
  ///   - hasSplits: whether there are rows of several splits.
  ///   - kept: columns of the samples' file that are copied.
  public init(
    _ prepared: PreparedExperiment<S>, hasTargets: Bool, hasSplits: Bool,
    keeping kept: KeptColumns? = nil
  ) throws {
    self.hasTargets = hasTargets
    self.hasSplits = hasSplits
    self.kept = kept
    hasFiles = hasSplits && prepared.data.train.file != nil
    idNames = hasSplits ? prepared.data.train.ids?.names ?? [] : []
    heads = prepared.heads.map { head in
      HeadPredictions(
        head, prepared.data.targets[head.targetIndex],
        offset: prepared.data.targetOffset(of: head.targetIndex),
        rowWidth: prepared.data.targetWidth)
    }
    let columns =
      (hasSplits ? ["split"] : []) + (hasFiles ? ["file"] : []) + ["row"] + idNames
      + (kept?.names ?? [])
    table = try CSVText(
      "the predictions", columns: columns + heads.flatMap { $0.columns(hasTargets: hasTargets) })
  }

  public var csv: [UInt8] { table.bytes }

  /// Adds the rows of one split. Only the samples and outputs of a few passes are in memory at
  /// a time.
  public mutating func add(
    _ samples: Dataset<S>, by evaluator: Evaluator<S>, split: String = ""
  ) throws {
    let step = evaluator.chunk * max(1, 4096 / evaluator.chunk)
    var next = 0
    for first in stride(from: 0, to: samples.count, by: step) {
      let part = try samples.held(first..<min(first + step, samples.count))
      let outputs = try evaluator.predict(part)
      for sample in 0..<part.count {
        if samples.sourceCount != nil {
          let row = part.row(of: sample)
          addEmptyRows(next..<row, split)
          next = row + 1
        }
        add(part, sample, outputs, split)
      }
    }
    if let count = samples.sourceCount { addEmptyRows(next..<count, split) }
  }

  /// The cells that identify a row.
  private func beginning(of row: Int, _ samples: Dataset<S>?, _ split: String) -> [Cell] {
    let ids = idNames.map { name in
      let column = samples?.ids?.names.firstIndex { $0.hasSameBytes(as: name) }
      return Cell(column.flatMap { samples?.ids?.texts(ofRow: row)[$0] })
    }
    return (hasSplits ? [.text(split)] : []) + (hasFiles ? [Cell(samples?.file)] : [])
      + [.int(row + 1)] + ids
      + (kept?.rows[row].map(Cell.text) ?? [])
  }

  /// Adds rows without a prediction.
  private mutating func addEmptyRows(_ rows: Range<Int>, _ split: String) {
    if rows.isEmpty { return }
    let count = heads.reduce(0) { $0 + $1.columns(hasTargets: hasTargets).count }
    for row in rows {
      table.append(
        beginning(of: row, nil, split) + Array(repeating: Cell.empty, count: count))
    }
  }

  private mutating func add(
    _ samples: Dataset<S>, _ sample: Int, _ outputs: [[S]], _ split: String
  ) {
    var row = beginning(of: samples.row(of: sample), samples, split)
    for (head, outputs) in zip(heads, outputs) {
      head.add(sample, of: hasTargets ? samples : nil, outputs, to: &row)
    }
    table.append(row)
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
  private let meaning: OutputMeaning
  private let outputCount: Int

  init(_ head: Head, _ port: TargetPort, offset: Int, rowWidth: Int) {
    self.head = head
    self.port = port
    self.offset = offset
    self.rowWidth = rowWidth
    threshold = head.threshold
    meaning = head.loss.outputMeaning
    outputCount = head.outputShape.count
  }

  func columns(hasTargets: Bool) -> [String] {
    let names: [String]
    switch port.target {
    case .classes:
      let kind = meaning.hasProbabilities ? "probability" : "score"
      // A single output without probabilities is a score of class 1 only.
      let classes =
        outputCount == 1 && !meaning.hasProbabilities
        ? Array(port.classNames.dropFirst()) : port.classNames
      names = (hasTargets ? ["target"] : []) + ["prediction"] + classes.map { "\(kind)_\($0)" }
    case .values:
      let kinds =
        (hasTargets ? ["target"] : []) + ["prediction"]
        + (meaning.hasVariances ? ["standard_deviation"] : [])
      names = kinds.flatMap(columns)
    }
    return names.map { $0 + head.suffix }
  }

  /// `target`, or `target_<name>` of several numbers.
  private func columns(_ kind: String) -> [String] {
    port.numberNames.count == 1 ? [kind] : port.numberNames.map { "\(kind)_\($0)" }
  }

  /// - Parameter samples: nil if the targets are not known.
  func add(_ sample: Int, of samples: Dataset<S>?, _ outputs: [S], to row: inout [Cell]) {
    let target = sample * rowWidth + offset
    let first = sample * outputCount
    switch port.target {
    case .classes:
      if let samples {
        row.append(Int(exactly: samples.targets[target]).map(className) ?? .empty)
      }
      row.append(className(predictedClass(outputs, from: first)))
      if outputCount > 1 {
        for i in 0..<outputCount { row.append(number(prediction(outputs, first, i))) }
      } else {
        let ofOne = prediction(outputs, first, 0)
        if meaning.hasProbabilities { row.append(number(1 - ofOne)) }
        row.append(number(ofOne))
      }
    case .values(let shape):
      if let samples {
        for i in 0..<shape.count {
          row.append(self.target(in: samples, at: target + i))
        }
      }
      for i in 0..<shape.count {
        let value = prediction(outputs, first, i)
        row.append(number(head.units.map { $0.value(value, at: i) } ?? value))
      }
      for i in 0..<(meaning.hasVariances ? shape.count : 0) {
        let value = meaning.standardDeviation(at: i, of: outputCount) {
          Double(outputs[first + $0])
        }
        row.append(number(head.units.map { $0.standardDeviation(value, at: i) } ?? value))
      }
    }
  }

  /// A number of the targets, as in the data.
  private func target(in samples: Dataset<S>, at position: Int) -> Cell {
    if !samples.originalTargets.isEmpty {
      let value = samples.originalTargets[position]
      return value.isNaN ? .empty : .number(value)
    }
    let value = samples.targets[position]
    return value.isNaN ? .empty : number(Double(value))
  }

  private func prediction(_ outputs: [S], _ first: Int, _ output: Int) -> Double {
    meaning.prediction(at: output, of: outputCount) { Double(outputs[first + $0]) }
  }

  /// Written with the digits of the network's number type.
  private func number(_ value: Double) -> Cell {
    S.self == Float.self ? .float(Float(value)) : .number(value)
  }

  private func className(_ index: Int) -> Cell {
    .text(port.classNames.indices.contains(index) ? port.classNames[index] : "\(index)")
  }

  /// The class of the largest output; for a single output, the class by the threshold of the
  /// loss.
  private func predictedClass(_ outputs: [S], from first: Int) -> Int {
    if outputCount == 1 { return Double(outputs[first]) >= threshold ? 1 : 0 }
    var best = 0
    for index in 1..<outputCount where outputs[first + index] > outputs[first + best] {
      best = index
    }
    return best
  }
}

/// Precision, recall and F1 of each class as CSV, from a confusion matrix: a row per class,
/// then their means (macro), and their means weighted by the samples that have the class.
///
///     class,precision,recall,f1,samples
///
/// 0/0 counts as 0. Means are over the classes that occur as a target or a prediction.
func classesCSV(_ counts: [Double], classes: [String]) -> [UInt8] {
  var text = CSVText(columns: ["class", "precision", "recall", "f1", "samples"])
  let k = classes.count
  var (macro, weighted) = ([0.0, 0, 0], [0.0, 0, 0])
  var (occurring, samples) = (0.0, 0.0)
  for (c, name) in classes.enumerated() {
    let right = counts[c * k + c]
    let targets = (0..<k).reduce(0) { $0 + counts[c * k + $1] }
    let predictions = (0..<k).reduce(0) { $0 + counts[$1 * k + c] }
    func share(_ part: Double, of whole: Double) -> Double { whole == 0 ? 0 : part / whole }
    let values = [
      share(right, of: predictions), share(right, of: targets),
      share(2 * right, of: targets + predictions),
    ]
    text.append([.text(name)] + values.map(Cell.number) + [.int(Int(targets))])
    for i in 0..<3 {
      macro[i] += values[i]
      weighted[i] += values[i] * targets
    }
    if targets + predictions > 0 { occurring += 1 }
    samples += targets
  }
  for (name, sums, divisor) in [("macro", macro, occurring), ("weighted", weighted, samples)] {
    text.append(
      [.text("(\(name) average)")] + sums.map { Cell.number($0 / divisor) } + [.int(Int(samples))])
  }
  return text.bytes
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
