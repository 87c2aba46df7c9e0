public import NNExp

/// The section `expect:` of an experiment.
///
///     expect:
///       train_loss: "< 0.01"
///       gradient_check: pass
///       metrics: golden/xor.csv
///       tolerance: 1e-9
struct ExpectSection {
  /// A key that is neither a column of metrics.csv nor `epochs`.
  private enum Key: String, CaseIterable {
    case gradientCheck = "gradient_check"
    case metrics
    case tolerance

    var range: String {
      switch self {
      case .gradientCheck: "pass"
      case .metrics: "a path"
      case .tolerance: "a finite number ≥ 0"
      }
    }

    var fallback: String { self == .tolerance ? "0" : "none" }

    var domain: Options.Description.Domain {
      switch self {
      case .gradientCheck: .words(["pass"])
      case .metrics: .either([.text, .null])
      case .tolerance: .numbers(.nonnegative)
      }
    }

    var explanation: String {
      switch self {
      case .gradientCheck: "every gradient must be proven"
      case .metrics: "the metrics.csv whose rows the run must reproduce, relative to the file"
      case .tolerance:
        "largest difference from a number in 'metrics', relative to numbers above 1"
      }
    }
  }

  private static let descriptions =
    [
      Options.Description(
        key: "COLUMN", range: "a bound such as \"< 0.01\", or a list of bounds", fallback: "none",
        explanation:
          "a bound on a column of metrics.csv in the row of the delivered weights, or on 'epochs'",
        domain: .texts)
    ]
    + Key.allCases.map {
      Options.Description(
        key: $0.rawValue, range: $0.range, fallback: $0.fallback, explanation: $0.explanation,
        domain: $0.domain)
    }

  private(set) var expectations: [Expectation] = []
  /// True if the gradient check must pass.
  private(set) var gradientCheck = false
  private(set) var golden: GoldenDeclaration?

  /// Reads the section if there is one. Errors are recorded in the options.
  init(from options: inout Options, folder: String) {
    let explanation = "the conditions for exit code 0"
    guard
      var node = options.value("expect", "a mapping from columns to bounds", explanation, of: .keys)
    else { return }
    if let base = options.surroundings?.base {
      node = base.value(node, keys: [Key.metrics.rawValue])
    }
    guard case .map(let entries) = node.content else {
      options.reject(
        "expect", "expect must be a mapping from columns to bounds, found \(node.kind)")
      return
    }
    for entry in entries {
      do {
        switch Key(rawValue: entry.key) {
        case .gradientCheck:
          guard case .string("pass") = entry.value.content else {
            throw Diagnostic(
              "gradient_check can be expected to pass; write gradient_check: pass",
              at: entry.value.location)
          }
          gradientCheck = true
        case .metrics:
          if case .null = entry.value.content { continue }
          golden = try GoldenDeclaration(entry.value, tolerance: node["tolerance"], in: folder)
        case .tolerance:
          if node["metrics"] == nil {
            throw Diagnostic(
              "tolerance is that of 'metrics', which is missing", at: entry.keyLocation,
              notes: [.init("write, for example, metrics: golden/xor.csv")])
          }
        case nil: expectations.append(try Expectation(entry.key, entry.value))
        }
      } catch { options.reject("expect", error) }
    }
    options.document("expect", keys: ExpectSection.descriptions)
    options.resolve("expect", node)
  }
}

/// The metrics.csv of an earlier run that a run must reproduce.
public struct GoldenDeclaration: Sendable {
  /// The path in the file, relative to the file's folder.
  public let written: String
  /// The path relative to the current folder.
  public let path: String
  /// The largest permitted difference of a number from the expected number e, in units of
  /// max(1, |e|).
  public let tolerance: Double
  public let location: SourceLocation?

  init(_ node: ConfigValue, tolerance: ConfigValue?, in folder: String) throws {
    guard case .string(let written) = node.content, !written.isEmpty else {
      throw Diagnostic(
        "metrics must be the path of a CSV file, found \(node.kind)", at: node.location)
    }
    self.written = written
    path = written.hasPrefix(bytes: "/") || folder == "." ? written : "\(folder)/\(written)"
    location = node.location
    guard let tolerance else {
      self.tolerance = 0
      return
    }
    guard let number = tolerance.number, number >= 0, number.isFinite else {
      throw Diagnostic(
        "tolerance must be a finite number ≥ 0, found \(tolerance.kind)", at: tolerance.location)
    }
    self.tolerance = number
  }
}
