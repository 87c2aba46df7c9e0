import Files
import NNExp

/// A CSV file of texts that nnexp wrote, such as predictions.csv.
struct TextTable {
  let columns: [String]
  let rows: [[String]]

  /// Throws, with the location, if the bytes are not a table of equally long rows.
  init(_ bytes: [UInt8], path: String) throws {
    let origin = CSVOrigin(path: path, bytes: .held(bytes))
    var scanner = CSVScanner(delimiter: UInt8(ascii: ","))
    var rows: [[String]] = []
    while scanner.position < bytes.count {
      let fields: [CSVField]
      do throws(CSVFault) { fields = try scanner.nextRecord(in: bytes.span) } catch {
        throw origin.diagnostic(of: error)
      }
      if let first = rows.first, fields.count != first.count {
        throw Diagnostic(
          "a row of \(fields.count) cells under \(first.count) columns",
          at: origin.location(of: fields[0]))
      }
      rows.append(try fields.map { try origin.text(of: $0, in: bytes.span) })
    }
    columns = rows.first ?? []
    self.rows = Array(rows.dropFirst())
  }

  private init(columns: [String], rows: [[String]]) { (self.columns, self.rows) = (columns, rows) }

  /// The same rows, where the columns of one head have the names that they have in a file with a single
  /// one, and the columns of other heads have no names.
  ///
  /// - Parameter heads: the names of all heads, each after `_` at the end of its columns.
  func part(ofHead head: String, among heads: [String]) -> TextTable {
    let values = ["target_", "prediction_", "probability_", "score_"]
    return TextTable(
      columns: columns.map { name in
        guard values.contains(where: name.hasPrefix(bytes:)) else { return name }
        let owner = heads.filter { name.hasSuffix(bytes: "_" + $0) }
          .max { $0.utf8.count < $1.utf8.count }
        guard let owner, owner.hasSameBytes(as: head) else { return "" }
        return String(Substring(name.utf8.dropLast(head.utf8.count + 1)))
      }, rows: rows)
  }

  func index(of column: String) -> Int? { columns.firstIndex { $0.hasSameBytes(as: column) } }

  /// The positions of the columns whose names have this prefix, with the rest of each name.
  func indices(withPrefix prefix: String) -> [(name: String, index: Int)] {
    columns.enumerated().compactMap { index, name in
      name.hasPrefix(bytes: prefix)
        ? (String(Substring(name.utf8.dropFirst(prefix.utf8.count))), index) : nil
    }
  }

  /// A cell for a page: a long number has six digits, and other texts are unchanged.
  static func brief(_ text: String) -> String {
    guard text.utf8.count > 9, let number = Double(text) else { return text }
    return rounded(number, digits: 6)
  }
}
