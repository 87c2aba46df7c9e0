public import NNExp

/// One value for one path: an override of a trial.
public struct Assignment: Sendable {
  /// The path in the experiment file, such as `train.optimizer.learning_rate`; with a plus sign
  /// if the file lacks the key.
  public let path: String
  /// The value as YAML on one line.
  public let value: String
  /// The locations of the path and of the value.
  let keyLocation: SourceLocation?
  public let location: SourceLocation?

  /// The override `path=value`.
  public var text: String { "\(path)=\(value)" }

  /// The path as the name of a column.
  public var name: String { parameterName(of: path) }
}

/// A path without the plus sign that adds its key to the file.
func parameterName(of path: String) -> String {
  path.hasPrefix(bytes: "+") ? String(Substring(path.utf8.dropFirst())) : path
}

/// The options of which every trial uses one. An option sets one path, or several paths
/// together.
struct Axis: Sendable {
  let options: [[Assignment]]
  /// The paths that any option sets, each once, in order.
  let paths: [String]
  /// True if values may be repeated because they were sampled; listed values may not.
  let isSampled: Bool
  let location: SourceLocation?

  init(options: [[Assignment]], isSampled: Bool = false, location: SourceLocation?) {
    self.options = options
    self.isSampled = isSampled
    self.location = location
    paths = options.lazy.joined().map(\.path).uniquedTexts()
  }
}

extension Axis {
  /// The values of one path: a list, or `range(a,b)` or `range(a,b,step)`.
  static func values(of path: String, _ config: ConfigValue, keyLocation: SourceLocation?) throws
    -> Axis
  {
    switch config.content {
    case .list(let items):
      guard !items.isEmpty else {
        throw Diagnostic(
          "'\(path)' has no values, so that the sweep has 0 trials; give it at least one",
          at: config.location)
      }
      var seen: [ByteText: SourceLocation?] = [:]
      for item in items {
        let flow = ByteText(item.flow)
        if let first = seen[flow] {
          throw Diagnostic(
            "'\(path)' has the value \(item.flow) twice; remove one", at: item.location,
            notes: first.map { [.init("the first one is here", at: $0)] } ?? [])
        }
        seen[flow] = .some(item.location)
      }
      return Axis(
        options: items.map {
          [Assignment(path: path, value: $0.flow, keyLocation: keyLocation, location: $0.location)]
        },
        location: keyLocation)
    case .string(let text) where text.hasPrefix(bytes: "range(") && text.hasSuffix(bytes: ")"):
      return Axis(
        options: try range(text, of: path, at: config.location).map {
          [
            Assignment(
              path: path, value: "\($0)", keyLocation: keyLocation, location: config.location)
          ]
        }, location: keyLocation)
    default:
      throw Diagnostic(
        "the values of '\(path)' must be a list or range(first,end), found \(config.kind)",
        at: config.location)
    }
  }

  private static func range(_ text: String, of path: String, at location: SourceLocation?) throws
    -> [Int]
  {
    let words = Substring(text.utf8.dropFirst(6).dropLast()).split(
      atByte: ",", omittingEmptySubsequences: false)
    let numbers = words.map { Int($0.filter { $0 != " " }) }
    guard (2...3).contains(words.count), let first = numbers[0], let end = numbers[1],
      let step = numbers.count == 3 ? numbers[2] : 1, step > 0
    else {
      throw Diagnostic(
        "'\(path)': a range is range(first,end) or range(first,end,step) of integers with "
          + "step ≥ 1, found '\(text)'", at: location)
    }
    guard first < end else {
      throw Diagnostic(
        "'\(path)': \(text) contains no number, so that the sweep has 0 trials; the end is not "
          + "part of it", at: location)
    }
    let (width, overflows) = end.subtractingReportingOverflow(first)
    let count = overflows ? Int.max : (width - 1) / step + 1
    try requireFew(count, at: location)
    return (0..<count).map { first + $0 * step }
  }
}

/// The maximum number of trials in a sweep.
let trialLimit = 100_000

/// Throws if a sweep has more trials than `trialLimit`.
func requireFew(_ count: Int, at location: SourceLocation?) throws {
  guard count > trialLimit else { return }
  throw Diagnostic(
    count == .max
      ? "the sweep has over 10^18 trials; at most \(trialLimit) can be run"
      : "the sweep has \(count) trials; at most \(trialLimit) can be run", at: location,
    notes: [.init("sample them: {sample: {method: sobol, count: 100, parameters: …}}")])
}
