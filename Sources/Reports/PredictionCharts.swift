import Charts
import NNExp
import Sweeps

/// The charts of one split and head in predictions.csv: for classes, the receiver operating
/// characteristic, precision against recall, and calibration; for numbers, predictions
/// against targets, and residuals; for both, the worst predictions.
struct PredictionCharts {
  /// A head whose predictions the table has.
  struct Head {
    /// Nil if there is only one.
    let name: String?
    /// Whether the targets are classes, whose names may be numbers.
    let isOfClasses: Bool
  }

  let head: Head
  private let table: TextTable
  private let rows: [[String]]
  private let split: String

  /// The number of charts of this kind on the page.
  private let parts: Int

  /// The classes with the positions of their probabilities, and their scores; empty if there are none.
  private let classes: [(name: String, index: Int)]
  private let scores: [BinaryScores]

  /// The maximum number of samples that all charts of predicted and true values show, and all
  /// charts of residuals. More are thinned: an image cannot show them, and a page must stay
  /// small.
  private static let mostPoints = 4_000

  /// The predictions of every head and split that has some, in the order of the file.
  static func all(of table: TextTable, _ heads: [Head]) -> [PredictionCharts] {
    guard let column = table.index(of: "split") else { return [] }
    let splits = table.rows.map { $0[column] }.uniquedTexts()
    let names = heads.compactMap(\.name)
    return heads.flatMap { head -> [PredictionCharts] in
      let table = head.name.map { table.part(ofHead: $0, among: names) } ?? table
      let targets =
        (table.index(of: "target").map { [$0] } ?? [])
        + table.indices(withPrefix: "target_").map(\.index)
      // A sample without a target has nothing to be compared with.
      let known = table.rows.filter { row in targets.contains { !row[$0].isEmpty } }
      return splits.compactMap { split in
        let rows = known.filter { $0[column].hasSameBytes(as: split) }
        if rows.isEmpty { return nil }
        return PredictionCharts(
          head: head, table: table, rows: rows,
          split: head.name.map { "\(split), \($0)" } ?? split, parts: splits.count * heads.count)
      }
    }
  }

  private init(head: Head, table: TextTable, rows: [[String]], split: String, parts: Int) {
    (self.head, self.table, self.rows, self.split) = (head, table, rows, split)
    self.parts = parts
    classes = table.indices(withPrefix: "probability_")
    guard classes.count > 1, let target = table.index(of: "target") else {
      scores = []
      return
    }
    scores = classes.map { entry in
      BinaryScores(
        name: entry.name, scores: rows.map { Double($0[entry.index]) ?? .nan },
        isPositive: rows.map { $0[target].hasSameBytes(as: entry.name) })
    }
  }

  /// The maximum number of classes with curves, each in another color.
  private static let mostClasses = 8

  /// Sentences about the classes without curves; empty if all have one.
  var classNotes: [String] {
    let undefined = scores.filter(\.rates.isEmpty).map(\.name)
    var notes: [String] = []
    if !undefined.isEmpty {
      notes.append(
        "\(split): no curves of \(listed(undefined)), because all samples or none have that class.")
    }
    if scores.count - undefined.count > Self.mostClasses {
      notes.append(
        "\(split): the curves are those of the \(Self.mostClasses) classes of \(scores.count) with "
          + "the smallest areas.")
    }
    return notes
  }

  private func numbers(_ column: Int) -> [Double] { rows.map { Double($0[column]) ?? .nan } }

  var charts: [Chart] {
    if !scores.isEmpty {
      // With two classes, the curves are mirror images of each other. Of many, the curves of
      // those with the smallest areas are shown.
      let defined = scores.filter { !$0.rates.isEmpty }
      let order = defined.indices.map { ($0, defined[$0].areaUnderCurve) }.sorted { $0.1 < $1.1 }
      let kept = Set(order.prefix(Self.mostClasses).map { $0.0 })
      let shown =
        scores.count == 2
        ? Array(defined.suffix(1)) : defined.indices.filter(kept.contains).map { defined[$0] }
      let curves =
        shown.isEmpty ? [] : [receiverOperatingCharacteristic(shown), precisionRecall(shown)]
      return curves + [calibration(scores)]
    }
    if head.isOfClasses { return [] }
    let pairs = numericTargets
    return pairs.flatMap { name, target, prediction in
      self.charts(
        name, numbers(target), numbers(prediction),
        most: max(1, Self.mostPoints / (parts * pairs.count)))
    }
  }

  /// The pairs of columns of targets that are numbers.
  private var numericTargets: [(name: String, target: Int, prediction: Int)] {
    var pairs = table.indices(withPrefix: "target_").compactMap { name, target in
      table.index(of: "prediction_" + name).map { (name: name, target: target, prediction: $0) }
    }
    if let target = table.index(of: "target"), let prediction = table.index(of: "prediction") {
      pairs.append((name: "target", target: target, prediction: prediction))
    }
    // With several numbers, some may be missing.
    return pairs.filter { pair in
      rows.contains { !$0[pair.target].isEmpty }
        && rows.allSatisfy {
          ($0[pair.target].isEmpty || Double($0[pair.target]) != nil)
            && Double($0[pair.prediction]) != nil
        }
    }
  }

  // MARK: Numbers

  private func charts(
    _ name: String, _ targets: [Double], _ predictions: [Double], most: Int
  ) -> [Chart] {
    let known = targets.indices.filter { !targets[$0].isNaN }
    let indices = stride(from: 0, to: known.count, by: (known.count - 1) / most + 1).map {
      known[$0]
    }
    let pairs = indices.map { Series.Point(targets[$0], predictions[$0]) }
    let residuals = indices.map { Series.Point(predictions[$0], targets[$0] - predictions[$0]) }
    let all = (targets + predictions).filter(\.isFinite)
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    return [
      Chart(
        "\(split): predicted and true \(name)",
        .plot(
          Plot(
            x: Axis("true"), y: Axis("predicted"),
            series: [
              Series("", color: nil, [.init(low, low), .init(high, high)]),
              Series("", .points, color: 0, pairs),
            ]))),
      Chart(
        "\(split): residuals of \(name)",
        .plot(
          Plot(
            x: Axis("predicted"), y: Axis("true − predicted"),
            series: [Series("", .points, color: 0, residuals)],
            rules: [Rule(.horizontal, at: 0, label: "")]))),
    ]
  }

  // MARK: Classes

  private func receiverOperatingCharacteristic(_ scores: [BinaryScores]) -> Chart {
    let series = scores.enumerated().map { index, score in
      Series(
        score.name + " (area \(rounded(score.areaUnderCurve, digits: 4)))", color: index,
        thinned(score.rates.map { .init($0.falsePositive, $0.truePositive) }))
    }
    let diagonal = Series("", color: nil, dash: .dashed, [.init(0, 0), .init(1, 1)])
    return Chart(
      "\(split): receiver operating characteristic",
      .plot(
        Plot(
          x: Axis("false positive rate", domain: 0...1),
          y: Axis("true positive rate", domain: 0...1), series: [diagonal] + series)))
  }

  private func precisionRecall(_ scores: [BinaryScores]) -> Chart {
    let series = scores.enumerated().map { index, score in
      Series(
        score.name, color: index,
        thinned(score.rates.map { .init($0.truePositive, $0.precision) }))
    }
    return Chart(
      "\(split): precision and recall",
      .plot(
        Plot(
          x: Axis("recall", domain: 0...1), y: Axis("precision", domain: 0...1), series: series)))
  }

  /// The share of correct predictions against the predicted probability, in ten bins.
  private func calibration(_ scores: [BinaryScores]) -> Chart {
    var sums = [(probability: Double, correct: Double, count: Double)](
      repeating: (0, 0, 0), count: 10)
    for row in rows.indices {
      guard let best = scores.max(by: { $0.scores[row] < $1.scores[row] }),
        best.scores[row].isFinite
      else { continue }
      let bin = min(9, max(0, Int(best.scores[row] * 10)))
      sums[bin].probability += best.scores[row]
      sums[bin].correct += best.isPositive[row] ? 1 : 0
      sums[bin].count += 1
    }
    let points = sums.filter { $0.count > 0 }.map {
      Series.Point($0.probability / $0.count, $0.correct / $0.count)
    }
    return Chart(
      "\(split): calibration",
      .plot(
        Plot(
          x: Axis("probability of the predicted class", domain: 0...1),
          y: Axis("share that is correct", domain: 0...1),
          series: [
            Series("", color: nil, dash: .dashed, [.init(0, 0), .init(1, 1)]),
            Series("", color: 0, points), Series("", .points, color: 0, points),
          ])))
  }

  private func thinned(_ points: [Series.Point]) -> [Series.Point] {
    let step = max(1, points.count / 500)
    return points.indices.filter { $0 % step == 0 || $0 == points.count - 1 }.map { points[$0] }
  }

  // MARK: The worst predictions

  /// The rows with the worst predictions, the worst first, with the columns of the file.
  func worst(_ count: Int) -> (columns: [String], rows: [[String]])? {
    let errors: [Double]
    if !classes.isEmpty, let target = table.index(of: "target") {
      errors = rows.map { row in
        let own = classes.first { $0.name.hasSameBytes(as: row[target]) }
        return 1 - (own.flatMap { Double(row[$0.index]) } ?? 0)
      }
    } else {
      // Finding the pairs reads all rows.
      let pairs = head.isOfClasses ? [] : numericTargets
      if pairs.isEmpty { return nil }
      errors = rows.map { row in
        pairs.compactMap { pair in
          Double(row[pair.target]).map { abs($0 - (Double(row[pair.prediction]) ?? .nan)) }
        }.max() ?? 0
      }
    }
    let order = rows.indices.sorted {
      errors[$0] > errors[$1] || (errors[$0] == errors[$1] && $0 < $1)
    }
    let shown = table.columns.indices.filter { !table.columns[$0].isEmpty }
    return (
      shown.map { table.columns[$0] },
      order.prefix(count).map { row in shown.map { TextTable.brief(rows[row][$0]) } }
    )
  }
}

/// The scores of one class against all others.
struct BinaryScores {
  let name: String
  let scores: [Double]
  let isPositive: [Bool]
  /// The rates at each threshold, from the highest score down.
  let rates: [(falsePositive: Double, truePositive: Double, precision: Double)]

  init(name: String, scores: [Double], isPositive: [Bool]) {
    (self.name, self.scores, self.isPositive) = (name, scores, isPositive)
    let positives = Double(isPositive.count { $0 })
    let negatives = Double(isPositive.count) - positives
    guard positives > 0, negatives > 0 else {
      rates = []
      return
    }
    let order = scores.indices.filter { scores[$0].isFinite }.sorted { scores[$0] > scores[$1] }
    var (hits, alarms) = (0.0, 0.0)
    var rates = [(falsePositive: 0.0, truePositive: 0.0, precision: 1.0)]
    for (position, index) in order.enumerated() {
      if isPositive[index] { hits += 1 } else { alarms += 1 }
      // Samples with equal scores share a threshold.
      if position + 1 < order.count, scores[order[position + 1]] == scores[index] { continue }
      rates.append((alarms / negatives, hits / positives, hits / (hits + alarms)))
    }
    self.rates = rates
  }

  /// The area under the receiver operating characteristic, by trapezoids.
  var areaUnderCurve: Double {
    zip(rates, rates.dropFirst()).reduce(0) { area, pair in
      let (a, b) = pair
      return area + (b.falsePositive - a.falsePositive) * (a.truePositive + b.truePositive) / 2
    }
  }
}
