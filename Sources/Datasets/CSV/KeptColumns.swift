import Files
import NNExp

/// Texts of a CSV file that are copied to the output, by rows.
public struct KeptColumns: Sendable {
  public let names: [String]
  /// The texts per row of the file, one per name; rows are counted from 0.
  public let rows: [[String]]

  public init(names: [String], rows: [[String]]) { (self.names, self.rows) = (names, rows) }
}

extension DataDeclaration {
  /// Reads columns by name from a CSV file of inputs, with any contents. `path` is relative
  /// to the current folder.
  ///
  /// Throws if the file lacks one of the columns.
  public func keptColumns(_ names: [String], of path: String) throws -> KeptColumns {
    guard path != "-" else {
      throw Diagnostic("--keep cannot copy columns of standard input; name a file with --input")
    }
    let bytes = try FileShelf(isStreamed: false).bytes(DeclaredPath(path, in: "", at: nil))
    let model = source?.source as? CSVDeclaration
    let table = try CSVTable(bytes, path: path, format: model?.format ?? CSVFormat())
    let positions = try names.map { name in
      guard let position = table.names.firstIndex(ofText: name) else {
        throw Diagnostic(
          "'\(path)' has no column '\(excerpt(name))' to keep"
            + suggestion(for: name, among: table.names),
          notes: [.init("columns: " + listing(table.names))])
      }
      return position
    }
    return KeptColumns(names: names, rows: try table.texts(of: positions))
  }
}

extension CSVTable {
  /// The texts of some columns, by rows.
  fileprivate func texts(of columns: [Int]) throws -> [[String]] {
    var rows: [[String]] = []
    try origin.forEachPart(from: start) { bytes, base in
      var scanner = format.scanner()
      scanner.position = format.endOfComments(in: bytes, from: 0)
      while scanner.position < bytes.count, try !origin.isBlank(from: base + scanner.position) {
        var row = [String](repeating: "", count: columns.count)
        var column = 0
        while true {
          let field = try scanner.next(in: bytes)
          for (index, wanted) in columns.enumerated() where wanted == column {
            row[index] = try origin.text(of: field, in: bytes, base: base)
          }
          column += 1
          if field.endsRecord { break }
        }
        rows.append(row)
        scanner.position = format.endOfComments(in: bytes, from: scanner.position)
      }
      return true
    }
    return rows
  }
}
