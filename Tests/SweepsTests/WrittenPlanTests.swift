import Datasets
import Foundation
import NNExp
import Results
import Standard
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

  private func withFolder(_ body: (_ path: String, _ registry: Registry) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("nnexp-plan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var registry = Registry()
    registerStandard(in: &registry)
    registerDatasets(in: &registry)
    try body(folder.path, registry)
  }

  private func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  /// A plan composes the same trials when both of its files are gone.
  @Test func itStandsAlone() throws {
    try withFolder { path, registry in
      try write(WrittenPlanTests.experiment, to: path + "/xor.yaml")
      // A byte order mark and what JSON escapes.
      try write(
        "\u{FEFF}# \"é\" \u{1F600} \\\t\nbase: xor.yaml\nsweep: {repeat: 3}\n",
        to: path + "/sweep.yaml")
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
  }

  /// Whatever was edited since is noticed.
  @Test func changes() throws {
    try withFolder { path, registry in
      let file = path + "/sweep.yaml"
      try write(WrittenPlanTests.experiment, to: path + "/xor.yaml")
      try write("base: xor.yaml\nsweep: {repeat: 3}\n", to: file)
      let declaration = try SweepDeclaration(path: file, arguments: [])
      let plan = WrittenPlan(try SweepPlan(declaration, registry: registry))
      #expect(plan.isOf(declaration))
      #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: ["train.epochs=1"])))
      try write(WrittenPlanTests.experiment + "# more\n", to: path + "/xor.yaml")
      #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: [])))
      try write(WrittenPlanTests.experiment, to: path + "/xor.yaml")
      #expect(plan.isOf(try SweepDeclaration(path: file, arguments: [])))
      try write("base: xor.yaml\nsweep: {repeat: 4}\n", to: file)
      #expect(!plan.isOf(try SweepDeclaration(path: file, arguments: [])))
    }
  }

  @Test func aPlanOfAnEarlierVersionHasNoSources() throws {
    try withFolder { path, _ in
      try write(#"{"name": "a", "parameters": [], "trials": []}"#, to: path + "/plan.json")
      #expect(try WrittenPlan(reading: path + "/plan.json") == nil)
      #expect(try WrittenPlan(reading: path + "/none.json") == nil)
    }
  }

  @Test(arguments: [
    ("{}", "name is missing"),
    (
      #"{"name": "a", "parameters": [], "trials": [], "combinations": [0], "sources": {}}"#,
      "combinations has 1 items, and trials has 0"
    ),
    (
      #"{"name": "a", "parameters": [], "trials": [{"trial": 1, "hash": "../x", "values": []}]}"#,
      #"trials[0].hash is no valid value: "../x"; expected 32 hexadecimal digits"#
    ),
    (
      #"{"name": "a", "parameters": ["p"], "trials": [{"trial": 1, "hash": "", "values": []}]}"#,
      "trials[0].values has 0 items, and parameters has 1"
    ),
  ])
  func plansThatAreNotAsTheyWereWritten(_ text: String, _ fact: String) throws {
    try withFolder { path, _ in
      try write(text, to: path + "/plan.json")
      let error = #expect(throws: Diagnostic.self) {
        try WrittenPlan(reading: path + "/plan.json")
      }
      #expect(error?.message == "'\(path)/plan.json': \(fact)")
      #expect(error?.failure == .environment)
    }
  }
}
