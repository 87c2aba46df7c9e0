import Foundation
import NNExp
import Results
import TestSupport
import Testing

@testable import Files
@testable import Sweeps

@Suite struct WrittenPlanTests {
  private static let experiment = """
    name: xor
    data:
      inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}
    model: [{type: dense, units: 1}]
    loss: squared_error
    train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 2, batch_size: full}

    """

  private let scratch = Scratch()
  private var path: String { scratch.path }

  /// A plan composes the same trials after both of its files were removed.
  @Test func aPlanNeedsNoneOfItsFiles() throws {
    scratch.put(WrittenPlanTests.experiment, in: "xor.yaml")
    // A byte order mark and characters that JSON escapes.
    scratch.put(
      "\u{FEFF}# \"é\" \u{1F600} \\\t\nbase: xor.yaml\nsweep: {repeat: 3}\n",
      in: "sweep.yaml")
    let arguments = ["train.epochs=1,2", "model.0.units=1"]
    let declaration = try SweepDeclaration(path: path + "/sweep.yaml", arguments: arguments)
    let plan = try SweepPlan(declaration, registry: registry)
    try WrittenPlan(plan).write(to: SweepFolder(path))
    for file in ["xor.yaml", "sweep.yaml"] {
      try FileManager.default.removeItem(atPath: "\(path)/\(file)")
    }
    let read = try #require(try WrittenPlan(reading: path + "/plan.json"))
    #expect(read.isOf(declaration))
    let again = try read.declaration(at: path + "/sweep.yaml")
    let builder = TrialBuilder(again, registry)
    let trials = read.record.trials
    #expect(trials.map(\.number) == [1, 2, 3, 4, 5, 6])
    for (trial, combination) in zip(trials, read.combinations) {
      let prepared = try builder.prepare(builder.experiment(combination), as: Float.self)
      #expect(TrialHash(of: prepared) == trial.hash)
      #expect(again.values(of: again.assignments(of: combination)) == trial.values)
    }
  }

  /// Every later edit is detected.
  @Test func changesSinceThePlanAreNoticed() throws {
    let file = path + "/sweep.yaml"
    scratch.put(WrittenPlanTests.experiment, in: "xor.yaml")
    scratch.put("base: xor.yaml\nsweep: {repeat: 3}\n", in: "sweep.yaml")
    let declaration = try SweepDeclaration(path: file, arguments: [])
    let plan = WrittenPlan(try SweepPlan(declaration, registry: registry))
    #expect(plan.isOf(declaration))
    #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: ["train.epochs=1"])))
    scratch.put(WrittenPlanTests.experiment + "# more\n", in: "xor.yaml")
    #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: [])))
    scratch.put(WrittenPlanTests.experiment, in: "xor.yaml")
    #expect(plan.isOf(try SweepDeclaration(path: file, arguments: [])))
    scratch.put("base: xor.yaml\nsweep: {repeat: 4}\n", in: "sweep.yaml")
    #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: [])))
  }

  @Test func aPlanOfAnEarlierVersionHasNoSources() throws {
    scratch.put(
      """
      {"name": "a", "parameters": [],
       "trials": [{"trial": 1, "hash": "0123456789abcdef0123456789abcdef", "seed": 0, "values": []}]}
      """, in: "plan.json")
    #expect(try WrittenPlan(reading: path + "/plan.json") == nil)
    #expect(try WrittenPlan(reading: path + "/none.json") == nil)
  }

  @Test(arguments: [
    ("{}", "name is missing"),
    (
      #"{"name": "a", "parameters": [], "trials": []}"#,
      "trials is empty; a sweep has at least one trial"
    ),
    (
      """
      {"name": "a", "parameters": [], "combinations": [], "sources": {},
       "trials": [{"trial": 1, "hash": "0123456789abcdef0123456789abcdef", "seed": 0, "values": []}]}
      """, "combinations has 0 items, and trials has 1"
    ),
    (
      #"{"name": "a", "parameters": [], "trials": [{"trial": 1, "hash": "../x", "values": []}]}"#,
      #"trials[0].hash is not a valid value: "../x"; expected 32 hexadecimal digits"#
    ),
    (
      #"{"name": "a", "parameters": ["p"], "trials": [{"trial": 1, "hash": "", "values": []}]}"#,
      "trials[0].values has 0 items, and parameters has 1"
    ),
  ])
  func editedPlansAreRefused(_ text: String, _ fact: String) throws {
    scratch.put(text, in: "plan.json")
    let error = #expect(throws: Diagnostic.self) {
      try WrittenPlan(reading: path + "/plan.json")
    }
    #expect(error?.message == "'\(path)/plan.json': \(fact)")
    #expect(error?.failure == .environment)
  }
}

@Suite struct PresenceTests {
  /// A sweep is in progress while a command or a trial has a lock, on which reading has no effect.
  @Test func aSweepIsInProgressWhileALockIsHeld() throws {
    let scratch = Scratch()
    let folder = SweepFolder(scratch.path + "/sweep")
    let hash = try #require(TrialHash(String(repeating: "a", count: TrialHash.digits)))
    scratch.makeFolder("sweep")
    #expect(!folder.isInProgress)
    do {
      let command = try TrialLock.ofCommand(in: folder)
      let other = try TrialLock.ofCommand(in: folder)
      #expect(command != nil && other != nil)
      #expect(folder.isInProgress && folder.isInProgress)
      #expect(!folder.isLocked(from: hash.lockPosition, count: 1))
      withExtendedLifetime((command, other)) {}
    }
    #expect(!folder.isInProgress)
    do {
      let trial = try TrialLock(hash, in: folder)
      #expect(folder.isInProgress && folder.isLocked(from: hash.lockPosition, count: 1))
      withExtendedLifetime(trial) {}
    }
    #expect(!folder.isInProgress)
  }
}
