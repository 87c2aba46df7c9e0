import NNExp

/// A metric of the order of all scores of an output, averaged over the outputs.
///
/// Class targets of two classes are ranked by the score of class 1; of more classes, each
/// class against the rest. Values are yes-or-no targets, one per output (1 from 0.5 on).
///
/// The tally is [samples, outputs], then a score and a 0 or 1 per sample and output.
protocol RankingMetric: Metric, Component {
  var average: ClassWeighting { get }

  /// The value of one output; NaN if it is not defined.
  ///
  /// - Parameter scores: in ascending order.
  static func value(of scores: [RankedScore]) -> Double
}

struct RankedScore {
  let score: Double
  let isPositive: Bool
}

/// The average over several classes or outputs.
enum ClassWeighting: String, CaseIterable, Sendable {
  /// Their mean.
  case macro
  /// Their mean, weighted by the number of samples of the class.
  case weighted

  static func read(from options: inout Options) -> ClassWeighting {
    options.choice(
      "average", default: .macro, of: ClassWeighting.self,
      "over several classes: macro, their mean; weighted, by their numbers of samples")
  }
}

extension RankingMetric {
  var isBetterHigher: Bool { true }

  func plan(output: Shape, target: Target) throws -> Int {
    try target.checkFit(output)
    return 2
  }

  func numbersPerSample(output: Shape, target: Target) -> Int {
    if case .classes = target, output.count <= 2 { return 2 }
    return 2 * output.count
  }

  func add<S: Scalar>(_ pass: MetricPass<S>) {
    let (tally, outputs) = (pass.tally, pass.z.shape.count)
    let isBinary = pass.hasClasses && outputs <= 2
    let columns = isBinary ? 1 : outputs
    var next = 2 + Int(tally[0]) * 2 * columns
    for sample in 0..<pass.samples {
      for column in 0..<columns {
        let c = isBinary ? 1 : column
        tally[next] =
          pass.hasClasses ? pass.probability(sample, of: c) : pass.score(sample, c)
        let isPositive =
          pass.hasClasses ? pass.targetClass(sample) == c : pass.target(sample, c) >= 0.5
        tally[next + 1] = isPositive ? 1 : 0
        next += 2
      }
    }
    tally[0] += Double(pass.samples)
    tally[1] = Double(columns)
  }

  func value(of tally: Tensor<Double>) -> Double {
    let (samples, columns) = (Int(tally[0]), Int(tally[1]))
    var sum = 0.0
    var total = 0.0
    for column in 0..<columns {
      var scores: [RankedScore] = []
      scores.reserveCapacity(samples)
      for sample in 0..<samples {
        let first = 2 + 2 * (sample * columns + column)
        if tally[first].isNaN { return .nan }
        scores.append(RankedScore(score: tally[first], isPositive: tally[first + 1] == 1))
      }
      scores.sort { $0.score < $1.score }
      let value = Self.value(of: scores)
      if value.isNaN { continue }
      let weight = average == .macro ? 1 : Double(scores.count(where: \.isPositive))
      sum += weight * value
      total += weight
    }
    return total > 0 ? sum / total : .nan
  }
}

private let shapes =
  "one output per class, one output for two classes, or yes-or-no targets of the output's shape"

/// The area under the receiver operating characteristic: the share of pairs of a positive
/// and a negative sample of which the positive one has the larger score, ties counting half.
struct ROCAUC: RankingMetric {
  static let typeName = "roc_auc"
  static let foreignNames = ["auc", "roc_auc_score", "auroc", "auc_roc", "roc_auc_ovr"]
  static let documentation = Documentation(
    "the area under the ROC curve: how well the scores rank positive samples above negative ones",
    equation: """
      AUC = Σ [s₊ > s₋] + ½[s₊ = s₋] / pairs      over pairs of a positive and a negative sample
      more than two classes: the mean over each class against the rest
      """,
    shapes: shapes, example: "metrics: [roc_auc]", source: "Hanley and McNeil 1982")

  let average: ClassWeighting

  init(from options: inout Options) { average = ClassWeighting.read(from: &options) }

  /// (Σ ranks of the positives − P(P + 1)/2) / (P·N), ties with their mean rank.
  static func value(of scores: [RankedScore]) -> Double {
    var ranks = 0.0
    var positives = 0.0
    var first = 0
    while first < scores.count {
      var end = first
      var tied = 0.0
      while end < scores.count, scores[end].score == scores[first].score {
        if scores[end].isPositive { tied += 1 }
        end += 1
      }
      ranks += tied * Double(first + 1 + end) / 2
      positives += tied
      first = end
    }
    let negatives = Double(scores.count) - positives
    if positives == 0 || negatives == 0 { return .nan }
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)
  }
}

/// The mean precision over the steps of recall, from the largest score down.
struct AveragePrecision: RankingMetric {
  static let typeName = "average_precision"
  static let foreignNames = ["average_precision_score", "auprc", "pr_auc", "auc_pr"]
  static let documentation = Documentation(
    "the area under the precision-recall curve, as a sum over its steps",
    equation: """
      AP = Σₙ (Rₙ − Rₙ₋₁) Pₙ      precision P and recall R of the samples from the n-th largest
      score on; more than two classes: the mean over each class against the rest
      """,
    shapes: shapes, example: "metrics: [average_precision]")

  let average: ClassWeighting

  init(from options: inout Options) { average = ClassWeighting.read(from: &options) }

  static func value(of scores: [RankedScore]) -> Double {
    let positives = Double(scores.count(where: \.isPositive))
    if positives == 0 { return .nan }
    var sum = 0.0
    var found = 0.0
    var end = scores.count
    while end > 0 {
      var first = end
      var here = 0.0
      while first > 0, scores[first - 1].score == scores[end - 1].score {
        first -= 1
        if scores[first].isPositive { here += 1 }
      }
      found += here
      sum += here / positives * (found / Double(scores.count - first))
      end = first
    }
    return sum
  }
}
