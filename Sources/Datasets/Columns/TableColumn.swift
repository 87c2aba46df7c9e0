import NNExp

/// The interpretation of one column of a table, decided from all its cells and fitted to the
/// training data.
///
/// A run prints its columns before training and stores them in `columns.json`. Everything
/// that reads further rows uses them.
public struct TableColumn: Sendable, Equatable {
  /// The use of a column.
  public enum Role: String, Sendable, CaseIterable {
    case inputs, targets, id, split, weight, ignored
  }

  public let name: String

  /// The position in the file, from 0.
  public var position: Int

  public var role: Role

  /// The port to which the column belongs; nil if the file names no ports.
  public var port: String?

  /// The name of the column's type; nil for a column that was not read.
  public var type: String?

  /// The number of distinct values in all rows, at most `mostDistinct` for numbers; nil if
  /// they were not counted.
  public var distinct: Int?

  /// The number of missing cells in all rows.
  public var missing = 0

  /// The texts of a column of categories, in the order of their inputs; nil for numbers.
  public var categories: [String]?

  /// The filling of missing cells; nil if missing cells are refused.
  public var fill: Fill?

  /// The fitted value of `fill`: a number, or the index of a category.
  public var fillValue: Double?

  /// Whether the last category is for texts that the training data do not contain.
  public var hasOther = false

  /// The scaling method; nil before it is determined.
  public var scale: ScaleMethod?

  /// The fitted scale of a column of numbers; nil if it is not scaled.
  public var scaleNumbers: ScaleNumbers?

  /// The smallest and the largest number in the training data, with filled cells; nil for
  /// texts, and if the data are streamed and not scaled.
  public var range: ClosedRange<Double>?

  /// The column's settings in the experiment file; not stored.
  var config: [ConfigValue.Entry] = []

  /// The largest number of distinct numbers that are counted.
  static let mostDistinct = 1_000

  init(_ name: String, position: Int, role: Role, port: String? = nil, type: String? = nil) {
    self.name = name
    self.position = position
    self.role = role
    self.port = port
    self.type = type
  }

  /// Whether a missing cell sets a separate input to 1.
  var hasIndicator: Bool { fill == .indicator }

  /// The number of inputs that the column becomes.
  public var width: Int { (categories?.count ?? 1) + (hasIndicator ? 1 : 0) }
}

/// The method of filling missing cells.
public enum Fill: Sendable, Equatable {
  /// Leaves out the row. In predictions, the row remains without an answer.
  case dropRow
  /// The mean or the median of the training data.
  case mean, median
  /// The most frequent value of the training data; the first one in case of a tie.
  case mostFrequent
  /// The mean (for categories: none of them), and a further input that is 1 if the cell is
  /// missing.
  case indicator
  case constant(Constant)

  /// A number, or a category.
  public enum Constant: Sendable, Equatable {
    case number(Double)
    case text(String)
  }

  static let range = "drop_row, mean, median, most_frequent, indicator or {constant: VALUE}"

  /// Nil if the value is not a fill.
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

  static var domain: Options.Description.Domain {
    .either([
      .words(["drop_row", "mean", "median", "most_frequent", "indicator"]),
      .mapping(.either([.numbers(.finite), .text])), .null,
    ])
  }

  /// The fill in the form of an experiment file.
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

  /// Reads an option. Nil if it is absent, or after an error, which is recorded.
  static func read(_ key: String, from options: inout Options, _ explanation: String) -> Fill? {
    guard let config = options.value(key, range, explanation, of: domain), !config.isNull
    else {
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
