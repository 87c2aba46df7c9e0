public import NNExp

/// `expect:` of an experiment.
///
///     expect:
///       train_loss: "< 0.01"
///       gradient_check: pass
///       metrics: golden/xor.csv
///       tolerance: 1e-9
struct ExpectSection {
  private(set) var expectations: [Expectation] = []
  /// True if the gradient check must pass.
  private(set) var gradientCheck = false
  private(set) var golden: GoldenDeclaration?

  /// Reads what there is; errors go to the options.
  init(from options: inout Options, folder: String) {
    let explanation = "bounds on figures: {train_loss: \"< 0.01\", gradient_check: pass}"
    guard let node = options.value("expect", "a mapping from figures to bounds", explanation) else {
      return
    }
    guard case .map(let entries) = node.content else {
      options.reject(
        "expect", "expect must be a mapping from figures to bounds, found \(node.kind)")
      return
    }
    for entry in entries {
      do {
        switch entry.key {
        case "gradient_check":
          guard case .string("pass") = entry.value.content else {
            throw Diagnostic(
              "gradient_check can be expected to pass; write gradient_check: pass",
              at: entry.value.location)
          }
          gradientCheck = true
        case "metrics":
          if case .null = entry.value.content { continue }
          golden = try GoldenDeclaration(entry.value, tolerance: node["tolerance"], in: folder)
        case "tolerance":
          if node["metrics"] == nil {
            throw Diagnostic(
              "tolerance is that of 'metrics', which is missing", at: entry.keyLocation,
              notes: [.init("write, for example, metrics: golden/xor.csv")])
          }
        default: expectations.append(try Expectation(entry.key, entry.value))
        }
      } catch { options.reject("expect", error) }
    }
    options.resolve("expect", node)
  }
}

/// The metrics.csv of an earlier run, which a run must reproduce.
public struct GoldenDeclaration: Sendable {
  /// As the file has it: seen from the file's folder.
  public let written: String
  /// As seen from the current folder.
  public let path: String
  /// The most that a number may be off, as a part of the expected one where that
  /// is above 1.
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
