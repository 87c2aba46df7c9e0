import NNExp

/// A task of a job array as reported by squeue.
struct SlurmTask: Equatable {
  let index: Int
  /// The state: `PENDING`, `RUNNING`, `COMPLETED`, ….
  let state: String
  /// The exit status of its script, in the format of wait(2).
  let ending: Int
  /// The reason for the state; `None` if there is none.
  let reason: String

  /// The format of squeue's output, such as `3|RUNNING|0|None`.
  static let format = "ArrayTaskID:|,State:|,exit_code:|,Reason:"

  /// The states of tasks that have ended, unless somebody requeues the task.
  private static let final: Set = [
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
    "PREEMPTED", "REVOKED", "TIMEOUT",
  ]

  var isOver: Bool { SlurmTask.final.contains(state) }

  /// True if the task never started, or if the cluster stopped it.
  var isCancelledOrWaiting: Bool {
    isOver && !["COMPLETED", "FAILED", "OUT_OF_MEMORY"].contains(state)
  }

  /// The tasks in squeue's output, without its header.
  static func list(from answer: String) throws -> [SlurmTask] {
    try answer.split(atByte: "\n").compactMap { line in
      // If there are several clusters, a line with the cluster's name precedes the tasks.
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
  /// The exit status in the format of wait(2), or in the format `code:signal` that Slurm also
  /// uses.
  private static func ending(_ text: Substring) -> Int? {
    let words = text.split(atByte: ":", omittingEmptySubsequences: false)
    let numbers = words.compactMap { UInt16($0) }.map(Int.init)
    guard numbers.count == words.count, words.count <= 2 else { return nil }
    return words.count == 1 ? numbers[0] : (numbers[0] & 0xFF) << 8 | numbers[1] & 0x7F
  }

  /// The reason for the end of a trial whose process recorded none, in words, and its exit
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
