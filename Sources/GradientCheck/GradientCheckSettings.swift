public import NNExp

/// The settings of a gradient check: the section `gradient_check:` of an experiment file.
///
///     gradient_check: false                  # none
///     gradient_check: true                   # once, at the start
///     gradient_check:
///       at: [start, end]                     # before and after training
///       entries: all                         # or automatic, or a number per tensor
///       directions: 16
///       tolerance: 1e-6
///       batch: 4                             # samples
///       budget: 1e10
///       inputs: true
///       only: [hidden.weight]                # or whole nodes; all unless given
///
/// Without this section, a run checks once, at the start, with a small budget.
public struct GradientCheckSettings: Sendable, Equatable {
  public enum Moment: String, Sendable, CaseIterable {
    case start
    case end
  }

  /// The choice of the entries that are checked one by one.
  public enum Entries: Sendable, Equatable {
    /// All entries if the budget suffices; otherwise a sample, and directions.
    case automatic
    /// All entries, regardless of the cost.
    case all
    /// This number of entries per tensor, including the first and the last, and directions.
    case count(Int)
  }

  /// The times of the check; empty for no check.
  public var moments: [Moment]
  public var entries: Entries = .automatic

  /// The number of Rademacher (±1) directions for a tensor that is not checked entry by
  /// entry. Fewer than 16 prove nothing; only a guard uses fewer.
  public var directions: Int = 16

  /// The tolerance τ: the largest relative bound of a derivative that proves anything.
  public var tolerance: Double = 1e-6

  /// The number of samples in the batch; nil for up to 8.
  public var batch: Int?

  /// The approximate number of multiplications and additions that `automatic` can use. A
  /// second is about 1e9.
  public var budget: Double

  /// Whether the inputs of every node are checked in addition to the parameters.
  public var inputs: Bool = true

  /// The names of nodes and tensors to check, such as `hidden` or `hidden.weight`; empty for
  /// all.
  public var only: [String] = []

  /// The location of `only`.
  public var onlyLocation: SourceLocation?

  /// Whether the check was not requested in the file. Only errors then matter, not what
  /// remains unproven.
  public var isGuard: Bool = false

  /// The check of a run whose file does not mention it. Its budget takes about a hundredth of
  /// a second.
  public static let automatic: GradientCheckSettings = {
    var settings = GradientCheckSettings(moments: [.start], budget: 1e7)
    settings.isGuard = true
    return settings
  }()

  /// The check for `true`, which also contains the default of each key.
  public static let standard = GradientCheckSettings(moments: [.start], budget: 1e10)

  /// No check.
  public static let off = GradientCheckSettings(moments: [], budget: 0)

  public init(moments: [Moment], budget: Double) {
    self.moments = moments
    self.budget = budget
  }

  /// Reads the keys of the section.
  public init(from options: inout Options) {
    self = .standard
    moments = GradientCheckSettings.readMoments(from: &options)
    entries = GradientCheckSettings.readEntries(from: &options)
    directions = options.int(
      "directions", default: directions, in: 1...1000,
      "random ±1 directions for a tensor not checked entry by entry; at least 16 are drawn")
    tolerance = options.double(
      "tolerance", default: tolerance,
      in: Interval(from: 0, to: 1, includesLower: false, includesUpper: false),
      "how wide an error bound may be, relative to the gradient, to prove it")
    batch = options.optionalInt(
      "batch", in: 1..., "samples in the loss that is checked; automatic unless given")
    budget = options.double(
      "budget", default: budget, in: .positive,
      "multiplications and additions to spend, about; 1e9 take a second or so")
    inputs = options.bool(
      "inputs", default: inputs, "check every node's inputs too, not just the parameters")
    only = options.strings(
      "only", default: [], "nodes and tensors to check, such as hidden or hidden.weight; empty: all"
    )
    onlyLocation = options.location(of: "only")
  }

  /// Reads `gradient_check:` at the top level of a file, in any of its forms.
  public static func read(from options: inout Options) -> GradientCheckSettings {
    let key = "gradient_check"
    guard
      let node = options.value(
        key, "true, false or a mapping", "compares the gradients with numeric derivatives",
        default: "a check at the start with a budget of 1e7", of: .either([.truth, .keys]))
    else { return .automatic }
    switch node.content {
    case .bool(let isOn):
      options.resolve(key, node)
      return isOn ? .standard : .off
    case .map:
      return options.component(key, from: node) { GradientCheckSettings(from: &$0) } ?? .standard
    case .string(let text) where ["yes", "no", "on", "off"].contains(text.lowercased()):
      options.reject(
        key, "\(key) must be true, false or a mapping, found \(node.kind); write true or false")
    default:
      options.reject(key, "\(key) must be true, false or a mapping, found \(node.kind)")
    }
    return .standard
  }

  private static func readMoments(from options: inout Options) -> [Moment] {
    let words = options.strings("at", default: ["start"], "before training, after it, or both")
    let known = Moment.allCases.map(\.rawValue)
    options.document("at", .either([.words(known), .list(.words(known), 1...Int.max)]))
    var moments: [Moment] = []
    for word in words {
      guard let moment = Moment(rawValue: word) else {
        let hint = suggestion(for: word, among: Moment.allCases.map(\.rawValue))
        options.reject("at", "at must be start, end or [start, end], found '\(word)'\(hint)")
        continue
      }
      if !moments.contains(moment) { moments.append(moment) }
    }
    if words.isEmpty {
      options.reject("at", "at must be start, end or [start, end], found an empty list")
    }
    // The result is in the order of time, not in the order of the file.
    return Moment.allCases.filter(moments.contains)
  }

  private static func readEntries(from options: inout Options) -> Entries {
    let range = "automatic, all or an integer ≥ 2"
    guard
      let node = options.value(
        "entries", range, "how many entries of each tensor are checked one by one",
        default: "automatic",
        of: .either([.words(["automatic", "all"]), .integers(2...Int.max)]))
    else {
      options.resolve("entries", "automatic")
      return .automatic
    }
    options.resolve("entries", node)
    switch node.content {
    case .string("automatic"): return .automatic
    case .string("all"): return .all
    default:
      if let count = node.integer, count >= 2 { return .count(count) }
      options.reject("entries", "entries must be \(range), found \(node.kind)")
      return .automatic
    }
  }
}
