import NNExp
import Testing

@testable import Sweeps

@Suite struct ArrayScriptTests {
  private func script(
    trials: [Int] = [1, 2, 3, 5], largestIndex: Int = 1000, throttle: Int? = nil,
    folder: String = "/home/me", name: String = "rates"
  ) -> ArrayScript {
    ArrayScript(
      name: name, tasks: TaskList(of: trials, largestIndex: largestIndex), throttle: throttle,
      program: "/usr/local/bin/nnexp", workingFolder: folder, file: "experiments/xor.yaml",
      output: "results/rates/sweep", plan: "results/rates/sweep/slurm/0001/plan.json",
      logFolder: folder + "/results/rates/sweep/slurm/0001")
  }

  @Test func theScriptRunsOneTrialPerTask() throws {
    #expect(
      try script(throttle: 8).text() == """
        #!/bin/bash
        #SBATCH --job-name=rates
        #SBATCH --array=1-3,5%8
        #SBATCH --output=/home/me/results/rates/sweep/slurm/0001/%a.log
        #SBATCH --open-mode=append
        #SBATCH --requeue
        cd /home/me || exit 3
        export NNEXP_THREADS="${SLURM_CPUS_PER_TASK:-1}"
        exec /usr/local/bin/nnexp sweep experiments/xor.yaml \\
          --output results/rates/sweep \\
          --plan-file results/rates/sweep/slurm/0001/plan.json --trial "$SLURM_ARRAY_TASK_ID"

        """)
  }

  @Test func theScriptRunsSeveralTrialsPerTask() throws {
    #expect(
      try script(largestIndex: 2).text() == """
        #!/bin/bash
        #SBATCH --job-name=rates
        #SBATCH --array=1-2
        #SBATCH --output=/home/me/results/rates/sweep/slurm/0001/%a.log
        #SBATCH --open-mode=append
        #SBATCH --requeue
        cd /home/me || exit 3
        export NNEXP_THREADS="${SLURM_CPUS_PER_TASK:-1}"
        # There are more trials than an array may have tasks, so that each task runs several.
        # A task that must end lets its current trial write a checkpoint, and starts no other.
        trials=(
          [1]="1 2"
          [2]="3 5"
        )
        trap 'exit 143' TERM
        code=0
        for trial in ${trials[SLURM_ARRAY_TASK_ID]}; do
          /usr/local/bin/nnexp sweep experiments/xor.yaml \\
            --output results/rates/sweep \\
            --plan-file results/rates/sweep/slurm/0001/plan.json --trial "$trial" || code=$?
        done
        exit "$code"

        """)
  }

  /// sbatch and the shell have different rules for reading paths.
  @Test func pathsAreQuotedForSbatchAndTheShell() throws {
    let lines = try script(folder: "/home/o'neil 100%").text().split(separator: "\n")
    #expect(
      lines[3]
        == "#SBATCH --output=\"/home/o'neil 100%%/results/rates/sweep/slurm/0001/%a.log\"")
    #expect(lines[6] == "cd '/home/o'\\''neil 100%' || exit 3")
  }

  /// Faults 49, 50: a combining mark does not hide a quote, percent sign or backslash.
  @Test func syntaxBeforeACombiningMarkIsQuoted() throws {
    let lines = try script(folder: "/h'\u{301}; id #\"\u{301}%\u{301}\\\u{301}", name: "a\"\u{301}")
      .text().split(atByte: "\n").map { Array($0.utf8) }
    #expect(lines[1] == Array("#SBATCH --job-name=\"a\\\"\u{301}\"".utf8))
    #expect(
      lines[3]
        == Array(
          ("#SBATCH --output=\"/h'\u{301}; id #\\\"\u{301}%%\u{301}\\\\\u{301}"
            + "/results/rates/sweep/slurm/0001/%a.log\"").utf8))
    #expect(
      lines[6]
        == Array("cd '/h'\\''\u{301}; id #\"\u{301}%\u{301}\\\u{301}' || exit 3".utf8))
  }

  @Test func aPathWithALineBreakIsRefused() throws {
    let error = #expect(throws: Diagnostic.self) { try script(folder: "/home/a\nrm -r b").text() }
    #expect(
      error?.message == "a path of a job array cannot have a line break: '/home/a\nrm -r b'")
  }
}
