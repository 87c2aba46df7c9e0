import Files
public import NNExp
import Results
import Running

/// A comparison of runs and of the trials of sweeps: one row per run, with its options and
/// results.
public struct RunComparison: Sendable {
  private var columns: [Column]
  private var rows: [[Cell]]
  private var shown: [Int]
  /// True if there are few enough runs to show them side by side.
  private let isSideBySide: Bool

  /// The reasons why the order may be wrong.
  public private(set) var warnings: [Diagnostic] = []

  private struct Column: Sendable {
    /// The name in CSV: an option by its whole path.
    var name: String
    /// The name in text: `learning_rate`, if no other column has this short name.
    var shortName = ""
    /// True for a column that identifies the run. It is never omitted or sorted by magnitude.
    var isKey = false
    /// True for a column that is omitted from the text of many runs, because rows would be too
    /// long, unless rows are sorted by it.
    var isLong = false
    /// The runs' metric, with the first run for each direction; empty for a column that is not
    /// a metric.
    var metrics: [(metric: MetricColumn, run: String)] = []
  }

  /// Reads the folders of runs and sweeps.
  public init(_ paths: [String]) throws {
    var runs: [ComparedRun] = []
    var errors = Diagnostics()
    for path in paths {
      do { runs += try ComparedRun.all(in: path) } catch { errors.add(error) }
    }
    try errors.throwIfAny()
    isSideBySide = runs.count <= 6 && runs.allSatisfy { $0.trial == nil }

    let options = runs.lazy.flatMap(\.options).map(\.name).uniquedTexts()
    let finals = runs.lazy.flatMap(\.final).map(\.column.name).uniquedTexts()
    let bests = runs.lazy.flatMap(\.best).map(\.column.name).uniquedTexts()

    var columns: [Column] = []
    var rows = runs.map { _ in [Cell]() }
    // Records that were edited may contain any texts.
    func add(_ column: Column, _ cell: (ComparedRun) -> Cell) {
      columns.append(column)
      columns[columns.count - 1].name = Escaping.line(column.name)
      for (index, run) in runs.enumerated() { rows[index].append(cell(run).visible) }
    }
    if runs.contains(where: { $0.trial != nil }) {
      add(Column(name: "trial", isKey: true)) { Cell($0.trial) }
    }
    let isOneSweep = paths.count == 1 && columns.count == 1
    add(Column(name: "run", isKey: true, isLong: isOneSweep)) { .text($0.path) }
    add(Column(name: "status")) { .text($0.status) }
    for name in options {
      add(Column(name: name)) { run in
        Cell(run.options.first { $0.name.hasSameBytes(as: name) }?.value)
      }
    }
    add(Column(name: "epochs")) { Cell($0.epochs) }
    func metrics(_ name: String) -> [(metric: MetricColumn, run: String)] {
      runs.reduce(into: []) { metrics, run in
        let measured = run.final.map(\.column) + run.best.map(\.column)
        guard let metric = measured.named(name),
          !metrics.contains(where: { $0.metric.largerIsBetter == metric.largerIsBetter })
        else { return }
        metrics.append((metric, run.path))
      }
    }
    for name in finals {
      add(Column(name: name, metrics: metrics(name))) { run in
        Cell(run.final.first { $0.column.name.hasSameBytes(as: name) }?.value)
      }
    }
    for name in bests {
      add(Column(name: "best_" + name, isLong: !isSideBySide, metrics: metrics(name))) { run in
        Cell(run.best.first { $0.column.name.hasSameBytes(as: name) }?.value)
      }
    }
    add(Column(name: "best_epoch")) { Cell($0.best.first?.epoch) }
    add(Column(name: "seconds")) { Cell($0.seconds) }
    let names = columns.map(\.name)
    _ = try CSVText("the comparison", columns: names)
    for index in columns.indices {
      columns[index].shortName = RunComparison.short(names[index], among: names)
    }
    self.columns = columns
    self.rows = rows
    shown = Array(columns.indices)
  }

  /// The last words of a path, as many as are needed to distinguish it from the others.
  private static func short(_ name: String, among names: [String]) -> String {
    let words = name.split(atByte: ".")
    for count in 1..<max(1, words.count) {
      let short = words.suffix(count).joined(separator: ".")
      let isTaken = names.contains {
        !$0.hasSameBytes(as: name)
          && ($0.hasSameBytes(as: short) || $0.hasSuffix(bytes: "." + short))
      }
      if !isTaken { return short }
    }
    return name
  }

  // MARK: Selecting

  /// Sorts the rows, the best first: by decreasing values of a metric if its runs record that
  /// larger values are better, otherwise by increasing values. Runs without the value come
  /// last; equal values keep their order.
  ///
  /// Throws if the runs disagree. Adds a warning if a run of version 0.1.0 does not record
  /// which values are better.
  public mutating func sort(by name: String) throws {
    guard
      let column = columns.firstIndex(where: {
        $0.name.hasSameBytes(as: name) || $0.shortName.hasSameBytes(as: name)
      })
    else {
      let names = columns.map(\.name)
      throw Diagnostic(
        "there is no column '\(name)' to sort by\(suggestion(for: name, among: names))",
        notes: [.init("the columns are: " + listed(names))])
    }
    columns[column].isLong = false
    let sign = try largerIsBetter(columns[column]) ? -1.0 : 1.0
    func isBefore(_ a: Cell, _ b: Cell) -> Bool {
      switch (a.ordered, b.ordered) {
      case (let a?, let b?): sign * a < sign * b
      case (nil, nil): a.shown(brief: false) < b.shown(brief: false)
      case (let a, _): a != nil
      }
    }
    let order = rows.indices.sorted { a, b in
      isBefore(rows[a][column], rows[b][column])
        || !isBefore(rows[b][column], rows[a][column]) && a < b
    }
    rows = order.map { rows[$0] }
  }

  private mutating func largerIsBetter(_ column: Column) throws -> Bool {
    func run(_ direction: Bool?) -> String? {
      column.metrics.first { $0.metric.largerIsBetter == direction }?.run
    }
    if let larger = run(true), let smaller = run(false) {
      throw Diagnostic(
        "cannot sort by '\(column.name)': larger values are better in '\(larger)', smaller ones "
          + "in '\(smaller)'")
    }
    if let unknown = run(nil) {
      warnings.append(
        Diagnostic(
          "'\(unknown)' does not record whether larger values of '\(column.name)' are better; "
            + (run(true) == nil
              ? "the smallest are first" : "the largest are first, as for other metrics"),
          severity: .warning))
    }
    return run(true) != nil
  }

  /// Removes every column whose cells are all equal.
  public mutating func keepChanged() {
    guard rows.count != 1 else { return }
    shown = shown.filter { index in
      columns[index].isKey || rows.contains { $0[index] != rows[0][index] }
    }
  }

  /// Replaces the runs' paths by names.
  public mutating func name(_ names: [String]) {
    guard let column = columns.firstIndex(where: { $0.isKey && $0.name == "run" }) else { return }
    for (row, name) in names.enumerated() where row < rows.count {
      rows[row][column] = Cell.text(name).visible
    }
  }

  /// Removes a column.
  public mutating func omit(_ name: String) {
    shown = shown.filter { columns[$0].name != name }
  }

  /// Keeps only the first rows.
  public mutating func limit(to count: Int) { rows = Array(rows.prefix(count)) }

  // MARK: Formatting

  public var csv: String {
    var text = CSVText(columns: shown.map { columns[$0].name })
    for row in rows { text.append(shown.map { row[$0] }) }
    return text.text
  }

  /// The runs as a list of objects; a value that was not measured is null.
  public var json: JSON {
    .array(
      rows.map { row in
        .object(
          shown.map { column in
            let value: JSON =
              switch row[column] {
              case .empty: .null
              case .int(let value): .int(value)
              case .number(let value): .number(value)
              case .float(let value): .number(Double(shortest(value)) ?? Double(value))
              case .text(let text): .string(text)
              }
            return .init(columns[column].name, value)
          })
      })
  }

  /// The comparison for a terminal: one row per run, or a few runs side by side.
  public var text: String { text { $0 } }

  /// The same.
  ///
  /// - Parameter emphasis: formats the best value of each metric.
  public func text(emphasis: (String) -> String) -> String {
    let shown = shown.filter { index in
      !columns[index].isLong && rows.contains { $0[index] != .empty }
    }
    var lines = [shown.map { isSideBySide ? columns[$0].name : columns[$0].shortName }]
    for row in rows {
      lines.append(shown.map { row[$0].shown(brief: !columns[$0].isKey) })
    }
    let best = shown.map(bestRows)
    if isSideBySide {
      let turned = shown.indices.map { column in lines.map { $0[column] } }
      let positions = best.enumerated().map { ($0, Set($1.map { $0 + 1 })) }
      return table(
        turned, rightAligned: Set(1..<lines.count),
        best: Dictionary(uniqueKeysWithValues: positions),
        emphasis: emphasis)
    }
    let numbers = shown.indices.filter { column in
      rows.allSatisfy { $0[shown[column]] == .empty || $0[shown[column]].ordered != nil }
    }
    let positions = rows.indices.map { row in
      (row + 1, Set(shown.indices.filter { best[$0].contains(row) }))
    }
    return table(
      lines, rightAligned: Set(numbers), best: Dictionary(uniqueKeysWithValues: positions),
      emphasis: emphasis)
  }

  /// The rows with the best value of a metric; none if the runs do not agree which values are
  /// better, or if all values are equal.
  private func bestRows(of column: Int) -> Set<Int> {
    guard columns[column].metrics.count == 1,
      let largerIsBetter = columns[column].metrics[0].metric.largerIsBetter
    else { return [] }
    let values = rows.map { $0[column].ordered }
    let known = values.compactMap { $0 }
    guard let best = largerIsBetter ? known.max() : known.min(),
      known.contains(where: { $0 != best })
    else { return [] }
    return Set(rows.indices.filter { values[$0] == best })
  }
}

extension Cell {
  /// The number; nil if the cell has none, or if it is NaN.
  fileprivate var ordered: Double? { number.flatMap { $0.isNaN ? nil : $0 } }

  /// The cell as text; if `brief`, six digits of a number or forty characters of a text.
  fileprivate func shown(brief isBrief: Bool) -> String {
    switch self {
    case .empty: ""
    case .int(let value): "\(value)"
    case .number(let value): isBrief ? brief(value) : shortest(value)
    case .float(let value): isBrief ? brief(Double(value)) : shortest(value)
    case .text(let text):
      if !isBrief {
        text
      } else if let ordered, text.count > 12 {
        brief(ordered)
      } else {
        text.count > 40 ? text.prefix(39) + "…" : text
      }
    }
  }
}
