import Foundation
import TestSupport
import Testing

/// `--launcher slurm` with substitutes for Slurm's programs that act at once; `make
/// test-clusters` uses a real cluster.
@Suite struct SlurmTests {
  private static let experiment = compactExclusiveOr(
    more: "sweep: {grid: {train.optimizer.learning_rate: [0.1, 0.2, 0.3, 0.4]}}")

  /// Runs every task of the array immediately, one after another, and records each end for
  /// squeue. A file `task-2`, such as `FAILED|9|None`, contains an end that replaces the task's
  /// own.
  private static let sbatch = """
    #!/bin/bash
    if [ "$1" = --version ]; then exit; fi
    if [ -e refusal ]; then cat refusal >&2; exit 1; fi
    printf '%s\\n' "$@" >>sbatch.words
    script=${!#}
    job=$(($(cat job 2>/dev/null || echo 40) + 1))
    echo $job >job
    indices=$(sed -n 's/^#SBATCH --array=\\([^%]*\\).*/\\1/p' "$script")
    for range in ${indices//,/ }; do
      for index in $(seq "${range%-*}" "${range#*-}"); do
        if [ -e task-$index ]; then
          echo "$index|$(cat task-$index)"
        else
          code=0
          SLURM_ARRAY_TASK_ID=$index bash "$script" >"$(dirname "$script")/$index.log" 2>&1 || code=$?
          state=COMPLETED
          if [ $code != 0 ]; then state=FAILED; fi
          echo "$index|$state|$((code * 256))|None"
        fi
      done
    done >queue.$job
    echo "${CLUSTER_WARNING:-}" >&2
    echo $job
    """

  private static let squeue = """
    #!/bin/bash
    echo "$*" >>squeue.words
    for word; do
      case $word in --jobs=*) job=${word#--jobs=} ;; esac
    done
    if [ ! -e queue.$job ]; then
      echo "slurm_load_jobs error: Invalid job id specified" >&2
      exit 1
    fi
    # What is not over the first time is when it is asked again.
    cat queue.$job
    if [ -e next.$job ]; then mv next.$job queue.$job; fi
    """

  private func withCluster(
    arraySize: Int = 1001, _ body: (Tool, _ environment: [String: String]) throws -> Void
  ) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(SlurmTests.experiment, to: "xor.yaml")
    let programs = [
      "sbatch": SlurmTests.sbatch, "squeue": SlurmTests.squeue,
      "scancel": "#!/bin/bash\necho \"$*\" >>scancel.words\n",
      "scontrol": "#!/bin/bash\necho 'MaxArraySize            = \(arraySize)'\n",
    ]
    for (name, text) in programs {
      try tool.write(text, to: "bin/\(name)")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: tool.folder.path + "/bin/\(name)")
    }
    try body(tool, ["PATH": tool.folder.path + "/bin:/usr/bin:/bin"])
  }

  private func launch(
    _ tool: Tool, _ environment: [String: String], _ more: String...
  ) throws -> CommandResult {
    try tool.run(["sweep", "xor.yaml", "--launcher", "slurm"] + more, environment: environment)
  }

  private func rows(_ tool: Tool) throws -> [[Substring]] {
    try tool.rows(of: "results/xor/sweep/sweep.csv").map { $0.dropLast() }
  }

  private func statuses(_ tool: Tool) throws -> [Substring] {
    try rows(tool).dropFirst().map { $0[2] }
  }

  @Test func anArrayGivesTheTableOfASweep() throws {
    try withCluster { tool, environment in
      let result = try launch(
        tool, environment, "--jobs", "2", "--slurm-options", "--partition=cpu --comment='a b'")
      #expect(result.code == 0, "\(result.errors)")
      #expect(
        result.output == """
          job 41: 4 trials
          4 trials: 4 completed
          best train_loss:
            trial 4  0.269827  train.optimizer.learning_rate=0.4
            trial 3  0.277075  train.optimizer.learning_rate=0.3
            trial 2  0.287216  train.optimizer.learning_rate=0.2
          in common: train.optimizer.learning_rate from 0.2 to 0.4 (of 0.1 to 0.4)
          results:
            results/xor/sweep/sweep.csv
            results/xor/sweep/sweep_summary.csv

          """)
      #expect(
        try tool.read("sbatch.words") == """
          --parsable
          --partition=cpu
          --comment=a b
          results/xor/sweep/slurm/0001/array.sh

          """)
      #expect(
        try tool.read("squeue.words") == """
          --noheader --array --states=all --jobs=41 \
          --Format=ArrayTaskID:|,State:|,exit_code:|,Reason:

          """)
      let script = try tool.read("results/xor/sweep/slurm/0001/array.sh")
      #expect(script.contains("\n#SBATCH --array=1-4%2\n"))
      #expect(script.contains("\ncd \(tool.folder.path) || exit 3\n"))
      let launched = try rows(tool)
      let again = try launch(tool, environment)
      #expect(again.code == 0)
      #expect(try tool.read("job") == "41\n")
      try FileManager.default.removeItem(atPath: tool.folder.path + "/results")
      #expect(try tool.run("sweep", "xor.yaml").code == 0)
      #expect(try rows(tool) == launched)
    }
  }

  @Test func tasksShareTrialsIfTheArrayIsTooSmall() throws {
    try withCluster(arraySize: 4) { tool, environment in
      let result = try launch(tool, environment)
      #expect(result.code == 0, "\(result.errors)")
      #expect(
        result.output.hasPrefix("job 41: 4 trials in 3 tasks, the most that the cluster accepts\n"))
      #expect(try statuses(tool) == ["completed", "completed", "completed", "completed"])
    }
  }

  /// The trial of a dead task has failed; a cancelled one remains, and is submitted when the
  /// sweep is launched again.
  @Test func deadTasksFailAndCancelledOnesAreSubmittedAgain() throws {
    try withCluster { tool, environment in
      try tool.write("FAILED|9|None", to: "task-1")
      try tool.write("CANCELLED|0|None", to: "task-2")
      try tool.write("OUT_OF_MEMORY|125|None", to: "task-4")
      let result = try launch(tool, environment)
      #expect(result.code == 1)
      #expect(
        result.errors == """
          error: trial 1 (train.optimizer.learning_rate=0.1) failed: its task was killed by \
          signal 9; see results/xor/sweep/slurm/0001/1.log
          error: trial 4 (train.optimizer.learning_rate=0.4) failed: its task was killed \
          because it ran out of memory; see results/xor/sweep/slurm/0001/4.log
          error: 1 trial was not run

          """)
      #expect(
        result.output.contains("\ntrials left: 1; run the same command again to continue\n"))
      #expect(try rows(tool).map { $0[3] } == ["exit_status", "137", "", "0", "137"])
      for task in [1, 2, 4] {
        try FileManager.default.removeItem(atPath: tool.folder.path + "/task-\(task)")
      }
      let second = try launch(tool, environment)
      #expect(second.output.hasPrefix("job 42: 1 trial\n"))
      #expect(
        try tool.read("results/xor/sweep/slurm/0002/array.sh").contains("\n#SBATCH --array=2\n"))
      #expect(try statuses(tool) == ["failed", "completed", "completed", "failed"])
      let third = try launch(tool, environment, "--retry-failed")
      #expect(third.code == 0)
      #expect(third.output.hasPrefix("job 43: 2 trials\n"))
      #expect(try statuses(tool) == ["completed", "completed", "completed", "completed"])
    }
  }

  /// A command with --no-wait, and `collect`, find the array again.
  @Test func anArrayThatNobodyWaitsForIsFoundAgain() throws {
    try withCluster { tool, environment in
      try tool.write("FAILED|32512|None", to: "task-3")
      let result = try launch(tool, environment, "--no-wait")
      #expect(result.code == 0)
      #expect(
        result.output == """
          job 41: 4 trials
          the trials continue without this command
            to wait for them and write the table: repeat the same command
            to cancel:     scancel 41

          """)
      let ends = try tool.read("queue.41")
      try tool.write(
        ends.replacingOccurrences(of: "3|FAILED|32512", with: "3|RUNNING|0"), to: "queue.41")
      try tool.write(ends, to: "next.41")
      let again = try launch(tool, environment)
      #expect(again.output.hasPrefix("job 41 was submitted earlier\n"))
      #expect(again.code == 1)
      #expect(
        again.errors == """
          error: trial 3 (train.optimizer.learning_rate=0.3) failed: its task ended with exit \
          code 127; see results/xor/sweep/slurm/0001/3.log

          """)

      try tool.write("FAILED|9|None", to: "task-3")
      #expect(try launch(tool, environment, "--no-wait", "--retry-failed").code == 0)
      try tool.run("collect", "results/xor/sweep", environment: environment)
      #expect(try statuses(tool) == ["completed", "completed", "failed", "completed"])
      #expect(try rows(tool)[3][3] == "137")
    }
  }

  /// An array that Slurm no longer lists has ended.
  @Test func anArrayThatSlurmForgotIsOver() throws {
    try withCluster { tool, environment in
      try tool.write("CANCELLED|0|None", to: "task-3")
      #expect(try launch(tool, environment, "--no-wait", "--quiet").output == "")
      try FileManager.default.removeItem(atPath: tool.folder.path + "/queue.41")
      try FileManager.default.removeItem(atPath: tool.folder.path + "/task-3")
      let result = try launch(tool, environment)
      #expect(result.code == 0)
      #expect(result.output.hasPrefix("job 42: 1 trial\n"))
    }
  }

  /// A queue that cannot be read does not end the wait; the run directories show the end.
  @Test func anUnreadableQueueDoesNotEndTheWait() throws {
    try withCluster { tool, environment in
      try tool.write(
        "#!/bin/bash\necho 'slurm_load_jobs error: Unable to contact controller' >&2\nexit 1\n",
        to: "bin/squeue")
      let result = try launch(tool, environment)
      #expect(result.code == 0)
      #expect(
        result.output.hasPrefix(
          """
          job 41: 4 trials
          squeue does not report job 41: slurm_load_jobs error: Unable to contact controller; \
          still waiting
          4 trials: 4 completed

          """))
    }
  }

  @Test func failFastCancelsTheArray() throws {
    try withCluster { tool, environment in
      try tool.write("RUNNING|0|None", to: "task-4")
      let spoilt = ["train.optimizer.learning_rate=1e30,0.1,0.2,0.3", "--no-wait"]
      #expect(try launch(tool, environment, spoilt[0], spoilt[1]).code == 0)
      let queue = try tool.read("queue.41")
      try tool.write(queue.replacingOccurrences(of: "RUNNING", with: "CANCELLED"), to: "next.41")
      // The launcher asks once whether the array has ended, and then waits.
      try tool.write(
        SlurmTests.squeue.replacingOccurrences(
          of: "if [ -e next.$job ]", with: "if [ -e next.$job -a -e scancel.words ]"),
        to: "bin/squeue")
      let result = try launch(tool, environment, spoilt[0], "--fail-fast")
      #expect(result.code == 1)
      #expect(try tool.read("scancel.words") == "41\n")
      #expect(try statuses(tool) == ["failed", "completed", "completed", "pending"])
    }
  }

  @Test func aHalvingCannotBeLaunched() throws {
    try withCluster { tool, environment in
      try tool.write(
        SlurmTests.experiment.replacingOccurrences(
          of: "sweep: {", with: "sweep: {halving: {first_rung: 5}, "), to: "xor.yaml")
      let result = try launch(tool, environment)
      #expect(result.code == 2)
      #expect(
        result.errors
          == "error: halving compares the trials with each other; omit --launcher\n")
      #expect(!tool.exists("results"))
    }
  }

  @Test func aMachineWithoutSlurmIsReported() throws {
    try withCluster { tool, _ in
      let result = try launch(tool, ["PATH": "/nonexistent"])
      #expect(result.code == 3)
      #expect(
        result.errors == """
          error: cannot submit a job array: there is no 'sbatch' on the PATH
          note: run this command on a machine of the cluster that submits jobs, or omit \
          --launcher to use the cores of this one

          """)
      #expect(!tool.exists("results"))
    }
  }

  @Test func aRefusedSubmissionIsReported() throws {
    try withCluster { tool, environment in
      try tool.write(
        """
        sbatch: error: invalid partition specified: nope
        sbatch: error: Batch job submission failed: Invalid partition name specified

        """, to: "refusal")
      let result = try launch(tool, environment)
      #expect(result.code == 3)
      #expect(
        result.errors == """
          error: sbatch refused the job array: sbatch: error: Batch job submission failed: \
          Invalid partition name specified
          note: the script is 'results/xor/sweep/slurm/0001/array.sh'

          """)
      // It does not wait for an array that was never submitted.
      try FileManager.default.removeItem(atPath: tool.folder.path + "/refusal")
      #expect(try launch(tool, environment).code == 0)
    }
  }

  @Test(arguments: [
    (
      ["--launcher", "slurm", "--slurm-options", "--array=1-3 --mem=1G"],
      "error: --slurm-options cannot contain '--array=1-3': nnexp defines the array; limit the number of tasks that run at once with --jobs"
    ),
    (
      ["--launcher", "slurm", "--slurm-options", "--comment='a"],
      "error: --slurm-options contains an unclosed '; close it: --comment='a"
    ),
    (["--slurm-options", "--mem=1G"], "error: --slurm-options needs --launcher slurm"),
    (
      ["--launcher", "slurm", "--plan"],
      "error: --plan does not run the trials; omit --plan or --launcher"
    ),
    (["--no-wait"], "error: --no-wait needs --launcher slurm"),
    (
      ["--launcher", "slurm", "train.epoch=1,2"],
      "command line:1:7: error: the file has no 'train.epoch'; did you mean 'epochs'?"
    ),
    (
      ["--launcher", "slrm"],
      """
      Error: The value 'slrm' is invalid for '--launcher <launcher>'. Please provide one of \
      'slurm'.
      """
    ),
  ])
  func wrongOptionsAreReported(_ words: [String], _ message: String) throws {
    try withCluster { tool, environment in
      let result = try tool.run(["sweep", "xor.yaml"] + words, environment: environment)
      #expect(result.code == 2)
      #expect(result.errors.split(separator: "\n").first.map(String.init) == message)
      #expect(!tool.exists("results"))
    }
  }
}
