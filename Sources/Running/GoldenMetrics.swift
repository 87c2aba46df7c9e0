import ExperimentFile
import NNExp
import Results
import YAMLTree

/// A stored metrics.csv with which a run is compared.
///
/// Every row and every column of it must agree: a number x may differ from the expected number
/// e by at most tolerance · max(1, |e|).
struct GoldenMetrics: Sendable {
  private let declaration: GoldenDeclaration
  private let table: CSVTable

  /// Reads the file. Throws if it is not a table of numbers, or has a column that is not in
  /// `columns`.
  init(_ declaration: GoldenDeclaration, columns: [MetricColumn]) throws {
    self.declaration = declaration
    let bytes: [UInt8]
    do { bytes = try readFile(declaration.path) } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error, at: declaration.location)
      guard var diagnostic = diagnostics.list.first else { throw error }
      diagnostic.notes.append(
        .init(
          "to make it: run with expect.metrics=null, then copy the run's metrics.csv to "
            + "'\(declaration.path)'"))
      throw diagnostic
    }
    table = try CSVTable(bytes, path: declaration.path)
    if table.rows.isEmpty {
      throw Diagnostic(
        "'\(declaration.path)' has no rows under its header", at: table.headerLocation(of: 0))
    }
    for (index, name) in table.columns.enumerated() where columns.named(name) == nil {
      let known = columns.map(\.name)
      throw Diagnostic(
        "nothing measures '\(name)'\(suggestion(for: name, among: known))",
        at: table.headerLocation(of: index), notes: [.init("the columns are: " + listed(known))])
    }
  }

  /// The differences of a run's metrics.csv; nil if there are none.
  func difference(from metrics: [UInt8], path: String) throws -> Diagnostic? {
    let found = try CSVTable(metrics, path: path)
    let indices = table.columns.map(found.index)
    let epochs = found.index(of: MetricColumn.epoch.name)
    var notes: [Diagnostic.Note] = []
    var count = 0
    for (row, (expected, cells)) in zip(table.rows, found.rows).enumerated() {
      for (position, e) in expected.enumerated() {
        guard let index = indices[position] else { continue }
        let x = cells[index]
        if isMet(e, x) { continue }
        count += 1
        guard notes.count < 10 else { continue }
        let epoch =
          index == epochs ? "" : epochs.map { " (epoch \(shown(cells[$0])))" } ?? ""
        let off = if let e, let x { ", off by \(brief(abs(x - e)))" } else { "" }
        notes.append(
          .init(
            "row \(row + 1)\(epoch), \(table.columns[position]): expected \(shown(e)), "
              + "found \(shown(x))\(off)"))
      }
    }
    var facts: [String] = []
    if found.rows.count != table.rows.count {
      facts.append("\(found.rows.count) rows instead of \(table.rows.count)")
    }
    if count > 0 {
      let total = table.columns.count * min(table.rows.count, found.rows.count)
      let bound = declaration.tolerance > 0 ? " by more than \(brief(declaration.tolerance))" : ""
      facts.append("\(count) of \(total) numbers differ\(bound)")
      if count > notes.count { notes.append(.init("and \(count - notes.count) more")) }
    }
    if facts.isEmpty { return nil }
    notes.append(
      .init(
        "if the change is intended: cp "
          + [path, declaration.path].map(quotedForShell).joined(separator: " ")))
    return Diagnostic(
      "metrics.csv differs from '\(declaration.written)': \(facts.joined(separator: "; "))",
      at: declaration.location, notes: notes, failure: .shortfall)
  }

  private func isMet(_ expected: Double?, _ found: Double?) -> Bool {
    guard let expected, let found else { return expected == nil && found == nil }
    return expected == found
      || abs(found - expected) <= declaration.tolerance * max(1, abs(expected))
  }

  private func shown(_ cell: Double?) -> String { cell.map { shortest($0) } ?? "nothing" }
}
