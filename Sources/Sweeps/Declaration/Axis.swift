public import NNExp

/// One value for one path: an override of a trial.
public struct Assignment: Sendable {
  /// `train.optimizer.learning_rate`; with a plus where the file lacks the key.
  public let path: String
  /// As YAML on one line.
  public let value: String
  /// Of the path, and of the value.
  let keyPlace: Place?
  public let place: Place?

  /// `path=value`.
  public var text: String { "\(path)=\(value)" }

  /// The path as a column is named.
  public var name: String { parameterName(of: path) }
}

/// A path without the plus that adds its key to the file.
func parameterName(of path: String) -> String {
  path.hasPrefix(bytes: "+") ? String(Substring(path.utf8.dropFirst())) : path
}

/// Options of which every trial takes one; an option sets one path or several
/// that go together.
struct Axis: Sendable {
  let options: [[Assignment]]
  /// The paths that any option sets, each once, in order.
  let paths: [String]
  /// Samples may repeat by chance; written values may not.
  let isSampled: Bool
  let place: Place?

  init(options: [[Assignment]], isSampled: Bool = false, place: Place?) {
    self.options = options
    self.isSampled = isSampled
    self.place = place
    paths = options.lazy.joined().map(\.path).uniquedTexts()
  }
}

extension Axis {
  /// The values of one path: a list, or `range(a,b)` or `range(a,b,step)`.
  static func values(of path: String, _ config: ConfigValue, keyPlace: Place?) throws -> Axis {
    switch config.content {
    case .list(let items):
      guard !items.isEmpty else {
        throw Diagnostic(
          "'\(path)' has no values, so that the sweep has 0 trials; give it at least one",
          at: config.place)
      }
      var seen: [ByteText: Place?] = [:]
      for item in items {
        let flow = ByteText(item.flow)
        if let first = seen[flow] {
          throw Diagnostic(
            "'\(path)' has the value \(item.flow) twice; leave one out", at: item.place,
            notes: first.map { [.init("it is here already", at: $0)] } ?? [])
        }
        seen[flow] = .some(item.place)
      }
      return Axis(
        options: items.map {
          [Assignment(path: path, value: $0.flow, keyPlace: keyPlace, place: $0.place)]
        },
        place: keyPlace)
    case .string(let text) where text.hasPrefix(bytes: "range(") && text.hasSuffix(bytes: ")"):
      return Axis(
        options: try range(text, of: path, at: config.place).map {
          [Assignment(path: path, value: "\($0)", keyPlace: keyPlace, place: config.place)]
        }, place: keyPlace)
    default:
      throw Diagnostic(
        "the values of '\(path)' must be a list or range(first,end), found \(config.kind)",
        at: config.place)
    }
  }

  private static func range(_ text: String, of path: String, at place: Place?) throws -> [Int] {
    let words = Substring(text.utf8.dropFirst(6).dropLast()).split(
      atByte: ",", omittingEmptySubsequences: false)
    let numbers = words.map { Int($0.filter { $0 != " " }) }
    guard (2...3).contains(words.count), let first = numbers[0], let end = numbers[1],
      let step = numbers.count == 3 ? numbers[2] : 1, step > 0
    else {
      throw Diagnostic(
        "'\(path)': a range is range(first,end) or range(first,end,step) of integers with "
          + "step ≥ 1, found '\(text)'", at: place)
    }
    guard first < end else {
      throw Diagnostic(
        "'\(path)': \(text) holds no number, so that the sweep has 0 trials; the end is not "
          + "part of it", at: place)
    }
    let (width, overflows) = end.subtractingReportingOverflow(first)
    let count = overflows ? Int.max : (width - 1) / step + 1
    try requireFew(count, at: place)
    return (0..<count).map { first + $0 * step }
  }
}

/// The most trials that a sweep may have.
let trialLimit = 100_000

/// Refuses a sweep of more trials than `trialLimit`.
func requireFew(_ count: Int, at place: Place?) throws {
  guard count > trialLimit else { return }
  throw Diagnostic(
    count == .max
      ? "the sweep has over 10^18 trials; at most \(trialLimit) can be run"
      : "the sweep has \(count) trials; at most \(trialLimit) can be run", at: place,
    notes: [.init("sample them: {sample: {method: sobol, count: 100, parameters: …}}")])
}
