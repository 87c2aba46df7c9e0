import NNExp

extension DataDeclaration {
  /// The names of the columns of the table that the section names, from its first line; nil if
  /// the data are not a table.
  package var tableColumns: [String]? {
    get throws {
      guard let csv = source?.source as? CSVDeclaration else { return nil }
      let shelf = FileShelf(isStreamed: true)
      return try CSVTable(shelf.csv(csv.file, csv.format), path: csv.file.path, format: csv.format)
        .names
    }
  }
}

/// The names of the columns of a table, from its first line.
///
/// - Parameter config: the value of the key `csv` of a data section.
package func tableColumns(
  of config: ConfigValue, folder: String, registry: Registry
) throws -> [String]? {
  var options = Options(ConfigValue.map([("csv", config)]))
  return try DataDeclaration(from: &options, registry: registry, folder: folder).tableColumns
}
