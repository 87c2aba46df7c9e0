import NNExp

/// A task of a job array, as squeue tells of it.
struct SlurmTask: Equatable {
  let index: Int
  /// `PENDING`, `RUNNING`, `COMPLETED`, …
  let state: String
  /// How its script ended, as wait(2) has it.
  let ending: Int
  /// Why it is in that state; `None` where there is nothing to say.
  let reason: String

  /// What squeue is asked for: `3|RUNNING|0|None`.
  static let format = "ArrayTaskID:|,State:|,exit_code:|,Reason:"

  /// States in which nothing more happens, unless somebody requeues the task.
  private static let final: Set = [
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
    "PREEMPTED", "REVOKED", "TIMEOUT",
  ]

  var isOver: Bool { SlurmTask.final.contains(state) }

  /// True if its time had not come, or the cluster took the task back.
  var isTakenBack: Bool {
    isOver && !["COMPLETED", "FAILED", "OUT_OF_MEMORY"].contains(state)
  }

  /// The tasks of squeue's answer, without its header.
  static func list(from answer: String) throws -> [SlurmTask] {
    try answer.split(atByte: "\n").compactMap { line in
      // Of several clusters, the name comes first.
      if line.hasPrefix(bytes: "CLUSTER:") { return nil }
      let words = line.split(atByte: "|", maxSplits: 3, omittingEmptySubsequences: false)
      guard words.count == 4, let index = Int(words[0]), let ending = ending(words[2]) else {
        throw Diagnostic("cannot read the output of squeue: '\(line)'", failure: .environment)
      }
      return SlurmTask(
        index: index, state: String(words[1]), ending: ending,
        reason: String(words[3].trimming(byte: " ")))
    }
  }
}

extension SlurmTask {
  /// As wait(2) has it, or as Slurm writes it elsewhere: the exit code, a colon, the
  /// signal.
  private static func ending(_ text: Substring) -> Int? {
    let words = text.split(atByte: ":", omittingEmptySubsequences: false)
    let numbers = words.compactMap { UInt16($0) }.map(Int.init)
    guard numbers.count == words.count, words.count <= 2 else { return nil }
    return words.count == 1 ? numbers[0] : (numbers[0] & 0xFF) << 8 | numbers[1] & 0x7F
  }

  /// What became of a trial whose process left no word, in a sentence, and its exit
  /// code.
  var end: (code: Int, text: String) {
    let signal = ending & 0x7F
    let code = ending >> 8 & 0xFF
    let ownCode = signal > 0 ? 128 + signal : max(code, 1)
    switch state {
    case "OUT_OF_MEMORY": return (137, "its task was killed because it ran out of memory")
    case "FAILED", "COMPLETED":
      return signal > 0
        ? (ownCode, "its task was killed by signal \(signal)")
        : (ownCode, "its task ended with exit code \(code)")
    default: return (ownCode, "Slurm ended its task: \(state)")
    }
  }
}
