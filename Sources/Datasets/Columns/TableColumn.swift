import NNExp

/// The interpretation of one column of a table, decided from all its cells and fitted on
/// the training data.
///
/// The columns of a run are shown before training, stored as `columns.json`, and used by
/// everything that reads further rows.
public struct TableColumn: Sendable, Equatable {
  /// The use of a column.
  public enum Role: String, Sendable, CaseIterable {
    case inputs, targets, id, split, weight, ignored
  }

  public let name: String

  /// In the file, from 0.
  public var position: Int

  public var role: Role

  /// The port that the column belongs to; nil if the file names none.
  public var port: String?

  /// The name of the column's type; nil for a column that was not read.
  public var type: String?

  /// Different values in all rows; nil if they were not counted. `mostDistinct` or more
  /// numbers count as `mostDistinct`.
  public var distinct: Int?

  /// Missing cells in all rows.
  public var missing = 0

  /// The texts of a column of categories, in the order of their inputs; nil for numbers.
  public var categories: [String]?

  /// How missing cells are filled; nil if they are refused.
  public var fill: Fill?

  /// The fitted value of `fill`: a number, or the index of a category.
  public var fillValue: Double?

  /// Whether the last category is for texts that the training data do not have.
  public var hasOther = false

  /// Nil before it is known.
  public var scale: ScaleMethod?

  /// The fitted scale of a column of numbers; nil if it is not scaled.
  public var scaleNumbers: ScaleNumbers?

  /// The smallest and the largest number in the training data, with filled cells; nil for
  /// texts, and if the data are streamed and not scaled.
  public var range: ClosedRange<Double>?

  /// The column's settings in the experiment file; not stored.
  var config: [ConfigValue.Entry] = []

  /// The most different numbers that are counted.
  static let mostDistinct = 1_000

  init(_ name: String, position: Int, role: Role, port: String? = nil, type: String? = nil) {
    self.name = name
    self.position = position
    self.role = role
    self.port = port
    self.type = type
  }

  /// Whether a missing cell becomes a separate input.
  var hasIndicator: Bool { fill == .indicator }

  /// The numbers that a sample has for the column.
  public var width: Int { (categories?.count ?? 1) + (hasIndicator ? 1 : 0) }
}

/// The method of filling missing cells.
public enum Fill: Sendable, Equatable {
  /// The row is left out; in predictions it stays, without an answer.
  case dropRow
  /// The mean, or the median, of the training data.
  case mean, median
  /// The most frequent value of the training data; the first of several.
  case mostFrequent
  /// The mean (of categories: none of them), and a further input that is 1 where the cell
  /// is missing.
  case indicator
  case constant(Constant)

  /// A number, or a category.
  public enum Constant: Sendable, Equatable {
    case number(Double)
    case text(String)
  }

  static let range = "drop_row, mean, median, most_frequent, indicator or {constant: VALUE}"

  /// Nil for anything else.
  init?(_ config: ConfigValue) {
    switch config.content {
    case .string("drop_row"): self = .dropRow
    case .string("mean"): self = .mean
    case .string("median"): self = .median
    case .string("most_frequent"): self = .mostFrequent
    case .string("indicator"): self = .indicator
    case .map(let entries):
      guard entries.count == 1, entries[0].key == "constant" else { return nil }
      let value = entries[0].value
      if let number = value.number, number.isFinite {
        self = .constant(.number(number))
      } else if case .string(let text) = value.content, !text.isEmpty {
        self = .constant(.text(text))
      } else {
        return nil
      }
    default: return nil
    }
  }

  /// As the experiment file says it.
  var config: ConfigValue {
    switch self {
    case .dropRow: ConfigValue(.string("drop_row"))
    case .mean: ConfigValue(.string("mean"))
    case .median: ConfigValue(.string("median"))
    case .mostFrequent: ConfigValue(.string("most_frequent"))
    case .indicator: ConfigValue(.string("indicator"))
    case .constant(.number(let value)):
      ConfigValue.map([("constant", ConfigValue(.double(value)))])
    case .constant(.text(let text)): ConfigValue.map([("constant", ConfigValue(.string(text)))])
    }
  }

  /// The value of an option; nil if it is absent, and after an error, which is recorded.
  static func read(_ key: String, from options: inout Options, _ explanation: String) -> Fill? {
    guard let config = options.value(key, range, explanation), !config.isNull else {
      return nil
    }
    guard let fill = Fill(config) else {
      var hint = ""
      if case .string(let text) = config.content {
        let words = ["drop_row", "mean", "median", "most_frequent", "indicator"]
        let foreign = ["mode": "most_frequent", "drop": "drop_row", "dropna": "drop_row"]
        hint =
          foreign[text].map { "; did you mean '\($0)'?" } ?? suggestion(for: text, among: words)
      }
      options.reject(key, "\(key) must be \(range), found \(config.kind)\(hint)")
      return nil
    }
    options.resolve(key, fill.config)
    return fill
  }
}
