import NNExp

/// The key `checkpoint` in `train:`, which determines when a run saves its state.
public struct CheckpointDeclaration: Sendable {
  public enum Interval: Sendable, Equatable {
    /// At intervals of time, but using at most 2% of the time.
    case seconds(Double)
    case epochs(Int)
    case never
  }

  public let every: Interval
  /// The number of the newest states that are kept until the run ends.
  public let keep: Int
  /// Whether the state at the end is kept, to be continued by a longer training.
  public let keepsState: Bool

  /// The default of ten seconds, which is the time that a crash can cost.
  private static let usual = "10 seconds"

  /// Reads the section. Errors are recorded.
  init(from train: inout Options) {
    let read =
      train.section(
        "checkpoint",
        "the times at which a run saves its state, from which it resumes after a crash"
      ) { options in
        CheckpointDeclaration(section: &options)
      }
    self = read ?? CheckpointDeclaration(every: .never, keep: 1, keepsState: false)
  }

  private init(every: Interval, keep: Int, keepsState: Bool) {
    self.every = every
    self.keep = keep
    self.keepsState = keepsState
  }

  private init(section options: inout Options) {
    let text = options.string(
      "every", default: CheckpointDeclaration.usual, "such as '30 seconds', '10 epochs' or 'never'")
    keep = options.int(
      "keep", default: 2, in: 1...100,
      "the number of newest states that are kept until the run ends")
    keepsState = options.flag(
      "keep_state", "keep the state at the end, for nnexp run --continue")
    guard let interval = CheckpointDeclaration.interval(text) else {
      options.reject(
        "every",
        "every must be a time or a number of epochs, found '\(text)'; "
          + "write '30 seconds', '10 epochs' or 'never'")
      every = .never
      return
    }
    every = interval
  }

  static func interval(_ text: String) -> Interval? {
    if text == "never" { return .never }
    let words = text.split(atByte: " ")
    guard words.count == 2 else { return nil }
    switch words[1] {
    case "epoch", "epochs": return Int(words[0]).flatMap { $0 > 0 ? .epochs($0) : nil }
    case "second", "seconds": return seconds(words[0], of: 1)
    case "minute", "minutes": return seconds(words[0], of: 60)
    case "hour", "hours": return seconds(words[0], of: 3600)
    default: return nil
    }
  }

  private static func seconds(_ text: Substring, of unit: Double) -> Interval? {
    guard let value = Double(text), value.isFinite, value >= 0 else { return nil }
    return .seconds(value * unit)
  }
}
