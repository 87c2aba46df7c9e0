import Datasets
import Engine
import NNExp

/// The text of a predictions.csv: a row a sample, what was wanted where that is
/// known, what the network says, and its outputs.
struct Predictions<S: Scalar> {
  let data: DataSets<S>
  let outputCount: Int
  let threshold: Double

  private var text = ""
  private let hasTargets: Bool
  private let hasSplits: Bool

  init(_ session: Session<S>, hasTargets: Bool, hasSplits: Bool) {
    data = session.data
    outputCount = session.graph.outputShape.count
    threshold = session.experiment.objective.loss.decisionThreshold
    self.hasTargets = hasTargets
    self.hasSplits = hasSplits
    var header = hasSplits ? ["split", "sample"] : ["sample"]
    let outputs = (0..<outputCount).map { index in
      switch data.target {
      case .classes where outputCount == data.classNames.count: data.classNames[index]
      case .values where outputCount == data.targetNames.count: data.targetNames[index]
      default: "\(index)"
      }
    }
    switch data.target {
    case .classes:
      if hasTargets { header.append("target") }
      header.append("prediction")
    case .values:
      if hasTargets { header += data.targetNames.map { "target_\($0)" } }
    }
    header += outputs.map { "output_\($0)" }
    text = header.map(csvCell).joined(separator: ",") + "\n"
  }

  /// The rows of one split.
  mutating func add(_ samples: Samples<S>, outputs: [S], split: String) {
    let targetWidth = data.target.shape.count
    for sample in 0..<samples.count {
      if hasSplits { text += split + "," }
      text += "\(sample)"
      if case .classes = data.target {
        if hasTargets { text += "," + className(Int(samples.targets[sample])) }
        text += "," + className(prediction(outputs, sample))
      } else if hasTargets {
        for index in 0..<targetWidth {
          text += "," + shortest(samples.targets[sample * targetWidth + index])
        }
      }
      for index in 0..<outputCount { text += "," + shortest(outputs[sample * outputCount + index]) }
      text += "\n"
    }
  }

  var csv: String { text }

  private func className(_ index: Int) -> String {
    csvCell(index < data.classNames.count ? data.classNames[index] : "\(index)")
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
func confusionCSV(_ tally: [Double], classes: [String]) -> String {
  var text = (["target"] + classes).map(csvCell).joined(separator: ",") + "\n"
  for (row, name) in classes.enumerated() {
    let counts = classes.indices.map { shortest(tally[row * classes.count + $0]) }
    text += ([csvCell(name)] + counts).joined(separator: ",") + "\n"
  }
  return text
}

/// A text as a CSV cell (RFC 4180).
func csvCell(_ text: String) -> String {
  let special: Set<Character> = [",", "\"", "\n", "\r", "\r\n"]
  guard text.contains(where: special.contains) else { return text }
  return "\"" + text.replacing("\"", with: "\"\"") + "\""
}
