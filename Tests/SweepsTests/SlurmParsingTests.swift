import NNExp
import Testing

@testable import Sweeps

/// The output of Slurm's programs, in the format of Slurm 22.05.
@Suite struct SlurmParsingTests {
  @Test func theOutputOfSqueueIsRead() throws {
    let tasks = try SlurmTask.list(
      from: """
        3|FAILED|9|JobLaunchFailure
        2|FAILED|768|NonZeroExitCode
        4|PENDING|0|JobArrayTaskLimit
        1|RUNNING|0|None

        """)
    #expect(
      tasks == [
        SlurmTask(index: 3, state: "FAILED", ending: 9, reason: "JobLaunchFailure"),
        SlurmTask(index: 2, state: "FAILED", ending: 768, reason: "NonZeroExitCode"),
        SlurmTask(index: 4, state: "PENDING", ending: 0, reason: "JobArrayTaskLimit"),
        SlurmTask(index: 1, state: "RUNNING", ending: 0, reason: "None"),
      ])
    #expect(tasks.map(\.isOver) == [true, true, false, false])
    var progress = ArrayProgress()
    progress.count(tasks)
    #expect(
      (progress.done, progress.failed, progress.running, progress.waiting) == (2, 2, 1, 1))
    #expect(progress.reason == "JobArrayTaskLimit")
  }

  @Test func theOutputOfSqueueForSeveralClustersIsRead() throws {
    let tasks = try SlurmTask.list(from: "CLUSTER: west\n1|COMPLETED|0|None \n")
    #expect(tasks == [SlurmTask(index: 1, state: "COMPLETED", ending: 0, reason: "None")])
  }

  @Test(arguments: [("0:9", 9), ("3:0", 768), ("768", 768)])
  func exitCodesAreReadInEveryForm(_ text: String, _ ending: Int) throws {
    let tasks = try SlurmTask.list(from: "1|FAILED|\(text)|None")
    #expect(tasks == [SlurmTask(index: 1, state: "FAILED", ending: ending, reason: "None")])
  }

  @Test(arguments: [
    "what?", "1|RUNNING|0", "x|RUNNING|0|None", "1|RUNNING|?|None", "1|RUNNING|1:2:3|None",
  ])
  func otherOutputOfSqueueIsReported(_ line: String) throws {
    let error = #expect(throws: Diagnostic.self) { try SlurmTask.list(from: line + "\n") }
    #expect(error?.message == "cannot read the output of squeue: '\(line)'")
    #expect(error?.failure == .environment)
  }

  @Test(arguments: [
    ("FAILED", 9, 137, "its task was killed by signal 9"),
    ("FAILED", 127 << 8, 127, "its task ended with exit code 127"),
    ("COMPLETED", 0, 1, "its task ended with exit code 0"),
    ("OUT_OF_MEMORY", 125, 137, "its task was killed because it ran out of memory"),
    ("OUT_OF_MEMORY", 137 << 8, 137, "its task was killed because it ran out of memory"),
    ("TIMEOUT", 0, 1, "Slurm ended its task: TIMEOUT"),
    ("CANCELLED", 15, 143, "Slurm ended its task: CANCELLED"),
    ("NODE_FAIL", 0, 1, "Slurm ended its task: NODE_FAIL"),
  ])
  func everyEndOfATaskHasItsExitCodeAndReason(
    _ state: String, _ ending: Int, _ code: Int, _ text: String
  ) {
    let end = SlurmTask(index: 1, state: state, ending: ending, reason: "None").end
    #expect(end == (code, text))
  }

  /// Every state in squeue's manual.
  @Test func everyStateOfATaskIsKnown() {
    let over = [
      "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
      "PREEMPTED", "REVOKED", "TIMEOUT",
    ]
    let alive = [
      "COMPLETING", "CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD",
      "RESIZING", "RESV_DEL_HOLD", "RUNNING", "SIGNALING", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED",
      "SUSPENDED",
    ]
    func task(_ state: String) -> SlurmTask {
      SlurmTask(index: 1, state: state, ending: 0, reason: "None")
    }
    #expect(over.filter { !task($0).isOver } == [])
    #expect(alive.filter { task($0).isOver || task($0).isCancelledOrWaiting } == [])
    #expect(
      over.filter { !task($0).isCancelledOrWaiting } == ["COMPLETED", "FAILED", "OUT_OF_MEMORY"])
  }

  @Test(arguments: [
    ("1234\n", "1234", nil), ("1234;west\n", "1234", "west"),
    ("a word of welcome\n77\n", "77", nil),
  ])
  func theJobNumberIsReadFromSbatch(_ answer: String, _ number: String, _ cluster: String?) {
    #expect(SlurmClient.Job(parsing: answer) == .init(number: number, cluster: cluster))
  }

  @Test(arguments: ["", "\n", "Submitted batch job 12", "-1", "12;a;b", ";west"])
  func otherOutputOfSbatchIsRefused(_ answer: String) {
    #expect(SlurmClient.Job(parsing: answer) == nil)
  }

  @Test func theCancelCommandNamesJobAndCluster() {
    #expect(SlurmClient.Job(number: "7", cluster: nil).cancelCommand == "scancel 7")
    #expect(
      SlurmClient.Job(number: "7", cluster: "west").cancelCommand == "scancel --clusters west 7")
  }

  @Test func theLargestArrayIsReadFromScontrol() {
    let text = "MailProg   = /usr/bin/mail\nMaxArraySize            = 1001\nMaxDBDMsgs = 1\n"
    #expect(SlurmClient.maxArraySize(in: text) == 1001)
    #expect(SlurmClient.maxArraySize(in: "MaxJobCount = 5\n") == nil)
    #expect(SlurmClient.maxArraySize(in: "MaxArraySize = many\n") == nil)
  }
}
