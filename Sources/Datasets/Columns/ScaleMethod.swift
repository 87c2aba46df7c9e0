import NNExp

/// The method of scaling a column of numbers.
public enum ScaleMethod: Sendable, Equatable {
  case none
  /// Scales to mean 0 and standard deviation 1.
  case standardize
  /// Scales to [0, 1].
  case minMax
  /// Scales to median 0 and interquartile range 1.
  case robust
  /// Takes the natural logarithm.
  case log
  case divide(Double)

  static let words = ["none", "standardize", "min_max", "robust", "log"]
  static let range = "one of: \(words.joined(separator: ", ")) or {divide: NUMBER}"

  static var domain: Options.Description.Domain {
    .either([.words(words), .mapping(.numbers(.positive))])
  }

  /// Nil if the value is not a method.
  init?(_ config: ConfigValue) {
    switch config.content {
    case .string("none"): self = .none
    case .string("standardize"): self = .standardize
    case .string("min_max"): self = .minMax
    case .string("robust"): self = .robust
    case .string("log"): self = .log
    case .map(let entries):
      guard entries.count == 1, entries[0].key == "divide", let by = entries[0].value.number,
        by.isFinite, by > 0
      else { return nil }
      self = .divide(by)
    default: return nil
    }
  }

  /// The method in the form of an experiment file.
  var config: ConfigValue {
    switch self {
    case .none: ConfigValue(.string("none"))
    case .standardize: ConfigValue(.string("standardize"))
    case .minMax: ConfigValue(.string("min_max"))
    case .robust: ConfigValue(.string("robust"))
    case .log: ConfigValue(.string("log"))
    case .divide(let by): ConfigValue.map([("divide", ConfigValue(.double(by)))])
    }
  }

  /// Reads an option. Nil if it is absent, or after an error, which is recorded.
  static func read(
    _ key: String, from options: inout Options, default fallback: String? = "none",
    _ explanation: String
  ) -> ScaleMethod? {
    guard let config = options.value(key, range, explanation, default: fallback, of: domain)
    else { return nil }
    guard let method = ScaleMethod(config) else {
      let hint =
        if case .string(let text) = config.content { ScaleMethod.hint(for: text) } else { "" }
      options.reject(key, "\(key) must be \(range), found \(config.kind)\(hint)")
      return nil
    }
    options.resolve(key, method.config)
    return method
  }

  private static func hint(for text: String) -> String {
    let foreign = [
      "standard": "standardize", "zscore": "standardize", "z_score": "standardize",
      "minmax": "min_max", "normalize": "min_max",
    ]
    return foreign[text].map { "; did you mean '\($0)'?" } ?? suggestion(for: text, among: words)
  }
}

/// The fitted scaling of one number:
///
///     y = ((x − origin) − shift) / spread     (0 where spread is 0: constant training data)
///
/// or y = ln x.
public struct ScaleNumbers: Sendable, Equatable {
  public var origin = 0.0
  public var shift = 0.0
  public var spread = 1.0
  public var isLog = false
}
