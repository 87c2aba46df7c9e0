import NNExp

/// The settings in the data section for the table of a source.
struct TableSettings: TableRequest {
  /// The column that assigns each row to a part.
  var split: ColumnSelection?

  /// The words of that column, in addition to train, validation and test.
  var words: [(word: String, part: Part)] = []

  /// The column that groups or orders the rows for the split.
  var splitKey: ColumnSelection?

  /// Whether the column orders the rows instead of grouping them.
  var isOrdered = false

  /// The filling of missing cells in columns that do not declare their own.
  var fill: Fill?

  /// The names of the target ports that samples can lack.
  var incomplete: Set<String> = []

  /// By target port, the value that means no target.
  var ignored: [String: String] = [:]

  /// The names of the input ports that carry indices.
  var indices: [String] = []

  /// The training data, if these are validation or test data.
  var training: SourceRows?

  /// The fitted columns of the training data, if these are inputs only.
  var knownColumns: [TableColumn] = []
}

extension DataRequest {
  var settings: TableSettings { table as? TableSettings ?? TableSettings() }
}
