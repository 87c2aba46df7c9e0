/// The type of a column of a table: how its cells become numbers or categories.
///
///     csv: {path: log.csv, columns: {when: weekday}}
///
/// A type from a plugin is used only for columns that the file declares to be of it:
///
///     struct Weekday: ColumnType, Component {
///       static let typeName = "weekday"
///       init(from options: inout Options) {}
///       func read(_ cell: String) throws -> ColumnValue {
///         guard cell.hasSuffix("day") else { throw Diagnostic("'\(cell)' is no weekday") }
///         return .category(cell.lowercased())
///       }
///     }
public protocol ColumnType: Sendable {
  /// Reads a cell, which is not blank. All cells of a column give numbers, or all give
  /// categories.
  ///
  /// - Throws: a `Diagnostic` that states the fact; the reader adds the column and the
  ///   location of the cell.
  func read(_ cell: String) throws -> ColumnValue
}

/// The value of a cell.
public enum ColumnValue: Sendable, Equatable {
  case number(Double)
  /// One of several categories: an input of this type becomes a row with a single one, the rest
  /// zeros.
  case category(String)
}

extension Component where Self: ColumnType {
  public static var kind: WritableKeyPath<Registry, ComponentRegistry<any ColumnType>> {
    \.columnTypes
  }
  public var erased: any ColumnType { self }
}
