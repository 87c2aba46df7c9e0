import NNExp

/// The batch script that each task of a job array runs.
struct ArrayScript {
  let name: String
  let tasks: TaskList
  /// The maximum number of tasks at a time; nil for no limit.
  let throttle: Int?
  /// The absolute path of the executable.
  let program: String
  /// The absolute path of the folder in which the command was given. Relative paths start
  /// there.
  let workingFolder: String
  /// The sweep's file, its folder and the plan, as on the command line.
  let file: String
  let output: String
  let plan: String
  /// The absolute path of the folder for the tasks' output.
  let logFolder: String

  /// The text of the script. Throws if it cannot contain one of the paths.
  func text() throws -> String {
    for path in [program, workingFolder, file, output, plan, logFolder]
    where path.contains(byte: "\n") || path.contains(byte: "\r") {
      throw Diagnostic("a path of a job array cannot have a line break: '\(path)'")
    }
    let limit = throttle.map { "%\($0)" } ?? ""
    let log = logFolder.split(atByte: "%", omittingEmptySubsequences: false)
      .joined(separator: "%%")
    return """
      #!/bin/bash
      #SBATCH --job-name=\(ArrayScript.quoted(name))
      #SBATCH --array=\(tasks.indices)\(limit)
      #SBATCH --output=\(ArrayScript.quoted(log + "/%a.log"))
      #SBATCH --open-mode=append
      #SBATCH --requeue
      cd \(quotedForShell(workingFolder)) || exit 3
      export NNEXP_THREADS="${SLURM_CPUS_PER_TASK:-1}"
      \(body)

      """
  }

  /// The command that runs the trial whose number is in the shell variable `trial`.
  private func command(trial: String, indent: String) -> String {
    [
      [program, "sweep", file].map(quotedForShell).joined(separator: " "),
      "--output \(quotedForShell(output))",
      "--plan-file \(quotedForShell(plan)) --trial \"\(trial)\"",
    ].joined(separator: " \\\n\(indent)  ")
  }

  private var body: String {
    // A task with one trial is replaced by the trial's process, so that signals reach it
    // directly.
    if tasks.isPlain { return "exec " + command(trial: "$SLURM_ARRAY_TASK_ID", indent: "") }
    let shares = tasks.tasks.map {
      "  [\($0.index)]=\"" + $0.trials.map(String.init).joined(separator: " ") + "\""
    }
    return """
      # There are more trials than an array may have tasks, so that each task runs several.
      # A task that must end lets its current trial write a checkpoint, and starts no other.
      trials=(
      \(shares.joined(separator: "\n"))
      )
      trap 'exit 143' TERM
      code=0
      for trial in ${trials[SLURM_ARRAY_TASK_ID]}; do
        \(command(trial: "$trial", indent: "  ")) || code=$?
      done
      exit "$code"
      """
  }

  /// A value in a `#SBATCH` line, in which sbatch supports double quotes and backslashes.
  private static func quoted(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy { $0 > 0x20 && !"\"'\\#".utf8.contains($0) }
    if isPlain { return value }
    var text = Array("\"".utf8)
    for byte in value.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        text.append(UInt8(ascii: "\\"))
      }
      text.append(byte)
    }
    text.append(UInt8(ascii: "\""))
    return String(decoding: text, as: UTF8.self)
  }
}
