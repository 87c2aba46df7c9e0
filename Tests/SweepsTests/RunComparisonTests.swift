import NNExp
import TestSupport
import Testing

@testable import Sweeps

@Suite struct RunComparisonTests {
  private let scratch = Scratch()

  private func resolved(rate: String, units: Int = 2, more: String = "") -> String {
    """
    name: xor
    seed: 4
    model:
      - {type: dense, name: hidden, units: \(units)}
      - {type: dense, name: output, units: 1}
    data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]}}
    train: {optimizer: {learning_rate: \(rate)}}
    \(more)
    """
  }

  @Test func runsAreComparedSideBySide() throws {
    let paths = [
      try scratch.makeRun(
        "one", resolved: resolved(rate: "0.5"),
        final: [(.loss(.train), 0.123456789), (.loss(.validation), nil)],
        best: [(.loss(.train), 0.1)]),
      try scratch.makeRun(
        "two", resolved: resolved(rate: "1e-3", more: "dtype: float64"), status: .interrupted,
        final: [(.loss(.train), 1e-9), (.loss(.validation), nil)]),
    ]
    var comparison = try RunComparison(paths)
    #expect(
      comparison.text == """
        run                            \(paths[0])  \(paths[1])
        status                         \(padded("completed", paths[0]))  \(padded("interrupted", paths[1]))
        name                           \(padded("xor", paths[0]))  \(padded("xor", paths[1]))
        seed                           \(padded("4", paths[0]))  \(padded("4", paths[1]))
        model.hidden.type              \(padded("dense", paths[0]))  \(padded("dense", paths[1]))
        model.hidden.units             \(padded("2", paths[0]))  \(padded("2", paths[1]))
        model.output.type              \(padded("dense", paths[0]))  \(padded("dense", paths[1]))
        model.output.units             \(padded("1", paths[0]))  \(padded("1", paths[1]))
        data.inline.inputs             \(padded("[[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]…", paths[0]))  \
        \(padded("[[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]…", paths[1]))
        train.optimizer.learning_rate  \(padded("0.5", paths[0]))  \(padded("0.001", paths[1]))
        dtype                          \(padded("", paths[0]))  \(padded("float64", paths[1]))
        epochs                         \(padded("10", paths[0]))  \(padded("10", paths[1]))
        train_loss                     \(padded("0.123457", paths[0]))  \(padded("1e-09", paths[1]))
        best_train_loss                \(padded("0.1", paths[0]))
        best_epoch                     \(padded("7", paths[0]))
        seconds                        \(padded("0.5", paths[0]))  \(padded("0.5", paths[1]))
        """)
    comparison.keepChanged()
    #expect(
      comparison.csv == """
        run,status,train.optimizer.learning_rate,dtype,train_loss,best_train_loss,best_epoch
        \(paths[0]),completed,0.5,,0.123456789,0.1,7
        \(paths[1]),interrupted,0.001,float64,1e-09,,

        """)
  }

  private func padded(_ cell: String, _ path: String) -> String {
    String(repeating: " ", count: path.count - cell.count) + cell
  }

  /// If there are too many runs for columns, they are shown below each other.
  @Test func manyRunsAreListedBelowEachOther() throws {
    let paths = try (1...7).map { number in
      try scratch.makeRun(
        "\(number)", resolved: resolved(rate: "0.5", units: number),
        final: [(.loss(.train), Double(8 - number)), (trainAccuracy, Double(number % 4) / 4)],
        best: [(.loss(.train), 0.5)])
    }
    var comparison = try RunComparison(paths)
    comparison.keepChanged()
    try comparison.sort(by: "train_accuracy")
    comparison.limit(to: 3)
    let indent = String(repeating: " ", count: paths[0].count - 3)
    #expect(
      comparison.text == """
        run\(indent)  hidden.units  train_loss  train_accuracy
        \(paths[2])             3           5            0.75
        \(paths[6])             7           1            0.75
        \(paths[1])             2           6             0.5
        """)
    var byUnits = try RunComparison(paths.reversed())
    try byUnits.sort(by: "hidden.units")
    #expect(byUnits.csv.split(separator: "\n")[1].hasPrefix(paths[0] + ","))
  }

  /// Missing values come last for either direction.
  @Test(arguments: [MetricColumn.loss(.train), trainAccuracy])
  func runsWithoutTheMetricComeLast(column: MetricColumn) throws {
    let values: [Double?] = [nil, 0.5, nil, 0.25]
    var comparison = try RunComparison(
      values.enumerated().map {
        try scratch.makeRun(
          "\($0.offset)", resolved: resolved(rate: "1"), final: [(column, $0.element)])
      })
    try comparison.sort(by: column.name)
    let cells = comparison.csv.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).dropLast(2).last!
    }
    #expect(
      cells == (column == .loss(.train) ? ["0.25", "0.5", "", ""] : ["0.5", "0.25", "", ""]))
  }

  /// The best run according to the recorded direction comes first, regardless of the metric's
  /// name.
  @Test(arguments: [true, false])
  func aRenamedMetricKeepsItsDirection(largerIsBetter: Bool) throws {
    let name = largerIsBetter ? "score" : "accuracy"
    let column = MetricColumn(.train, quantity: name, largerIsBetter: largerIsBetter)
    let paths = try [0.25, 0.75, 0.5].map {
      try scratch.makeRun(
        "\(name) \($0)", resolved: resolved(rate: "1"), final: [(column, $0)],
        best: [(column, $0)])
    }
    for sorted in [column.name, "best_" + column.name] {
      var comparison = try RunComparison(paths)
      try comparison.sort(by: sorted)
      let rows = comparison.csv.split(separator: "\n").dropFirst()
      let order = largerIsBetter ? [1, 2, 0] : [0, 2, 1]
      for (row, index) in zip(rows, order) { #expect(row.hasPrefix(paths[index] + ",")) }
      #expect(comparison.warnings.isEmpty)
    }
  }

  /// A run of version 0.1.0 does not record the direction, which is not guessed from a name.
  @Test func anUnknownDirectionIsReported() throws {
    let unknown = MetricColumn.unknown(named: "train_accuracy")
    let old = try [0.5, 0.25].map { (value: Double) in
      try scratch.makeRun("old \(value)", resolved: resolved(rate: "1"), final: [(unknown, value)])
    }
    var comparison = try RunComparison(old)
    try comparison.sort(by: "train_accuracy")
    #expect(comparison.csv.split(separator: "\n")[1].hasPrefix(old[1] + ","))
    #expect(
      comparison.warnings.map(\.description) == [
        "warning: '\(old[0])' does not record whether larger values of 'train_accuracy' are "
          + "better; the smallest are first"
      ])

    let new = try scratch.makeRun(
      "new", resolved: resolved(rate: "1"), final: [(trainAccuracy, 0.4)])
    var mixed = try RunComparison(old + [new])
    try mixed.sort(by: "train_accuracy")
    #expect(mixed.csv.split(separator: "\n")[1].hasPrefix(old[0] + ","))
    #expect(
      mixed.warnings.map(\.description) == [
        "warning: '\(old[0])' does not record whether larger values of 'train_accuracy' are "
          + "better; the largest are first, as for other metrics"
      ])
  }

  @Test func runsThatDisagreeAreNotSorted() throws {
    let error = MetricColumn(.train, quantity: "accuracy", largerIsBetter: false)
    let paths = try [trainAccuracy, error].map {
      try scratch.makeRun(
        "\($0.largerIsBetter == true)", resolved: resolved(rate: "1"), final: [($0, 1)])
    }
    var comparison = try RunComparison(paths)
    #expect {
      try comparison.sort(by: "train_accuracy")
    } throws: { thrown in
      "\(thrown)" == """
        error: cannot sort by 'train_accuracy': larger values are better in '\(paths[0])', \
        smaller ones in '\(paths[1])'
        """
    }
  }

  /// A summary may have been edited.
  @Test func aColumnWithATakenNameIsRefused() throws {
    let path = try scratch.makeRun(
      "run", resolved: resolved(rate: "1"), final: [(.unknown(named: "status"), 1)])
    #expect {
      _ = try RunComparison([path])
    } throws: { "\($0)" == "error: two columns of the comparison would be named 'status'" }
  }

  /// Fault 50: control characters in a record never reach the terminal.
  @Test func controlsAreVisible() throws {
    let path = try scratch.makeRun(
      "run\u{1B}[31m", resolved: "note: \"a\\e[31m\"\n",
      final: [(.unknown(named: "loss\u{9B}\r\n"), 1)])
    var comparison = try RunComparison([path])
    let shown = path.replacingOccurrences(of: "\u{1B}", with: "\\x1B")
    #expect(
      comparison.csv == """
        run,status,note,epochs,loss\\x9B\\r\\n,best_epoch,seconds
        \(shown),completed,\"""a\\x1B[31m\""",10,1,,0.5

        """)
    try comparison.sort(by: "loss\\x9B\\r\\n")
    #expect(comparison.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x9B || $0 == 0x0A })
  }

  @Test func noRunsAreAnEmptyTable() throws {
    var comparison = try RunComparison([])
    try comparison.sort(by: "epochs")
    comparison.keepChanged()
    #expect(comparison.text.isEmpty)
    #expect(comparison.csv == "run\n")
  }

  @Test func missingRunsAndColumnsAreReported() throws {
    scratch.put("", in: "file")
    #expect {
      _ = try RunComparison([scratch.path + "/nowhere", scratch.path])
    } throws: { error in
      "\(error)" == """
        error: there is no folder '\(scratch.path)/nowhere'
        error: '\(scratch.path)' is neither a run nor a sweep: it has no run.json and no plan.json
        """
    }
    let run = try scratch.makeRun(
      "run", resolved: resolved(rate: "1"), final: [(.loss(.train), 1)])
    var comparison = try RunComparison([run])
    #expect {
      try comparison.sort(by: "train_los")
    } throws: { error in
      "\(error)" == """
        error: there is no column 'train_los' to sort by; did you mean 'train_loss'?
        note: the columns are: run, status, name, seed, model.hidden.type, model.hidden.units, \
        model.output.type, model.output.units, data.inline.inputs, \
        train.optimizer.learning_rate, epochs, train_loss, best_epoch, seconds
        """
    }
  }
}
