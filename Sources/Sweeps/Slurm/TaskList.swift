/// The assignment of trials to the tasks of a job array.
struct TaskList: Equatable {
  struct Task: Equatable {
    /// The array's index, from 1.
    let index: Int
    /// The numbers of its trials, which run one after another.
    let trials: [Int]
  }

  let tasks: [Task]

  /// True if each task runs only the trial with the task's index.
  let isPlain: Bool

  /// Creates one task per trial, with the trial's number as its index, if the cluster permits
  /// such indices. Otherwise tasks from 1 on share the trials evenly, in consecutive groups.
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

  /// The indices in the syntax of sbatch: `1-3,7,9-12`.
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
