import Foundation
import NNExp
import TestSupport
import Testing

@testable import Files
@testable import Results

private let record = {
  var record = RunRecord(
    id: "0123456789abcdef0123456789abcdef",
    command: ["nnexp", "run", "experiments/xor.yaml", "train.epochs=10"],
    experiment: "/home/me/experiments/xor.yaml", nnexpVersion: "0.1.0", swiftVersion: "6.3",
    cpu: "AMD EPYC", blas: "OpenBLAS 0.3.26", isa: "avx2", threads: 2,
    gitCommit: "2f288be94cd5c72c0a1b1b4b5b0e4a2d3f4e5d6c", seed: 7,
    build: "6f11f59c",
    configuration: "0e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a8",
    data: [
      FileHash(
        path: "experiments/data/iris.csv",
        sha256: "ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78")
    ],
    plugins: [
      FileHash(
        path: "plugins/Mine/libMine.so",
        sha256: "e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0")
    ],
    started: "2025-11-21T04:18:09Z", finished: "2025-11-21T04:18:10Z", seconds: 0.25)
  record.announcements = ["early stopping has no validation data; it watches train_loss"]
  return record
}()

private let summary = Summary(
  status: .fellShort, exitStatus: 1, reason: "train_loss is 0.25, expected < 0.01", epochs: 10,
  steps: 40, delivered: .init(weights: "best", epoch: 7, column: "train_loss"),
  final: [.init(.loss(.train), 0.25), .init(.loss(.validation), nil)],
  best: [.init(.loss(.train), 0.2, epoch: 7)],
  expectations: [
    .init("train_loss", bound: "< 0.01", found: 0.25, isMet: false),
    .init("gradient_check", bound: "pass", found: "pass", isMet: true),
    .init("test_accuracy", bound: "> 0.9", found: nil, isMet: false),
  ], trainableParameters: 9, frozenParameters: 2)

// MARK: run.json

@Test func aRecordIsWrittenAndReadBack() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try record.write(in: run)
  #expect(
    scratch.text("results/xor/run-0001/run.json") == """
      {
        "id": "0123456789abcdef0123456789abcdef",
        "command": ["nnexp", "run", "experiments/xor.yaml", "train.epochs=10"],
        "experiment": "/home/me/experiments/xor.yaml",
        "versions": {
          "nnexp": "0.1.0",
          "swift": "6.3"
        },
        "build": "6f11f59c",
        "configuration": "0e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a80e75c2a8",
        "cpu": "AMD EPYC",
        "blas": "OpenBLAS 0.3.26",
        "isa": "avx2",
        "threads": 2,
        "git_commit": "2f288be94cd5c72c0a1b1b4b5b0e4a2d3f4e5d6c",
        "seed": 7,
        "data": [
          {
            "path": "experiments/data/iris.csv",
            "sha256": "ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78ba78"
          }
        ],
        "plugins": [
          {
            "path": "plugins/Mine/libMine.so",
            "sha256": "e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0e3b0"
          }
        ],
        "announcements": ["early stopping has no validation data; it watches train_loss"],
        "started": "2025-11-21T04:18:09Z",
        "resumed": [],
        "finished": "2025-11-21T04:18:10Z",
        "seconds": 0.25
      }

      """)
  #expect(try RunRecord(of: RunDirectory.open(run.path)) == record)
}

@Test func aRecordWithMissingValuesReadsBack() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  var gaps = record
  (gaps.cpu, gaps.gitCommit, gaps.finished, gaps.seconds) = (nil, nil, nil, nil)
  (gaps.data, gaps.plugins, gaps.command) = ([], [], [])
  gaps.seed = .max
  try gaps.write(in: run)
  #expect(try RunRecord(of: run) == gaps)
}

@Test func recordsThatLackAKeyAreReported() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  func attempt(_ json: JSON) throws -> String {
    try run.write(json, to: "run.json")
    return thrown(replacing: run.path) { try RunRecord(of: run) }
  }
  #expect(try attempt([:]) == "3 error: '$/run.json': versions is missing")
  #expect(try attempt([1]) == "3 error: '$/run.json': versions is missing")
  #expect(try attempt(["versions": [:]]) == "3 error: '$/run.json': id is missing")
  var members = record.json.object ?? []
  members[3].value = ["nnexp": "0.1.0"]
  #expect(try attempt(.object(members)) == "3 error: '$/run.json': versions.swift is missing")
  members[3].value = record.json["versions"] ?? nil
  members[12].value = [["path": "a.csv", "sha256": 5]]
  #expect(
    try attempt(.object(members))
      == "3 error: '$/run.json': data[0].sha256 is not a valid value: 5; expected 64 hexadecimal digits"
  )
  members[11].value = -1
  #expect(try attempt(.object(members)) == "3 error: '$/run.json': seed is not a valid value: -1")
  try run.write("{", to: "run.json")
  #expect(
    thrown(replacing: run.path) { try RunRecord(of: run) } == """
      3 $/run.json:1:2: error: expected a key, found the end of the text
          {
           ^
      """)
}

// MARK: summary.json

@Test func aSummaryIsWrittenAndReadBack() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try summary.write(in: run)
  #expect(
    scratch.text("results/xor/run-0001/summary.json") == """
      {
        "status": "fell_short",
        "exit_status": 1,
        "reason": "train_loss is 0.25, expected < 0.01",
        "epochs": 10,
        "steps": 40,
        "delivered": {
          "weights": "best",
          "epoch": 7,
          "column": "train_loss"
        },
        "columns": {
          "train_loss": {
            "split": "train",
            "quantity": "loss",
            "larger_is_better": false
          },
          "validation_loss": {
            "split": "validation",
            "quantity": "loss",
            "larger_is_better": false
          }
        },
        "final": {
          "train_loss": 0.25,
          "validation_loss": null
        },
        "best": {
          "train_loss": {
            "value": 0.2,
            "epoch": 7
          }
        },
        "expectations": [
          {
            "name": "train_loss",
            "bound": "< 0.01",
            "found": 0.25,
            "met": false
          },
          {
            "name": "gradient_check",
            "bound": "pass",
            "found": "pass",
            "met": true
          },
          {
            "name": "test_accuracy",
            "bound": "> 0.9",
            "found": null,
            "met": false
          }
        ],
        "parameters": {
          "total": 11,
          "trainable": 9,
          "frozen": 2
        }
      }

      """)
  #expect(try Summary(of: run) == summary)
}

@Test(arguments: [
  (Summary.Status.running, "running"), (.completed, "completed"), (.fellShort, "fell_short"),
  (.failed, "failed"), (.interrupted, "interrupted"),
])
func everyStatusReadsBack(_ status: Summary.Status, _ word: String) throws {
  let scratch = Scratch()
  let run = try scratch.run()
  let short = Summary(status: status, trainableParameters: 3)
  #expect(short.json["status"] == .string(word))
  try short.write(in: run)
  #expect(try Summary(of: run) == short)
}

@Test func divergedValuesReadBack() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  var diverged = summary
  diverged.final = [.init(.loss(.train), .infinity)]
  try diverged.write(in: run)
  #expect(scratch.text("results/xor/run-0001/summary.json").contains("\"train_loss\": \"inf\""))
  #expect(try Summary(of: run) == diverged)
}

@Test func anUnknownStatusIsRefused() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  var members = summary.json.object ?? []
  members[0].value = "sleeping"
  try run.write(.object(members), to: "summary.json")
  #expect(
    thrown(replacing: run.path) { try Summary(of: run) }
      == "3 error: '$/summary.json': status is not a valid value: \"sleeping\"")
}

/// Version 0.1.0 recorded no columns.
@Test func aSummaryWithoutColumnsIsRead() throws {
  let scratch = Scratch()
  let run = try scratch.run()
  try run.write(
    .object((summary.json.object ?? []).filter { $0.key != "columns" }), to: "summary.json")
  let read = try Summary(of: run)
  #expect(read.final.map(\.column.name) == ["train_loss", "validation_loss"])
  #expect(read.best.map(\.value) == [0.2])
  #expect((read.final.map(\.column) + read.best.map(\.column)).allSatisfy { $0.split == nil })
  #expect(read.final.allSatisfy { $0.column.largerIsBetter == nil })
}

@Test(arguments: [
  (
    "{\"train_loss\": {\"split\": \"training\", \"quantity\": \"loss\"}}",
    "columns.train_loss.split is not a valid value: \"training\""
  ),
  (
    "{\"train_loss\": {\"split\": \"train\", \"quantity\": \"cost\"}}",
    "columns.train_loss is the column 'train_cost'"
  ),
  (
    "{\"train_loss\": {\"split\": \"train\", \"quantity\": \"loss\", \"larger_is_better\": 1}}",
    "columns.train_loss.larger_is_better is not a valid value: 1"
  ),
])
func columnsThatContradictTheirNamesAreRefused(_ columns: String, _ fact: String) throws {
  let scratch = Scratch()
  let run = try scratch.run()
  var members = summary.json.object ?? []
  let index = try #require(members.firstIndex { $0.key == "columns" })
  members[index].value = try JSON(parsing: Array(columns.utf8), from: "columns")
  try run.write(.object(members), to: "summary.json")
  #expect(
    thrown(replacing: run.path) { try Summary(of: run) } == "3 error: '$/summary.json': \(fact)")
}

@Test func columnsOfHeadsReadBack() throws {
  let column = MetricColumn(.test, head: "price", quantity: "r2", largerIsBetter: true)
  #expect(column.name == "test_price_r2")
  let json: JSON = ["columns": MetricColumn.json([column])]
  let record = try RecordReader(parsing: Array(json.description.utf8), from: "summary.json")
  #expect(try record.metricColumns("columns") == [column])
}

/// Fault 63.
@Test(arguments: [-1, 256])
func anImpossibleExitStatusIsRefused(_ status: Int) throws {
  let scratch = Scratch()
  let run = try scratch.run()
  var members = summary.json.object ?? []
  members[1].value = .int(status)
  try run.write(.object(members), to: "summary.json")
  #expect(
    thrown(replacing: run.path) { try Summary(of: run) }
      == "3 error: '$/summary.json': exit_status is not a valid value: \(status)")
}

// MARK: Clocks

// date -u -d @SECONDS
@Test(arguments: [
  (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
  (1_709_210_096, "2024-02-29T12:34:56Z"), (4_102_444_799, "2099-12-31T23:59:59Z"),
  (-1, "1969-12-31T23:59:59Z"),
])
func timestampsAreInUTC(_ seconds: Int, _ expected: String) {
  #expect(timestamp(secondsSince1970: seconds) == expected)
}

@Test func aTimestampIsTheCurrentTime() throws {
  let before = Date()
  let now = try #require(ISO8601DateFormatter().date(from: timestamp()))
  #expect(now > before - 1 && now <= Date())
}

@Test func durationsOnlyGrow() {
  let watch = Stopwatch()
  var last = 0.0
  for _ in 0..<1000 {
    let now = watch.seconds
    #expect(now >= last)
    last = now
  }
  #expect(last < 60)
}

// MARK: Environment

@Test func runIDsDiffer() {
  let ids = (0..<100).map { _ in RunRecord.newID() }
  #expect(Set(ids).count == 100)
  #expect(ids.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
}

@Test func theNameOfTheProcessorIsRead() throws {
  let lines = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
  let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ": ", maxSplits: 1).last
  #expect(RunRecord.cpuName() == model.map(String.init))
  #expect(RunRecord.cpuName(fileSystem: FileSystem { _, _ in ENOENT }) == nil)
}

private let commit = "2f288be94cd5c72c0a1b1b4b5b0e4a2d3f4e5d6c"
private let other = String(repeating: "a", count: 40)

@Test(
  arguments: [
    // A branch in a separate file.
    ([".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": commit + "\n"], commit),
    // A detached head, of either kind of hash.
    ([".git/HEAD": commit + "\n"], commit),
    ([".git/HEAD": String(repeating: "0f", count: 32)], String(repeating: "0f", count: 32)),
    // A packed branch; another name ends with the same text.
    (
      [
        ".git/HEAD": "ref: refs/heads/a/main\n",
        ".git/packed-refs":
          "# pack-refs with: peeled\n\(other) refs/heads/main\n\(commit) refs/heads/a/main\n^\(other)\n",
      ], commit
    ),
    // A separate file takes precedence over the packed refs.
    (
      [
        ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": commit,
        ".git/packed-refs": "\(other) refs/heads/main\n",
      ], commit
    ),
    // A linked worktree.
    (
      [
        ".git": "gitdir: main/.git/worktrees/w\n",
        "main/.git/worktrees/w/HEAD": "ref: refs/heads/w\n",
        "main/.git/worktrees/w/commondir": "../..\n", "main/.git/refs/heads/w": commit + "\n",
      ], commit
    ),
    // No commit yet, no repository, and a folder that is not a repository.
    ([".git/HEAD": "ref: refs/heads/main\n"], nil),
    (["sub/README": ""], nil),
    ([".git/HEAD": "ref: ../../../etc/passwd\n"], nil),
    ([".git/HEAD": "ref: refs/../../secret\n", "secret": commit], nil),
    ([".git/HEAD": "nonsense"], nil),
    ([".git": ""], nil),
  ] as [([String: String], String?)])
func theCurrentCommitIsFound(_ files: [String: String], _ expected: String?) {
  let scratch = Scratch()
  for (path, text) in files {
    scratch.makeFolder((path as NSString).deletingLastPathComponent)
    scratch.put(text, in: path)
  }
  scratch.makeFolder("deep/down")
  #expect(RunRecord.currentCommit(in: scratch.path) == expected)
  #expect(RunRecord.currentCommit(in: scratch.path + "/deep/down") == expected)
  #expect(RunRecord.currentCommit(in: scratch.path + "/gone") == nil)
}
