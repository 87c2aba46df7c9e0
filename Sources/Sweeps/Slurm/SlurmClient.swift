import Files
import NNExp

/// Calls the programs of the Slurm cluster.
enum SlurmClient {
  /// A job number from sbatch, with the name of the cluster if there are several.
  struct Job: Equatable {
    let number: String
    let cluster: String?

    /// Parses the output of `sbatch --parsable`: `1234` or `1234;cluster`; nil for anything
    /// else.
    init?(parsing answer: String) {
      let lines = answer.split(atByte: "\n")
      guard let words = lines.last?.split(atByte: ";"), (1...2).contains(words.count),
        !words[0].isEmpty, words[0].utf8.allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      number = String(words[0])
      cluster = words.count == 2 ? String(words[1]) : nil
    }

    init(number: String, cluster: String?) {
      self.number = number
      self.cluster = cluster
    }

    /// The options with which squeue and scancel address the job's cluster.
    var clusterWords: [String] { cluster.map { ["--clusters", $0] } ?? [] }

    /// The command that cancels the job, for the user: `scancel 1234`.
    var cancelCommand: String {
      (["scancel"] + clusterWords + [number]).map(quotedForShell).joined(separator: " ")
    }
  }

  /// Throws if Slurm is not installed.
  static func requirePresence() throws {
    if try !isPresent() { throw absence }
  }

  static func isPresent() throws -> Bool { try SystemCommand.run(["sbatch", "--version"]) != nil }

  private static var absence: Diagnostic {
    Diagnostic(
      "cannot submit a job array: there is no 'sbatch' on the PATH",
      notes: [
        .init(
          "run this command on a machine of the cluster that submits jobs, or omit --launcher to "
            + "use the cores of this one")
      ], failure: .environment)
  }

  /// The largest index of a task in an array: the cluster's MaxArraySize minus one;
  /// MaxArraySize is 1001 by default.
  static func largestIndex() throws -> Int {
    guard let answer = try SystemCommand.run(["scontrol", "show", "config"]), answer.code == 0
    else { return 1000 }
    return max(2, maxArraySize(in: answer.output) ?? 1001) - 1
  }

  /// The number in a line `MaxArraySize            = 1001`.
  static func maxArraySize(in configuration: String) -> Int? {
    for line in configuration.split(atByte: "\n")
    where line.hasPrefix(bytes: "MaxArraySize") {
      return line.split(atByte: "=").last.flatMap { Int($0.filter { $0 != " " }) }
    }
    return nil
  }

  /// Submits a script. Returns the job and any other output of sbatch.
  static func submit(script: String, options: [String]) throws -> (job: Job, remarks: String) {
    guard let answer = try SystemCommand.run(["sbatch", "--parsable"] + options + [script])
    else { throw absence }
    guard answer.code == 0 else {
      throw Diagnostic(
        "sbatch refused the job array: \(answer.lastErrorLine)",
        notes: [.init("the script is '\(script)'")], failure: .environment)
    }
    guard let job = Job(parsing: answer.output) else {
      throw Diagnostic(
        "cannot find a job number in the output of sbatch: '\(answer.output)'",
        notes: [.init("an option in --slurm-options may change that output")],
        failure: .environment)
    }
    return (job, answer.errors)
  }

  /// Every task of a job that Slurm still lists, including tasks that have ended; empty if
  /// Slurm has deleted the job.
  static func tasks(of job: Job) throws -> [SlurmTask] {
    let words =
      ["squeue"] + job.clusterWords + [
        "--noheader", "--array", "--states=all", "--jobs=\(job.number)",
        "--Format=\(SlurmTask.format)",
      ]
    guard let answer = try SystemCommand.run(words) else {
      throw Diagnostic("there is no 'squeue' on the PATH", failure: .environment)
    }
    if answer.code != 0 {
      if answer.errors.contains("Invalid job id") { return [] }
      throw Diagnostic(
        "squeue does not report job \(job.number): \(answer.lastErrorLine)", failure: .environment)
    }
    return try SlurmTask.list(from: answer.output)
  }

  static func cancel(_ job: Job) throws {
    _ = try SystemCommand.run(["scancel"] + job.clusterWords + [job.number])
  }
}
