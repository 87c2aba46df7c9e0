/// Which trials each task of a job array runs.
struct TaskList: Equatable {
  struct Task: Equatable {
    /// The array's index, from 1.
    let index: Int
    /// Numbers of trials, run one after another.
    let trials: [Int]
  }

  let tasks: [Task]

  /// True if a task runs the trial of its own number, and no other.
  let isPlain: Bool

  /// A task for each trial, under its number, as far as the cluster counts; else
  /// tasks from 1 on that share the trials evenly, neighbours together.
  ///
  /// - Parameter largestIndex: the largest index that an array may have, at least 1.
  init(of trials: [Int], largestIndex: Int) {
    isPlain = (trials.max() ?? 0) <= largestIndex
    if isPlain {
      tasks = trials.map { Task(index: $0, trials: [$0]) }
      return
    }
    let count = min(trials.count, largestIndex)
    tasks = (0..<count).map { task in
      let share = task * trials.count / count..<(task + 1) * trials.count / count
      return Task(index: task + 1, trials: Array(trials[share]))
    }
  }

  /// The indices as sbatch takes them: `1-3,7,9-12`.
  var indices: String {
    var ranges: [ClosedRange<Int>] = []
    for index in tasks.map(\.index) {
      if let last = ranges.last, last.upperBound + 1 == index {
        ranges[ranges.count - 1] = last.lowerBound...index
      } else {
        ranges.append(index...index)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }
}
