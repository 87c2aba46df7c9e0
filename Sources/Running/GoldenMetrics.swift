import ExperimentFile
import NNExp
import YAMLTree

/// A metrics.csv that was kept, for runs to be held against.
///
/// Every row must be met, and every column that it has; a number x may differ
/// from the expected e by up to tolerance · max(1, |e|).
struct GoldenMetrics: Sendable {
  private let declaration: GoldenDeclaration
  private let table: FigureTable

  /// Reads the file. Throws where it is no table of figures among `columns`.
  init(_ declaration: GoldenDeclaration, columns: [String]) throws {
    self.declaration = declaration
    let bytes: [UInt8]
    do { bytes = try readFile(declaration.path) } catch {
      var diagnostics = Diagnostics()
      diagnostics.add(error, at: declaration.place)
      guard var diagnostic = diagnostics.list.first else { throw error }
      diagnostic.notes.append(
        .init(
          "to make it: run with expect.metrics=null, then copy the run's metrics.csv to "
            + "'\(declaration.path)'"))
      throw diagnostic
    }
    table = try FigureTable(bytes, path: declaration.path)
    for (index, column) in table.columns.enumerated() where !columns.contains(text: column) {
      throw Diagnostic(
        "nothing measures '\(column)'\(suggestion(for: column, among: columns))",
        at: table.place(line: 1, cell: index),
        notes: [.init("the columns are: " + listed(columns))])
    }
  }

  /// What a run's metrics.csv has that is not so; nil where all is as expected.
  func difference(from metrics: [UInt8], path: String) throws -> Diagnostic? {
    let found = try FigureTable(metrics, path: path)
    var notes: [Diagnostic.Note] = []
    var count = 0
    for (row, (expected, cells)) in zip(table.rows, found.rows).enumerated() {
      for (column, e) in zip(table.columns, expected) {
        guard let index = found.columns.firstIndex(ofText: column) else { continue }
        let x = cells[index]
        if isMet(e, x) { continue }
        count += 1
        guard notes.count < 10 else { continue }
        let epoch = column == "epoch" || cells.isEmpty ? "" : " (epoch \(shown(cells[0])))"
        let off = if let e, let x { ", off by \(brief(abs(x - e)))" } else { "" }
        notes.append(
          .init("row \(row + 1)\(epoch), \(column): expected \(shown(e)), found \(shown(x))\(off)"))
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
        "if that is meant: cp "
          + [path, declaration.path].map(quotedForShell).joined(separator: " ")))
    return Diagnostic(
      "metrics.csv is not as in '\(declaration.written)': \(facts.joined(separator: "; "))",
      at: declaration.place, notes: notes, failure: .shortfall)
  }

  private func isMet(_ expected: Double?, _ found: Double?) -> Bool {
    guard let expected, let found else { return expected == nil && found == nil }
    return expected == found
      || abs(found - expected) <= declaration.tolerance * max(1, abs(expected))
  }

  private func shown(_ cell: Double?) -> String { cell.map { shortest($0) } ?? "nothing" }
}

/// A CSV file of numbers and empty cells below a header.
private struct FigureTable: Sendable {
  let columns: [String]
  private(set) var rows: [[Double?]] = []
  private let source: Source

  init(_ bytes: [UInt8], path: String) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(atByte: "\n", omittingEmptySubsequences: false).map { line in
      line.hasSuffix(bytes: "\r") ? String(Substring(line.utf8.dropLast())) : String(line)
    }
    source = Source(name: path, lines: lines)
    columns = FigureTable.cells(of: lines[0]).map(String.init)
    for (index, column) in columns.enumerated() where columns[..<index].contains(text: column) {
      throw Diagnostic("the column '\(column)' is there twice", at: place(line: 1, cell: index))
    }
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let cells = FigureTable.cells(of: line)
      guard cells.count == columns.count else {
        throw Diagnostic(
          "a row of \(cells.count) cells under \(columns.count) columns",
          at: place(line: index + 1, cell: 0))
      }
      rows.append(
        try cells.enumerated().map { position, cell in
          if cell.isEmpty { return nil }
          guard let number = Double(cell) else {
            throw Diagnostic(
              "expected a number, found '\(cell)'", at: place(line: index + 1, cell: position))
          }
          return number
        })
    }
    if rows.isEmpty {
      throw Diagnostic("'\(path)' has no rows under its header", at: place(line: 1, cell: 0))
    }
  }

  private static func cells(of line: String) -> [Substring] {
    line.split(atByte: ",", omittingEmptySubsequences: false)
  }

  /// Of a cell, both counted as in the text: lines from 1, cells from 0.
  func place(line: Int, cell: Int) -> Place {
    let before = FigureTable.cells(of: source.lines[line - 1]).prefix(cell)
    let column = before.reduce(1) { $0 + $1.unicodeScalars.count + 1 }
    return Place(source: source, line: line, column: column)
  }
}
