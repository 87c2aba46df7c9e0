import Files
import NNExp

/// The section `data` that `nnexp init` proposes for a table: which columns are read, how, and
/// how the rows are split.
public struct TableDraft {
  /// The kind of the target.
  public enum Task: Equatable, Sendable {
    case classes(Int)
    case values
  }

  public let task: Task

  /// The number of rows of the table.
  public let rows: Int

  /// The number of columns that are inputs.
  public let inputs: Int

  /// The lines of the section, from `data:` on.
  public let lines: [String]

  /// The name of the column that orders the rows in time; nil if there is none.
  public let timeColumn: String?

  /// Reads a table and proposes a section.
  ///
  /// - Parameters:
  ///   - path: the file, relative to the current folder.
  ///   - shownPath: the file, relative to the experiment file that will contain the section.
  ///   - target: the column to learn: a name, or a position if there is no header.
  /// - Throws: `Diagnostic` if nothing can be learned from the table.
  public init(path: String, shownPath: String, target: String) throws {
    let table = try TableDraft.table(path)
    let survey = try TableSurvey(table)
    let item = table.hasHeader ? nil : Int(target).map { ConfigValue(.int($0)) }
    let selected =
      try ColumnSelection(items: [item ?? ConfigValue(.string(target))])?
      .resolve(in: table) ?? []
    guard let column = selected.first, selected.count == 1 else {
      throw Diagnostic("--target takes one column, and '\(excerpt(target))' selects several")
    }
    let learned = survey.draft(column)
    task = try survey.task(of: column, learned)
    rows = survey.rows

    var drafts: [(name: String, draft: ColumnDraft)] = []
    for other in table.names.indices where other != column {
      var draft = survey.draft(other)
      if draft.use == .read, survey.areEqual(other, column) {
        draft = ColumnDraft(use: .excluded, reason: "equal to the target")
      }
      drafts.append((table.names[other], draft))
    }
    let time = drafts.firstIndex { $0.draft.isTime }
    timeColumn = time.map { drafts[$0].name }
    if let time {
      drafts[time].draft.use = .id
      drafts[time].draft.reason = "the time of each row"
    }
    inputs = drafts.count { $0.draft.use == .read }
    guard inputs > 0 else {
      throw TableDraft.nothingToRead(
        drafts.map(\.name), target: table.names[column], time: timeColumn, path)
    }
    lines = TableDraft.section(
      table, shownPath, target: (table.hasHeader ? table.names[column] : target, learned), drafts,
      task, rows: rows, isOrdered: time != nil)
  }

  private static func nothingToRead(
    _ columns: [String], target: String, time: String?, _ path: String
  ) -> Diagnostic {
    guard let time else {
      return Diagnostic(
        "'\(path)' has no column from which '\(excerpt(target))' can be learned",
        notes: [.init("the other columns are constant, empty, or different in every row")])
    }
    return Diagnostic(
      "'\(path)' is a time series: '\(excerpt(time))' orders the rows, and there is no other column "
        + "from which '\(excerpt(target))' can be learned",
      notes: [
        .init(
          "a network reads each row by itself; add columns with earlier values, such as "
            + "'\(excerpt(target))' one, two and three rows before")
      ])
  }

  // MARK: The format

  /// The table in the first format that fits it.
  private static func table(_ path: String) throws -> CSVTable {
    let shelf = FileShelf()
    let file = DeclaredPath(path, in: "", at: nil)
    var format = CSVFormat()
    let raw = try shelf.read(file)
    if raw.starts(with: [0xFF, 0xFE]) || raw.starts(with: [0xFE, 0xFF]) {
      format.encoding = .utf16
    }
    var bytes = try shelf.csv(file, format)
    if case .held(let text) = bytes, String(validating: text, as: UTF8.self) == nil,
      format.encoding == .utf8
    {
      // Tables of other kinds are no text; their error names the kind.
      try ForeignFile.check(
        Array(text.prefix(4096)), CSVOrigin(path: path, bytes: bytes, encodingNotes: []))
      format.encoding = .latin1
      bytes = try shelf.csv(file, format)
    }
    var first: (any Error)?
    for comment in [nil, UInt8(ascii: "#"), UInt8(ascii: "%")] {
      for delimiter in [",", ";", "\t", "|", " "] {
        var own = format
        own.comment = comment
        own.delimiter = delimiter.utf8.first ?? own.delimiter
        own.skipsBlanks = delimiter == " "
        do {
          let table = try CSVTable(bytes, path: path, format: own)
          guard table.names.count > 1, table.isEven else { continue }
          return try table.withDecimals(bytes)
        } catch {
          first = first ?? error
          own.hasHeader = false
          own.headerIsDeclared = true
          guard let table = try? CSVTable(bytes, path: path, format: own), table.names.count > 1,
            table.isEven, table.startsWithNumbers
          else { continue }
          return try table.withDecimals(bytes)
        }
      }
    }
    throw first
      ?? Diagnostic("'\(path)' has one column; a table has columns of inputs and a target")
  }

  // MARK: The section

  private static func section(
    _ table: CSVTable, _ path: String, target: (name: String, draft: ColumnDraft),
    _ drafts: [(name: String, draft: ColumnDraft)], _ task: Task, rows: Int, isOrdered: Bool
  ) -> [String] {
    let format = table.format
    var lines = ["data:", "  csv:", "    path: \(ConfigValue.quoted(path))"]
    if format.skipsBlanks {
      lines.append("    delimiter: whitespace")
    } else if format.delimiter == 0x09 {
      lines.append("    delimiter: tab")
    } else if format.delimiter != UInt8(ascii: ",") {
      lines.append("    delimiter: \"\(String(UnicodeScalar(format.delimiter)))\"")
    }
    if !format.hasHeader { lines.append("    header: false   # columns are numbered from 0") }
    if let comment = format.comment {
      lines.append("    comment: \"\(String(UnicodeScalar(comment)))\"")
    }
    if format.encoding != .utf8 { lines.append("    encoding: \(format.encoding.rawValue)") }
    if format.numbers.decimal != UInt8(ascii: ".") { lines.append("    decimal: \",\"") }

    func name(_ text: String) -> String {
      table.hasHeader
        ? ConfigValue.quoted(text) : String(table.names.firstIndex(ofText: text) ?? 0)
    }
    func quoted(_ text: String) -> String { table.hasHeader ? ConfigValue.quoted(text) : text }
    lines.append("    targets: \(quoted(target.name))")
    for (use, key, what) in [
      (ColumnDraft.Use.id, "id", "columns that name the rows in predictions"),
      (.excluded, "exclude", "columns that are not read"),
    ] {
      let own = drafts.filter { $0.draft.use == use }
      if own.isEmpty { continue }
      lines.append("    \(key):   # \(what)")
      lines += own.map { "      - \(name($0.name))" + commented($0.draft.comment) }
    }
    // Many columns of numbers with missing cells are filled by one line.
    let filled = drafts.filter { $0.draft.settings == ["fill: median"] && $0.draft.use == .read }
    let fillsAll = filled.count > 3
    var columns = drafts.filter { entry in
      entry.draft.use == .read && !entry.draft.settings.isEmpty
        && !(fillsAll && entry.draft.settings == ["fill: median"])
    }
    var own = target.draft
    own.settings = own.settings.map { $0.hasPrefix("fill: ") ? "fill: drop_row" : $0 }
    if own.missing > 0, !own.settings.contains("fill: drop_row") {
      own.settings.append("fill: drop_row")
    }
    if own.missing > 0 { own.reason = [own.reason, "rows without it are left out"].joined("; ") }
    if !own.settings.isEmpty {
      columns.append((table.hasHeader ? target.name : table.columnName(target.name), own))
    }
    if !columns.isEmpty {
      lines.append("    columns:")
      lines += columns.map { column, draft in
        "      \(ConfigValue.quoted(column)): {\(draft.settings.joined(separator: ", "))}"
          + commented(draft.comment)
      }
    }
    if fillsAll { lines.append("  fill: median   # for missing cells of numbers") }
    if case .classes = task, target.draft.isNumeric {
      lines.append("  target_kind: classes")
    }
    let isRegression = task == .values
    lines.append("  # Mean 0 and standard deviation 1, fitted to the training rows.")
    lines.append(
      isRegression
        ? "  scale: {inputs: standardize, targets: standardize}" : "  scale: standardize")
    let shares = rows < 100 ? "validation: 0.25" : "validation: 0.2, test: 0.2"
    if isOrdered {
      lines.append("  # The rows are in the order of time: the last are for validation and test.")
      lines.append("  split: {\(shares), ordered: true}")
    } else if isRegression {
      lines.append("  split: {\(shares)}")
    } else {
      lines.append("  # Each part has the same shares of the classes.")
      lines.append("  split: {\(shares), stratified: true}")
    }
    return lines
  }

  private static func commented(_ comment: String) -> String {
    let text = comment.unicodeScalars.map(\.visible).joined()
    return text.isEmpty ? "" : "   # " + text
  }
}

extension TableSurvey {
  /// Whether a target is learned as classes or as numbers.
  fileprivate func task(of column: Int, _ draft: ColumnDraft) throws -> TableDraft.Task {
    let name = excerpt(table.names[column])
    guard draft.missing < rows else {
      throw Diagnostic("all cells of the target '\(name)' are missing")
    }
    guard draft.distinct > 1 || draft.distinct == 0 else {
      throw Diagnostic("the target '\(name)' is the same in all rows; there is nothing to learn")
    }
    if draft.isNumeric {
      guard draft.settings.isEmpty || !draft.settings[0].hasPrefix("type: "), draft.use != .excluded
      else {
        guard draft.use == .read else {
          throw Diagnostic("the target '\(name)' cannot be read: \(draft.reason)")
        }
        return .values
      }
      let isClass =
        draft.isWhole && draft.distinct <= TargetNeeds.mostClasses
        && draft.distinct * 5 <= rows - draft.missing
      return isClass ? .classes(draft.distinct) : .values
    }
    guard draft.use == .read else {
      throw Diagnostic(
        "the target '\(name)' has \(draft.distinct) different texts in \(rows - draft.missing) "
          + "cells, too many for classes")
    }
    return .classes(draft.distinct)
  }
}

extension CSVTable {
  /// Whether the first row has as many fields as the first line.
  fileprivate var isEven: Bool {
    field(row: 0, column: names.count - 1) != nil && field(row: 0, column: names.count) == nil
  }

  /// The same table with decimal commas, if its columns show them.
  fileprivate func withDecimals(_ bytes: CSVBytes) throws -> CSVTable {
    guard format.delimiter != UInt8(ascii: ","), try TableSurvey(self).hasDecimalCommas else {
      return self
    }
    var format = format
    format.numbers.decimal = UInt8(ascii: ",")
    return try CSVTable(bytes, path: path, format: format)
  }

  /// The name of a column that a position without a header selects.
  fileprivate func columnName(_ position: String) -> String {
    guard let index = Int(position) else { return position }
    return names[index < 0 ? index + names.count : index]
  }
}

extension [String] {
  /// The texts that are not empty, joined.
  fileprivate func joined(_ separator: String) -> String {
    filter { !$0.isEmpty }.joined(separator: separator)
  }
}
